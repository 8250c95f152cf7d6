//! Whose turn it is to carry an upload on, within this process. Between processes the database decides: a part is only
//! added where the last one ended.
//!
//! A device that lost its connection comes back at once, while the server still waits for the old request. So whoever
//! holds the turn is asked to give way, makes safe what has arrived, and goes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, Notify, OwnedMutexGuard};
use uuid::Uuid;

/// How long somebody who wants a turn waits for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// The turns of all uploads that somebody works on.
#[derive(Default)]
pub(crate) struct Turns {
    taken: Mutex<HashMap<Uuid, Arc<Queue>>>,
}

#[derive(Default)]
struct Queue {
    turn: Arc<AsyncMutex<()>>,
    waiting: AtomicUsize,
    asked: Notify,
}

/// The turn to work on an upload.
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    upload: Uuid,
    queue: Arc<Queue>,
    _held: OwnedMutexGuard<()>,
}

impl Turns {
    /// Waits for the turn, asking whoever has it to give way; `None` if they do not.
    pub(crate) async fn take(&self, upload: Uuid) -> Option<Turn<'_>> {
        let queue = Arc::clone(self.lock().entry(upload).or_default());
        let waiting = Waiting::begin(&queue);
        let held = tokio::time::timeout(PATIENCE, Arc::clone(&queue.turn).lock_owned()).await.ok();
        drop(waiting);
        Some(Turn { turns: self, upload, _held: held?, queue })
    }

    /// The turn, if nobody has it. Disturbs nobody.
    pub(crate) fn take_free(&self, upload: Uuid) -> Option<Turn<'_>> {
        let mut taken = self.lock();
        let queue = Arc::clone(taken.entry(upload).or_default());
        let held = Arc::clone(&queue.turn).try_lock_owned().ok()?;
        Some(Turn { turns: self, upload, _held: held, queue })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Arc<Queue>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counted as long as somebody waits, however the waiting ends.
struct Waiting<'a>(&'a Queue);

impl<'a> Waiting<'a> {
    fn begin(queue: &'a Queue) -> Self {
        queue.waiting.fetch_add(1, Ordering::SeqCst);
        queue.asked.notify_one();
        Self(queue)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Turn<'_> {
    /// Completes when somebody else wants the turn.
    pub(crate) async fn is_wanted(&self) {
        while self.queue.waiting.load(Ordering::SeqCst) == 0 {
            self.queue.asked.notified().await;
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut taken = self.turns.lock();
        // The table's and ours: nobody waits, and nobody can begin to before the table is free.
        if Arc::strong_count(&self.queue) == 2 {
            taken.remove(&self.upload);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPLOAD: Uuid = Uuid::from_u128(1);

    #[tokio::test]
    async fn who_has_the_turn_hears_that_it_is_wanted_and_nobody_is_forgotten() {
        let turns = Turns::default();
        let first = turns.take(UPLOAD).await.unwrap();
        let second = async { drop(turns.take(UPLOAD).await.unwrap()) };
        let give_way = async {
            first.is_wanted().await;
            drop(first);
        };
        tokio::join!(second, give_way);
        assert!(turns.lock().is_empty());
    }

    #[tokio::test]
    async fn a_free_turn_is_taken_at_once_and_one_that_is_taken_is_not_asked_for() {
        let turns = Turns::default();
        let first = turns.take_free(UPLOAD).unwrap();
        assert!(turns.take_free(UPLOAD).is_none());
        assert!(futures_util::FutureExt::now_or_never(first.is_wanted()).is_none());
        drop(first);
        drop(turns.take_free(UPLOAD).unwrap());
        assert!(turns.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_give_way_keeps_the_turn() {
        let turns = Turns::default();
        let first = turns.take(UPLOAD).await.unwrap();
        assert!(turns.take(UPLOAD).await.is_none());
        // The question of the one who gave up does not reach the next.
        drop(first);
        let next = turns.take(UPLOAD).await.unwrap();
        let heard = tokio::time::timeout(Duration::from_secs(1), next.is_wanted()).await;
        assert!(heard.is_err());
    }
}
