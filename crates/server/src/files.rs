//! The data folder: who has it open, and making sure that what was put there stays.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::error::ServerError;

const LOCK_FILE: &str = "server.lock";

/// Held as long as somebody works on a data folder. Any number may; replacing the database wants to be alone.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// For those who use the folder.
    pub(crate) fn shared(folder: &Path) -> Result<Self, ServerError> {
        Self::take(folder, File::try_lock_shared)
    }

    /// For the one who replaces what is in it.
    pub(crate) fn exclusive(folder: &Path) -> Result<Self, ServerError> {
        Self::take(folder, File::try_lock)
    }

    fn take(folder: &Path, lock: fn(&File) -> Result<(), TryLockError>) -> Result<Self, ServerError> {
        std::fs::create_dir_all(folder)?;
        let file = File::options().create(true).truncate(false).write(true).open(folder.join(LOCK_FILE))?;
        match lock(&file) {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(ServerError::InUse(folder.to_owned())),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

/// Makes sure that what the file holds survives a power cut.
pub(crate) fn sync_file(path: &Path) -> Result<(), ServerError> {
    // Windows flushes only what was opened for writing.
    File::options().write(true).open(path)?.sync_all()?;
    Ok(())
}

/// Makes sure that the file's name, not only its content, survives a power cut.
pub(crate) fn sync_folder_of(path: &Path) -> Result<(), ServerError> {
    // Only on Unix can a folder be synced; elsewhere the file system journals names itself.
    if let (true, Some(folder)) = (cfg!(unix), path.parent()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
