//! The embedded database: one folder, one SQLite file, one writer, a few readers. All SQL of the server is in here,
//! behind the methods of [`Reading`] and [`Writing`]; what they are for is decided above.

mod codes;
mod devices;
mod photos;
mod records;
mod tenants;
mod upgrades;
mod versions;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gatebook_sync::Epoch;
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use uuid::Uuid;

pub use devices::Device;
pub(crate) use devices::NewDevice;
pub(crate) use photos::{Blob, NewUpload, Part, Upload, UploadState};
pub(crate) use records::Held;
pub(crate) use tenants::{Counter, Tenant};
pub(crate) use upgrades::APPLICATION_ID;
pub(crate) use versions::{Filing, LedgerEntry, Outcome, StoredWrite, state_name};

use crate::error::ServerError;

/// Name of the database in the data folder.
pub(crate) const DATABASE: &str = "gatebook-server.sqlite";

const READERS: usize = 3;
/// How long a statement waits for another process on the same folder, such as the command line.
const BUSY: Duration = Duration::from_secs(30);

/// The database.
pub(crate) struct Storage {
    path: PathBuf,
    readers: [Mutex<Connection>; READERS],
    /// Closed last: then it writes the log back, and the database is one whole file.
    writer: Mutex<Connection>,
}

/// One consistent state of the database, to look at.
pub(crate) struct Reading<'a> {
    connection: &'a Connection,
}

/// A transaction. What it changes is seen by nobody before it ends, and not at all if it fails.
pub(crate) struct Writing<'a> {
    reading: Reading<'a>,
}

impl<'a> Deref for Writing<'a> {
    type Target = Reading<'a>;

    fn deref(&self) -> &Reading<'a> {
        &self.reading
    }
}

impl Storage {
    /// Opens the database in `folder`, making both if they are not there; `epoch` is what a new server begins with.
    pub(crate) fn open(folder: &Path, epoch: Epoch) -> Result<Self, ServerError> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(DATABASE);
        let mut writer = Connection::open(&path)?;
        writer.busy_timeout(BUSY)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        // An answer promises that the write is kept: it waits for the disk.
        writer.pragma_update(None, "synchronous", "FULL")?;
        writer.pragma_update(None, "foreign_keys", true)?;
        // A checkpoint each 16 MiB of log: seldom within a page, soon enough to keep the log small.
        writer.pragma_update(None, "wal_autocheckpoint", 4_000)?;
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
    pub(crate) fn write<T>(&self, work: impl FnOnce(&Writing<'_>) -> Result<T, ServerError>) -> Result<T, ServerError> {
        let mut writer = lock(&self.writer);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&Writing { reading: Reading { connection: &transaction } })?;
        transaction.commit()?;
        Ok(done)
    }

    /// Runs `look` on one consistent state.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Reading<'_>) -> Result<T, ServerError>) -> Result<T, ServerError> {
        let mut reader =
            self.readers.iter().find_map(|reader| reader.try_lock().ok()).unwrap_or_else(|| lock(&self.readers[0]));
        let transaction = reader.transaction()?;
        let seen = look(&Reading { connection: &transaction })?;
        transaction.finish()?;
        Ok(seen)
    }

    /// The server's epoch now.
    pub(crate) fn epoch(&self) -> Result<Epoch, ServerError> {
        self.read(|reading| epoch_of(reading.connection))
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

impl Reading<'_> {
    /// The server's epoch.
    pub(crate) fn epoch(&self) -> Result<Epoch, ServerError> {
        epoch_of(self.connection)
    }
}

/// The epoch in that database.
pub(crate) fn epoch_of(connection: &Connection) -> Result<Epoch, ServerError> {
    Ok(connection.prepare_cached("SELECT epoch FROM server")?.query_row([], |row| row.get(0).map(Epoch))?)
}

/// Begins a new life of a server whose database nobody else has open.
pub(crate) fn begin_epoch(connection: &Connection, epoch: Epoch) -> Result<(), ServerError> {
    connection.execute("UPDATE server SET epoch = ?1", [epoch.0])?;
    Ok(())
}

fn tune(connection: &Connection, cache_mib: i64) -> Result<(), ServerError> {
    connection.pragma_update(None, "cache_size", -1_024 * cache_mib)?;
    connection.pragma_update(None, "mmap_size", 1_i64 << 30)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(64);
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

fn timestamp(microseconds: i64) -> Result<Timestamp, ServerError> {
    Timestamp::from_microsecond(microseconds).map_err(|error| ServerError::unreadable("time", error))
}
