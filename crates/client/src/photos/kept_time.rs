//! Time that has surely passed: the hours for which a confirmed photo is kept are counted in it.
//!
//! A device's wall clock may jump by years either way, so it is believed only where a second witness agrees. What runs by
//! itself is the time since the system (or this process) started: it never jumps, and after a restart it is small again.
//! Between two looks at least its difference has passed or, if it went back, its new value. What that misses (the device
//! was off) is made good when the server tells its time: as much as *both* the server's clock and the wall clock have moved
//! since they were last seen together. So kept time never runs ahead of true time unless both jump at once, and it goes
//! on whenever the app runs or syncs.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the clocks say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// Since the system or the process started.
    pub uptime: Duration,
    /// The wall clock.
    pub wall: Timestamp,
    /// The newest time the server has told, if it ever did.
    pub server: Option<Timestamp>,
}

/// The count, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeptTime {
    /// Milliseconds that have surely passed.
    total_ms: u64,
    /// Uptime at the last look, in milliseconds.
    uptime_ms: u64,
    /// When server and wall clock were last seen together.
    together: Option<Together>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Together {
    server: Timestamp,
    wall: Timestamp,
    /// No more than the count when the server told it.
    total_ms: u64,
}

impl KeptTime {
    /// Milliseconds that have surely passed since the count began.
    #[must_use]
    pub const fn total_ms(self) -> u64 {
        self.total_ms
    }

    /// The same, when the server says that its own clock is in doubt: what has passed until now unseen is never made good
    /// any more. Made good once its clock is right again, it would count for what was confirmed meanwhile.
    #[must_use]
    pub const fn while_in_doubt(self) -> Self {
        Self { together: None, ..self }
    }

    /// Whether this count is to take the place of the one that is stored. What is not stored is counted again from what is;
    /// a death in between makes photos stay a little longer. But where one clock has moved and the other has not, that is
    /// kept at once: made up for by a later jump, it would count for what was confirmed meanwhile.
    #[must_use]
    pub fn is_worth_storing(self, stored: Self) -> bool {
        let parted = match (stored.together, self.together) {
            (Some(before), Some(now)) => {
                let (server, wall) = (now.server.duration_since(before.server), now.wall.duration_since(before.wall));
                server.as_millis().abs_diff(wall.as_millis()) >= u128::from(STORED_EVERY_MS)
            }
            (before, now) => before.is_some() != now.is_some(),
        };
        stored == Self::default() || parted || self.total_ms - stored.total_ms >= STORED_EVERY_MS
    }

    /// The count after another look at the clocks.
    #[must_use]
    pub fn after(self, clocks: Clocks) -> Self {
        let uptime_ms = u64::try_from(clocks.uptime.as_millis()).unwrap_or(u64::MAX);
        let ran = uptime_ms.checked_sub(self.uptime_ms).unwrap_or(uptime_ms);
        // The first look has nothing to compare with.
        let ran = if self == Self::default() { 0 } else { ran };
        let mut total_ms = self.total_ms.saturating_add(ran);
        let mut together = self.together;
        if let Some(server) = clocks.server {
            let is_news = together.is_none_or(|last| last.server != server);
            if let Some(last) = together.filter(|_| is_news) {
                let agreed = moved(last.server, server).min(moved(last.wall, clocks.wall));
                total_ms = total_ms.max(last.total_ms.saturating_add(agreed));
            }
            if is_news {
                // The server told it at some moment since the last look; by then no more had surely passed than at that look.
                together = Some(Together { server, wall: clocks.wall, total_ms: self.total_ms });
            }
        }
        Self { total_ms, uptime_ms, together }
    }
}

/// The count is stored when it has grown by so much: a write to the disk each time anything changes would cost more.
const STORED_EVERY_MS: u64 = 60_000;

/// Milliseconds forward; 0 if it went back.
fn moved(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_millis()).unwrap_or(0)
}

