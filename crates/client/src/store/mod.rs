//! The device's one database: records, pending state, shadow copies, cursors, notices and settings change together,
//! in short transactions by one writer. No transaction is ever open while the network is waited for.

pub(crate) mod apart;
mod at_camera;
mod begun_in_vain;
#[cfg(test)]
mod concurrency;
mod confirmed;
mod corrections;
#[cfg(feature = "simulation")]
mod deliberate;
mod forms;
mod history;
mod inbox;
mod known;
mod membership;
mod migrate;
mod notifications;
mod pending;
mod photos;
mod records;
mod reference;
mod reoffer;
mod row;
mod salvage;
pub(crate) mod settings;
mod settle;
mod stuck;
#[cfg(test)]
mod testing;
mod unanswered;
mod unreadable;
mod unsigned;
mod work;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::watch;

use crate::error::StoreError;

pub(crate) use migrate::SCHEMA;
pub use pending::PushPage;
pub(crate) use photos::{HeldPhoto, NewPhoto};
pub(crate) use records::Authorship;
pub use records::HeldRecord;
pub(crate) use reoffer::Offered;
pub(crate) use settings::{BeforeRound, Enrolment};
pub use settle::Settled;
pub(crate) use settle::{Aftermath, Sent};

/// Name of the database in the data folder.
pub(crate) const DATABASE: &str = "gatebook.sqlite";

/// The local store.
pub struct Store {
    folder: PathBuf,
    reader: Mutex<Connection>,
    /// Closed last: then it writes the log back, and the database is one whole file.
    writer: Mutex<Connection>,
    changes: watch::Sender<u64>,
    /// SQLite's count of other connections' writes, when it was last looked at.
    seen_elsewhere: AtomicI64,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in `folder`, making both if they are not there. A damaged database is set aside, never deleted:
    /// what was waiting to be sent is carried into a new one, exported beside it, and the operator is told.
    ///
    /// # Errors
    /// The folder cannot be written, or the database is of a newer app.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder)?;
        salvage::finish(folder)?;
        let path = folder.join(DATABASE);
        let writer = match open_checked(&path) {
            Err(StoreError::Damaged(reason)) => {
                salvage::start_anew(folder, &reason)?;
                open_checked(&path)?
            }
            opened => opened?,
        };
        let store = Self::with_writer(folder, writer)?;
        store.close_all_forms()?;
        store.write(|transaction| unreadable::read_all_again(transaction))?;
        Ok(store)
    }

    /// Opens the store for one round, while the app may be running on it. It makes nothing and mends nothing: a
    /// database set aside under a running app would take its next writes with it.
    ///
    /// # Errors
    /// There is no database, or it cannot be used.
    pub(crate) fn open_beside_the_app(folder: &Path) -> Result<Self, StoreError> {
        if salvage::is_unfinished(folder) {
            return Err(StoreError::Damaged("a new one is about to be put in its place".to_owned()));
        }
        let existing = OpenFlags::default() & !OpenFlags::SQLITE_OPEN_CREATE;
        let mut writer = opened_unless_newer(&folder.join(DATABASE), existing)?;
        configure(&writer)?;
        migrate::migrate(&mut writer)?;
        Self::with_writer(folder, writer)
    }

    fn with_writer(folder: &Path, writer: Connection) -> Result<Self, StoreError> {
        let reader = Connection::open_with_flags(folder.join(DATABASE), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        reader.pragma_update(None, "query_only", true)?;
        keep_statements(&reader)?;
        let seen_elsewhere = AtomicI64::new(writes_elsewhere(&writer)?);
        Ok(Self {
            folder: folder.to_owned(),
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
            changes: watch::Sender::new(0),
            seen_elsewhere,
        })
    }

    /// Where the database lies, and what belongs to it.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Tells whoever listens if another connection wrote since this was last asked: a background round did.
    pub(crate) fn tell_of_writes_from_elsewhere(&self) -> Result<(), StoreError> {
        let now = writes_elsewhere(&lock(&self.writer))?;
        if self.seen_elsewhere.swap(now, Ordering::Relaxed) != now {
            self.changes.send_modify(|count| *count += 1);
        }
        Ok(())
    }

    /// Counts up with each committed change, so that whoever shows local state knows to look again.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Moves what is in the write-ahead log into the database file, as far as other processes' reads and writes allow, and
    /// waits for none of them; for when the app is put away.
    ///
    /// # Errors
    /// The database failed.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        let writer = lock(&self.writer);
        writer.busy_timeout(Duration::ZERO)?;
        let done = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        writer.busy_timeout(PATIENCE)?;
        Ok(done?)
    }

    /// Runs `work` in one immediate transaction and tells whoever listens that something changed.
    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut writer = lock(&self.writer);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        gatebook_sync::reach!(DeviceBeforeCommit);
        transaction.commit()?;
        gatebook_sync::reach!(DeviceAfterCommit);
        drop(writer);
        self.changes.send_modify(|count| *count += 1);
        Ok(done)
    }

    /// Tells whoever listens that something changed.
    fn tell_of_a_change(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// The same for what no list shows, such as the page the operator is on.
    fn write_quietly<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut writer = lock(&self.writer);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        gatebook_sync::reach!(DeviceBeforeCommit);
        transaction.commit()?;
        gatebook_sync::reach!(DeviceAfterCommit);
        Ok(done)
    }

    /// Runs `look` on one consistent state.
    fn read<T>(&self, look: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        look_by(&mut lock(&self.reader), look)
    }

    /// The same beside a write, by the writer's connection: what was just written is in its cache, and any other would
    /// have to fetch it anew.
    fn read_beside_write<T>(&self, look: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        look_by(&mut lock(&self.writer), look)
    }
}

