//! That the server stops, for all who wait for something.

use tokio::sync::watch;

/// Begins the stop.
#[derive(Debug, Default)]
pub(super) struct Stop(watch::Sender<bool>);

impl Stop {
    /// From now on the server stops.
    pub(super) fn begin(&self) {
        self.0.send_replace(true);
    }

    /// To wait for it.
    pub(super) fn seen(&self) -> Stopping {
        Stopping(self.0.subscribe())
    }
}

/// Waits for the stop.
#[derive(Debug, Clone)]
pub(super) struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// Completes when the server stops.
    pub(super) async fn begun(&mut self) {
        if self.0.wait_for(|is_stopping| *is_stopping).await.is_err() {
            // Nobody is left who could stop it.
            std::future::pending::<()>().await;
        }
    }

    /// Of a server that goes on for ever.
    #[cfg(test)]
    pub(super) fn never() -> Self {
        Stop::default().seen()
    }
}
