//! Draws a script from its seed.

use super::{Act, AppEvent, Cast, Limits, LinkFault, Member, OfficeAct, Script, Step, What};
use crate::clock::{MINUTE, SECOND, YEAR};
use crate::dice::Dice;
use crate::kill::Moment;

/// Which sorts of step a world has, and how often: each world has another mix, so that rare combinations come up.
struct Mix {
    weights: Vec<(u64, Sort)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Write,
    Shared,
    Misuse,
    App,
    Link,
    NoSignal,
    Kill,
    Clock,
    ServerDown,
    ServerKill,
    Office,
    Yards,
    Revoke,
    Forgery,
    Backup,
    Restore,
}

impl Mix {
    fn of(dice: &mut Dice) -> Self {
        let mut weights = vec![(dice.below(20) + 10, Sort::Write), (dice.below(30) + 10, Sort::Shared)];
        let optional = [
            Sort::Misuse,
            Sort::App,
            Sort::Link,
            Sort::Link,
            Sort::NoSignal,
            Sort::Kill,
            Sort::Clock,
            Sort::ServerDown,
            Sort::ServerKill,
            Sort::Office,
            Sort::Yards,
            Sort::Revoke,
            Sort::Forgery,
        ];
        if dice.percent(30) {
            weights.extend([(2, Sort::Backup), (1 + dice.below(3), Sort::Restore)]);
        }
        for sort in optional {
            if dice.percent(60) {
                weights.push((dice.below(14) + 2, sort));
            }
        }
        Self { weights }
    }

    fn draw(&self, dice: &mut Dice) -> Sort {
        let total: u64 = self.weights.iter().map(|(weight, _)| weight).sum();
        let mut at = dice.below(total);
        for (weight, sort) in &self.weights {
            if at < *weight {
                return *sort;
            }
            at -= weight;
        }
        Sort::Write
    }
}

impl Script {
    /// The world of that seed.
    pub(crate) fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 0x5c);
        let cast = Cast::of(&mut dice);
        let mix = Mix::of(&mut dice);
        let count = 20 + dice.place(50);
        let calm_at = MINUTE + dice.within(2, 7) * MINUTE;
        let mut at = 20 * SECOND;
        let mut steps = Vec::with_capacity(count);
        let pace = (calm_at - at) / i64::try_from(count).expect("few steps");
        for _ in 0..count {
            at += if dice.percent(40) { dice.within(1, SECOND) } else { dice.within(SECOND, 2 * pace) };
            let what = what(mix.draw(&mut dice), &cast, &mut dice);
            steps.push(Step { at, what, salt: dice.next() });
        }
        let calm_at = at.max(calm_at) + SECOND;
        steps.extend(super::meetings::steps(seed, &cast, calm_at));
        steps.extend(super::ages::steps(seed, &cast, calm_at));
        steps.extend(super::identity::steps(seed, &cast, calm_at));
        let about_photos = super::photos::steps(seed, &cast, calm_at);
        let has_photos = !about_photos.is_empty();
        steps.extend(about_photos);
        steps.sort_by_key(|step| step.at);
        Self { seed, cast, has_photos, steps, calm_at }
    }
}

impl Cast {
    fn of(dice: &mut Dice) -> Self {
        let mut devices: Vec<Member> = (0..2 + dice.place(2)).map(|_| Member::of(0, yards(dice), dice)).collect();
        if dice.percent(40) {
            devices.push(Member::of(1, vec![2], dice));
        }
        let server_clock = if dice.percent(20) { dice.within(-YEAR, YEAR) } else { 0 };
        Self { devices, limits: Limits::of(dice), server_clock }
    }
}

impl Member {
    fn of(tenant: usize, yards: Vec<usize>, dice: &mut Dice) -> Self {
        let clock = match dice.below(4) {
            0 => dice.within(-10 * YEAR, 10 * YEAR),
            1 => dice.within(-5 * MINUTE, 5 * MINUTE),
            _ => 0,
        };
        Self { tenant, yards, clock, latency: dice.within(20_000, 600_000), is_newer: dice.percent(25) }
    }
}

impl Limits {
    fn of(dice: &mut Dice) -> Self {
        Self {
            page_records: *dice.pick(&[1, 2, 3, 5, 2_500]),
            page_bytes: *dice.pick(&[2_000, 40_000, 4 << 20]),
            answer_records: *dice.pick(&[1, 3, 10, 10_000]),
        }
    }
}

/// Both of the first organisation's yards, mostly.
fn yards(dice: &mut Dice) -> Vec<usize> {
    match dice.below(10) {
        0 | 1 => vec![0],
        2 => vec![1],
        _ => vec![0, 1],
    }
}

