//! The clocks of places. Times on a wall become instants, and the other way round, by zone data that comes with the program:
//! what a phone, its web view or a server's system has may be of before a place changed its clocks, or lack the place.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

use crate::validate::{END, FIRST};

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Finds a zone by its name, such as `America/Chicago`. Nothing comes of one that nobody knows: that is then to be said, and no
/// time shown by another place's clocks.
#[must_use]
pub fn find(name: &str) -> Option<TimeZone> {
    DATABASE.get(name).ok().filter(|zone| !zone.is_unknown())
}

/// What the clocks of a place show from some moment on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ClockPeriod {
    /// Since when. The first period has no beginning: it counts for everything before as well.
    pub from: Timestamp,
    /// What is added to universal time, in seconds.
    pub offset: i32,
    /// What people call it, such as `CDT`.
    pub name: String,
}

/// Lists what the clocks of a zone show from 2000 to 2100, oldest period first; nothing for a zone that nobody knows.
#[must_use]
pub fn clocks(zone: &str) -> Option<Vec<ClockPeriod>> {
    let zone = find(zone)?;
    let [first, end] = [FIRST, END].map(|second| Timestamp::from_second(second).expect("both are times"));
    let at = |from: Timestamp| {
        let now = zone.to_offset_info(from);
        ClockPeriod { from, offset: now.offset().seconds(), name: now.abbreviation().to_owned() }
    };
    let changes = zone.following(first).map(|change| change.timestamp()).take_while(|&from| from < end);
    let mut periods: Vec<ClockPeriod> = std::iter::once(first).chain(changes).map(at).collect();
    // Some changes are of what the law calls the time, and no clock shows them.
    periods.dedup_by(|next, one| (next.offset, &next.name) == (one.offset, &one.name));
    Some(periods)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a wall shows at an instant, by the periods that pages get.
    fn wall(zone: &str, at: &str) -> String {
        let at: Timestamp = at.parse().unwrap();
        let periods = clocks(zone).unwrap();
        let period = periods.iter().rev().find(|period| period.from <= at).unwrap();
        let shown = Timestamp::from_second(at.as_second() + i64::from(period.offset)).unwrap();
        format!("{} {}", shown.strftime("%H:%M"), period.name)
    }

    #[test]
    fn the_border_is_on_both_sides_of_each_change_of_clocks_what_it_is() {
        for (zone, before, after) in [
            // With the United States since the end of 2022; the other side of each is that of the bridge.
            ("America/Ciudad_Juarez", "01:59 MST", "03:00 MDT"),
            ("America/Ojinaga", "01:59 CST", "03:00 CDT"),
            ("America/Matamoros", "01:59 CST", "03:00 CDT"),
            ("America/Tijuana", "01:59 PST", "03:00 PDT"),
            ("America/Chicago", "01:59 CST", "03:00 CDT"),
        ] {
            let hours = match &before[6..] {
                "CST" => 8,
                "MST" => 9,
                _ => 10,
            };
            assert_eq!(wall(zone, &format!("2026-03-08T{:02}:59:59Z", hours - 1)), before, "{zone}");
            assert_eq!(wall(zone, &format!("2026-03-08T{hours:02}:00:00Z")), after, "{zone}");
            let (summer, winter) = (&after[6..], &before[6..]);
            assert_eq!(wall(zone, &format!("2026-11-01T{:02}:59:59Z", hours - 2)), format!("01:59 {summer}"), "{zone}");
            assert_eq!(wall(zone, &format!("2026-11-01T{:02}:00:00Z", hours - 1)), format!("01:00 {winter}"), "{zone}");
        }
        // Chihuahua has left its summer time, and is with the middle since then.
        assert_eq!(wall("America/Chihuahua", "2022-10-29T12:00:00Z"), "06:00 MDT");
        assert_eq!(wall("America/Chihuahua", "2022-10-31T12:00:00Z"), "06:00 CST");
        for at in ["2026-03-08T12:00:00Z", "2026-07-01T12:00:00Z", "2026-11-01T12:00:00Z"] {
            assert_eq!(wall("America/Chihuahua", at), "06:00 CST");
        }
    }

    #[test]
    fn periods_begin_where_clocks_change_and_nowhere_else() {
        let chicago = clocks("America/Chicago").unwrap();
        assert_eq!(chicago.len(), 1 + 2 * 101);
        assert!(chicago.is_sorted_by_key(|period| period.from));
        assert_eq!(clocks("UTC").unwrap().len(), 1);
    }

    #[test]
    fn a_zone_that_nobody_knows_has_no_clocks() {
        for unknown in ["Mars/Olympus", "", "America", "../etc/passwd", "Etc/Unknown"] {
            assert_eq!(clocks(unknown), None, "{unknown:?}");
        }
    }
}
