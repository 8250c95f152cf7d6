//! The photo folder: files named by the hash of their bytes, written so that they are whole or not there.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

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
    /// Hashes of viewed photos whose files this process has found to be whole.
    whole: Mutex<BTreeSet<String>>,
}

/// A photo in the cache; the least recently fetched sorts first.
type Viewed = (SystemTime, PathBuf, u64);

impl Folder {
    pub(super) fn open(data: &Path, free: FreeSpace) -> io::Result<Self> {
        let path = data.join("photos");
        fs::create_dir_all(path.join(CACHE))?;
        fs::create_dir_all(path.join(super::intake::FOLDER))?;
        sync_folder(data)?;
        Ok(Self { path, free, whole: Mutex::default() })
    }

    pub(super) fn path(&self, sha256: &str, sort: Sort) -> PathBuf {
        self.path.join(format!("{sha256}{}", sort.ending()))
    }

    /// A folder of the photo folder's own.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The photo as it was viewed lately, if all of it is there: its bytes are read once in the life of the process.
    pub(super) fn cached(&self, sha256: &str) -> Option<PathBuf> {
        let path = self.cache_path(sha256);
        if !path.exists() {
            return None;
        }
        let mut whole = self.whole.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !whole.contains(sha256) {
            if !has_hash(&path, sha256).unwrap_or(false) {
                return None;
            }
            whole.insert(sha256.to_owned());
        }
        Some(path)
    }

    fn cache_path(&self, sha256: &str) -> PathBuf {
        self.path.join(CACHE).join(format!("{sha256}{}", Sort::Photo.ending()))
    }

    pub(super) fn free_bytes(&self) -> io::Result<u64> {
        (self.free)(&self.path)
    }

    /// Writes the bytes beside their place and waits for the disk. [`Folder::place`] then names them.
    pub(super) fn write(&self, sha256: &str, sort: Sort, bytes: &[u8]) -> io::Result<()> {
        write_safely(&self.unfinished(sha256, sort), bytes)?;
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
        for entry in fs::read_dir(self.path.join(CACHE))? {
            let path = entry?.path();
            if is_unfinished(&path) {
                sweep(&path);
            }
        }
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.ends_with(UNFINISHED) {
                sweep(&entry.path());
            } else {
                whole.extend(named(&name));
            }
        }
        Ok(whole)
    }

    /// Whole photos, by hash; nothing is deleted.
    pub(super) fn photos(&self) -> io::Result<BTreeSet<String>> {
        let mut photos = BTreeSet::new();
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name().into_string().ok().filter(|name| !name.ends_with(UNFINISHED));
            if let Some((sha256, Sort::Photo)) = name.and_then(|name| named(&name)) {
                photos.insert(sha256);
            }
        }
        Ok(photos)
    }

    /// Keeps fetched bytes for viewing, and lets the least recently fetched go until all of them fit. `part` names what is
    /// written before it is whole, as no other view does.
    pub(super) fn put_cached(&self, sha256: &str, part: &str, bytes: &[u8], most: u64) -> io::Result<PathBuf> {
        let path = self.cache_path(sha256);
        let unfinished = self.path.join(CACHE).join(format!("{sha256}.{part}{UNFINISHED}"));
        let written = write_safely(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, &path));
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written?;
        sync_folder(&self.path.join(CACHE))?;
        self.whole.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(sha256.to_owned());
        let viewed = self.viewed()?;
        let mut total: u64 = viewed.iter().map(|(_, _, bytes)| bytes).sum();
        for (_, file, bytes) in viewed {
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

    /// Lets viewed photos go until so many bytes are free that were not, the least recently fetched first.
    pub(super) fn shrink_cache(&self, by: u64) -> io::Result<()> {
        let mut freed = 0_u64;
        for (_, file, bytes) in self.viewed()? {
            if freed >= by {
                break;
            }
            match gone(fs::remove_file(&file)) {
                Ok(()) => freed += bytes,
                Err(error) => tracing::warn!(%error, file = %file.display(), "a viewed photo cannot be deleted"),
            }
        }
        Ok(())
    }

    fn viewed(&self) -> io::Result<Vec<Viewed>> {
        let mut viewed = Vec::new();
        for entry in fs::read_dir(self.path.join(CACHE))? {
            let entry = entry?;
            if is_unfinished(&entry.path()) {
                continue;
            }
            match entry.metadata() {
                Ok(about) => viewed.push((about.modified()?, entry.path(), about.len())),
                // Another view has just let it go.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        viewed.sort();
        Ok(viewed)
    }

    fn unfinished(&self, sha256: &str, sort: Sort) -> PathBuf {
        self.path.join(format!("{sha256}{}{UNFINISHED}", sort.ending()))
    }
}

/// Writes a file and waits for the disk.
fn write_safely(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn is_unfinished(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(UNFINISHED.as_bytes())
}

/// What a whole file is, by its name.
fn named(name: &str) -> Option<(String, Sort)> {
    // The longer ending first: a thumbnail's name ends as a photo's does.
    [Sort::Thumbnail, Sort::Photo]
        .into_iter()
        .find_map(|sort| Some((name.strip_suffix(sort.ending())?.to_owned(), sort)))
}

/// Deletes what an earlier run left over. What cannot be deleted takes room, and keeps nobody from working.
pub(super) fn sweep(path: &Path) {
    if let Err(error) = gone(fs::remove_file(path)) {
        tracing::warn!(%error, path = %path.display(), "what an earlier run left over cannot be deleted");
    }
}

/// Whether the bytes of a file are those of its hash, read a piece at a time.
pub(super) fn has_hash(path: &Path, sha256: &str) -> io::Result<bool> {
    let (mut file, mut hasher) = (fs::File::open(path)?, Sha256::new());
    let mut piece = vec![0; 64 * 1024];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(in_digits(&hasher.finalize()) == sha256),
            Ok(read) => hasher.update(&piece[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Its hash, as names and records have it.
pub(super) fn sha256(bytes: &[u8]) -> String {
    in_digits(&Sha256::digest(bytes))
}

fn in_digits(hash: &[u8]) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
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
