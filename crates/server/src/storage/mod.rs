//! The embedded database: one folder, one SQLite file, one writer. All SQL of the server is in here.

mod access;
mod audit;
mod feed;
mod migrate;
mod versions;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gatebook_domain::RecordState;
use gatebook_sync::Epoch;
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::error::ServerError;

pub(crate) mod sql {
    //! Every statement, by what it is about.
    pub(crate) use super::access::*;
    pub(crate) use super::audit::{of_record, write as audited_write};
    pub(crate) use super::feed::walk as walk_feed;
    pub(crate) use super::versions::{counter, displace, file, held, ledger, reference, set_counter};
}

pub(crate) use access::{Admin, Device, Redemption};
pub(crate) use audit::StoredWrite;
pub(crate) use feed::FeedRow;
pub(crate) use versions::{Counter, Held, NewVersion, Outcome};

/// Name of the database in the data folder.
pub(crate) const DATABASE: &str = "gatebook-server.sqlite";

const READERS: usize = 2;

/// The database.
pub(crate) struct Storage {
    writer: Mutex<Connection>,
    readers: [Mutex<Connection>; READERS],
}

impl Storage {
    /// Opens the database in `folder`, making both if they are not there; `epoch` is what a new server begins with.
    pub(crate) fn open(folder: &Path, epoch: Epoch) -> Result<Self, ServerError> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(DATABASE);
        let mut writer = Connection::open(&path)?;
        writer.busy_timeout(std::time::Duration::from_secs(30))?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        writer.pragma_update(None, "synchronous", "FULL")?;
        writer.pragma_update(None, "foreign_keys", true)?;
        writer.pragma_update(None, "cache_size", -65_536)?;
        writer.pragma_update(None, "wal_autocheckpoint", 4_000)?;
        writer.set_prepared_statement_cache_capacity(64);
        migrate::migrate(&mut writer)?;
        writer.execute("INSERT OR IGNORE INTO server (only, epoch) VALUES (1, ?1)", [epoch.0])?;
        let reader = || -> Result<_, ServerError> {
            let reader = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            reader.busy_timeout(std::time::Duration::from_secs(30))?;
            reader.pragma_update(None, "cache_size", -16_384)?;
            Ok(Mutex::new(reader))
        };
        Ok(Self { writer: Mutex::new(writer), readers: [reader()?, reader()?] })
    }

    /// Runs `work` in one transaction; only one at a time.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, ServerError>,
    ) -> Result<T, ServerError> {
        let mut writer = lock(&self.writer);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// Runs `look` on one consistent state.
    pub(crate) fn read<T>(
        &self,
        look: impl FnOnce(&Transaction<'_>) -> Result<T, ServerError>,
    ) -> Result<T, ServerError> {
        let mut reader =
            self.readers.iter().find_map(|reader| reader.try_lock().ok()).unwrap_or_else(|| lock(&self.readers[0]));
        let transaction = reader.transaction()?;
        let seen = look(&transaction)?;
        transaction.finish()?;
        Ok(seen)
    }

    /// Copies the database, as it is at one moment, to a file.
    pub(crate) fn backup(&self, to: &Path) -> Result<(), ServerError> {
        let mut copy = Connection::open(to)?;
        let source = lock(&self.readers[READERS - 1]);
        let backup = rusqlite::backup::Backup::new(&source, &mut copy)?;
        backup.run_to_completion(1_000, std::time::Duration::ZERO, None)?;
        drop(backup);
        copy.pragma_update(None, "journal_mode", "DELETE")?;
        Ok(())
    }
}

/// The server's epoch.
pub(crate) fn epoch(connection: &Connection) -> Result<Epoch, ServerError> {
    Ok(connection.prepare_cached("SELECT epoch FROM server")?.query_row([], |row| row.get(0).map(Epoch))?)
}

/// Begins a new life of the server.
pub(crate) fn begin_epoch(connection: &Connection, epoch: Epoch) -> Result<(), ServerError> {
    connection.execute("UPDATE server SET epoch = ?1", [epoch.0])?;
    Ok(())
}

/// A panic left no half-done transaction behind, so the connection stays usable.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The name of a record's state in SQL.
pub(crate) const fn state_name(state: RecordState) -> &'static str {
    match state {
        RecordState::Live => "live",
        RecordState::Closed => "closed",
        RecordState::Voided => "voided",
    }
}

fn state(name: &str) -> RecordState {
    match name {
        "closed" => RecordState::Closed,
        "voided" => RecordState::Voided,
        _ => RecordState::Live,
    }
}

fn timestamp(microseconds: i64) -> Result<Timestamp, ServerError> {
    Timestamp::from_microsecond(microseconds).map_err(|error| ServerError::unreadable("time", error))
}
