//! The data folder: who has it open, and making sure that what was put there stays.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use uuid::Uuid;

use crate::error::ServerError;

const LOCK_FILE: &str = "server.lock";
const SERVING_FILE: &str = "serving.lock";

/// Held as long as somebody works on a data folder. The system lets go of it when the process ends, however that is.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

/// What somebody wants a data folder for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Use {
    /// To work on it, as any number may at a time.
    Work,
    /// To replace what is in it, alone.
    Replace,
    /// To serve it: one at a time, with any number of commands beside it.
    Serve,
}

impl FolderLock {
    /// Takes the lock, making the folder and the lock's file if they are not there.
    pub(crate) fn take(folder: &Path, to: Use) -> Result<Self, ServerError> {
        let failed = |error: std::io::Error| match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => ServerError::NotWritable(folder.to_owned()),
            _ => error.into(),
        };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let path = folder.join(to.file());
        let file = File::options().create(true).truncate(false).write(true).open(path).map_err(failed)?;
        let taken = if matches!(to, Use::Work) { file.try_lock_shared() } else { file.try_lock() };
        match taken {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) if matches!(to, Use::Serve) => {
                Err(ServerError::AlreadyServed(folder.to_owned()))
            }
            Err(TryLockError::WouldBlock) => Err(ServerError::InUse(folder.to_owned())),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// The same without making anything; none if nobody ever took it there.
    pub(crate) fn take_if_there(folder: &Path, to: Use) -> Result<Option<Self>, ServerError> {
        if folder.join(to.file()).exists() { Self::take(folder, to).map(Some) } else { Ok(None) }
    }
}

impl Use {
    const fn file(self) -> &'static str {
        match self {
            Self::Work | Self::Replace => LOCK_FILE,
            Self::Serve => SERVING_FILE,
        }
    }
}

/// Whether this process may write what lies there. It is only asked, not tried: nothing is opened or made.
#[cfg(unix)]
pub(crate) fn may_write(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

/// Whether this process may write what lies there, as far as can be told without trying.
#[cfg(not(unix))]
pub(crate) fn may_write(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_dir() || !found.permissions().readonly())
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

/// Puts a secret there that nobody else may read, unless something is there already: of two processes that make one at once,
/// both go on with the first's. Written aside and linked into place whole, so that a power cut never leaves half of it.
pub(crate) fn place_secret(path: &Path, secret: &[u8]) -> Result<(), ServerError> {
    let kind = path.extension().unwrap_or_default().to_string_lossy();
    let unfinished = path.with_extension(format!("{kind}.{}", Uuid::new_v4()));
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(secret)?;
    file.sync_all()?;
    let placed = std::fs::hard_link(&unfinished, path);
    std::fs::remove_file(&unfinished)?;
    match placed {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error.into()),
        _ => sync_folder_of(path),
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
    if cfg!(unix) {
        File::open(folder_of(path))?.sync_all()?;
    }
    Ok(())
}

/// Where it lies: a bare name lies where the program was started.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => path,
    }
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

    #[test]
    fn a_bare_name_lies_where_the_program_was_started() {
        for (path, folder) in [("server.key", "."), ("data/server.key", "data"), ("/server.key", "/"), ("/", "/")] {
            assert_eq!(folder_of(Path::new(path)), Path::new(folder), "{path}");
        }
        sync_folder_of(Path::new("server.key")).unwrap();
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
