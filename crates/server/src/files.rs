//! The data folder: who has it open, and making sure that what was put there stays.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Write as _};
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

/// So much has to find room: about what one request brings.
const ROOM: usize = 1024 * 1024;
/// Where it is tried. What a crash leaves there the next try takes away.
const TRIED_AT: &str = "room.part";

/// Fails if so much cannot be written into the folder as one request may need. Not that the disk keeps it matters but that
/// it is taken, so nothing is waited for.
pub(crate) fn check_room(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(TRIED_AT);
    let written = File::create(&path).and_then(|mut file| file.write_all(&noise(ROOM)));
    // Two servers may try in one folder.
    let removed = std::fs::remove_file(&path).or_else(|error| match error.kind() {
        ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    });
    written.and(removed)
}

/// Bytes that no file system packs into fewer.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_room_nothing_is_left_and_where_nothing_can_be_written_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        check_room(folder.path()).unwrap();
        std::fs::write(folder.path().join(TRIED_AT), "left by a crash").unwrap();
        check_room(folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        check_room(&folder.path().join("gone")).unwrap_err();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_has_no_room() {
        // What is written to this device meets a full disk.
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/dev/full", folder.path().join(TRIED_AT)).unwrap();
        assert_eq!(check_room(folder.path()).unwrap_err().kind(), ErrorKind::StorageFull);
    }
}
