//! What must stay over even if the database is put back to yesterday's: which devices the office has signed out, and which
//! codes were used. It lies where a backup of the database does not bring back the old one: beside the key, or, where servers
//! share a database, in the store of the photos.
//!
//! A device's id is never given twice, so what is noted here is never taken back.

use std::collections::HashSet;
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use object_store::path::Path as ObjectPath;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutPayload};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use crate::error::ServerError;
use crate::files::sync_folder_of;

/// Where it lies in the store.
const PREFIX: &str = "revocations";
/// So often a server looks for what other servers on the same database have noted. Before a backup is put in place of that
/// database, it tells the same.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// What was read so long ago is no longer relied on.
const RELIABLE: Duration = Duration::from_secs(10 * 60);

/// The list.
pub(crate) struct Revocations {
    place: Place,
    /// What the database says has been added.
    has_database: AtomicBool,
}

enum Place {
    /// A file of its own, one entry a line, only ever appended to.
    File { path: PathBuf, read: Mutex<Option<ReadFile>> },
    /// An object for each entry.
    Store { store: Arc<dyn ObjectStore>, runtime: Option<Runtime>, read: Mutex<Option<ReadStore>> },
}

/// The file as it was read last.
struct ReadFile {
    length: u64,
    entries: HashSet<String>,
}

/// The devices in the store as they were read last.
struct ReadStore {
    at: Instant,
    tried: Instant,
    entries: HashSet<String>,
}

impl Drop for Revocations {
    fn drop(&mut self) {
        // Whoever drops a server may itself run on a runtime, which must not be kept waiting.
        if let Place::Store { runtime, .. } = &mut self.place
            && let Some(runtime) = runtime.take()
        {
            runtime.shutdown_background();
        }
    }
}

impl Revocations {
    /// In a file beside the key at `key`.
    pub(crate) fn beside(key: &Path) -> Result<Self, ServerError> {
        let path = key.with_extension("revoked");
        match File::options().create_new(true).append(true).open(&path) {
            Ok(file) => {
                file.sync_all()?;
                sync_folder_of(&path)?;
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(ServerError::Revocations(error.into())),
        }
        Ok(Self { place: Place::File { path, read: Mutex::default() }, has_database: AtomicBool::default() })
    }

    /// In that store.
    pub(crate) fn inside(store: Arc<dyn ObjectStore>) -> Result<Self, ServerError> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("revocations").enable_all().build()?;
        let place = Place::Store { store, runtime: Some(runtime), read: Mutex::default() };
        Ok(Self { place, has_database: AtomicBool::default() })
    }

    /// Whether that device was signed out.
    pub(crate) fn has_device(&self, device: Uuid) -> Result<bool, ServerError> {
        match &self.place {
            Place::File { path, read } => has_line(path, &mut lock(read), &entry(device)),
            Place::Store { store, runtime, read } => {
                let mut read = lock(read);
                read_again(store, runtime.as_ref(), &mut read)?;
                Ok(read.as_ref().is_some_and(|read| read.entries.contains(&entry(device))))
            }
        }
    }

    /// Whether that code was used.
    pub(crate) fn has_code(&self, code_hash: &[u8; 32]) -> Result<bool, ServerError> {
        let entry = code_entry(code_hash);
        match &self.place {
            Place::File { path, read } => has_line(path, &mut lock(read), &entry),
            Place::Store { store, runtime, .. } => {
                let (store, path) = (Arc::clone(store), ObjectPath::from(format!("{PREFIX}/{entry}")));
                wait_for(runtime.as_ref(), async move {
                    match store.head(&path).await {
                        Ok(_) => Ok(true),
                        Err(Error::NotFound { .. }) => Ok(false),
                        Err(error) => Err(error),
                    }
                })
            }
        }
    }

    /// Notes that a device was signed out. When this returns, it outlasts anything that happens to the database.
    pub(crate) fn add_device(&self, device: Uuid) -> Result<(), ServerError> {
        self.add(&entry(device))
    }

    /// Notes that a code was used.
    pub(crate) fn add_code(&self, code_hash: &[u8; 32]) -> Result<(), ServerError> {
        self.add(&code_entry(code_hash))
    }

    /// Adds, once, what was revoked before there was this list.
    pub(crate) fn take_over(
        &self,
        revoked: impl FnOnce() -> Result<Vec<Uuid>, ServerError>,
    ) -> Result<(), ServerError> {
        if self.has_database.load(Ordering::Acquire) {
            return Ok(());
        }
        for device in revoked()? {
            if !self.has_device(device)? {
                self.add_device(device)?;
            }
        }
        self.has_database.store(true, Ordering::Release);
        Ok(())
    }

    fn add(&self, entry: &str) -> Result<(), ServerError> {
        match &self.place {
            Place::File { path, read } => {
                let mut read = lock(read);
                if has_line(path, &mut read, entry)? {
                    return Ok(());
                }
                let failed = |error: std::io::Error| ServerError::Revocations(error.into());
                let mut file = File::options().append(true).open(path).map_err(failed)?;
                // Begins a line of its own, whatever a power cut has left of the one before.
                file.write_all(format!("\n{entry}\n").as_bytes()).map_err(failed)?;
                file.sync_all().map_err(failed)
            }
            Place::Store { store, runtime, read } => {
                let (store, path) = (Arc::clone(store), ObjectPath::from(format!("{PREFIX}/{entry}")));
                wait_for(runtime.as_ref(), async move { store.put(&path, PutPayload::default()).await.map(drop) })?;
                if let Some(read) = lock(read).as_mut() {
                    read.entries.insert(entry.to_owned());
                }
                Ok(())
            }
        }
    }
}

