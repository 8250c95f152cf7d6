//! The app's log: to stderr and, once the data folder is known, to files of bounded size in it, for the diagnostics.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use gatebook_client::support::LogFile;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

static FILE: OnceLock<Mutex<LogFile>> = OnceLock::new();

/// Begins to log; `GATEBOOK_LOG` says what.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_env("GATEBOOK_LOG").unwrap_or_else(|_| "info".into());
    tracing_subscriber::registry()
        .with(filter)
        .with(fmt::layer().with_writer(io::stderr))
        .with(fmt::layer().with_ansi(false).with_writer(|| Kept))
        .init();
}

/// Keeps the log in that data folder from here on.
pub(crate) fn keep_in(data: &Path) {
    match LogFile::open(data) {
        Ok(file) => drop(FILE.set(Mutex::new(file))),
        Err(error) => tracing::warn!(%error, "no log is kept on this device"),
    }
}

/// The log's file, if there is one yet.
struct Kept;

impl Write for Kept {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match FILE.get() {
            Some(file) => file.lock().unwrap_or_else(PoisonError::into_inner).write(line),
            None => Ok(line.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
