//! Days in the life of a device: what happens to it, and when.

use std::ops::Range;

/// The link, as the device's system and the server see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    Up,
    /// The system knows that there is none.
    Down,
    /// The system thinks that there is one; nothing comes through.
    Deaf,
}

/// Who starts rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Device {
    /// The app alone.
    Kiosk,
    /// The app, and the system's jobs beside it.
    Phone,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Happening {
    /// The operator opens the app, or comes back to it.
    Opened,
    PutAway,
    /// The system ends the process.
    Killed,
    Saved,
    Link {
        link: Link,
        /// The app, if it runs, is told.
        noticed: bool,
    },
}

pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;

/// Random numbers by SplitMix64: the same for the same seed everywhere.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).expect("32 bits")) / f64::from(u32::MAX)
    }

    fn within(&mut self, range: Range<i64>) -> i64 {
        range.start + i64::try_from(self.next() % range.end.abs_diff(range.start)).expect("a few hours")
    }
}

pub(crate) type Day = Vec<(i64, Happening)>;

/// Again and again until `end`, with a pause from `pause` before each.
fn again(dice: &mut Dice, end: i64, pause: Range<i64>, mut what: impl FnMut(&mut Dice, i64)) {
    let mut at = dice.within(pause.clone());
    while at < end {
        what(dice, at);
        at += dice.within(pause.clone());
    }
}

fn in_order(mut day: Day) -> Day {
    day.sort_by_key(|(at, _)| *at);
    day
}

/// Opened once and left open, with nothing to do.
pub(crate) fn idle_kiosk(_seed: u64) -> Day {
    vec![(0, Happening::Opened)]
}

/// The same, without a network all day.
pub(crate) fn idle_kiosk_without_link(_seed: u64) -> Day {
    vec![(0, Happening::Link { link: Link::Down, noticed: true }), (0, Happening::Opened)]
}

/// In a pocket for 24 hours: looked at every hour or three, and killed a while after.
pub(crate) fn idle_phone(seed: u64) -> Day {
    let mut dice = Dice::new(seed);
    let mut day = vec![(0, Happening::Opened), (MINUTE, Happening::PutAway), (2 * MINUTE, Happening::Killed)];
    again(&mut dice, 24 * HOUR, HOUR..3 * HOUR, |dice, at| {
        let put_away = at + dice.within(MINUTE..5 * MINUTE);
        day.extend([
            (at, Happening::Opened),
            (put_away, Happening::PutAway),
            (put_away + dice.within(SECOND..10 * MINUTE), Happening::Killed),
        ]);
    });
    in_order(day)
}

/// Eight hours of gate work and a quiet hour after: a save every minute or so, a link that comes and goes in each of its
/// ways, an app that is put away and killed, also while it is used.
pub(crate) fn busy_shift(seed: u64) -> Day {
    let mut dice = Dice::new(seed);
    let mut day = vec![(0, Happening::Opened)];
    again(&mut dice, 8 * HOUR, 20 * SECOND..2 * MINUTE, |_, at| day.push((at, Happening::Saved)));
    again(&mut dice, 8 * HOUR, 5 * MINUTE..30 * MINUTE, |dice, at| {
        let (link, noticed) = match dice.within(0..3) {
            0 => (Link::Down, true),
            1 => (Link::Deaf, true),
            _ => (Link::Deaf, false),
        };
        let back = at + dice.within(SECOND..4 * MINUTE);
        day.extend([(at, Happening::Link { link, noticed }), (back, Happening::Link { link: Link::Up, noticed })]);
    });
    again(&mut dice, 8 * HOUR, 5 * MINUTE..40 * MINUTE, |dice, at| {
        let killed = at + dice.within(SECOND..2 * MINUTE);
        let opened = killed + dice.within(SECOND..20 * MINUTE);
        // Every third time it is killed as it is used, with no word to the system before.
        if dice.within(0..3) > 0 {
            day.push((at, Happening::PutAway));
        }
        day.extend([(killed, Happening::Killed), (opened, Happening::Opened)]);
    });
    // Work ends with the app put away and killed.
    day.retain(|(at, _)| *at < 8 * HOUR);
    day.extend([
        (8 * HOUR, Happening::Link { link: Link::Up, noticed: true }),
        (8 * HOUR + MINUTE, Happening::PutAway),
        (8 * HOUR + MINUTE, Happening::Killed),
    ]);
    in_order(day)
}

/// Something is saved, the server goes down within seconds, and the phone is put away and killed. The system has a network
/// all night, so it runs its jobs; the server is back after ten hours, before anybody opens the app.
pub(crate) fn server_down_over_night(seed: u64) -> Day {
    let mut dice = Dice::new(seed);
    let back = 11 * HOUR + dice.within(0..HOUR);
    vec![
        (0, Happening::Opened),
        (HOUR, Happening::Link { link: Link::Deaf, noticed: false }),
        (HOUR + SECOND, Happening::Saved),
        (HOUR + MINUTE, Happening::PutAway),
        (HOUR + 2 * MINUTE, Happening::Killed),
        (back, Happening::Link { link: Link::Up, noticed: false }),
    ]
}

/// How the app sees a dead zone's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Return {
    /// Open, and told by the system.
    Told,
    /// Open, and told by nobody: the link was there all the time, and deaf.
    Untold,
    /// Killed in the middle of the dead zone.
    Killed,
}

/// Eight hours without a link, worked through, and two hours after it.
pub(crate) fn dead_zone(seed: u64, way: Return) -> Day {
    let mut dice = Dice::new(seed);
    let noticed = way != Return::Untold;
    let link = if noticed { Link::Down } else { Link::Deaf };
    let mut day = vec![(0, Happening::Opened), (HOUR, Happening::Link { link, noticed })];
    again(&mut dice, 7 * HOUR, MINUTE..10 * MINUTE, |_, at| day.push((HOUR + at, Happening::Saved)));
    again(&mut dice, 7 * HOUR, HOUR..2 * HOUR, |_, at| {
        day.extend([(HOUR + at, Happening::Killed), (HOUR + at + MINUTE, Happening::Opened)]);
    });
    let end = 9 * HOUR + dice.within(0..MINUTE);
    if way == Return::Killed {
        day.extend([(8 * HOUR + 30 * MINUTE, Happening::PutAway), (8 * HOUR + 31 * MINUTE, Happening::Killed)]);
    }
    day.push((end, Happening::Link { link: Link::Up, noticed }));
    in_order(day)
}
