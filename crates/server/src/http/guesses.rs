//! How many wrong codes may come from one address, so that codes cannot be guessed, and nobody's guessing keeps others from
//! joining.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use gatebook_sync::wire::ApiErrorCode;
use jiff::Timestamp;

use super::App;
use super::origin::Origin;
use super::refusal::Refusal;
use crate::config::Bounds;
use crate::error::refuse;

/// So many addresses are remembered. Of more, those that tried nothing for longest are forgotten.
const REMEMBERED: usize = 10_000;

/// The guesses that each address has left.
pub(super) struct Guesses {
    burst: f64,
    per_second: f64,
    left: Mutex<HashMap<Origin, Left>>,
}

#[derive(Debug, Clone, Copy)]
struct Left {
    guesses: f64,
    at: Timestamp,
}

impl Guesses {
    pub(super) fn new(bounds: &Bounds) -> Arc<Self> {
        let burst = f64::from(bounds.enrolment_burst);
        let per_second = f64::from(bounds.enrolments_per_minute) / 60.0;
        Arc::new(Self { burst, per_second, left: Mutex::default() })
    }

    /// One more code is tried; `None` if so many were wrong that it has to wait.
    fn begin(self: &Arc<Self>, origin: Origin, now: Timestamp) -> Option<Guess> {
        let mut left = self.lock();
        if left.len() >= REMEMBERED && !left.contains_key(&origin) {
            self.forget(&mut left, now);
        }
        let known = left.entry(origin).or_insert(Left { guesses: self.burst, at: now });
        *known = Left { guesses: self.refilled(*known, now), at: now };
        if known.guesses < 1.0 {
            return None;
        }
        known.guesses -= 1.0;
        Some(Guess { guesses: Arc::clone(self), origin, was_wrong: false })
    }

    /// What there is after the time that passed. A clock that stepped back gives nothing and takes nothing.
    fn refilled(&self, left: Left, now: Timestamp) -> f64 {
        let passed = now.duration_since(left.at).as_secs_f64().max(0.0);
        self.burst.min(left.guesses + passed * self.per_second)
    }

    fn forget(&self, left: &mut HashMap<Origin, Left>, now: Timestamp) {
        left.retain(|_, known| self.refilled(*known, now) < self.burst);
        if left.len() >= REMEMBERED
            && let Some(longest) = left.iter().min_by_key(|(_, known)| known.at).map(|(origin, _)| *origin)
        {
            left.remove(&longest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Origin, Left>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A code that is being tried. It counts until it turns out that it was not wrong, so that nobody tries many at once.
pub(super) struct Guess {
    guesses: Arc<Guesses>,
    origin: Origin,
    was_wrong: bool,
}

impl Guess {
    /// It was wrong, and stays counted.
    pub(super) fn was_wrong(mut self) {
        self.was_wrong = true;
    }
}

impl Drop for Guess {
    fn drop(&mut self) {
        if !self.was_wrong
            && let Some(left) = self.guesses.lock().get_mut(&self.origin)
        {
            left.guesses = self.guesses.burst.min(left.guesses + 1.0);
        }
    }
}

/// Before the body is read: whoever may not guess is not listened to.
impl FromRequestParts<App> for Guess {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let Ok(origin) = Origin::from_request_parts(parts, app).await;
        app.guesses.begin(origin, app.server.config().environment.now()).ok_or_else(|| {
            let message = "Too many wrong codes have come from this address. Try again in a minute.";
            refuse(ApiErrorCode::Busy, message).into()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000 + second).unwrap()
    }

    fn origin(last: u32) -> Origin {
        Origin::of(IpAddr::from(u32::to_be_bytes(0xc633_0000 + last)))
    }

    fn guesses(burst: u32, per_minute: u32) -> Arc<Guesses> {
        Guesses::new(&Bounds { enrolment_burst: burst, enrolments_per_minute: per_minute, ..Bounds::default() })
    }

    /// Whether a code may be tried then; it is wrong.
    fn tries(guesses: &Arc<Guesses>, origin: Origin, second: i64) -> bool {
        guesses.begin(origin, at(second)).map(Guess::was_wrong).is_some()
    }

    #[test]
    fn after_a_burst_guesses_come_back_one_by_one() {
        let guesses = guesses(2, 6);
        let tried = [0, 0, 0, 9, 10, 10, -500, -495].map(|second| tries(&guesses, origin(1), second));
        assert_eq!(tried, [true, true, false, false, true, false, false, false]);
        assert_eq!([600, 600, 600].map(|second| tries(&guesses, origin(1), second)), [true, true, false]);
    }

    #[test]
    fn one_address_takes_nothing_from_another_and_what_was_right_does_not_count() {
        let guesses = guesses(1, 6);
        for _ in 0..5 {
            drop(guesses.begin(origin(1), at(0)).unwrap());
        }
        assert!(tries(&guesses, origin(1), 0));
        assert!(!tries(&guesses, origin(1), 0));
        assert!(tries(&guesses, origin(2), 0));
    }

    #[test]
    fn what_is_being_tried_counts_until_it_is_known() {
        let guesses = guesses(1, 6);
        let first = guesses.begin(origin(1), at(0));
        assert!(guesses.begin(origin(1), at(0)).is_none());
        drop(first);
        assert!(guesses.begin(origin(1), at(0)).is_some());
    }

    #[test]
    fn what_is_remembered_of_strangers_has_a_bound() {
        let guesses = guesses(2, 0);
        for stranger in 0..=u32::try_from(REMEMBERED).unwrap() {
            assert!(tries(&guesses, origin(stranger), i64::from(stranger)));
        }
        let left = guesses.lock();
        assert_eq!((left.len(), left.contains_key(&origin(0))), (REMEMBERED, false));
    }
}
