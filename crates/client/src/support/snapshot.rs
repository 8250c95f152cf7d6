//! A copy of the store to look into: what may be shown, in a file of its own that nobody needs. The store itself holds
//! the device's token, so SQL over it is offered to nobody.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Batch, Connection, OpenFlags, Row, params_from_iter};
use uuid::Uuid;

use super::scrub;
use crate::error::StoreError;
use crate::store::Store;

/// Below the data folder. Everything in it may be deleted at any time.
const FOLDER: &str = "support";

/// The tables that are copied. One that a later version brings is not, until it is named here.
const TABLES: [&str; 15] = [
    "records",
    "photos",
    "settings",
    "stuck",
    "unconfirmed",
    "displaced",
    "let_go",
    "cursors",
    "inbox_read",
    "forms",
    "replaced",
    "meanwhile",
    "corrections",
    "unanswered",
    "migrations",
];

/// A statement that the support window may not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It does something else than to read.
    #[error("Only reading is possible here. Write one SELECT.")]
    NotReading,
    /// There are several, or none.
    #[error("Write one statement, and only one.")]
    NotOne,
    /// SQLite does not understand it.
    #[error("{0}")]
    Wrong(String),
}

/// A table of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct SnapshotTable {
    /// Its name.
    pub name: String,
    /// How many rows it has.
    pub rows: u32,
}

/// A copy of the store without its secrets. Its file is gone when this is dropped.
#[derive(Debug)]
pub struct Snapshot {
    path: PathBuf,
    taken_at: Timestamp,
    tables: Vec<SnapshotTable>,
    checker: Option<Mutex<Connection>>,
}

impl Snapshot {
    pub(crate) fn take(store: &Store, now: Timestamp) -> Result<Self, StoreError> {
        let folder = store.folder().join(FOLDER);
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}.sqlite", Uuid::now_v7()));
        // From here on the file goes with this value, whatever happens.
        let mut snapshot = Self { path, taken_at: now, tables: Vec::new(), checker: None };
        snapshot.tables = store.look_apart(|live| copy(live, &snapshot.path))?;
        snapshot.checker = Some(Mutex::new(checker(&snapshot.path)?));
        Ok(snapshot)
    }

    /// Removes what a process that died left behind.
    pub(crate) fn sweep(store: &Store) -> Result<(), StoreError> {
        match std::fs::remove_dir_all(store.folder().join(FOLDER)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The file: a database to be opened read-only.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// When it was taken, by the device's clock.
    #[must_use]
    pub const fn taken_at(&self) -> Timestamp {
        self.taken_at
    }

    /// What is in it.
    #[must_use]
    pub fn tables(&self) -> &[SnapshotTable] {
        &self.tables
    }

    /// Whether `sql` is one statement that reads from this copy and does nothing else: SQLite itself is asked what it would
    /// do. It writes nothing, changes no setting, and opens no other file.
    ///
    /// # Errors
    /// It is not.
    pub fn check(&self, sql: &str) -> Result<(), Refused> {
        let checker = self.checker.as_ref().ok_or(Refused::NotOne)?;
        let checker = checker.lock().unwrap_or_else(PoisonError::into_inner);
        // Text behind a NUL is read by some and not by others.
        if sql.contains('\0') {
            return Err(Refused::NotOne);
        }
        let (mut statements, mut batch) = (0, Batch::new(&checker, sql));
        while let Some(statement) = batch.next().map_err(|error| refusal(&error))? {
            if !statement.readonly() || statement.column_count() == 0 {
                return Err(Refused::NotReading);
            }
            statements += 1;
        }
        if statements == 1 { Ok(()) } else { Err(Refused::NotOne) }
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        // Windows deletes no file that is open.
        self.checker = None;
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%error, "a snapshot for support was not deleted; the next start does");
            }
            _ => {}
        }
    }
}

/// A connection that never runs anything and is told what each statement would do.
fn checker(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.authorizer(Some(|asked: AuthContext<'_>| match asked.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Function { function_name } if !function_name.eq_ignore_ascii_case("load_extension") => {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }))?;
    Ok(connection)
}

/// Why a statement could not be prepared.
fn refusal(error: &rusqlite::Error) -> Refused {
    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::AuthorizationForStatementDenied) {
        return Refused::NotReading;
    }
    match said(error) {
        message if message.starts_with("not authorized") => Refused::NotReading,
        message => Refused::Wrong(message),
    }
}

/// What SQLite said, without what rusqlite adds.
fn said(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        error => error.to_string(),
    }
}

fn copy(live: &Connection, path: &Path) -> Result<Vec<SnapshotTable>, StoreError> {
    let mut copy = Connection::open(path)?;
    // It is a copy: after a crash it is thrown away.
    copy.pragma_update(None, "journal_mode", "MEMORY")?;
    copy.pragma_update(None, "synchronous", "OFF")?;
    let transaction = copy.transaction()?;
    let mut tables = Vec::new();
    for name in TABLES {
        let rows = copy_table(live, &transaction, name)?;
        tables.push(SnapshotTable { name: name.to_owned(), rows });
    }
    transaction.commit()?;
    copy.close().map_err(|(_, error)| error)?;
    Ok(tables)
}

fn copy_table(live: &Connection, copy: &Connection, table: &str) -> Result<u32, StoreError> {
    let mut from = live.prepare(&format!("SELECT * FROM {table}"))?;
    let columns: Vec<String> = from.column_names().map(str::to_owned).collect();
    copy.execute_batch(&format!("CREATE TABLE {table} ({})", columns.join(", ")))?;
    let places = vec!["?"; columns.len()].join(", ");
    let mut into = copy.prepare(&format!("INSERT INTO {table} VALUES ({places})"))?;
    let mut rows = from.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let values: Result<Vec<Value>, StoreError> =
            columns.iter().enumerate().map(|(at, column)| shown(row, at, table, column)).collect();
        into.execute(params_from_iter(values?))?;
        count += 1;
    }
    Ok(count)
}

/// A value as it may be shown; ids as people write them.
fn shown(row: &Row<'_>, at: usize, table: &str, column: &str) -> Result<Value, StoreError> {
    let text = match row.get_ref(at)? {
        ValueRef::Null => return Ok(Value::Null),
        ValueRef::Integer(number) => return Ok(Value::Integer(number)),
        ValueRef::Real(number) => return Ok(Value::Real(number)),
        ValueRef::Blob(bytes) => {
            let id = Uuid::from_slice(bytes).map(|id| id.to_string());
            return Ok(Value::Text(id.unwrap_or_else(|_| scrub::HIDDEN.to_owned())));
        }
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
    };
    Ok(Value::Text(match (table, column) {
        ("settings", "value") => scrub::setting(&row.get::<_, String>("name")?, &text),
        ("records", "body") => scrub::body(&row.get::<_, String>("kind")?, &text),
        ("records", "shadow") | ("displaced", "state") | ("meanwhile", "theirs") => scrub::canonical(&text),
        ("corrections" | "replaced", "content") | ("meanwhile", "before") => scrub::content(&text),
        _ => text,
    }))
}
