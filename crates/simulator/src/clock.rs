//! Virtual time, and the wrong clocks that devices and server have of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use jiff::Timestamp;
use uuid::Uuid;

/// Microseconds since the simulation began.
pub(crate) type Instant = i64;

pub(crate) const SECOND: Instant = 1_000_000;
pub(crate) const MINUTE: Instant = 60 * SECOND;
pub(crate) const DAY: Instant = 24 * 60 * MINUTE;
pub(crate) const YEAR: Instant = 365 * DAY;

/// When the simulation begins, by a right clock, in microseconds since 1970.
const BEGINNING: i64 = 1_767_600_000 * SECOND;

/// The true time. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Time(Arc<AtomicI64>);

impl Time {
    pub(crate) fn now(&self) -> Instant {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn advance_to(&self, instant: Instant) {
        self.0.fetch_max(instant, Ordering::Relaxed);
    }
}

/// One machine's clock and source of ids.
#[derive(Debug)]
pub(crate) struct Machine {
    time: Time,
    /// How wrong its clock is.
    offset: AtomicI64,
    /// When it was last switched on.
    booted: AtomicI64,
    /// Tells its ids from everybody else's.
    number: u64,
    ids: AtomicU64,
}

impl Machine {
    pub(crate) fn new(time: Time, number: u64) -> Self {
        Self { time, offset: AtomicI64::new(0), booted: AtomicI64::new(0), number, ids: AtomicU64::new(0) }
    }

    /// Sets how far the clock is from the true time.
    pub(crate) fn set_offset(&self, offset: Instant) {
        self.offset.store(offset, Ordering::Relaxed);
    }

    pub(crate) fn offset(&self) -> Instant {
        self.offset.load(Ordering::Relaxed)
    }

    /// It is switched off and on again.
    pub(crate) fn reboot(&self) {
        self.booted.store(self.time.now(), Ordering::Relaxed);
    }

    fn microsecond(&self) -> i64 {
        BEGINNING + self.time.now() + self.offset()
    }

    fn clock(&self) -> Timestamp {
        Timestamp::from_microsecond(self.microsecond()).expect("clocks are wrong by decades at most")
    }

    /// A UUIDv7 of this clock. Ids of one millisecond count up; a clock that goes back takes the ids back with it.
    fn id(&self) -> Uuid {
        let count = self.ids.fetch_add(1, Ordering::Relaxed);
        let millisecond = u64::try_from(self.microsecond() / 1_000).expect("clocks are after 1970");
        let mut random = [0; 10];
        random[..2].copy_from_slice(&u16::try_from(count & 0x0fff).expect("twelve bits").to_be_bytes());
        random[2..4].copy_from_slice(&u16::try_from(self.number).expect("few machines").to_be_bytes());
        random[4..].copy_from_slice(&count.to_be_bytes()[2..]);
        uuid::Builder::from_unix_timestamp_millis(millisecond, &random).into_uuid()
    }
}

impl gatebook_client::Environment for Machine {
    fn now(&self) -> Timestamp {
        self.clock()
    }

    fn new_id(&self) -> Uuid {
        self.id()
    }

    fn uptime(&self) -> std::time::Duration {
        std::time::Duration::from_micros((self.time.now() - self.booted.load(Ordering::Relaxed)).unsigned_abs())
    }
}

impl gatebook_server::Environment for Machine {
    fn now(&self) -> Timestamp {
        self.clock()
    }

    fn new_id(&self) -> Uuid {
        self.id()
    }

    fn uptime(&self) -> Option<std::time::Duration> {
        Some(gatebook_client::Environment::uptime(self))
    }
}

/// An instant as the story tells it.
pub(crate) fn told(instant: Instant) -> String {
    let seconds = instant / SECOND;
    format!("{:02}:{:02}.{:03}", seconds / 60, seconds % 60, instant % SECOND / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_moment_count_up_and_differ_between_machines() {
        let time = Time::default();
        let (a, b) = (Machine::new(time.clone(), 1), Machine::new(time, 2));
        let ids: Vec<Uuid> = (0..100).map(|_| a.id()).collect();
        assert!(ids.is_sorted());
        assert_ne!(a.id(), b.id());
        assert_eq!(a.id().get_version_num(), 7);
    }

    #[test]
    fn a_clock_wrong_by_ten_years_makes_ids_of_that_time() {
        let machine = Machine::new(Time::default(), 1);
        let right = machine.id();
        machine.set_offset(-10 * YEAR);
        assert!(machine.id() < right);
    }
}
