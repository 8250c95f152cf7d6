//! What the clock of a camera means: the moment behind a time that it shows.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// Seconds by which clocks on earth differ is a multiple of this.
const QUARTER_HOUR: i64 = 15 * 60;
/// Seconds by which a clock on earth is at most ahead or behind.
const MOST_OFFSET: i64 = 14 * 3600;
/// Seconds by which a camera's clock may be wrong, or the satellites' time old, for an offset to be read from the two.
const MOST_APART: i64 = 5 * 60;

/// `2026:03:04 09:05:00`.
pub(super) fn shown(text: &str) -> Option<DateTime> {
    DateTime::strptime("%Y:%m:%d %H:%M:%S", text).ok()
}

/// `-06:00`, if there is such a place.
pub(super) fn offset(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let number = |digits: &str| match digits.as_bytes() {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some(i64::from(tens - b'0') * 10 + i64::from(ones - b'0')),
        _ => None,
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    of_seconds(sign * (hours * 3600 + minutes * 60))
}

/// The moment, with the clock's offset if that is known; otherwise it is taken to show the yard's time, and tells nothing where
/// the yard's zone is not known.
pub(super) fn instant(shown: DateTime, offset: Option<Offset>, zone: Option<&TimeZone>) -> Option<Timestamp> {
    match offset {
        Some(offset) => offset.to_timestamp(shown).ok(),
        None => zone?.to_timestamp(shown).ok(),
    }
}

/// The offset of a clock from what satellites told when it showed that. Their time itself is not used: a receiver without
/// a fix tells the last one it had, or is years off. The last fix may be minutes old, so that the yard's own offset is
/// preferred to a neighboring quarter of an hour.
pub(super) fn offset_by_satellites(shown: DateTime, satellites: Timestamp, zone: Option<&TimeZone>) -> Option<Offset> {
    let apart = seconds_apart(shown, satellites)?;
    let at_the_yard = zone.map(|zone| zone.to_offset(satellites));
    let is_near = |offset: &Offset| (apart - i64::from(offset.seconds())).abs() < QUARTER_HOUR;
    if let Some(at_the_yard) = at_the_yard.filter(is_near) {
        return Some(at_the_yard);
    }
    let offset = (apart + QUARTER_HOUR / 2).div_euclid(QUARTER_HOUR) * QUARTER_HOUR;
    ((apart - offset).abs() <= MOST_APART).then(|| of_seconds(offset)).flatten()
}

/// Whether there is a place on earth where a clock shows that at that moment.
pub(super) fn can_be_one_moment(shown: DateTime, satellites: Timestamp) -> bool {
    seconds_apart(shown, satellites).is_some_and(|apart| apart.abs() <= MOST_OFFSET + QUARTER_HOUR)
}

fn seconds_apart(shown: DateTime, satellites: Timestamp) -> Option<i64> {
    Some(TimeZone::UTC.to_timestamp(shown).ok()?.as_second() - satellites.as_second())
}

fn of_seconds(seconds: i64) -> Option<Offset> {
    let is_one = seconds % QUARTER_HOUR == 0 && seconds.abs() <= MOST_OFFSET;
    is_one.then(|| Offset::from_seconds(i32::try_from(seconds).ok()?).ok()).flatten()
}
