//! Photos: uploads that can be cut anywhere and carried on at any node, bytes that are named by their hash and verified,
//! and what attachments say of them.
//!
//! | step | where |
//! |---|---|
//! | what is held already, and beginning an upload | [`uploads`] |
//! | one request's bytes, made safe before their number is told | [`receive`] |
//! | the last byte: verify, move in place, file | [`finish`] |
//! | attachments say `stored_at` just as long as the bytes are held | [`marks`] |
//! | handing out | [`view`] |
//! | what nobody needs goes, what was forgotten comes back | [`sweep`] |
//!
//! The store ([`depot`], written to by [`sink`] and [`folder`]) has the bytes, the database says what they are; neither is trusted to know about the other's
//! crashes. No process remembers anything that matters: [`turns`] only spares two requests of one node the race that the
//! database decides between nodes.

mod depot;
mod error;
mod finish;
mod folder;
mod hash;
mod marks;
mod receive;
mod sink;
mod sweep;
mod turns;
mod uploads;
mod view;

pub(crate) use depot::Depot;
pub(crate) use error::UploadError;
pub(crate) use hash::{ALGORITHMS, Checksum, ContentHash};
pub(crate) use marks::{follow, is_same_but_for_marks, refer, unmarked};
pub(crate) use receive::{Chunk, Cut};
pub use sweep::{Sweep, Swept};
pub(crate) use turns::Turns;
pub(crate) use view::Viewer;

use jiff::{SignedDuration, Timestamp};

use crate::error::ServerError;
use crate::server::{Inner, Server};

/// A device that holds a record which a restored server lost may lie in a drawer for as long as this, and its own copy of
/// the photo is gone by then.
const LOST_RECORDS_RETURN_WITHIN: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Until when photos that no record names count as asked for, if the database was found to be older than the store at that
/// time: a record that was lost may name them.
pub(crate) fn wanted_until(now: Timestamp) -> Timestamp {
    now.saturating_add(LOST_RECORDS_RETURN_WITHIN).unwrap_or(Timestamp::MAX)
}

impl Server {
    /// Database work, off the network's threads.
    #[cfg(not(feature = "simulation"))]
    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, ServerError> + Send + 'static,
    ) -> Result<T, ServerError> {
        let (server, span) = (self.clone(), tracing::Span::current());
        match tokio::task::spawn_blocking(move || span.in_scope(|| work(&server.inner))).await {
            Ok(done) => done,
            Err(broken) => Err(std::io::Error::other(broken).into()),
        }
    }

    /// The same in place: the simulator kills and counts on one thread.
    #[cfg(feature = "simulation")]
    #[expect(clippy::unused_async, reason = "it stands in for what waits")]
    async fn off_thread<T>(&self, work: impl FnOnce(&Inner) -> Result<T, ServerError>) -> Result<T, ServerError> {
        work(&self.inner)
    }
}