/// Since the system started, sleep included, where that can be known; else since this process first asked.
pub(crate) fn uptime() -> Duration {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        use std::sync::OnceLock;
        use std::time::Instant;
        static BEGAN: OnceLock<Instant> = OnceLock::new();
        BEGAN.get_or_init(Instant::now).elapsed()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: u64 = 3_600_000;
    const TEN_YEARS: i64 = 10 * 365 * 24 * 3600;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn clocks(uptime: u64, wall: i64, server: Option<i64>) -> Clocks {
        Clocks { uptime: Duration::from_secs(uptime), wall: at(wall), server: server.map(at) }
    }

    #[test]
    fn it_runs_with_the_device_and_over_a_restart_and_not_with_the_wall_clock() {
        let mut kept = KeptTime::default().after(clocks(1_000, 0, None));
        kept = kept.after(clocks(1_000 + 3_600, TEN_YEARS, None));
        assert_eq!(kept.total_ms(), HOUR);
        kept = kept.after(clocks(1_000 + 7_200, -TEN_YEARS, None));
        assert_eq!(kept.total_ms(), 2 * HOUR);
        kept = kept.after(clocks(3_600, 0, None));
        assert_eq!(kept.total_ms(), 3 * HOUR, "an hour has passed since the restart");
    }

    #[test]
    fn what_passed_before_the_servers_clock_was_in_doubt_is_not_made_good_after_it() {
        let stored = KeptTime::default().after(clocks(0, 0, Some(0)));
        // Switched off for 30 hours; meanwhile the server's clock has gone wrong, and its time is not taken over.
        let confirmed = stored.while_in_doubt().after(clocks(30, 30 * 3_600, Some(0)));
        let right_again = confirmed.after(clocks(90, 30 * 3_600 + 60, Some(30 * 3_600 + 60)));
        assert_eq!(right_again.total_ms() - confirmed.total_ms(), 60_000);
    }

    #[test]
    fn a_gap_that_only_the_server_saw_is_not_made_good_by_a_jump_of_the_wall_clock_after_a_confirmation() {
        let stored = KeptTime::default().after(clocks(0, 0, Some(0)));
        // Switched off for a day and more, and the wall clock with it.
        let confirmed = stored.after(clocks(30, 30, Some(30 * 3_600)));
        assert!(confirmed.is_worth_storing(stored));
        let jumped = confirmed.after(clocks(32, TEN_YEARS, Some(30 * 3_600 + 2)));
        assert_eq!(jumped.total_ms() - confirmed.total_ms(), 2_000);
        assert!(!stored.after(clocks(30, 30, Some(30))).is_worth_storing(stored), "a round a minute costs no write");
    }

    #[test]
    fn a_night_switched_off_counts_once_server_and_wall_clock_agree_on_it() {
        let off = |wall, server| {
            KeptTime::default().after(clocks(500, 0, Some(0))).after(clocks(0, wall, Some(server))).total_ms() / HOUR
        };
        assert_eq!(off(10 * 3_600, 10 * 3_600), 10);
        assert_eq!(off(10 * 3_600 + TEN_YEARS, 10 * 3_600), 10, "the wall clock jumped ahead");
        assert_eq!(off(10 * 3_600, 10 * 3_600 + TEN_YEARS), 10, "the server's clock jumped ahead");
        assert_eq!(off(-TEN_YEARS, 10 * 3_600), 0, "the wall clock jumped back: nothing is sure");
    }

    #[test]
    fn time_that_ran_is_not_counted_again_when_the_server_tells_its_own() {
        let kept = KeptTime::default().after(clocks(0, 0, Some(0))).after(clocks(3_600, 3_600, Some(3_600)));
        assert_eq!(kept.total_ms(), HOUR);
        assert_eq!(kept.after(clocks(3_600, 3_600, Some(3_600))).total_ms(), HOUR);
    }

    #[derive(Debug, Clone)]
    enum Happens {
        Passes(u32),
        Restart(u32),
        WallJumps(i64),
        ServerTells,
        Look,
    }

    fn happens() -> impl Strategy<Value = Happens> {
        prop_oneof![
            1 => (0..200_000_u32).prop_map(Happens::Passes),
            1 => (0..200_000_u32).prop_map(Happens::Restart),
            1 => (-TEN_YEARS..TEN_YEARS).prop_map(Happens::WallJumps),
            1 => Just(Happens::ServerTells),
            3 => Just(Happens::Look),
        ]
    }

    proptest! {
        #[test]
        fn whatever_the_wall_clock_does_it_never_runs_ahead_of_true_time(
            story in proptest::collection::vec(happens(), 1..60),
        ) {
            let (mut now, mut up, mut shift, mut server) = (0_i64, 0_u64, 0_i64, None);
            let mut kept = KeptTime::default().after(clocks(0, 0, None));
            for event in story {
                let looks = matches!(event, Happens::Look);
                match event {
                    Happens::Passes(seconds) => { now += i64::from(seconds); up += u64::from(seconds); }
                    Happens::Restart(seconds) => { now += i64::from(seconds); up = 0; }
                    Happens::WallJumps(seconds) => shift = seconds,
                    Happens::ServerTells => server = Some(now),
                    Happens::Look => {}
                }
                if !looks {
                    continue;
                }
                let before = kept.total_ms();
                kept = kept.after(clocks(up, now + shift, server));
                prop_assert!(kept.total_ms() >= before);
                prop_assert!(kept.total_ms() <= u64::try_from(now).unwrap() * 1_000, "{kept:?} after {now} s");
            }
        }
    }
}
