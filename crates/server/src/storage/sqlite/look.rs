//! What lies in a data folder, looked at without changing a byte of it. SQLite makes files beside a database that it merely
//! reads, and when it closes one it moves the log that a crash left into the file: so a folder that is to be refused is
//! refused before SQLite has it as usual.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{DATABASE, upgrades};
use crate::error::ServerError;
use crate::files::may_write;

/// What tells whether a server may work on a database, and with which key.
#[derive(Default)]
pub(crate) struct Found {
    /// What tells the key, once a server has said it.
    pub(crate) key_check: Option<Vec<u8>>,
    /// Whether anything was taken, and proved by a key, yet.
    pub(crate) has_versions: bool,
}

/// What there is to see.
pub(crate) enum Look {
    /// No database, or one that was never begun.
    Nothing,
    /// One that cannot be read like this. Who opens it finds out why.
    Unreadable,
    /// A database that this server can work on.
    Database(Found),
}

/// Looks at the database in `folder`.
///
/// # Errors
/// The database is of a newer server, or this process may not write it.
pub(crate) fn look(folder: &Path) -> Result<Look, ServerError> {
    let path = folder.join(DATABASE);
    if !path.exists() {
        return Ok(Look::Nothing);
    }
    let log = folder.join(format!("{DATABASE}-wal"));
    let has_log = log.exists();
    let needed = [folder, &path].into_iter().chain(has_log.then_some(&*log));
    if let Some(refused) = needed.into_iter().find(|path| !may_write(path)) {
        return Err(ServerError::NotWritable(refused.to_owned()));
    }
    match if has_log { look_beside_others(&path) } else { look_alone(&path) } {
        Ok(found) => Ok(found.map_or(Look::Nothing, Look::Database)),
        Err(ServerError::Database(error)) => {
            tracing::debug!(%error, "the database was not looked at before it is opened");
            Ok(Look::Unreadable)
        }
        Err(error) => Err(error),
    }
}

/// There is no log, so nobody has the database open and all of it is in the file, which is read as if it were on a disc.
fn look_alone(path: &Path) -> Result<Option<Found>, ServerError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    read(&Connection::open_with_flags(format!("file:{}?immutable=1", escaped(path)), flags)?)
}

/// There is a log: others are at it, or a crash left it.
fn look_beside_others(path: &Path) -> Result<Option<Found>, ServerError> {
    match look_at_what_a_crash_left(path) {
        Err(ServerError::Database(error)) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            // Others are at it, and have made all the files that reading needs.
            read(&Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
        }
        found => found,
    }
}

/// Reads the log with its index in memory, and leaves it as it is. SQLite says that it is busy if anybody else is at it.
fn look_at_what_a_crash_left(path: &Path) -> Result<Option<Found>, ServerError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Those who are at it may be so for months.
    connection.busy_timeout(Duration::ZERO)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    read(&connection)
}

/// None if the database was never begun.
fn read(connection: &Connection) -> Result<Option<Found>, ServerError> {
    upgrades::refuse_newer(connection)?;
    if !connection.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))? {
        return Ok(None);
    }
    let exists = |sql: &str, name: &str| -> Result<bool, rusqlite::Error> {
        connection.query_row(&format!("SELECT EXISTS ({sql})"), [name], |row| row.get(0))
    };
    // A database of before may lack the column.
    let key_check = if exists("SELECT 1 FROM pragma_table_info('server') WHERE name = ?1", "key_check")? {
        connection.query_row("SELECT max(key_check) FROM server", [], |row| row.get(0))?
    } else {
        None
    };
    let has_versions = exists("SELECT 1 FROM sqlite_schema WHERE name = ?1", "versions")?
        && connection.query_row("SELECT EXISTS (SELECT 1 FROM versions)", [], |row| row.get(0))?;
    Ok(Some(Found { key_check, has_versions }))
}

/// What a backup, which nobody has open, says of itself.
///
/// # Errors
/// It is of a newer server, or cannot be read.
pub(crate) fn look_at_backup(backup: &Connection) -> Result<Found, ServerError> {
    Ok(read(backup)?.unwrap_or_default())
}

/// The path as it stands in a URI.
fn escaped(path: &Path) -> String {
    let text = path.to_string_lossy();
    let escaped = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    if cfg!(windows) { format!("/{}", escaped.replace('\\', "/")) } else { escaped }
}
