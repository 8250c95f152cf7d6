//! The embedded database: one folder, one SQLite file, one writer, a few readers.

mod codes;
#[cfg(test)]
mod concurrency;
mod consistency;
mod devices;
mod look;
mod photos;
#[cfg(test)]
mod plans;
mod records;
mod session;
mod tenants;
mod upgrades;
mod versions;
mod write_ahead_log;

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gatebook_sync::Epoch;
use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use uuid::Uuid;

pub(crate) use look::{Look, look, look_at_backup};
pub(crate) use upgrades::APPLICATION_ID;

use super::{Reading, Writing};
use crate::error::ServerError;
use crate::photos::wanted_until;
use session::Session;

/// Name of the database in the data folder.
pub(crate) const DATABASE: &str = "gatebook-server.sqlite";

const READERS: usize = 3;
/// How long a statement waits for another process on the same folder, such as the command line.
const BUSY: Duration = Duration::from_secs(30);

/// The database.
pub(crate) struct Database {
    path: PathBuf,
    readers: [Mutex<Connection>; READERS],
    /// Closed last: then it writes the log back, and the database is one whole file.
    writer: Mutex<Connection>,
}

impl Database {
    /// Opens the database in `folder`, making both if they are not there; `epoch` is what a new server begins with.
    pub(super) fn open(folder: &Path, epoch: Epoch) -> Result<Self, ServerError> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(DATABASE);
        let mut writer = Connection::open(&path)?;
        writer.busy_timeout(BUSY)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        // An answer promises that the write is kept: it waits for the disk.
        writer.pragma_update(None, "synchronous", "FULL")?;
        writer.pragma_update(None, "foreign_keys", true)?;
        write_ahead_log::tune(&writer)?;
        tune(&writer, 64)?;
        upgrades::run(&mut writer)?;
        writer.execute("INSERT OR IGNORE INTO server (only, epoch) VALUES (1, ?1)", [epoch.0])?;
        let reader = || -> Result<_, ServerError> {
            let reader = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            reader.busy_timeout(BUSY)?;
            tune(&reader, 16)?;
            Ok(Mutex::new(reader))
        };
        let readers = [reader()?, reader()?, reader()?];
        Ok(Self { path, writer: Mutex::new(writer), readers })
    }

    /// Runs `work` in one transaction; only one at a time.
    pub(super) fn write<T>(&self, work: impl FnOnce(&dyn Writing) -> Result<T, ServerError>) -> Result<T, ServerError> {
        let mut writer = lock(&self.writer);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&Session::new(&transaction))?;
        gatebook_sync::reach!(ServerBeforeCommit);
        transaction.commit()?;
        gatebook_sync::reach!(ServerAfterCommit);
        write_ahead_log::begin_anew_if_long(&self.path, &writer, &self.readers);
        Ok(done)
    }

    /// Runs `look` on one consistent state.
    pub(super) fn read<T>(&self, look: impl FnOnce(&dyn Reading) -> Result<T, ServerError>) -> Result<T, ServerError> {
        let mut reader =
            self.readers.iter().find_map(|reader| reader.try_lock().ok()).unwrap_or_else(|| lock(&self.readers[0]));
        let transaction = reader.transaction()?;
        let seen = look(&Session::new(&transaction))?;
        transaction.finish()?;
        Ok(seen)
    }

    /// What tells the key of this database's server. The first to ask with one says what it is.
    pub(super) fn key_check(&self, mine: Option<[u8; 16]>) -> Result<Option<Vec<u8>>, ServerError> {
        let mut writer = lock(&self.writer);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let said: Option<Vec<u8>> = transaction.query_row("SELECT key_check FROM server", [], |row| row.get(0))?;
        if said.is_some() || mine.is_none() {
            return Ok(said);
        }
        transaction.execute("UPDATE server SET key_check = ?1", [mine])?;
        transaction.commit()?;
        Ok(mine.map(Vec::from))
    }

    /// From now on the server on this database has that key.
    pub(super) fn replace_key_check(&self, check: [u8; 16]) -> Result<(), ServerError> {
        lock(&self.writer).execute("UPDATE server SET key_check = ?1", [check])?;
        Ok(())
    }

    /// Whether anything was taken yet.
    pub(super) fn has_versions(&self) -> Result<bool, ServerError> {
        let reader = lock(&self.readers[0]);
        Ok(reader.query_row("SELECT EXISTS (SELECT 1 FROM versions)", [], |row| row.get(0))?)
    }

    /// Copies the database, as it is at one moment, into a new file.
    pub(crate) fn copy(&self, to: &Path) -> Result<(), ServerError> {
        let source = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        source.busy_timeout(BUSY)?;
        let mut copy = Connection::open(to)?;
        // All pages in one step: writers go on beside it, and nothing makes it start again.
        rusqlite::backup::Backup::new(&source, &mut copy)?.run_to_completion(i32::MAX, Duration::ZERO, None)?;
        copy.pragma_update(None, "journal_mode", "DELETE")?;
        Ok(())
    }
}

/// Forgets which key proves what is in that database, which nobody else has open: the next server on it tells its own.
pub(crate) fn forget_key(connection: &Connection) -> Result<(), ServerError> {
    let knows = "SELECT EXISTS (SELECT 1 FROM pragma_table_info('server') WHERE name = 'key_check')";
    // A database of before never knew it.
    if connection.query_row(knows, [], |row| row.get(0))? {
        connection.execute("UPDATE server SET key_check = NULL", [])?;
    }
    Ok(())
}

/// The epoch in that database.
pub(crate) fn epoch_of(connection: &Connection) -> Result<Epoch, ServerError> {
    Ok(connection.prepare_cached("SELECT epoch FROM server")?.query_row([], |row| row.get(0).map(Epoch))?)
}

/// Begins a new life of a server whose database nobody else has open.
pub(crate) fn begin_epoch(connection: &Connection, epoch: Epoch, now: Timestamp) -> Result<(), ServerError> {
    connection.execute("UPDATE server SET epoch = max(epoch, ?1)", [epoch.0])?;
    let has_photos = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'blobs')";
    // A backup may be from before there were any.
    if connection.query_row(has_photos, [], |row| row.get(0))? {
        connection.execute(include_str!("../photos/want_all.sql"), [wanted_until(now).as_microsecond()])?;
    }
    Ok(())
}

/// When the newest version in that database was received, in microseconds.
pub(crate) fn newest_receipt(connection: &Connection) -> Result<i64, ServerError> {
    Ok(connection.query_row("SELECT coalesce(max(received_at), 0) FROM tenant_counters", [], |row| row.get(0))?)
}

/// From now on nothing is received before `time`, in microseconds.
pub(crate) fn receive_after(connection: &Connection, time: i64) -> Result<(), ServerError> {
    connection.execute("UPDATE tenant_counters SET received_at = max(received_at, ?1)", [time])?;
    Ok(())
}

fn tune(connection: &Connection, cache_mib: i64) -> Result<(), ServerError> {
    connection.pragma_update(None, "cache_size", -1_024 * cache_mib)?;
    connection.pragma_update(None, "mmap_size", 1_i64 << 30)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(64);
    // By default a statement is planned anew at each use if an argument could make another index fit.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(rusqlite::vtab::array::load_module(connection)?)
}

/// A panic leaves no half-done transaction behind, so the connection stays usable.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ids as the table-valued parameter of a batch query.
fn batch(ids: &[Uuid]) -> Rc<Vec<Value>> {
    Rc::new(ids.iter().map(|id| Value::Blob(id.as_bytes().to_vec())).collect())
}
