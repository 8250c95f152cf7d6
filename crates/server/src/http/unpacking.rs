//! How many bytes requests unpack to at a time, all together. A few that are large wait for each other; the many that are
//! small do not.

use std::sync::Arc;
use std::time::Duration;

use gatebook_sync::wire::{ApiError, ApiErrorCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::refuse;

/// Bytes are counted by so many.
const STEP: usize = 1_024;

/// Room to unpack.
pub(super) struct Unpacking {
    steps: Arc<Semaphore>,
    all: usize,
    turn_time: Duration,
}

impl Unpacking {
    /// So many bytes at a time; who needs more than is left waits, as long as `turn_time`.
    pub(super) fn new(bytes: usize, turn_time: Duration) -> Arc<Self> {
        let all = bytes.div_ceil(STEP).clamp(1, Semaphore::MAX_PERMITS);
        Arc::new(Self { steps: Arc::new(Semaphore::new(all)), all, turn_time })
    }

    /// Room for so many bytes, as long as it is held. Whoever needs more than there is at all gets all of it.
    pub(super) async fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, ApiError> {
        let steps = u32::try_from(bytes.div_ceil(STEP).min(self.all)).unwrap_or(u32::MAX);
        let room = tokio::time::timeout(self.turn_time, Arc::clone(&self.steps).acquire_many_owned(steps)).await;
        let Ok(Ok(room)) = room else {
            let message = "Other devices send very much just now. Come again in a few seconds.";
            return Err(refuse(ApiErrorCode::Busy, message));
        };
        Ok(room)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const TURN: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn who_needs_more_than_is_left_waits_and_not_for_ever() {
        let unpacking = Unpacking::new(10 * STEP, TURN);
        let first = unpacking.room(7 * STEP).await.unwrap();
        let second = unpacking.room(3 * STEP - 1).now_or_never().unwrap().unwrap();
        let refused = unpacking.room(STEP).await.err().unwrap();
        assert_eq!((refused.code, refused.retry), (ApiErrorCode::Busy, true));
        drop(second);
        drop(unpacking.room(3 * STEP).now_or_never().unwrap().unwrap());
        drop(first);
        assert!(unpacking.room(usize::MAX).now_or_never().unwrap().is_ok(), "nobody is shut out for good");
    }
}
