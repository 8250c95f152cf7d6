//! What a server is told when it starts.

use std::path::PathBuf;
use std::sync::Arc;

use gatebook_sync::wire::Limits;
use jiff::Timestamp;
use uuid::Uuid;

/// The server's clock and source of ids. A simulator gives its own.
pub trait Environment: Send + Sync + 'static {
    /// The clock. It may step back; receipts do not.
    fn now(&self) -> Timestamp;
    /// A new UUIDv7.
    fn new_id(&self) -> Uuid;
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

/// Bounds on what a request may cost.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// What devices are told and held to.
    pub limits: Limits,
    /// Bytes a request may have before and after unpacking. Above `limits.page_bytes`, so that a page that is a little
    /// larger than announced still gets its verdicts.
    pub request_bytes: usize,
    /// Objects and lists within each other in a body.
    pub nesting: usize,
    /// Syncs at a time; further ones are told to come again.
    pub concurrent: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { limits: Limits::default(), request_bytes: 8 * 1024 * 1024, nesting: 32, concurrent: 64 }
    }
}

/// How a server is opened.
#[derive(Clone)]
pub struct Config {
    /// Where its database and key lie.
    pub data: PathBuf,
    /// Bounds.
    pub bounds: Bounds,
    /// Clock and ids.
    pub environment: Arc<dyn Environment>,
}

impl Config {
    /// A real server with its data in that folder.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into(), bounds: Bounds::default(), environment: Arc::new(SystemEnvironment) }
    }
}
