//! Local history within bounds: finished records that are older than what this device keeps leave it, and their notices
//! with them. What is pending never does. By the server's times only; the device's clock decides nothing. A record that
//! comes back has its attachments with it.

use std::collections::HashSet;

use gatebook_domain::{Body, Kind, RecordState};
use gatebook_sync::{Epoch, Fingerprint, Receipt};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::row::RecordRow;
use super::{Store, photos, settings};
use crate::error::StoreError;

/// Days for which finished records are kept, unless it is set otherwise.
const DAYS: u32 = 30;
/// How often what is old is looked for.
const EVERY: SignedDuration = SignedDuration::from_hours(1);

/// From when on history is kept, as seen from a moment at the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Horizon {
    now: Timestamp,
    from: Timestamp,
}

impl Horizon {
    /// Whether that row is finished and older. An attachment goes after the record it belongs to.
    pub(super) fn is_over(&self, row: &RecordRow) -> bool {
        let is_record = row.is_fields() && row.kind() != Some(Kind::Attachment);
        let is_finished = is_record && (row.stage == "submitted" || row.content.state != RecordState::Live);
        is_finished && !row.pending && row.base.as_ref().is_some_and(|base| base.filed_at() < self.from)
    }
}

impl Store {
    /// For how many days finished records are kept on this device.
    pub(crate) fn history_days(&self) -> Result<u32, StoreError> {
        Ok(self.setting(&settings::HISTORY_DAYS)?.unwrap_or(DAYS))
    }

    /// Sets that. What is older goes with the next sync.
    pub(crate) fn keep_history(&self, days: u32) -> Result<(), StoreError> {
        self.write_quietly(|transaction| {
            settings::put(transaction, &settings::HISTORY_DAYS, Some(&days))?;
            settings::put::<Timestamp>(transaction, &settings::LET_GO_AT, None)
        })
    }
}

/// The horizon when the server's clock shows `now`.
pub(super) fn horizon(connection: &Connection, now: Timestamp) -> Result<Horizon, StoreError> {
    let days = settings::get(connection, &settings::HISTORY_DAYS)?.unwrap_or(DAYS);
    let from = now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN);
    Ok(Horizon { now, from })
}

/// Lets go what is older than the horizon, once an hour.
pub(super) fn let_go(connection: &Connection, horizon: &Horizon) -> Result<(), StoreError> {
    let last = settings::get(connection, &settings::LET_GO_AT)?;
    if last.is_some_and(|last: Timestamp| last.duration_until(horizon.now).abs() < EVERY) {
        return Ok(());
    }
    settings::put(connection, &settings::LET_GO_AT, Some(&horizon.now))?;
    let finished = format!(
        "kind IN ({}) AND (stage = 'submitted' OR state <> 'live') AND id NOT IN (SELECT record_id FROM corrections)",
        Kind::forms_in_sql()
    );
    let mut gone = 0_u32;
    for row in old_rows(connection, &finished, horizon)? {
        if horizon.is_over(&row) {
            gone += 1;
            remove(connection, &row, None)?;
        }
    }
    for row in old_rows(connection, "kind = 'attachment'", horizon)? {
        let Some(Body::Attachment(attachment)) = row.body() else { continue };
        if is_let_go(connection, attachment.parent_id)? && photos::let_go(connection, row.id)? {
            remove(connection, &row, Some(attachment.parent_id))?;
        }
    }
    for row in RecordRow::select(connection, "kind = ?1 AND pending_sync = 0", [Kind::Notice.as_str()])? {
        let about = match row.body() {
            Some(Body::Notice(notice)) => Some(notice.record_id),
            _ => None,
        };
        // A conflict about something finished long ago is news all the same.
        let is_old = row.base.as_ref().is_some_and(|base| base.filed_at() < horizon.from);
        if is_old && about.is_some_and(|id| is_let_go(connection, id).unwrap_or(false)) {
            remove(connection, &row, None)?;
            connection.execute("DELETE FROM inbox_read WHERE id = ?1", [row.id])?;
        }
    }
    if gone > 0 {
        tracing::info!(gone, "finished records left this device");
    }
    Ok(())
}

/// The synced rows of that sort (SQL) that were filed before the horizon. The receipts say when: all of them are looked at
/// here, and only the old rows are read.
fn old_rows(connection: &Connection, sort: &str, horizon: &Horizon) -> Result<Vec<RecordRow>, StoreError> {
    let sql = format!("SELECT id, received_at, mac FROM records WHERE pending_sync = 0 AND mac IS NOT NULL AND {sort}");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut old = Vec::new();
    while let Some(row) = rows.next()? {
        let received_at: String = row.get(1)?;
        let Ok(received_at) = received_at.parse() else { continue };
        let (epoch, version, seq) = (Epoch(0), 0, 0);
        let receipt = Receipt { epoch, version, seq, received_at, mac: row.get(2)? };
        if receipt.filed_at() < horizon.from {
            old.extend(RecordRow::find(connection, row.get(0)?)?);
        }
    }
    Ok(old)
}

/// Removes a row; `parent_id` is the record it is an attachment of.
fn remove(connection: &Connection, row: &RecordRow, parent_id: Option<Uuid>) -> Result<(), StoreError> {
    let Some(base) = &row.base else { return Ok(()) };
    note_let_go(connection, row.id, row.content.yard_id, Fingerprint::of(row.id, base))?;
    connection.prepare_cached("UPDATE let_go SET parent_id = ?2 WHERE id = ?1")?.execute((row.id, parent_id))?;
    RecordRow::delete(connection, row.id)
}

/// Attachments that were let go and whose record is here again.
pub(super) fn wanted(connection: &Connection) -> Result<Vec<Uuid>, StoreError> {
    let sql = "SELECT let_go.id FROM let_go JOIN records ON records.id = let_go.parent_id \
               WHERE let_go.parent_id IS NOT NULL ORDER BY let_go.id";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Notes that a record's state is not kept here.
pub(super) fn note_let_go(
    connection: &Connection,
    id: Uuid,
    yard_id: Option<Uuid>,
    fingerprint: Fingerprint,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO let_go (id, yard_id, fingerprint) VALUES (?1, ?2, ?3)")?
        .execute((id, yard_id, fingerprint.to_sql()))?;
    Ok(())
}

/// Whether the record was let go in just that state.
pub(super) fn is_let_go_as(connection: &Connection, id: Uuid, fingerprint: Fingerprint) -> Result<bool, StoreError> {
    let found: Option<i64> = connection
        .prepare_cached("SELECT fingerprint FROM let_go WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(found == Some(fingerprint.to_sql()))
}

/// Whether the record was let go.
pub(super) fn is_let_go(connection: &Connection, id: Uuid) -> Result<bool, StoreError> {
    let mut found = connection.prepare_cached("SELECT 1 FROM let_go WHERE id = ?1")?;
    Ok(found.query_row([id], |_| Ok(())).optional()?.is_some())
}

/// Whether any record was let go.
pub(super) fn has_let_go(connection: &Connection) -> Result<bool, StoreError> {
    Ok(connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM let_go)")?.query_row([], |row| row.get(0))?)
}

/// Which records were let go.
pub(super) fn all(connection: &Connection) -> Result<HashSet<Uuid>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM let_go")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Forgets that the record was let go; returns whether it was.
pub(super) fn take_back(connection: &Connection, id: Uuid) -> Result<bool, StoreError> {
    Ok(connection.prepare_cached("DELETE FROM let_go WHERE id = ?1")?.execute([id])? > 0)
}
