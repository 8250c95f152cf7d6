//! Whose turn it is to carry an upload on, within this process. Between processes the database decides: a part is only
//! added where the last one ended.
//!
//! A device that lost its connection comes back at once, while the server still waits for the old request. So whoever
//! holds the turn is asked to give way, makes safe what has arrived, and goes: at once to somebody who asks how far the
//! upload is, and to somebody who brings the next bytes only if nothing comes any more. Two requests with the same bytes
//! would otherwise stop each other, and neither would come to its end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, Notify, OwnedMutexGuard};
use tokio::time::Instant;
use uuid::Uuid;

/// How long somebody who wants a turn waits for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// How urgently somebody wants a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Now.
    Now,
    /// As soon as nothing comes any more to whoever has it.
    AtRest,
}

/// The turns of all uploads that somebody works on.
#[derive(Default)]
pub(crate) struct Turns {
    taken: Mutex<HashMap<Uuid, Arc<Queue>>>,
}

#[derive(Default)]
struct Queue {
    turn: Arc<AsyncMutex<()>>,
    waiting: AtomicUsize,
    /// Those of them who want it now.
    urgent: AtomicUsize,
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
    pub(crate) async fn take(&self, upload: Uuid, wish: Wish) -> Option<Turn<'_>> {
        let queue = Arc::clone(self.lock().entry(upload).or_default());
        let waiting = Waiting::begin(&queue, wish);
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
struct Waiting<'a>(&'a Queue, Wish);

impl<'a> Waiting<'a> {
    fn begin(queue: &'a Queue, wish: Wish) -> Self {
        queue.waiting.fetch_add(1, Ordering::SeqCst);
        if wish == Wish::Now {
            queue.urgent.fetch_add(1, Ordering::SeqCst);
        }
        queue.asked.notify_one();
        Self(queue, wish)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.1 == Wish::Now {
            self.0.urgent.fetch_sub(1, Ordering::SeqCst);
        }
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Turn<'_> {
    /// Completes when somebody else wants the turn: who can wait for it is heard only from the time `rests` on.
    pub(crate) async fn is_wanted(&self, rests: Instant) {
        loop {
            if self.queue.urgent.load(Ordering::SeqCst) > 0 {
                return;
            }
            if self.queue.waiting.load(Ordering::SeqCst) == 0 {
                self.queue.asked.notified().await;
                continue;
            }
            tokio::select! {
                () = self.queue.asked.notified() => {}
                // Whoever waited may have given up meanwhile.
                () = tokio::time::sleep_until(rests) => {
                    if self.queue.waiting.load(Ordering::SeqCst) > 0 {
                        return;
                    }
                }
            }
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
    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn who_has_the_turn_hears_that_it_is_wanted_and_nobody_is_forgotten() {
        let turns = Turns::default();
        let first = turns.take(UPLOAD, Wish::AtRest).await.unwrap();
        let second = async { drop(turns.take(UPLOAD, Wish::Now).await.unwrap()) };
        let give_way = async {
            first.is_wanted(Instant::now() + 3_600 * SECOND).await;
            drop(first);
        };
        tokio::join!(second, give_way);
        assert!(turns.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_can_wait_is_given_way_to_when_nothing_comes_any_more() {
        let turns = Turns::default();
        let first = turns.take(UPLOAD, Wish::AtRest).await.unwrap();
        let begun = Instant::now();
        let second = async {
            drop(turns.take(UPLOAD, Wish::AtRest).await.unwrap());
            begun.elapsed()
        };
        let works = async {
            // Something comes after half a second, again and again, and then nothing more.
            for _ in 0..4 {
                let (now, comes) = (Instant::now(), tokio::time::sleep(SECOND / 2));
                tokio::select! {
                    () = first.is_wanted(now + SECOND) => panic!("it is at work"),
                    () = comes => {}
                }
            }
            first.is_wanted(Instant::now() + SECOND).await;
            drop(first);
        };
        let (waited, ()) = tokio::join!(second, works);
        assert_eq!(waited, 3 * SECOND);
    }

    #[tokio::test]
    async fn a_free_turn_is_taken_at_once_and_one_that_is_taken_is_not_asked_for() {
        let turns = Turns::default();
        let first = turns.take_free(UPLOAD).unwrap();
        assert!(turns.take_free(UPLOAD).is_none());
        assert!(futures_util::FutureExt::now_or_never(first.is_wanted(Instant::now())).is_none());
        drop(first);
        drop(turns.take_free(UPLOAD).unwrap());
        assert!(turns.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_give_way_keeps_the_turn() {
        let turns = Turns::default();
        let mut held = turns.take(UPLOAD, Wish::Now).await.unwrap();
        for wish in [Wish::Now, Wish::AtRest] {
            assert!(turns.take(UPLOAD, wish).await.is_none());
            // The question of the one who gave up does not reach the next.
            drop(held);
            held = turns.take(UPLOAD, wish).await.unwrap();
            let heard = tokio::time::timeout(10 * SECOND, held.is_wanted(Instant::now() + SECOND)).await;
            assert!(heard.is_err(), "{wish:?}");
        }
    }
}
