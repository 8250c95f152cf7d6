//! The lane without its timer and its task: the simulator runs each look by hand, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::lane::{DEBOUNCE, IDLE, asked, begins, pause};
use super::{PhotoError, PhotoTransport, Photos, UploadError};
use crate::scheduler::Event;

/// A lane that does nothing by itself.
#[derive(Debug)]
pub struct LaneByHand {
    inbox: mpsc::UnboundedReceiver<Event>,
    changes: watch::Receiver<u64>,
    failures: u32,
    /// How long the server asked to be left alone.
    asked: Duration,
}

impl LaneByHand {
    /// After a change of local state the lane looks so much later.
    pub const DEBOUNCE: Duration = DEBOUNCE;

    pub(crate) fn new(photos: &Photos, inbox: mpsc::UnboundedReceiver<Event>) -> Self {
        Self { inbox, changes: photos.store.changes(), failures: 0, asked: Duration::ZERO }
    }

    /// The next event that the lane was told of.
    pub fn event(&mut self) -> Option<Event> {
        self.inbox.try_recv().ok()
    }

    /// Whether the lane, which is idle since so long, looks at once.
    #[must_use]
    pub fn begins(&self, event: Event, idle: Duration) -> bool {
        begins(event, idle >= self.asked)
    }

    /// Whether local state has changed and the lane heeds it.
    #[must_use]
    pub fn heeds_change(&self) -> bool {
        self.failures == 0 && self.changes.has_changed().unwrap_or(false)
    }

    /// A look begins.
    pub fn begin(&mut self) {
        self.changes.mark_unchanged();
    }

    /// A look ended; returns how long the lane rests without any event.
    pub fn conclude(&mut self, outcome: &Result<(), UploadError>) -> Duration {
        match outcome {
            Ok(()) => {
                (self.failures, self.asked) = (0, Duration::ZERO);
                IDLE
            }
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                self.asked = asked(error);
                pause(self.failures, self.asked)
            }
        }
    }
}

impl Photos {
    /// One look of the lane: what is over goes, what waits is sent.
    ///
    /// # Errors
    /// As [`Self::upload`].
    pub async fn look_by_hand(self: &Arc<Self>, link: &dyn PhotoTransport) -> Result<(), UploadError> {
        if let Some((_, to_do)) = self.to_do()? {
            self.look(link, to_do).await?;
        }
        Ok(())
    }

    /// What the server does not hold, as the records on this device have it now, by hash.
    ///
    /// # Errors
    /// The database failed.
    pub fn waiting(&self) -> Result<Vec<String>, PhotoError> {
        Ok(self.store.unconfirmed_photos()?)
    }
}
