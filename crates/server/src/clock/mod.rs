//! The server's clock, and whether it can be believed. Nothing is decided by it and nothing ordered; but people read what
//! it showed, and what it showed once is filed for ever. So a clock that jumps is noticed before its time is filed:
//!
//! - where a time server is named (`--time-server`), that is asked. If it agrees, all is well; if not, nothing is filed
//!   until the clock is right again, and devices keep what they have and come again;
//! - where none is named, or it does not answer, the time is filed as doubtful, which the log, `/health` and the audit say.
//!
//! A jump is seen against the machine's uptime, which no setting of the clock moves; across a restart, against the time
//! that was filed last.

mod sntp;
mod watch;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gatebook_sync::WallTime;
use gatebook_sync::wire::ApiErrorCode;
use jiff::Timestamp;
use uuid::Uuid;

use crate::config::Environment;
use crate::error::{ServerError, refuse};
use watch::Watch;

pub(crate) use watch::TOLERANCE;

/// A time server that has just been asked is not asked again for so long.
const ASKED_EVERY: Duration = Duration::from_secs(10);

/// A clock that is watched.
pub(crate) struct Clock {
    shown: Arc<dyn Environment>,
    time_server: Option<String>,
    watch: Mutex<Watch>,
    asked: Mutex<Option<Asked>>,
}

/// How the clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClockState {
    /// Nothing speaks against it.
    Trusted,
    /// It has jumped, and nobody can say whether it is right now.
    Doubtful,
    /// A time server says that it is wrong.
    Wrong,
}

/// What came of asking the time server.
#[derive(Clone, Copy)]
struct Asked {
    at: Instant,
    /// It answered, and another time than the clock's.
    disagrees: bool,
}

impl Clock {
    /// Watches that clock. `filed` is the newest time that was filed and not in doubt.
    pub(crate) fn new(shown: Arc<dyn Environment>, time_server: Option<String>, filed: Option<Timestamp>) -> Self {
        let watch = Mutex::new(Watch::new(filed, time_server.is_some()));
        Self { shown, time_server, watch, asked: Mutex::new(None) }
    }

    /// How it stands now.
    pub(crate) fn state(&self) -> ClockState {
        match (self.is_trusted(), *lock(&self.asked)) {
            (true, _) => ClockState::Trusted,
            (false, Some(Asked { disagrees: true, .. })) => ClockState::Wrong,
            (false, _) => ClockState::Doubtful,
        }
    }

    /// To be called before anything is filed, with no transaction open: asks the time server if the clock has jumped.
    ///
    /// # Errors
    /// The time server says that the clock is wrong.
    pub(crate) fn check(&self) -> Result<(), ServerError> {
        let Some(time_server) = &self.time_server else { return Ok(()) };
        if self.is_trusted() {
            return Ok(());
        }
        // Others wait here for the answer, rather than asking as well.
        let mut asked = lock(&self.asked);
        if asked.is_none_or(|asked| asked.at.elapsed() >= ASKED_EVERY) {
            let disagrees = self.ask(time_server);
            *asked = Some(Asked { at: Instant::now(), disagrees });
        }
        if asked.is_some_and(|asked| asked.disagrees) && !self.is_trusted() {
            let message = "The server's clock is wrong, and it files nothing until it is set right. What was entered is \
                           kept on the device and sent by itself; tell the office if this lasts.";
            return Err(refuse(ApiErrorCode::Busy, message).into());
        }
        Ok(())
    }

    /// Whether the time server answers another time than the clock's.
    fn ask(&self, time_server: &str) -> bool {
        match sntp::ask(time_server) {
            Ok(right) => {
                let (now, uptime) = (self.shown.now(), self.shown.uptime());
                if lock(&self.watch).confirm(now, uptime, right) {
                    tracing::info!(%now, time_server, "the clock jumped, and the time server says that it is right");
                    return false;
                }
                tracing::error!(%now, %right, time_server, "the clock is wrong; nothing is filed until it is set right");
                true
            }
            Err(error) => {
                tracing::error!(%error, time_server, "the clock jumped, and the time server cannot be asked");
                false
            }
        }
    }

    fn is_trusted(&self) -> bool {
        lock(&self.watch).look(self.shown.now(), self.shown.uptime())
    }
}

