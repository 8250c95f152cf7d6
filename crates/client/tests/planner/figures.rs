//! What was counted on a day, and how it is printed.

use std::fmt::Write as _;

use crate::day::{Day, Device, SECOND};
use crate::life::Life;

/// One day's.
#[derive(Debug, Default, Clone)]
pub(crate) struct Figures {
    /// The scheduler's own timer woke the app.
    pub timers: u32,
    /// The system started a job.
    pub jobs: u32,
    /// Rounds over a link that works.
    pub requests: u32,
    /// Rounds over one that does not.
    pub tries_in_vain: u32,
    pub kills: u32,
    pub saves: u32,
    /// Milliseconds from the link's return to the first round, if the system starts a job as soon as it may.
    pub first_tries: Vec<i64>,
    /// The longest that a save waited while it could have gone, in milliseconds.
    pub longest_wait: i64,
    /// What had not gone at the day's end.
    pub left_waiting: usize,
}

impl Figures {
    pub(crate) const fn wake_ups(&self) -> u32 {
        self.timers + self.jobs
    }
}

/// So many days of a kind, with different dice.
const DAYS: u64 = 200;

/// Lives through many days of a kind, prints the middle and the worst of each figure and returns all.
pub(crate) fn of(kind: &str, device: Device, hours: i64, day: impl Fn(u64) -> Day) -> Vec<Figures> {
    let figures: Vec<Figures> =
        (0..DAYS).map(|seed| Life::live(device, seed, &day(seed), hours * crate::day::HOUR)).collect();
    let mut told = format!("{kind} ({hours} h, {DAYS} times)\n");
    let mut row = |name: &str, mut values: Vec<i64>, unit: &str| {
        values.sort_unstable();
        if let (Some(middle), Some(worst)) = (values.get(values.len() / 2), values.last()) {
            writeln!(told, "  {name:<42} {middle:>6}{unit} in the middle, {worst:>6}{unit} at most").expect("a string");
        }
    };
    let counted = |count: fn(&Figures) -> u32| figures.iter().map(|one| i64::from(count(one))).collect::<Vec<_>>();
    row("saves", counted(|one| one.saves), "");
    row("times the system killed the app", counted(|one| one.kills), "");
    row("wake-ups by timer", counted(|one| one.timers), "");
    row("wake-ups by the system's jobs", counted(|one| one.jobs), "");
    row("requests", counted(|one| one.requests), "");
    row("tries without a link", counted(|one| one.tries_in_vain), "");
    let seconds = |milliseconds: i64| (milliseconds + SECOND - 1) / SECOND;
    let first = figures.iter().flat_map(|one| &one.first_tries).copied().map(seconds).collect();
    row("first try after the link returned", first, " s");
    row("longest wait of a save that could go", figures.iter().map(|one| seconds(one.longest_wait)).collect(), " s");
    println!("{told}");
    figures
}
