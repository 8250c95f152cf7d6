//! Draws what strikes at who is who: servers that answer and are not the right one, refusals that nobody stands behind, and
//! devices that leave and join around a backup. From a stream of its own, so that worlds without it are what they were.

use super::{Cast, LinkFault, OfficeAct, Step, What};
use crate::clock::{Instant, MINUTE, SECOND};
use crate::dice::Dice;

/// In so many worlds of a hundred.
const WORLDS: u64 = 20;

/// The steps of that seed. Each may be left out without the others.
pub(super) fn steps(seed: u64, cast: &Cast, calm_at: Instant) -> Vec<Step> {
    let mut dice = Dice::new(seed, 0x1d);
    if !dice.percent(WORLDS) {
        return Vec::new();
    }
    let mut steps = Vec::new();
    for _ in 0..=dice.below(3) {
        let device = dice.place(cast.devices.len());
        let begins = dice.within(20 * SECOND, calm_at);
        let arranged = match dice.below(6) {
            0 => vec![(0, What::Impostor { is_empty: true, lasts: lasts(&mut dice) })],
            1 => vec![(0, What::Impostor { is_empty: false, lasts: lasts(&mut dice) })],
            2 => vec![(0, What::Link { device, fault: LinkFault::Unknown })],
            3 => vec![(0, What::Link { device, fault: LinkFault::FalseRevocation { is_signed: dice.percent(50) } })],
            4 => around_a_backup(device, 10 * MINUTE, &mut dice),
            _ => around_a_backup(device, 10 * SECOND, &mut dice),
        };
        steps.extend(arranged.into_iter().map(|(after, what)| Step { at: begins + after, what, salt: dice.next() }));
    }
    steps.retain(|step| step.at < calm_at);
    steps
}

fn lasts(dice: &mut Dice) -> Instant {
    dice.within(20 * SECOND, 3 * MINUTE)
}

/// A device is signed out after a backup, and joins anew before that is put in place, or does not.
fn around_a_backup(device: usize, lasts: Instant, dice: &mut Dice) -> Vec<(Instant, What)> {
    let revoked = dice.within(SECOND, 20 * SECOND);
    let restored = revoked + dice.within(15 * SECOND, 60 * SECOND);
    vec![
        (0, What::Backup),
        (revoked, What::Office { act: OfficeAct::Revoke { device, lasts } }),
        (restored, What::Restore { is_announced: dice.percent(60) }),
    ]
}
