//! One round at a time in each lane, across processes: a lock on a file in the data folder, which dies with whoever
//! holds it.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// What a round moves. Photos never keep records waiting, so each has a lock of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Records,
    Photos,
    /// Nothing: it is held for as long as the app has its photos open, so that another does not sweep what it is taking.
    App,
}

impl Lane {
    /// Name of the file; what matters is its lock, it stays empty.
    const fn file(self) -> &'static str {
        match self {
            Self::Records => "round.lock",
            Self::Photos => "photos.lock",
            Self::App => "app.lock",
        }
    }
}

/// Held for as long as a round runs.
#[derive(Debug)]
pub(crate) struct RoundLock {
    _held: Option<File>,
}

impl RoundLock {
    /// Takes it, unless somebody else runs a round in that lane.
    ///
    /// The lock saves two from doing the same work; what makes a repeat harmless is the server's ledger. So where the
    /// folder knows no locks the round runs without one instead of never.
    pub(crate) fn try_take(folder: &Path, lane: Lane) -> Option<Self> {
        match try_lock(&folder.join(lane.file())) {
            Ok(Some(file)) => Some(Self { _held: Some(file) }),
            Ok(None) => None,
            Err(error) => {
                tracing::warn!(%error, "the data folder cannot be locked; the round runs without a lock");
                Some(Self { _held: None })
            }
        }
    }
}

fn try_lock(path: &Path) -> io::Result<Option<File>> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    match lock(&file) {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(not(target_os = "android"))]
fn lock(file: &File) -> Result<(), TryLockError> {
    file.try_lock()
}

/// The standard library does not lock files on Android, though the system can.
#[cfg(target_os = "android")]
fn lock(file: &File) -> Result<(), TryLockError> {
    use rustix::fs::{FlockOperation, flock};
    flock(file, FlockOperation::NonBlockingLockExclusive).map_err(|error| match io::Error::from(error) {
        error if error.kind() == io::ErrorKind::WouldBlock => TryLockError::WouldBlock,
        error => TryLockError::Error(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_at_a_time_and_it_is_free_when_that_one_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let held = RoundLock::try_take(folder.path(), Lane::Records).unwrap();
        assert!(RoundLock::try_take(folder.path(), Lane::Records).is_none());
        drop(held);
        assert!(RoundLock::try_take(folder.path(), Lane::Records).is_some());
    }

    #[test]
    fn photos_do_not_keep_records_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let _photos = RoundLock::try_take(folder.path(), Lane::Photos).unwrap();
        assert!(RoundLock::try_take(folder.path(), Lane::Records).is_some());
    }

    #[test]
    fn a_folder_that_cannot_be_locked_keeps_nobody_from_syncing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(Lane::Records.file())).unwrap();
        assert!(RoundLock::try_take(folder.path(), Lane::Records).is_some());
    }
}
