//! One sync round: pages of pending records go out and pages of news come in until both are through.
//!
//! A function of database, clock and network, with no state of its own that could get stuck. It may be cut at any
//! point; the next round simply does again what was not settled.

mod culprit;
mod page_size;
mod work;

use std::sync::Arc;

use gatebook_sync::wire::{ApiErrorCode, SyncRequest, Take};
use gatebook_sync::{PROTOCOL, deliberate};

pub use page_size::PageSize;

use crate::error::StoreError;
use crate::store::{Aftermath, Sent, Settled, Store};
use crate::transport::{Transport, TransportError};
use work::{Page, Work};

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
    /// How often device and server were found to differ; 0 in normal life.
    pub repairs: u32,
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
    let mut round = Round { store, transport, size, app, report: Report::default() };
    let mut work = Work::default();
    let mut expects_more = true;
    while round.report.pages < MAX_PAGES {
        let limits = round.size.limits(work.at_most());
        let waiting;
        let mut page;
        (work, page, waiting) = blocking(store, move |store| {
            let page = work.page(store, limits)?;
            Ok((work, page, store.pending_count()?))
        })
        .await?;
        if !expects_more && page.is_idle() {
            break;
        }
        let records = page.records();
        progress(waiting.max(records));
        match round.send(&mut page).await? {
            Ok(Answered { more, settled, aftermath }) => {
                expects_more = more || settled.new_epoch || aftermath.is_behind;
                work.answered(&page, records, settled.new_epoch, aftermath);
                round.report.repairs = work.repairs();
            }
            // One bad record never blocks the others: a page that is refused whole is halved until the culprit stands
            // alone.
            Err(error) if records > 0 && is_about_the_page(&error) && !deliberate!(NeverHalve) => {
                if work.refused(&page) {
                    if deliberate!(StopAtCulprit) {
                        return Err(error.into());
                    }
                    // It is the record, if the server takes a page without it; otherwise it is the server.
                    let mut probe = page.without_records();
                    let Answered { more, settled, aftermath } = round.send(&mut probe).await??;
                    expects_more |= more || settled.new_epoch || aftermath.is_behind;
                    work.learned(settled.new_epoch, aftermath);
                    tracing::warn!(%error, write_id = ?page.only(), "one record is passed over");
                    round.report.passed_over += 1;
                    if let Some(push) = page.sent.push.first().cloned() {
                        let reason = error.to_string();
                        blocking(store, move |store| store.set_aside(&push, &reason)).await?;
                    }
                    work.passed(&page);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(round.report)
}

struct Round<'a> {
    store: &'a Arc<Store>,
    transport: &'a dyn Transport,
    size: &'a mut PageSize,
    app: &'a str,
    report: Report,
}

/// What an answer means for the rest of the round.
struct Answered {
    more: bool,
    settled: Settled,
    aftermath: Aftermath,
}

impl Round<'_> {
    /// Sends a page and settles the answer. A page that was not answered keeps its records.
    async fn send(&mut self, page: &mut Page) -> Result<Result<Answered, TransportError>, StoreError> {
        self.report.pages += 1;
        let (allowed, before_it) = (self.size.limits(None), *self.size);
        let Sent { push, reoffer, .. } = std::mem::take(&mut page.sent);
        let request = SyncRequest {
            protocol: PROTOCOL,
            app: self.app.to_owned(),
            epoch: page.epoch,
            cursors: page.cursors.clone(),
            push,
            reoffer,
            mark: page.mark.clone(),
            repair: page.repair.clone(),
            take: Take { records: allowed.page_records, bytes: allowed.page_bytes },
            server: page.server.clone(),
        };
        let began =
            if request.push.is_empty() { None } else { Some(blocking(self.store, Store::request_begins).await?) };
        let answer = self.transport.sync(&request).await;
        if let (Some(before), Err(error)) = (began, &answer)
            && error.is_before_sending()
        {
            blocking(self.store, move |store| store.request_never_left(before)).await?;
        }
        let sent = Sent::from(request);
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                if less_might_get_through(&error) {
                    self.size.failed();
                    self.keep_size(before_it).await;
                }
                page.sent = sent;
                return Ok(Err(error));
            }
        };
        self.size.worked(answer.limits);
        let more = answer.more;
        let (settled, aftermath) = blocking(self.store, move |store| store.settle_answer(&sent, answer)).await?;
        self.report.settled = sum(self.report.settled, settled);
        self.keep_size(before_it).await;
        Ok(Ok(Answered { more, settled, aftermath }))
    }

    /// Keeps what the page has taught about the link. Without it the next process learns it again, so the round goes on.
    async fn keep_size(&self, before: PageSize) {
        let learned = *self.size;
        if learned != before
            && let Err(error) = blocking(self.store, move |store| learned.keep(store)).await
        {
            tracing::warn!(%error, "what the link carries is not kept");
        }
    }
}

/// Whether a smaller page might have got through: the link broke, or the page took too long to come or to be answered. A
/// server that is busy, or says no, would say the same to less, and nothing is learned where nothing was sent.
fn less_might_get_through(error: &TransportError) -> bool {
    match error {
        TransportError::NotSent(_)
        | TransportError::Untrusted(_)
        | TransportError::CertificateDates(_)
        | TransportError::NotOurs(_) => false,
        // Too slow on the way, too slow at the server; it calls both busy.
        TransportError::Refused { status: 408 | 504, .. } => true,
        _ => matches!(error.refusal(), None | Some(ApiErrorCode::TooLarge | ApiErrorCode::Internal)),
    }
}

/// Whether the page may be what the server could not handle.
fn is_about_the_page(error: &TransportError) -> bool {
    match error.refusal() {
        Some(ApiErrorCode::TooLarge | ApiErrorCode::Malformed | ApiErrorCode::Internal) => true,
        Some(
            ApiErrorCode::Unauthenticated
            | ApiErrorCode::Revoked
            | ApiErrorCode::Forbidden
            | ApiErrorCode::NotFound
            | ApiErrorCode::CodeRefused
            | ApiErrorCode::OtherServer
            | ApiErrorCode::ProtocolUnsupported
            | ApiErrorCode::Busy
            | ApiErrorCode::Unknown,
        )
        | None => false,
    }
}

fn sum(a: Settled, b: Settled) -> Settled {
    Settled {
        accepted: a.accepted + b.accepted,
        conflicts: a.conflicts + b.conflicts,
        rejected: a.rejected + b.rejected,
        pulled: a.pulled + b.pulled,
        healed: a.healed + b.healed,
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

#[cfg(test)]
mod tests {
    use gatebook_sync::wire::ApiError;

    use super::*;

    #[test]
    fn pages_become_smaller_only_where_less_might_get_through() {
        let refused = |status, code| {
            let error = ApiError::new(code, "No.", true);
            less_might_get_through(&TransportError::Refused { status, error, retry_after: None })
        };
        for (status, code) in [
            (503, ApiErrorCode::Busy),
            (429, ApiErrorCode::Busy),
            (401, ApiErrorCode::Unauthenticated),
            (409, ApiErrorCode::OtherServer),
        ] {
            assert!(!refused(status, code), "{status}");
        }
        for (status, code) in [
            (408, ApiErrorCode::Busy),
            (504, ApiErrorCode::Busy),
            (413, ApiErrorCode::TooLarge),
            (500, ApiErrorCode::Internal),
        ] {
            assert!(refused(status, code), "{status}");
        }
        assert!(!less_might_get_through(&TransportError::NotSent("no route".to_owned())));
        assert!(less_might_get_through(&TransportError::Unreachable("it broke off".to_owned())));
    }
}
