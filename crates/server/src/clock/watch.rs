//! Whether a clock has jumped. No clock of its own, no network, no log but of a change.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// So far two clocks may be apart without anybody being told.
pub(crate) const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// A server that nobody tells the time may have been switched off for so long.
const AWAY: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The newest time that was believed.
struct Trusted {
    wall: Timestamp,
    /// The machine's uptime then; unknown of what was filed before this process began.
    uptime: Option<Duration>,
}

/// What is known of a clock.
pub(super) struct Watch {
    trusted: Option<Trusted>,
    /// How much later it may be when the uptime cannot tell.
    away: SignedDuration,
    was_right: bool,
}

impl Watch {
    /// `filed` is the newest time that was filed and not in doubt. If somebody can be asked, a gap of minutes after it is
    /// worth asking; otherwise a server may have been off for a while.
    pub(super) fn new(filed: Option<Timestamp>, can_ask: bool) -> Self {
        let trusted = filed.map(|wall| Trusted { wall, uptime: None });
        Self { trusted, away: if can_ask { TOLERANCE } else { AWAY }, was_right: true }
    }

    /// Whether the clock, which shows `now`, can be believed.
    pub(super) fn look(&mut self, now: Timestamp, uptime: Option<Duration>) -> bool {
        let is_right = self.is_right(now, uptime);
        if is_right {
            self.trusted = Some(Trusted { wall: now, uptime });
        }
        if std::mem::replace(&mut self.was_right, is_right) != is_right {
            if is_right {
                tracing::info!(%now, "the clock is right again");
            } else {
                tracing::error!(
                    %now,
                    "the clock has jumped: what is filed now is marked as of doubtful time; set it right, or, if it is \
                     right now, start the server once with --trust-clock"
                );
            }
        }
        is_right
    }

    /// Somebody who knows says what time it is; whether the clock agrees. Then it is believed from now on.
    pub(super) fn confirm(&mut self, now: Timestamp, uptime: Option<Duration>, right: Timestamp) -> bool {
        let agrees = now.duration_since(right).abs() <= TOLERANCE;
        if agrees {
            self.trusted = Some(Trusted { wall: now, uptime });
            self.was_right = true;
        }
        agrees
    }

    fn is_right(&self, now: Timestamp, uptime: Option<Duration>) -> bool {
        let Some(Trusted { wall, uptime: then }) = &self.trusted else { return true };
        let later = now.duration_since(*wall);
        let passed = uptime.zip(*then).and_then(|(uptime, then)| uptime.checked_sub(then));
        match passed.and_then(|passed| SignedDuration::try_from(passed).ok()) {
            Some(passed) => later.saturating_sub(passed).abs() <= TOLERANCE,
            None => -TOLERANCE <= later && later <= self.away,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minute).unwrap()
    }

    #[allow(clippy::unnecessary_wraps, reason = "as the clock watch is given it")]
    fn up(minutes: u64) -> Option<Duration> {
        Some(Duration::from_secs(60 * minutes))
    }

    #[test]
    fn while_the_machine_runs_a_night_without_work_is_no_jump_and_minutes_are() {
        let mut watch = Watch::new(None, false);
        assert!(watch.look(at(0), up(10)));
        assert!(watch.look(at(600), up(610)), "ten hours have passed");
        assert!(watch.look(at(604), up(610)), "somebody set it right by a few minutes");
        assert!(!watch.look(at(610), up(610)), "six minutes at once");
        assert!(!watch.look(at(100_000), up(611)));
        assert!(watch.look(at(605), up(611)), "it is right again");
        assert!(!watch.look(at(595), up(611)), "back is a jump as well");
    }

    #[test]
    fn across_a_restart_a_clock_that_is_behind_what_was_filed_or_far_ahead_is_in_doubt() {
        let days = 24 * 60;
        for (minute, is_right) in [(-6, false), (-4, true), (0, true), (29 * days, true), (31 * days, false)] {
            assert_eq!(Watch::new(Some(at(0)), false).look(at(minute), up(1)), is_right, "{minute}");
        }
        assert!(!Watch::new(Some(at(0)), true).look(at(6), up(1)), "a time server is worth asking");
        assert!(Watch::new(None, false).look(at(31 * days), up(1)), "nothing is known yet");
    }

    #[test]
    fn doubt_does_not_make_itself_the_measure() {
        let mut watch = Watch::new(Some(at(0)), false);
        for minute in [1_000_000, 1_000_001] {
            assert!(!watch.look(at(minute), None));
        }
        assert!(watch.look(at(1), None));
    }

    #[test]
    fn who_knows_settles_it() {
        let mut watch = Watch::new(Some(at(0)), true);
        assert!(!watch.look(at(60), up(1)));
        assert!(!watch.confirm(at(60), up(1), at(10)));
        assert!(watch.confirm(at(60), up(1), at(58)));
        assert!(watch.look(at(61), up(2)));
    }
}