impl Environment for Clock {
    fn now(&self) -> Timestamp {
        self.shown.now()
    }

    fn new_id(&self) -> Uuid {
        self.shown.new_id()
    }

    fn uptime(&self) -> Option<Duration> {
        self.shown.uptime()
    }

    fn wall_time(&self) -> WallTime {
        let at = self.shown.now();
        let is_doubtful = !lock(&self.watch).look(at, self.shown.uptime());
        WallTime { at, is_doubtful }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::sync::atomic::{AtomicI64, Ordering};

    use jiff::SignedDuration;

    use super::*;

    /// A clock that can be set, and an uptime that stands still meanwhile.
    #[derive(Default)]
    struct Shown(AtomicI64);

    const RIGHT: i64 = 1_800_000_000;

    impl Environment for Shown {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(RIGHT + self.0.load(Ordering::Relaxed)).unwrap()
        }

        fn new_id(&self) -> Uuid {
            Uuid::now_v7()
        }

        fn uptime(&self) -> Option<Duration> {
            Some(Duration::from_secs(100))
        }
    }

    fn seconds(hours: i64) -> i64 {
        hours * 3_600
    }

    #[test]
    fn a_clock_that_jumps_is_doubtful_until_it_is_right_again() {
        let shown = Arc::new(Shown::default());
        let clock = Clock::new(Arc::clone(&shown) as Arc<dyn Environment>, None, None);
        assert!(!clock.wall_time().is_doubtful);
        for hours in [1, -1, 24 * 365 * 73, -24 * 365 * 20] {
            shown.0.store(seconds(hours), Ordering::Relaxed);
            assert_eq!((clock.wall_time().is_doubtful, clock.state()), (true, ClockState::Doubtful), "{hours}");
            assert!(clock.check().is_ok(), "without a time server nobody is refused");
        }
        shown.0.store(30, Ordering::Relaxed);
        assert_eq!((clock.wall_time().is_doubtful, clock.state()), (false, ClockState::Trusted));
    }

    #[test]
    fn with_a_time_server_nothing_is_filed_while_the_clock_is_wrong() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let right = Timestamp::from_second(RIGHT).unwrap();
        let answering = std::thread::spawn(move || sntp::answer_once(&socket, right));
        let shown = Arc::new(Shown::default());
        // Of the time that was filed last it is known that it was right.
        let clock = Clock::new(Arc::clone(&shown) as Arc<dyn Environment>, Some(address), Some(right));
        assert!(clock.check().is_ok(), "nobody has to be asked");
        shown.0.store(seconds(24 * 365 * 73), Ordering::Relaxed);
        let Err(ServerError::Refused(refused)) = clock.check() else { panic!("the clock is wrong") };
        answering.join().unwrap();
        assert_eq!((refused.code, refused.retry, clock.state()), (ApiErrorCode::Busy, true, ClockState::Wrong));
        // Asked a moment ago, it is not asked again; and the clock needs nobody's leave to be right.
        assert!(clock.check().is_err());
        shown.0.store(1, Ordering::Relaxed);
        assert_eq!((clock.check().is_ok(), clock.state()), (true, ClockState::Trusted));
    }

    #[test]
    fn a_time_server_that_agrees_settles_the_doubt_and_one_that_is_silent_does_not() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let long_ago = Timestamp::from_second(RIGHT).unwrap().checked_sub(SignedDuration::from_hours(10)).unwrap();
        let right = Timestamp::from_second(RIGHT).unwrap();
        let answering = std::thread::spawn(move || sntp::answer_once(&socket, right));
        let shown = Arc::new(Shown::default()) as Arc<dyn Environment>;
        let clock = Clock::new(Arc::clone(&shown), Some(address.clone()), Some(long_ago));
        assert!(clock.wall_time().is_doubtful, "the server was off for ten hours, or its clock is wrong");
        assert!(clock.check().is_ok());
        answering.join().unwrap();
        assert!(!clock.wall_time().is_doubtful);

        let silent = Clock::new(shown, Some("127.0.0.1:9".to_owned()), Some(long_ago));
        assert!(silent.check().is_ok(), "work goes on");
        assert_eq!((silent.wall_time().is_doubtful, silent.state()), (true, ClockState::Doubtful));
    }
}
