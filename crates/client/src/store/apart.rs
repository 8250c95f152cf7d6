//! Looks at the whole store that take their time: by a connection of their own, so that nobody waits for them.

use gatebook_domain::Kind;
use gatebook_domain::record::Writer;
use rusqlite::{Connection, OpenFlags};
use serde::Serialize;

use super::row::{COLUMNS, RecordRow};
use super::{DATABASE, Store, corrections, look_by};
use crate::error::StoreError;

/// A record that leaves the device as a file, with everything that is needed to bring it in again.
#[derive(Debug, Serialize)]
pub(crate) struct LeavingRecord<'a> {
    id: uuid::Uuid,
    write_id: uuid::Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_id: Option<uuid::Uuid>,
    changed_at: jiff::Timestamp,
    base: Option<&'a gatebook_sync::Receipt>,
    content: &'a gatebook_sync::Content,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection: Option<&'a gatebook_sync::Rejection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shadow: Option<&'a gatebook_sync::Canonical>,
    /// A correction of what `shadow` says that is not submitted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_correction: bool,
}

impl<'a> From<&'a RecordRow> for LeavingRecord<'a> {
    fn from(row: &'a RecordRow) -> Self {
        Self {
            id: row.id,
            write_id: row.write_id,
            device_id: row.device_id,
            changed_at: row.changed_at,
            base: row.base.as_ref(),
            content: &row.content,
            rejection: row.rejection.as_ref(),
            shadow: row.shadow.as_ref(),
            is_correction: false,
        }
    }
}

/// A record that leaves the device as it lies there, because it cannot be read as what it should be.
#[derive(Debug, Serialize)]
pub(crate) struct UnreadableRecord {
    id: Option<uuid::Uuid>,
    write_id: Option<uuid::Uuid>,
    kind: String,
    unreadable: String,
    body: String,
}

/// A state that a restored server has yet to be offered.
#[derive(Debug, Serialize)]
pub(crate) struct OfferedState {
    state: serde_json::Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

impl Store {
    /// Runs `look` on one consistent state, while others go on.
    pub(crate) fn look_apart<T, E: From<StoreError>>(
        &self,
        look: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let path = self.folder().join(DATABASE);
        let mut connection =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(StoreError::from)?;
        connection.pragma_update(None, "query_only", true).map_err(StoreError::from)?;
        look_by(&mut connection, |connection| Ok(look(connection)))?
    }
}

/// A record that the server has not taken.
pub(crate) enum Waiting<'a> {
    Readable(LeavingRecord<'a>),
    Unreadable(UnreadableRecord),
}

/// Shows `each` record that the server has not taken, also those it rejected, in the order of their writes. One that
/// cannot be read stands in nobody's way.
pub(crate) fn each_waiting<E: From<StoreError>>(
    connection: &Connection,
    mut each: impl FnMut(&Waiting<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let sql = format!("SELECT {COLUMNS} FROM records WHERE pending_sync = 1 AND untouched = 0 ORDER BY write_id");
    let mut statement = connection.prepare(&sql).map_err(StoreError::from)?;
    let mut rows = statement.query([]).map_err(StoreError::from)?;
    while let Some(row) = rows.next().map_err(StoreError::from)? {
        match RecordRow::read(row) {
            Ok(read) => each(&Waiting::Readable(LeavingRecord::from(&read)))?,
            Err(error) => each(&Waiting::Unreadable(UnreadableRecord {
                id: row.get("id").ok(),
                write_id: row.get("write_id").ok(),
                kind: row.get("kind").unwrap_or_default(),
                unreadable: error.to_string(),
                body: row.get("body").unwrap_or_default(),
            }))?,
        }
    }
    for (id, correction) in corrections::all(connection)? {
        let Some(row) = RecordRow::find(connection, id)? else { continue };
        let corrected = row.as_canonical().or_else(|| row.shadow.clone());
        let row = RecordRow { write_id: correction.write_id, content: correction.content, shadow: corrected, ..row };
        each(&Waiting::Readable(LeavingRecord { is_correction: true, ..LeavingRecord::from(&row) }))?;
    }
    Ok(())
}

/// Shows `each` canonical state of the field's records that may be nowhere but here, since the server was restored.
pub(crate) fn each_offered<E: From<StoreError>>(
    connection: &Connection,
    mut each: impl FnMut(&OfferedState) -> Result<(), E>,
) -> Result<(), E> {
    let sql = format!("SELECT {COLUMNS} FROM records WHERE id IN (SELECT id FROM unconfirmed) ORDER BY id");
    let mut statement = connection.prepare(&sql).map_err(StoreError::from)?;
    let mut rows = statement.query([]).map_err(StoreError::from)?;
    while let Some(row) = rows.next().map_err(StoreError::from)? {
        let Ok(row) = RecordRow::read(row) else { continue };
        if let Some(state) = row.known().filter(|_| row.is_fields()) {
            let state = serde_json::to_value(state).expect("contract types are always JSON");
            each(&OfferedState { state, refused: None })?;
        }
    }
    let mut statement =
        connection.prepare("SELECT state, refused FROM displaced ORDER BY write_id").map_err(StoreError::from)?;
    let mut rows = statement.query([]).map_err(StoreError::from)?;
    while let Some(row) = rows.next().map_err(StoreError::from)? {
        let state: String = row.get(0).map_err(StoreError::from)?;
        let Ok(state) = serde_json::from_str::<serde_json::Value>(&state) else { continue };
        let kind = state["content"]["kind"].as_str().and_then(Kind::parse);
        if kind.is_some_and(|kind| kind.writer() == Writer::Field) {
            each(&OfferedState { state, refused: row.get(1).map_err(StoreError::from)? })?;
        }
    }
    Ok(())
}

/// How many records the server has not taken, also those it rejected, and corrections that are not submitted.
pub(crate) fn count_waiting(connection: &Connection) -> Result<u32, StoreError> {
    let sql = "SELECT (SELECT count(*) FROM records WHERE pending_sync = 1 AND untouched = 0) \
               + (SELECT count(*) FROM corrections)";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}
