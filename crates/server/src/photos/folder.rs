//! Writing into a folder: a file has no name in the store before it is whole and on the disk. What a crash leaves of it
//! lies flat in the staging folder and begins with the upload's id, where sweeping finds it.

use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use object_store::Error;
use tokio::task::JoinHandle;

/// A file on its way into the store. Dropped before it has its name, it is deleted.
pub(super) struct Incoming {
    path: PathBuf,
    file: Option<File>,
    /// One batch is written while the next is gathered.
    writing: Option<JoinHandle<io::Result<File>>>,
    is_begun: bool,
    is_named: bool,
}

impl Incoming {
    /// One at that path, which nothing else has ever used. Nothing is made before the first bytes.
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path, file: None, writing: None, is_begun: false, is_named: false }
    }

    /// Writes in the background, after what was handed over before.
    pub(super) async fn write(&mut self, batch: Vec<Bytes>) -> Result<(), Error> {
        self.wait().await?;
        let (path, file) = self.take();
        self.writing = Some(tokio::task::spawn_blocking(move || write(&path, file, &batch)));
        Ok(())
    }

    /// Returns when the rest, too, is on the disk.
    pub(super) async fn sync(&mut self, rest: Vec<Bytes>) -> Result<(), Error> {
        self.wait().await?;
        let (path, file) = self.take();
        let synced = blocking(move || {
            let file = write(&path, file, &rest)?;
            file.sync_all()?;
            Ok(file)
        });
        self.file = Some(synced.await?);
        Ok(())
    }

    /// Gives what is on the disk its name, in one step; returns when that is on the disk as well.
    pub(super) async fn name(mut self, to: PathBuf) -> Result<(), Error> {
        let from = self.path.clone();
        // Windows moves no file that is open.
        self.file = None;
        blocking(move || {
            match std::fs::rename(&from, &to) {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    make_folder(parent(&to))?;
                    std::fs::rename(&from, &to)?;
                }
                done => done?,
            }
            // The old name need not be gone for good: what lies in the staging folder of no upload is swept.
            sync_folder(parent(&to))
        })
        .await?;
        self.is_named = true;
        Ok(())
    }

    fn take(&mut self) -> (PathBuf, Option<File>) {
        self.is_begun = true;
        (self.path.clone(), self.file.take())
    }

    async fn wait(&mut self) -> Result<(), Error> {
        if let Some(writing) = self.writing.take() {
            let written = writing.await.map_err(|source| Error::JoinError { source })?;
            self.file = Some(written.map_err(failed)?);
        }
        Ok(())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if self.is_begun && !self.is_named {
            self.file = None;
            // If it cannot be deleted, sweeping does it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn write(path: &Path, file: Option<File>, batch: &[Bytes]) -> io::Result<File> {
    let mut file = match file {
        Some(file) => file,
        None => match File::create_new(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make_folder(parent(path))?;
                File::create_new(path)?
            }
            made => made?,
        },
    };
    batch.iter().try_for_each(|bytes| file.write_all(bytes))?;
    Ok(file)
}

/// Makes a folder, and those it lies in, that is still there after a power cut.
pub(super) async fn prepare(folder: PathBuf) -> Result<(), Error> {
    blocking(move || make_folder(&folder)).await
}

fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = parent(folder);
    make_folder(parent)?;
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(parent),
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// Makes names in a folder last. Only Unix lets one ask for that.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|source| Error::JoinError { source })?;
    done.map_err(failed)
}

fn failed(source: io::Error) -> Error {
    Error::Generic { store: "folder", source: source.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn what_is_written_gets_its_name_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let mut incoming = Incoming::new(folder.path().join("incoming"));
        incoming.write(vec![Bytes::from_static(b"one "), Bytes::from_static(b"two ")]).await.unwrap();
        incoming.write(vec![Bytes::from_static(b"three ")]).await.unwrap();
        incoming.sync(vec![Bytes::from_static(b"four")]).await.unwrap();
        assert_eq!(names(folder.path()), ["incoming"]);
        let named = folder.path().join("deep/down/named");
        incoming.name(named.clone()).await.unwrap();
        assert_eq!(std::fs::read(named).unwrap(), b"one two three four");
        assert_eq!(names(folder.path()), ["deep"]);
    }

    #[tokio::test]
    async fn what_is_let_go_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut incoming = Incoming::new(folder.path().join("incoming"));
        incoming.sync(vec![Bytes::from_static(b"one")]).await.unwrap();
        assert_eq!(names(folder.path()), ["incoming"]);
        drop(incoming);
        assert!(names(folder.path()).is_empty());
    }
}