fn look_by<T>(
    connection: &mut Connection,
    look: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = connection.transaction()?;
    let seen = look(&transaction)?;
    transaction.finish()?;
    Ok(seen)
}

/// A number that changes when another connection than this one has written.
fn writes_elsewhere(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, "data_version", |row| row.get(0))?)
}

/// A panic elsewhere left no half-done transaction behind (they roll back when dropped), so the lock stays usable.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Opens the database for writing: every commit is on the disk when it returns.
fn open_checked(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = opened_unless_newer(path, OpenFlags::default())?;
    configure(&connection)?;
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(StoreError::Damaged(verdict));
    }
    migrate::migrate(&mut connection)?;
    Ok(connection)
}

/// The database, unless a newer app wrote it: that one is left as it lies, the log of what it did last included.
fn opened_unless_newer(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let has_log = Path::new(&log).exists();
    let connection = Connection::open_with_flags(path, flags)?;
    if let Err(refused) = migrate::refuse_newer(&connection) {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_log)?;
        return Err(refused);
    }
    Ok(connection)
}

/// So long a write waits for another process's.
const PATIENCE: Duration = Duration::from_secs(10);
/// Statements that a connection keeps prepared: more than a round and the pages together use.
const STATEMENTS: usize = 128;

/// The pragmas of the one writer.
///
/// # Errors
/// The file is not a database, or cannot be written.
fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)?;
    // A checkpoint each 16 MiB of log: seldom within a page of news, soon enough to keep the log small.
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    keep_statements(connection)
}