fn what(sort: Sort, cast: &Cast, dice: &mut Dice) -> What {
    let device = dice.place(cast.devices.len());
    match sort {
        Sort::Write => {
            let acts = [
                Act::Capture,
                Act::Capture,
                Act::Edit,
                Act::Submit,
                Act::Void,
                Act::Type,
                Act::Switch,
                Act::Open,
                Act::SaveOpen,
                Act::Finish,
            ];
            What::Operator { device, act: *dice.pick(&acts) }
        }
        Sort::Shared => {
            let acts = [
                Act::Assigned,
                Act::Assigned,
                Act::Edit,
                Act::Edit,
                Act::Type,
                Act::Discard,
                Act::Void,
                Act::Open,
                Act::SaveOpen,
                Act::SaveOpen,
                Act::SubmitOpen,
                Act::Choose,
                Act::Finish,
            ];
            What::Operator { device, act: *dice.pick(&acts) }
        }
        Sort::Misuse => {
            What::Operator { device, act: *dice.pick(&[Act::Misuse, Act::Misuse, Act::Correct, Act::Discard]) }
        }
        Sort::App => {
            let lasts = dice.within(10 * SECOND, 3 * MINUTE);
            let events = [
                AppEvent::Manual,
                AppEvent::Resumed,
                AppEvent::NetworkChanged,
                AppEvent::Suspended,
                AppEvent::Outdated { lasts },
            ];
            What::App { device, event: *dice.pick(&events) }
        }
        Sort::Link => What::Link { device, fault: link_fault(dice) },
        Sort::NoSignal => What::NoSignal { device, lasts: dice.within(5 * SECOND, 4 * MINUTE) },
        Sort::Kill => What::Kill {
            device,
            commits_to_go: u32::try_from(dice.below(6)).expect("few"),
            moment: moment(dice),
            down: dice.within(SECOND, MINUTE),
        },
        Sort::Clock => {
            let offset = match dice.below(3) {
                0 => dice.within(-10 * YEAR, 10 * YEAR),
                1 => dice.within(-60 * MINUTE, 60 * MINUTE),
                _ => 0,
            };
            if dice.percent(25) {
                What::ServerClock { offset: offset / 10 }
            } else {
                What::DeviceClock { device, offset }
            }
        }
        Sort::ServerDown => {
            What::ServerDown { lasts: dice.within(SECOND, MINUTE), limits: dice.percent(60).then(|| Limits::of(dice)) }
        }
        Sort::ServerKill => {
            let fault = LinkFault::ServerKilled { moment: moment(dice), down: dice.within(SECOND, 20 * SECOND) };
            What::Link { device, fault }
        }
        Sort::Office => {
            let acts = [
                OfficeAct::RestoreVersion,
                OfficeAct::RestoreVersion,
                OfficeAct::Close,
                OfficeAct::Void,
                OfficeAct::Reopen,
                OfficeAct::Move,
                OfficeAct::Move,
                OfficeAct::Reference,
                OfficeAct::Assign,
            ];
            What::Office { act: dice.pick(&acts).clone() }
        }
        Sort::Yards => {
            let yards = if cast.devices[device].tenant == 0 { yards(dice) } else { vec![2] };
            What::Office { act: OfficeAct::SetYards { device, yards } }
        }
        Sort::Forgery => What::Forgery { device },
        Sort::Backup => What::Backup,
        Sort::Restore => What::Restore { is_announced: dice.percent(60) },
        Sort::Revoke => What::Office { act: OfficeAct::Revoke { device, lasts: dice.within(10 * SECOND, 3 * MINUTE) } },
    }
}

fn moment(dice: &mut Dice) -> Moment {
    *dice.pick(&[Moment::BeforeCommit, Moment::AfterCommit, Moment::PowerLoss])
}

fn link_fault(dice: &mut Dice) -> LinkFault {
    let is_told = dice.percent(50);
    let lasts = dice.within(10 * SECOND, 3 * MINUTE);
    let by = dice.within(SECOND, 150 * SECOND);
    match dice.below(18) {
        0 => LinkFault::RequestLost { is_told },
        1 | 2 => LinkFault::RequestRepeated { after: dice.within(1, 200 * SECOND) },
        3 => LinkFault::RequestDelayed { by },
        4 => LinkFault::RequestCut,
        5..=7 => LinkFault::ReplyLost { is_told },
        8 => LinkFault::ReplyDelayed { by },
        9 => LinkFault::ReplyCut,
        10 | 11 => LinkFault::RoundCut { settles: is_told },
        12 => LinkFault::Portal,
        13 => {
            if is_told {
                LinkFault::Busy
            } else {
                LinkFault::ServerError
            }
        }
        14 => LinkFault::TooLarge { bytes: *dice.pick(&[700, 2_000, 5_000]), lasts },
        15 | 16 => LinkFault::RequestLate { by },
        // Some for longer than all other faults.
        _ => LinkFault::Poison { lasts: if is_told { lasts } else { YEAR } },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_is_one_script() {
        let told = |seed| format!("{:?}", Script::of(seed));
        assert_eq!(told(42), told(42));
        assert_ne!(told(42), told(43));
    }

    #[test]
    fn steps_come_in_order_and_before_the_calm() {
        for seed in 0..200 {
            let script = Script::of(seed);
            assert!(script.steps.is_sorted_by_key(|step| step.at));
            assert!(script.steps.iter().all(|step| step.at < script.calm_at));
        }
    }
}
