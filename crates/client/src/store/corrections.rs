//! Corrections of submitted reports. A report stays in force as it was signed until its correction is submitted as well;
//! until then the correction lies beside it, on this device alone.

use gatebook_sync::{Canonical, Content, Rejection, RejectionCode};
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::forms;
use super::row::{RecordRow, json, listed_as, unreadable};
use crate::error::StoreError;

/// A correction that is not submitted yet.
#[derive(Debug, Clone)]
pub(super) struct Correction {
    /// Names what it says now.
    pub write_id: Uuid,
    /// The write of the state that is corrected.
    pub begun_on: Uuid,
    pub content: Content,
}

/// The correction of that record, if there is one.
pub(super) fn find(connection: &Connection, record_id: Uuid) -> Result<Option<Correction>, StoreError> {
    let found: Option<(Uuid, Uuid, String)> = connection
        .prepare_cached("SELECT write_id, begun_on, content FROM corrections WHERE record_id = ?1")?
        .query_row([record_id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((write_id, begun_on, content)) = found else { return Ok(None) };
    let content = serde_json::from_str(&content).map_err(|source| unreadable("correction", source))?;
    Ok(Some(Correction { write_id, begun_on, content }))
}

/// Every record that has one, with what it says.
pub(super) fn all(connection: &Connection) -> Result<Vec<(Uuid, Correction)>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT record_id, write_id, begun_on, content FROM corrections ORDER BY record_id")?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let content: String = row.get(3)?;
        let content = serde_json::from_str(&content).map_err(|source| unreadable("correction", source))?;
        all.push((row.get(0)?, Correction { write_id: row.get(1)?, begun_on: row.get(2)?, content }));
    }
    Ok(all)
}

/// Whether the record has one.
pub(super) fn is_any(connection: &Connection, record_id: Uuid) -> Result<bool, StoreError> {
    Ok(connection.prepare_cached("SELECT 1 FROM corrections WHERE record_id = ?1")?.exists([record_id])?)
}

/// Keeps what a correction says.
pub(super) fn put(connection: &Connection, record_id: Uuid, correction: &Correction) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO corrections (record_id, write_id, begun_on, content) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((record_id, correction.write_id, correction.begun_on, json(&correction.content)))?;
    Ok(())
}

/// The record has none any more.
pub(super) fn remove(connection: &Connection, record_id: Uuid) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM corrections WHERE record_id = ?1")?.execute([record_id])?;
    forms::forget_replaced(connection)
}

/// The report that `row` holds leaves this device. Its correction takes the row's place: it is kept and shown, and not sent,
/// because sent unsubmitted it would take back what somebody has submitted.
pub(super) fn park(connection: &Connection, row: RecordRow, correction: Correction) -> Result<(), StoreError> {
    // What somebody has made of the report since then was not before the eyes of whoever corrects it.
    let base = if correction.begun_on == row.write_id {
        row.base
    } else {
        forms::replaced(connection, row.id, correction.begun_on)?.and_then(|report| report.base)
    };
    remove(connection, row.id)?;
    let (title, stage) = listed_as(&correction.content);
    let message = "The report that this corrects is in a yard that this device does not work for any more. Your correction \
                   is kept here, and goes on when the report is here again.";
    RecordRow {
        content: correction.content,
        write_id: correction.write_id,
        base,
        pending: true,
        rejection: Some(Rejection::new(RejectionCode::NotPermitted, message)),
        shadow: None,
        parked: true,
        title,
        stage,
        ..row
    }
    .put(connection)
}

/// The report is here again, and its correction lies beside it as before. If it is another one by now, that was not
/// before the eyes of whoever corrects it.
pub(super) fn unpark(connection: &Connection, row: RecordRow, report: Canonical) -> Result<(), StoreError> {
    let is_the_corrected = row.base.as_ref().is_some_and(|base| base.is_of_same_write(&report.receipt));
    let begun_on = if is_the_corrected { report.write_id } else { Uuid::nil() };
    let correction = Correction { write_id: row.write_id, begun_on, content: row.content };
    RecordRow::canonical(report).put(connection)?;
    put(connection, row.id, &correction)
}
