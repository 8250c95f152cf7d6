//! The photo folder: files named by the hash of their bytes, written so that they are whole or not there.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gatebook_sync::reach;
use sha2::{Digest as _, Sha256};

/// Bytes that are free on the disk of a folder.
pub type FreeSpace = Arc<dyn Fn(&Path) -> io::Result<u64> + Send + Sync>;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Photo,
    Thumbnail,
}

impl Sort {
    const fn ending(self) -> &'static str {
        match self {
            Self::Photo => ".jpg",
            Self::Thumbnail => ".thumb.jpg",
        }
    }
}

const UNFINISHED: &str = ".part";
const CACHE: &str = "viewed";

pub(super) struct Folder {
    path: PathBuf,
    free: FreeSpace,
}

impl Folder {
    pub(super) fn open(data: &Path, free: FreeSpace) -> io::Result<Self> {
        let path = data.join("photos");
        fs::create_dir_all(path.join(CACHE))?;
        fs::create_dir_all(path.join(super::intake::FOLDER))?;
        sync_folder(data)?;
        Ok(Self { path, free })
    }

    pub(super) fn path(&self, sha256: &str, sort: Sort) -> PathBuf {
        self.path.join(format!("{sha256}{}", sort.ending()))
    }

    /// A folder of the photo folder's own.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(super) fn cached(&self, sha256: &str) -> PathBuf {
        self.path.join(CACHE).join(format!("{sha256}{}", Sort::Photo.ending()))
    }

    pub(super) fn free_bytes(&self) -> io::Result<u64> {
        (self.free)(&self.path)
    }

    /// Writes the bytes beside their place and waits for the disk. [`Folder::place`] then names them.
    pub(super) fn write(&self, sha256: &str, sort: Sort, bytes: &[u8]) -> io::Result<()> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).open(self.unfinished(sha256, sort))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        reach!(DeviceFile);
        Ok(())
    }

    /// Gives what was written its name. Returns whether it was new: the same bytes may be another photo's already.
    pub(super) fn place(&self, sha256: &str, sort: Sort) -> io::Result<bool> {
        let to = self.path(sha256, sort);
        let is_new = !to.exists();
        fs::rename(self.unfinished(sha256, sort), to)?;
        reach!(DeviceFile);
        Ok(is_new)
    }

    /// Waits until names given and taken are on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        sync_folder(&self.path)
    }

    pub(super) fn remove(&self, sha256: &str, sort: Sort) -> io::Result<()> {
        gone(fs::remove_file(self.path(sha256, sort)))?;
        reach!(DeviceFile);
        Ok(())
    }

    pub(super) fn remove_unfinished(&self, sha256: &str) {
        for sort in [Sort::Photo, Sort::Thumbnail] {
            let _ = fs::remove_file(self.unfinished(sha256, sort));
        }
    }

    /// Whole files, by hash; what was left unfinished is deleted.
    pub(super) fn sweep(&self) -> io::Result<BTreeSet<(String, Sort)>> {
        let mut whole = BTreeSet::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.ends_with(UNFINISHED) {
                gone(fs::remove_file(entry.path()))?;
                continue;
            }
            // The longer ending first: a thumbnail's name ends as a photo's does.
            for sort in [Sort::Thumbnail, Sort::Photo] {
                if let Some(sha256) = name.strip_suffix(sort.ending()) {
                    whole.insert((sha256.to_owned(), sort));
                    break;
                }
            }
        }
        Ok(whole)
    }

    /// Keeps fetched bytes for viewing, and lets the least recently fetched go until all of them fit.
    pub(super) fn put_cached(&self, sha256: &str, bytes: &[u8], most: u64) -> io::Result<PathBuf> {
        let path = self.cached(sha256);
        let unfinished = path.with_extension("part");
        fs::write(&unfinished, bytes)?;
        fs::rename(unfinished, &path)?;
        let mut files = Vec::new();
        for entry in fs::read_dir(self.path.join(CACHE))? {
            let entry = entry?;
            let about = entry.metadata()?;
            files.push((about.modified()?, entry.path(), about.len()));
        }
        files.sort();
        let mut total: u64 = files.iter().map(|(_, _, bytes)| bytes).sum();
        for (_, file, bytes) in files {
            if total <= most {
                break;
            }
            if file != path {
                gone(fs::remove_file(file))?;
                total -= bytes;
            }
        }
        Ok(path)
    }

    fn unfinished(&self, sha256: &str, sort: Sort) -> PathBuf {
        self.path.join(format!("{sha256}{}{UNFINISHED}", sort.ending()))
    }
}

/// Its hash, as names and records have it.
pub(super) fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What is not there need not be deleted.
fn gone(deleted: io::Result<()>) -> io::Result<()> {
    match deleted {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

/// Windows keeps names by itself and opens no folder as a file.
#[cfg(not(unix))]
fn sync_folder(path: &Path) -> io::Result<()> {
    path.metadata().map(|_| ())
}
