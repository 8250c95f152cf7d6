//! Draws servers whose clock shows another age for a while and is right again: from a stream of its own, so that other
//! worlds are what they were.

use super::{Cast, Step, What};
use crate::clock::{Instant, SECOND, YEAR};
use crate::dice::Dice;

/// That happens in so many worlds of a hundred.
const WORLDS: u64 = 12;

/// The steps of that seed that have to do with it.
pub(super) fn steps(seed: u64, cast: &Cast, calm_at: Instant) -> Vec<Step> {
    let mut dice = Dice::new(seed, 0xa6e);
    if !dice.percent(WORLDS) {
        return Vec::new();
    }
    let begins = dice.within(20 * SECOND, calm_at - 10 * SECOND);
    let ends = dice.within(begins + SECOND, calm_at - 1);
    let ahead = cast.server_clock + dice.within(10 * YEAR, 80 * YEAR);
    let right = cast.server_clock;
    let clock = |offset| What::ServerClock { offset };
    [(begins, clock(ahead)), (ends, clock(right))].map(|(at, what)| Step { at, what, salt: dice.next() }).into()
}
