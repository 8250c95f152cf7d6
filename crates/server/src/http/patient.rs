//! Waiting out a failure that passes. Common tus programs that ask how far an upload is begin it again from the first
//! byte at any answer but 2xx and 423, and what had arrived lies unfinished for a week. So a database that is away for a
//! moment is waited for, and if it stays away the answer is 423.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use tokio::time::Instant;

use crate::photos::UploadError;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// The first answer that is no failure of the server's; after `patience` without one, that it cannot say now.
pub(super) async fn patiently<F>(patience: Duration, look: impl Fn() -> F) -> Response
where
    F: Future<Output = Response>,
{
    let until = Instant::now() + patience;
    let told = async {
        loop {
            let answer = look().await;
            if !may_pass(answer.status()) {
                return answer;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout_at(until, told).await.unwrap_or_else(|_| UploadError::NotNow.into_response())
}

/// Whether the same question may be answered otherwise in a moment.
fn may_pass(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::pending;

    use axum::http::header::RETRY_AFTER;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_waited_out() {
        for failure in [429, 500, 503] {
            let failures = Cell::new(6);
            let look = async || {
                let left = failures.get();
                failures.set(left - 1);
                StatusCode::from_u16(if left == 0 { 200 } else { failure }).unwrap().into_response()
            };
            assert_eq!(patiently(PATIENCE, look).await.status(), 200, "after {failure}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_stays_away_is_told_as_locked() {
        for failure in [429, 500, 503] {
            let begun = Instant::now();
            let answer = patiently(PATIENCE, async || StatusCode::from_u16(failure).unwrap().into_response()).await;
            assert_eq!((answer.status().as_u16(), begun.elapsed()), (423, PATIENCE), "always {failure}");
            assert!(answer.headers().contains_key(RETRY_AFTER));
        }
        assert_eq!(patiently(PATIENCE, pending).await.status(), 423, "a database that hangs");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_certain_is_told_at_once() {
        for certain in [200, 401, 403, 404, 410, 423] {
            let looks = Cell::new(0);
            let look = async || {
                looks.set(looks.get() + 1);
                StatusCode::from_u16(certain).unwrap().into_response()
            };
            assert_eq!((patiently(PATIENCE, look).await.status().as_u16(), looks.get()), (certain, 1));
        }
    }
}
