//! What a device takes from outside: time and identity. A simulator gives its own.

use jiff::Timestamp;
use uuid::Uuid;

/// The device's clock and source of ids.
pub trait Environment: Send + Sync + 'static {
    /// The device's clock. It may be wrong by years; nothing is decided by it.
    fn now(&self) -> Timestamp;
    /// A new UUIDv7, greater than the ones before as long as the clock does not go back.
    fn new_id(&self) -> Uuid;
    /// Since the system, or at least the process, started: never jumps, and is small again after a restart.
    fn uptime(&self) -> std::time::Duration {
        crate::photos::uptime()
    }
}

/// The real clock and random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEnvironment;

impl Environment for SystemEnvironment {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}
