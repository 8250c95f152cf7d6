//! How long a request may take, once it has come in full.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// The end of a request's time.
#[derive(Debug, Clone)]
pub(super) struct TimeLimit {
    time: Duration,
    until: watch::Sender<Option<Instant>>,
}

/// As long as it is held, the request's time does not pass.
pub(super) struct Paused(TimeLimit);

impl TimeLimit {
    /// Begins now.
    pub(super) fn begin(time: Duration) -> Self {
        let limit = Self { time, until: watch::Sender::default() };
        limit.restart();
        limit
    }

    /// Stops the count; it begins anew when what this returns is dropped.
    pub(super) fn pause(&self) -> Paused {
        self.until.send_replace(None);
        Paused(self.clone())
    }

    /// Completes when there is no time left.
    pub(super) async fn is_over(&self) {
        let mut until = self.until.subscribe();
        loop {
            let due = *until.borrow_and_update();
            let over = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = over => return,
                _ = until.changed() => {}
            }
        }
    }

    fn restart(&self) {
        // A time beyond all counting never comes.
        self.until.send_replace(Instant::now().checked_add(self.time));
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        self.0.restart();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn time_passes_except_while_it_is_paused() {
        let (limit, begun) = (TimeLimit::begin(60 * SECOND), Instant::now());
        let body = async {
            let _paused = limit.pause();
            tokio::time::sleep(1_000 * SECOND).await;
        };
        tokio::join!(limit.is_over(), body);
        assert_eq!(begun.elapsed(), 1_060 * SECOND);
    }
}
