//! One sync round: pages of pending records go out and pages of news come in until both are through.
//!
//! A function of database, clock and network, with no state of its own that could get stuck. It may be cut at any
//! point; the next round simply does again what was not settled.

mod culprit;
mod page_size;

use std::sync::Arc;

use gatebook_sync::wire::{ApiErrorCode, Push, SyncRequest, Take};
use gatebook_sync::{PROTOCOL, deliberate};
use uuid::Uuid;

use culprit::Search;
pub use page_size::PageSize;

use crate::error::StoreError;
use crate::store::{PushPage, Settled, Store};
use crate::transport::{Transport, TransportError};

/// Pages a round moves at most; what is left goes with the next one. Only a bound, never reached in practice.
const MAX_PAGES: u32 = 2_000;

/// What a round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Round trips.
    pub pages: u32,
    /// All answers together.
    pub settled: Settled,
    /// Records passed over because the server could not handle them even alone; they stay pending for the next round.
    pub passed_over: u32,
}

/// Why a round ended before it was through. Whatever was settled before stays settled.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    /// The way to the server, or the server.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The device.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs a round. `progress` hears how many items are still to move, before each page.
///
/// # Errors
/// See [`RoundError`].
pub async fn run(
    store: &Arc<Store>,
    transport: &dyn Transport,
    size: &mut PageSize,
    app: &str,
    progress: impl Fn(u32),
) -> Result<Report, RoundError> {
    let mut report = Report::default();
    // Each write is sent at most once a round, so a record that is edited all the time cannot keep a round going.
    let mut after: Option<Uuid> = None;
    let mut search = Search::default();
    while report.pages < MAX_PAGES {
        report.pages += 1;
        let limits = size.limits(search.at_most());
        let (page, waiting) =
            blocking(store, move |store| Ok((store.push_page(after, limits)?, store.pending_count()?))).await?;
        progress(waiting.max(records_in(&page.push)));
        let PushPage { push, more: more_to_push, epoch, cursors } = page;
        let last = push.last().map(|push| push.write_id);
        let request = SyncRequest {
            protocol: PROTOCOL,
            app: app.to_owned(),
            epoch,
            cursors,
            push,
            reoffer: Vec::new(),
            take: Take { records: limits.page_records, bytes: limits.page_bytes },
        };
        let answer = match transport.sync(&request).await {
            Ok(answer) => answer,
            Err(error) => {
                size.failed();
                if request.push.is_empty() || !is_about_the_page(&error) || deliberate!(NeverHalve) {
                    return Err(error.into());
                }
                if search.refused(records_in(&request.push)) {
                    if deliberate!(StopAtCulprit) {
                        return Err(error.into());
                    }
                    tracing::warn!(%error, write_id = ?last, "one record is passed over");
                    report.passed_over += 1;
                    after = last;
                }
                continue;
            }
        };
        size.worked(answer.limits);
        search.got_through(records_in(&request.push));
        let more = more_to_push || answer.more;
        let sent: Vec<Push> = request.push;
        let settled = blocking(store, move |store| store.settle(&sent, answer)).await?;
        report.settled = sum(report.settled, settled);
        after = last.or(after);
        if !more && !settled.new_epoch {
            return Ok(report);
        }
    }
    Ok(report)
}

/// Whether the server refused just this page, so that another may get through. One bad record never blocks the others:
/// such a page is halved until the culprit stands alone; that is left for the next round.
fn is_about_the_page(error: &TransportError) -> bool {
    match error.refusal() {
        Some(ApiErrorCode::TooLarge | ApiErrorCode::Malformed | ApiErrorCode::Internal) => true,
        None
        | Some(
            ApiErrorCode::Unauthenticated
            | ApiErrorCode::Revoked
            | ApiErrorCode::Forbidden
            | ApiErrorCode::NotFound
            | ApiErrorCode::CodeRefused
            | ApiErrorCode::ProtocolUnsupported
            | ApiErrorCode::Busy,
        ) => false,
    }
}

fn records_in(page: &[Push]) -> u32 {
    u32::try_from(page.len()).unwrap_or(u32::MAX)
}

fn sum(a: Settled, b: Settled) -> Settled {
    Settled {
        accepted: a.accepted + b.accepted,
        conflicts: a.conflicts + b.conflicts,
        rejected: a.rejected + b.rejected,
        pulled: a.pulled + b.pulled,
        new_epoch: a.new_epoch || b.new_epoch,
    }
}

/// Database work, off the network's threads. Whoever polls the round without a runtime gets it done in place.
async fn blocking<T: Send + 'static>(
    store: &Arc<Store>,
    work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    if tokio::runtime::Handle::try_current().is_err() {
        return work(store);
    }
    let store = Arc::clone(store);
    match tokio::task::spawn_blocking(move || work(&store)).await {
        Ok(done) => done,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}
