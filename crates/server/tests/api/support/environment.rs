//! A clock and ids that are the same in every run.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use gatebook_server::Environment;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// Ticks a millisecond each time it is looked at; ids are counted.
pub(crate) struct TestEnvironment {
    now: Mutex<Timestamp>,
    ids: AtomicU64,
}

impl TestEnvironment {
    pub(crate) fn new() -> Self {
        let now = Mutex::new("2026-03-04T15:00:00Z".parse().unwrap());
        Self { now, ids: AtomicU64::new(0) }
    }

    /// Moves the clock, back if negative.
    pub(crate) fn step(&self, by: SignedDuration) {
        let mut now = self.now.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }
}

impl Environment for TestEnvironment {
    fn now(&self) -> Timestamp {
        self.step(SignedDuration::from_millis(1));
        *self.now.lock().unwrap()
    }

    fn new_id(&self) -> Uuid {
        counted(0x5e, self.ids.fetch_add(1, Ordering::Relaxed))
    }
}

/// The `at`th id of whoever has that number, in the form of a UUIDv7.
pub(crate) fn counted(whose: u8, at: u64) -> Uuid {
    Uuid::from_u128(0x0195_f2a0_0000_7000_8000_0000_0000_0000 | u128::from(whose) << 40 | u128::from(at))
}
