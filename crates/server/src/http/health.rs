//! `GET /health`.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use gatebook_sync::wire::ApiErrorCode;
use serde::Serialize;
use tokio::sync::Mutex;
use tracing::Instrument as _;
use utoipa::ToSchema;

use super::refusal::Refusal;
use super::{App, blocking};
use crate::clock::ClockState;
use crate::error::{internal, refuse};

/// Whoever watches servers asks every few seconds, and gives up on an answer after about as long.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// That the server lives.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// Always `ok`; a server that is not well answers with an error.
    status: &'static str,
    /// The server's version.
    version: &'static str,
    /// `trusted`; `doubtful`: it has jumped, and what is filed is marked as of doubtful time; `wrong`: a time server says
    /// so, and nothing is filed until it is set right.
    clock: &'static str,
}

/// Whether the server and its database answer, and its disks have room. The answer comes within two seconds, whatever
/// hangs.
#[utoipa::path(
    get, path = "/health", tag = "operation",
    responses(
        (status = 200, body = Health),
        (status = 503, description = "The database does not answer, or a disk is full")
    )
)]
pub(super) async fn health(State(app): State<App>) -> Result<Json<Health>, Refusal> {
    let server = app.server.clone();
    app.checkup.go(blocking(move || server.check_well())).await?;
    let clock = match app.server.inner.clock.state() {
        ClockState::Trusted => "trusted",
        ClockState::Doubtful => "doubtful",
        ClockState::Wrong => "wrong",
    };
    Ok(Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION"), clock }))
}

/// One look at the database and the disks at a time. What hangs holds one thread, however often it is asked about.
#[derive(Clone, Default)]
pub(super) struct Checkup(Arc<Mutex<()>>);

impl Checkup {
    async fn go(&self, look: impl Future<Output = Result<(), Refusal>> + Send + 'static) -> Result<(), Refusal> {
        let turn = Arc::clone(&self.0);
        let looked = async {
            let turn = turn.lock_owned().await;
            // It keeps its turn until it has ended, even if nobody waits for it any more.
            let look = async move {
                let seen = look.await;
                drop(turn);
                seen
            };
            tokio::spawn(look.in_current_span()).await.unwrap_or_else(|panicked| {
                tracing::error!(%panicked, "a look at the server's health broke");
                Err(Refusal::from(internal()))
            })
        };
        tokio::time::timeout(PATIENCE, looked).await.unwrap_or_else(|_| {
            let message =
                "The server's database or disk does not answer. See that both run, then look at the server's log.";
            Err(Refusal::from(refuse(ApiErrorCode::Busy, message)))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::sync::oneshot;
    use tokio::time::Instant;

    use super::*;

    fn code(seen: Result<(), Refusal>) -> Option<ApiErrorCode> {
        seen.err().map(|refusal| refusal.error.code)
    }

    #[tokio::test(start_paused = true)]
    async fn what_hangs_is_told_within_two_seconds_and_looked_at_once() {
        let checkup = Checkup::default();
        let (let_go, released) = oneshot::channel();
        let begun = Instant::now();
        let hangs = async { released.await.map_err(|_| Refusal::from(internal())) };
        assert_eq!(code(checkup.go(hangs).await), Some(ApiErrorCode::Busy));
        assert!(begun.elapsed() < Duration::from_secs(2));

        let begun = Instant::now();
        let was_looked_at = Arc::new(AtomicBool::new(false));
        let looks = Arc::clone(&was_looked_at);
        let look = async move {
            looks.store(true, Ordering::SeqCst);
            Ok(())
        };
        assert_eq!(code(checkup.go(look).await), Some(ApiErrorCode::Busy));
        assert!(begun.elapsed() < Duration::from_secs(2));
        assert!(!was_looked_at.load(Ordering::SeqCst), "one that hangs is enough");

        let_go.send(()).unwrap();
        assert_eq!(code(checkup.go(async { Ok(()) }).await), None);
    }
}
