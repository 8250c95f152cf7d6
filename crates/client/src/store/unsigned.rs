//! Changes that wait here and name nobody: made before an operator had to be chosen, or by an app from before that. They
//! are sent as they are, so that the server keeps them whatever becomes of this device; one that asks for a name does not
//! take them. Here it is asked who it was, and the answer is a write of its own, which goes by itself. What was not taken
//! for another reason wants a decision, not a name, and is told as any rejection; whoever corrects it is named by that.

use std::collections::BTreeSet;

use gatebook_domain::Body;
use gatebook_sync::{Content, RejectionCode};
use jiff::Timestamp;
use rusqlite::Connection;
use uuid::Uuid;

use super::row::RecordRow;
use super::{Store, unanswered};
use crate::error::StoreError;

const UNSIGNED: &str = "pending_sync = 1 AND operator_id IS NULL \
     AND (rejection IS NULL OR rejection ->> '$.code' = 'not_permitted')";

/// Something of which it is asked who it was.
pub(super) struct Unsigned {
    /// What waits: the record itself, or the first of its attachments where only these do.
    pub row: RecordRow,
    /// The record it is about, if it is here.
    pub record: Option<RecordRow>,
}

impl Unsigned {
    /// The record it is about.
    pub(super) fn record(&self) -> &RecordRow {
        self.record.as_ref().unwrap_or(&self.row)
    }
}

/// Everything of which it is to be asked who it was, each record once, with its attachments.
pub(super) fn all(connection: &Connection) -> Result<Vec<Unsigned>, StoreError> {
    let rows = RecordRow::select(connection, &format!("{UNSIGNED} ORDER BY id"), [])?;
    let mut asked: BTreeSet<Uuid> = rows.iter().filter(|row| parent_of(row).is_none()).map(|row| row.id).collect();
    let mut found = Vec::new();
    for row in rows {
        match parent_of(&row) {
            None => found.push(Unsigned { row, record: None }),
            // The first of several attachments asks for them all.
            Some(parent) if asked.insert(parent) => {
                found.push(Unsigned { row, record: RecordRow::find(connection, parent)? });
            }
            Some(_) => {}
        }
    }
    Ok(found)
}

/// Whether it is to be asked who it was that changed this record or took its photos.
pub(super) fn concerns(connection: &Connection, row: &RecordRow) -> Result<bool, StoreError> {
    if is_unsigned(row) {
        return Ok(true);
    }
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM records WHERE kind = 'attachment' AND body ->> '$.parent_id' = ?1 AND {UNSIGNED})"
    );
    Ok(connection.prepare_cached(&sql)?.query_row([row.id.to_string()], |row| row.get(0))?)
}

/// Whether what waits there names nobody.
pub(super) fn is_unsigned(row: &RecordRow) -> bool {
    let wants_a_name = row.rejection.as_ref().is_none_or(|why| why.code == RejectionCode::NotPermitted);
    row.pending && row.content.operator_id.is_none() && wants_a_name
}

fn parent_of(row: &RecordRow) -> Option<Uuid> {
    match row.body() {
        Some(Body::Attachment(attachment)) => Some(attachment.parent_id),
        _ => None,
    }
}

impl Store {
    /// Says who changed a record and took its photos, where what waits names nobody: each becomes a new write, which says
    /// what it said and is sent by itself. What names somebody stays as it is.
    pub(crate) fn name_author(
        &self,
        record_id: Uuid,
        operator_id: Uuid,
        device_id: Uuid,
        now: Timestamp,
        new_id: impl Fn() -> Uuid,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            for row in RecordRow::select(transaction, &format!("{UNSIGNED} ORDER BY id"), [])? {
                if row.id != record_id && parent_of(&row) != Some(record_id) {
                    continue;
                }
                unanswered::about_to_be_replaced(transaction, &row)?;
                // When it was made stays what it was: only whose it is was missing.
                let content = Content { operator_id: Some(operator_id), ..row.content };
                RecordRow {
                    content,
                    write_id: new_id(),
                    device_id: Some(device_id),
                    rejection: None,
                    changed_at: now,
                    requests_before: unanswered::requests_before(transaction)?,
                    ..row
                }
                .put(transaction)?;
            }
            Ok(())
        })
    }
}
