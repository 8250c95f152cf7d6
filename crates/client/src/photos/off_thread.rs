//! Slow work, off the thread that asks for it.

use std::io;

/// Runs it on a thread for slow work.
#[cfg(not(feature = "simulation"))]
pub(super) async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)
}

/// Runs it in place: the simulator polls by hand on one thread, so that the order of everything is the same each time.
#[cfg(feature = "simulation")]
pub(super) async fn off_thread<T>(work: impl FnOnce() -> T) -> io::Result<T> {
    Ok(work())
}