/// Statements stay prepared: by default SQLite plans one anew at each use if an argument could make another index fit.
fn keep_statements(connection: &Connection) -> Result<(), StoreError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::testing::{event, recorded, remarks, shown, somebody, store};
    use super::*;
    use crate::view::{CommandError, ErrorCode};

    /// The disk has that many pages left for the database.
    fn leave_room_for(store: &Store, pages: u32) {
        let writer = lock(&store.writer);
        let used: u32 = writer.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        writer.pragma_update_and_check(None, "max_page_count", used + pages, |_| Ok(())).unwrap();
    }

    #[test]
    fn on_a_full_disk_a_save_fails_with_a_sentence_what_was_saved_stays_and_with_space_it_works() {
        let (_folder, store) = store();
        let id = recorded(&store, "saved before");
        let large = "typed on a full disk ".repeat(2_000);
        let save = || store.save(id, shown(&store, id), event(&large), &somebody());

        leave_room_for(&store, 0);
        let error = CommandError::from(save().unwrap_err());
        assert_eq!((error.code, error.retry), (ErrorCode::DiskFull, true));
        assert!(error.message.contains("out of space") && error.message.contains("Try again"), "{}", error.message);
        assert_eq!(remarks(&store, id), "saved before");
        assert_eq!(store.pending_count().unwrap(), 1);

        leave_room_for(&store, 1_000);
        save().unwrap();
        assert_eq!(remarks(&store, id), large);
    }

    #[test]
    fn putting_the_app_away_waits_for_nobody_who_reads_or_writes() {
        let (folder, store) = store();
        recorded(&store, "saved before");
        let other = Connection::open(folder.path().join(DATABASE)).unwrap();
        for holds in ["BEGIN; SELECT count(*) FROM records", "BEGIN IMMEDIATE"] {
            other.execute_batch(holds).unwrap();
            let begun = std::time::Instant::now();
            store.checkpoint().unwrap();
            assert!(begun.elapsed() < PATIENCE / 2, "{holds}");
            other.execute_batch("ROLLBACK").unwrap();
        }
        store.checkpoint().unwrap();
        let log = std::fs::metadata(folder.path().join(format!("{DATABASE}-wal"))).unwrap();
        assert_eq!(log.len(), 0, "everything is in the database file");
    }

    /// What lies in the folder, but for the index of the log, which every process makes for itself.
    fn files(folder: &Path) -> Vec<(std::ffi::OsString, Vec<u8>)> {
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap());
        let mut files: Vec<_> = files
            .filter(|file| !file.file_name().to_string_lossy().ends_with("-shm"))
            .map(|file| (file.file_name(), std::fs::read(file.path()).unwrap()))
            .collect();
        files.sort();
        files
    }

    #[test]
    fn a_store_of_a_newer_app_is_left_as_it_lies_and_the_operator_is_told_to_update() {
        for has_log in [false, true] {
            let (folder, store) = store();
            recorded(&store, "by the newer app");
            // A schema that only a newer SQLite can read.
            let newer = format!(
                "PRAGMA user_version = {};
                 PRAGMA writable_schema = ON;
                 INSERT INTO sqlite_schema VALUES ('table', 'news', 'news', 0, 'CREATE NEWS news (a)');",
                SCHEMA + 1
            );
            lock(&store.writer).execute_batch(&newer).unwrap();
            lock(&store.writer).set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_log).unwrap();
            drop(store);
            let before = files(folder.path());
            assert_eq!(before.len(), if has_log { 2 } else { 1 });
            for refused in [Store::open(folder.path()), Store::open_beside_the_app(folder.path())] {
                let error = refused.expect_err("it is of a newer app");
                assert!(matches!(error, StoreError::TooNew { .. }), "{error}");
                let told = CommandError::from(error).message;
                assert!(told.contains("Update the app; nothing is lost"), "{told}");
            }
            assert!(files(folder.path()) == before, "with a log: {has_log}");
        }
    }

    #[test]
    fn every_commit_waits_for_the_disk() {
        let (_folder, store) = store();
        let writer = lock(&store.writer);
        let mode: String = writer.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        let synchronous: u32 = writer.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
        assert_eq!((mode.as_str(), synchronous), ("wal", 2));
    }

    #[test]
    fn who_only_reads_cannot_write() {
        let (_folder, store) = store();
        let wrote = store.read(|connection| Ok(connection.execute("DELETE FROM records", [])?));
        assert!(wrote.is_err());
    }

    #[test]
    fn a_write_that_fails_leaves_nothing_behind_and_tells_nobody() {
        let (_folder, store) = store();
        let id = recorded(&store, "before");
        let changes = store.changes();
        let failed: Result<(), _> = store.write(|transaction| {
            transaction.execute("DELETE FROM records", [])?;
            Err(StoreError::NotFound(id))
        });
        assert!(failed.is_err() && !changes.has_changed().unwrap());
        assert_eq!(remarks(&store, id), "before");
    }
}
