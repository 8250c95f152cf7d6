//! Draws what goes wrong only when several things meet within seconds: too rarely by chance to be looked for by chance.
//! From a stream of its own, so that worlds without a meeting are what they were.

use super::{Act, AppEvent, Cast, LinkFault, OfficeAct, Step, What};
use crate::clock::{Instant, SECOND};
use crate::dice::Dice;

/// An answer is lost at the wrong moment in so many worlds of a hundred.
const LOST_ANSWERS: u64 = 15;
/// What takes several steps to come about is arranged in so many.
const BROUGHT_ABOUT: u64 = 30;
/// After that long without an answer a device tries again.
const ANSWER: Instant = 120 * SECOND;
/// By then what was written has gone through, if nothing is in its way.
const SYNCED: Instant = 20 * SECOND;

/// The steps of that seed that are arranged to meet. Each may be left out without the others.
pub(super) fn steps(seed: u64, cast: &Cast, calm_at: Instant) -> Vec<Step> {
    let lost_answers = meeting(Dice::new(seed, 0x3e), LOST_ANSWERS, calm_at, |device, other, dice| {
        if dice.percent(50) { overtaken(device, other, dice) } else { taken_away(cast, device, dice) }
    });
    let brought_about =
        meeting(Dice::new(seed, 0x3f), BROUGHT_ABOUT, calm_at, |device, other, dice| match dice.below(5) {
            0 => held_over_a_pull(device, other, dice),
            1 => overtaken_on_what_both_hold(device, other, dice),
            2 => given_up_unanswered(device, dice),
            3 => ascribed_after_a_restore(device, dice),
            _ => among_strangers(device, dice),
        });
    lost_answers.into_iter().chain(brought_about).collect()
}

/// In so many worlds of a hundred: what `arrange` makes of two devices.
fn meeting(
    mut dice: Dice,
    worlds: u64,
    calm_at: Instant,
    arrange: impl FnOnce(usize, usize, &mut Dice) -> Vec<(Instant, What)>,
) -> Vec<Step> {
    // The first two devices are of one organisation.
    let (device, other) = if dice.percent(50) { (0, 1) } else { (1, 0) };
    if !dice.percent(worlds) {
        return Vec::new();
    }
    let begins = dice.within(20 * SECOND, calm_at / 2);
    let arranged = arrange(device, other, &mut dice);
    // The upper half of the salt is the same, so that they work on the same record, and what they write is not.
    let record = dice.next() & !u64::from(u32::MAX);
    let steps = arranged.into_iter().map(|(after, what)| {
        let salt = record | u64::from(u32::MAX) & dice.next();
        Step { at: begins + after, what, salt }
    });
    steps.filter(|step| step.at < calm_at).collect()
}

fn works(device: usize) -> What {
    What::Operator { device, act: Act::Assigned }
}

fn syncs(device: usize) -> What {
    What::App { device, event: AppEvent::Manual }
}

/// An answer is lost, somebody else changes the record before it is asked for again, and the operator goes on writing
/// while it is.
fn overtaken(device: usize, other: usize, dice: &mut Dice) -> Vec<(Instant, What)> {
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
        (0, works(device)),
        (1, What::Link { device, fault: LinkFault::ReplyLost { is_told } }),
        (4 * SECOND + dice.within(0, asks_again), What::Office { act: OfficeAct::SetYards { device, yards: stays } }),
        (ANSWER + dice.within(60, 180) * SECOND, What::Office { act: OfficeAct::SetYards { device, yards } }),
    ]
}

/// A form is open, a colleague changes what it shows, that is pulled, and the form is saved as if nothing had been.
fn held_over_a_pull(device: usize, other: usize, dice: &mut Dice) -> Vec<(Instant, What)> {
    let does = |device, act| What::Operator { device, act };
    let opened = 2 * SYNCED + dice.within(0, 5 * SECOND);
    let pulled = opened + SYNCED;
    let saved = pulled + dice.within(2, 30) * SECOND;
    vec![
        (0, works(device)),
        (SYNCED, works(other)),
        (2 * SYNCED - 1, syncs(device)),
        (opened, does(device, Act::Open)),
        (opened + SECOND, does(other, Act::Meddle)),
        (opened + 2 * SECOND, syncs(other)),
        (pulled, syncs(device)),
        (saved, does(device, if dice.percent(70) { Act::SaveOpen } else { Act::SubmitOpen })),
    ]
}

/// An answer is lost over a record that both have had from the server, and its writer is out of reach until a colleague has
/// changed it. Then the question is asked again, and the writer goes on before the answer is there.
fn overtaken_on_what_both_hold(device: usize, other: usize, dice: &mut Dice) -> Vec<(Instant, What)> {
    let meets = |fault| What::Link { device, fault };
    let written = 2 * SYNCED;
    let asks_again = written + 12 * SECOND;
    vec![
        (0, works(device)),
        (SYNCED, works(other)),
        (written - 8 * SECOND, syncs(device)),
        (written, meets(LinkFault::ReplyLost { is_told: true })),
        (written + 1, works(device)),
        (written + 2, syncs(device)),
        (written + 2 * SECOND, What::NoSignal { device, lasts: 9 * SECOND }),
        (written + 3 * SECOND, works(other)),
        (written + 3 * SECOND + 1, syncs(other)),
        (asks_again, meets(LinkFault::ReplyDelayed { by: dice.within(20, 60) * SECOND })),
        (asks_again + 1, syncs(device)),
        (asks_again + dice.within(2, 15) * SECOND, works(device)),
    ]
}

/// A change is given up while nobody knows whether the server has it.
fn given_up_unanswered(device: usize, dice: &mut Dice) -> Vec<(Instant, What)> {
    let lost = LinkFault::ReplyLost { is_told: dice.percent(30) };
    vec![
        (0, works(device)),
        (SYNCED, What::Link { device, fault: lost }),
        (SYNCED + 1, works(device)),
        (SYNCED + dice.within(2, 10) * SECOND, What::Operator { device, act: Act::Discard }),
    ]
}

/// What a restored server has lost is given back by somebody who says that another device wrote it.
fn ascribed_after_a_restore(device: usize, dice: &mut Dice) -> Vec<(Instant, What)> {
    vec![
        (0, What::Backup),
        (1, works(device)),
        (SYNCED, What::Restore { is_announced: dice.percent(60) }),
        (SYNCED + 1, What::Ascription { device }),
    ]
}

/// A copy of the server's data that goes by another key answers, and is written to.
fn among_strangers(device: usize, dice: &mut Dice) -> Vec<(Instant, What)> {
    let lasts = dice.within(30, 180) * SECOND;
    vec![
        (0, works(device)),
        (SYNCED, What::Impostor { is_empty: false, lasts }),
        (SYNCED + 1, works(device)),
        (SYNCED + dice.within(2, 20) * SECOND, syncs(device)),
    ]
}