fn entry(device: Uuid) -> String {
    format!("devices/{device}")
}

fn code_entry(code_hash: &[u8; 32]) -> String {
    let (upper, lower) = code_hash.split_at(16);
    let number = |half: &[u8]| u128::from_be_bytes(half.try_into().expect("a hash is two halves of 16 bytes"));
    format!("codes/{:032x}{:032x}", number(upper), number(lower))
}

/// Whether the file has that line. It is read again only when it has grown: another process has appended to it.
fn has_line(path: &Path, read: &mut Option<ReadFile>, entry: &str) -> Result<bool, ServerError> {
    let failed = |error: std::io::Error| ServerError::Revocations(error.into());
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if read.as_ref().is_none_or(|read| read.length != length) {
        let text = std::fs::read_to_string(path).map_err(failed)?;
        // What was appended since the length was asked for is read again next time; it is here twice, which does no harm.
        *read = Some(ReadFile { length, entries: text.lines().map(str::to_owned).collect() });
    }
    Ok(read.as_ref().is_some_and(|read| read.entries.contains(entry)))
}

/// Reads the devices in the store, unless that was done a moment ago.
fn read_again(
    store: &Arc<dyn ObjectStore>,
    runtime: Option<&Runtime>,
    read: &mut Option<ReadStore>,
) -> Result<(), ServerError> {
    let now = Instant::now();
    if read.as_ref().is_some_and(|read| now.duration_since(read.tried) < LOOK_AGAIN) {
        return Ok(());
    }
    let store = Arc::clone(store);
    let found = wait_for(runtime, async move {
        let all: Vec<_> = store.list(Some(&ObjectPath::from(format!("{PREFIX}/devices")))).try_collect().await?;
        let name = |path: &ObjectPath| path.filename().map(|name| format!("devices/{name}"));
        Ok(all.iter().filter_map(|object| name(&object.location)).collect::<HashSet<_>>())
    });
    match (found, read.as_mut()) {
        (Ok(entries), _) => *read = Some(ReadStore { at: now, tried: now, entries }),
        (Err(error), Some(before)) if now.duration_since(before.at) < RELIABLE => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "revocations cannot be read; those known still hold"
            );
            before.tried = now;
        }
        (Err(error), _) => return Err(error),
    }
    Ok(())
}

/// Waits for the store, whatever kind of thread asks.
fn wait_for<T: Send + 'static>(
    runtime: Option<&Runtime>,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, ServerError> {
    let (done, wait) = mpsc::sync_channel(1);
    runtime.expect("it lives as long as this").spawn(async move { drop(done.send(work.await)) });
    match wait.recv() {
        Ok(done) => done.map_err(|error| ServerError::Revocations(error.into())),
        Err(ended) => Err(ServerError::Revocations(ended.into())),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    const ONE: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn in_a_file(folder: &Path) -> Revocations {
        Revocations::beside(&folder.join("server.key")).unwrap()
    }

    #[test]
    fn what_is_noted_is_known_to_every_process_on_the_folder_and_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let (server, command) = (in_a_file(folder.path()), in_a_file(folder.path()));
        assert!(!server.has_device(ONE).unwrap());
        command.add_device(ONE).unwrap();
        command.add_code(&[9; 32]).unwrap();
        for list in [&server, &command, &in_a_file(folder.path())] {
            assert!(list.has_device(ONE).unwrap() && !list.has_device(OTHER).unwrap());
            assert!(list.has_code(&[9; 32]).unwrap() && !list.has_code(&[8; 32]).unwrap());
        }
    }

    #[test]
    fn half_a_line_that_a_power_cut_left_spoils_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let list = in_a_file(folder.path());
        list.add_device(ONE).unwrap();
        let path = folder.path().join("server.revoked");
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, [&whole[..], b"\ndevices/0000"].concat()).unwrap();
        list.add_device(OTHER).unwrap();
        assert!(list.has_device(ONE).unwrap() && list.has_device(OTHER).unwrap());
    }

    #[test]
    fn a_list_that_cannot_be_read_is_trouble_and_not_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let list = in_a_file(folder.path());
        std::fs::remove_file(folder.path().join("server.revoked")).unwrap();
        assert!(matches!(list.has_device(ONE), Err(ServerError::Revocations(_))));
        assert!(matches!(list.add_device(ONE), Err(ServerError::Revocations(_))));
    }

    #[test]
    fn a_store_keeps_it_for_all_servers() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let list = || Revocations::inside(Arc::clone(&store)).unwrap();
        let one = list();
        one.add_device(ONE).unwrap();
        one.add_code(&[9; 32]).unwrap();
        for list in [one, list()] {
            assert!(list.has_device(ONE).unwrap() && !list.has_device(OTHER).unwrap());
            assert!(list.has_code(&[9; 32]).unwrap() && !list.has_code(&[8; 32]).unwrap());
        }
    }

    #[test]
    fn what_was_revoked_before_there_was_a_list_is_taken_over_once() {
        let folder = tempfile::tempdir().unwrap();
        let list = in_a_file(folder.path());
        list.take_over(|| Ok(vec![ONE])).unwrap();
        list.take_over(|| panic!("once")).unwrap();
        assert!(list.has_device(ONE).unwrap());
    }
}
