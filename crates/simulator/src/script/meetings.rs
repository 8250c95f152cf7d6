//! Draws what goes wrong only when several things meet within seconds: too rarely by chance to be looked for by chance.
//! From a stream of its own, so that worlds without a meeting are what they were.

use super::{Act, Cast, LinkFault, OfficeAct, Step, What};
use crate::clock::{Instant, SECOND};
use crate::dice::Dice;

/// Something is arranged in so many worlds of a hundred.
const WORLDS: u64 = 15;
/// After that long without an answer a device tries again.
const ANSWER: Instant = 120 * SECOND;

/// The steps of that seed that are arranged to meet. Each may be left out without the others.
pub(super) fn steps(seed: u64, cast: &Cast, calm_at: Instant) -> Vec<Step> {
    let mut dice = Dice::new(seed, 0x3e);
    // The first two devices are of one organisation.
    let (device, other) = if dice.percent(50) { (0, 1) } else { (1, 0) };
    if !dice.percent(WORLDS) {
        return Vec::new();
    }
    let begins = dice.within(20 * SECOND, calm_at / 2);
    let arranged =
        if dice.percent(50) { overtaken(device, other, &mut dice) } else { taken_away(cast, device, &mut dice) };
    // The upper half of the salt is the same, so that they work on the same record, and what they write is not.
    let record = dice.next() & !u64::from(u32::MAX);
    let steps = arranged.into_iter().map(|(after, what)| {
        let salt = record | u64::from(u32::MAX) & dice.next();
        Step { at: begins + after, what, salt }
    });
    steps.filter(|step| step.at < calm_at).collect()
}

/// An answer is lost, somebody else changes the record before it is asked for again, and the operator goes on writing
/// while it is.
fn overtaken(device: usize, other: usize, dice: &mut Dice) -> Vec<(Instant, What)> {
    let works = |device| What::Operator { device, act: Act::Assigned };
    let meets = |fault| What::Link { device, fault };
    let is_told = dice.percent(50);
    let asks_again = if is_told { 0 } else { ANSWER };
    vec![
        (0, works(device)),
        (1, meets(LinkFault::ReplyLost { is_told })),
        (2, meets(LinkFault::ReplyDelayed { by: dice.within(20, 110) * SECOND })),
        (dice.within(0, 5 * SECOND), works(other)),
        (asks_again + dice.within(8, 30) * SECOND, works(device)),
    ]
}

/// An answer is lost, and before it is asked for again the record's yard is no longer the device's.
fn taken_away(cast: &Cast, device: usize, dice: &mut Dice) -> Vec<(Instant, What)> {
    let yards = cast.devices[device].yards.clone();
    let stays: Vec<usize> = yards.iter().copied().filter(|_| dice.percent(30)).collect();
    let is_told = dice.percent(50);
    let asks_again = if is_told { 2 * SECOND } else { ANSWER };
    vec![
        (0, What::Operator { device, act: Act::Assigned }),
        (1, What::Link { device, fault: LinkFault::ReplyLost { is_told } }),
        (4 * SECOND + dice.within(0, asks_again), What::Office { act: OfficeAct::SetYards { device, yards: stays } }),
        (ANSWER + dice.within(60, 180) * SECOND, What::Office { act: OfficeAct::SetYards { device, yards } }),
    ]
}
