//! Local history within bounds: finished records that are older than what this device keeps leave it, and their notices
//! and assignments with them. Of reference data only what the office struck out leaves, once nothing here names it. What is
//! pending never does. By the server's times only; the device's clock decides nothing. A record that comes back has its
//! attachments with it, and so has what names reference data that left.

use gatebook_domain::{Body, Kind, RecordState};
use gatebook_sync::{Epoch, Fingerprint, Receipt};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::row::RecordRow;
use super::{Store, named, photos, settings};
use crate::error::StoreError;

/// Days for which finished records are kept, unless it is set otherwise.
const DAYS: u32 = 30;
/// How often what is old is looked for.
const EVERY: SignedDuration = SignedDuration::from_hours(1);
/// Synced records that are finished, with what tells when they were filed. One that is being corrected is not.
const FINISHED: &str = "SELECT id, received_at, mac FROM records \
     WHERE kind IN ('inspection', 'gate_event', 'interchange') AND (stage = 'submitted' OR state <> 'live') \
     AND pending_sync = 0 AND mac IS NOT NULL AND id NOT IN (SELECT record_id FROM corrections)";
const ATTACHMENTS: &str =
    "SELECT id, received_at, mac FROM records WHERE kind = 'attachment' AND pending_sync = 0 AND mac IS NOT NULL";
const ASSIGNMENTS: &str =
    "SELECT id, received_at, mac FROM records WHERE kind = 'assignment' AND pending_sync = 0 AND mac IS NOT NULL";
/// Of reference data only what the office struck out: records are made of it, and offline nobody can fetch it.
const STRUCK_OUT: &str = "SELECT id, received_at, mac FROM records \
     WHERE kind IN ('yard', 'operator', 'carrier', 'equipment', 'template') AND state = 'voided' \
     AND pending_sync = 0 AND mac IS NOT NULL";

/// What is left of a record that leaves, beside what consistency checks need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaving {
    /// A record, a notice or an assignment.
    Record,
    /// An attachment of that record: when that comes back, it is asked for.
    AttachmentOf(Uuid),
    /// Reference data: when something names it, it is asked for.
    Reference,
}

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
    let mut gone = 0_u32;
    for row in old_rows(connection, FINISHED, horizon)? {
        if horizon.is_over(&row) {
            gone += 1;
            remove(connection, &row, Leaving::Record)?;
        }
    }
    for row in old_rows(connection, ATTACHMENTS, horizon)? {
        let Some(Body::Attachment(attachment)) = row.body() else { continue };
        if is_let_go(connection, attachment.parent_id)? && photos::let_go(connection, row.id)? {
            remove(connection, &row, Leaving::AttachmentOf(attachment.parent_id))?;
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
            remove(connection, &row, Leaving::Record)?;
            connection.execute("DELETE FROM inbox_read WHERE id = ?1", [row.id])?;
        }
    }
    let_go_assignments(connection, horizon)?;
    let_go_references(connection, horizon)?;
    if gone > 0 {
        tracing::info!(gone, "finished records left this device");
    }
    Ok(())
}

/// An assignment is done when the inspection that it led to was let go, or the office has taken it back.
fn let_go_assignments(connection: &Connection, horizon: &Horizon) -> Result<(), StoreError> {
    for row in old_rows(connection, ASSIGNMENTS, horizon)? {
        let Some(Body::Assignment(assignment)) = row.body() else { continue };
        if row.content.state != RecordState::Live || is_let_go(connection, assignment.inspection_id)? {
            remove(connection, &row, Leaving::Record)?;
        }
    }
    Ok(())
}

/// What the office struck out of the reference data, and nothing here names.
fn let_go_references(connection: &Connection, horizon: &Horizon) -> Result<(), StoreError> {
    let struck_out = old_rows(connection, STRUCK_OUT, horizon)?;
    // Only where something may leave everything is looked through.
    if struck_out.is_empty() {
        return Ok(());
    }
    let named = named::all(connection)?;
    for row in struck_out.iter().filter(|row| !named.contains(&row.id)) {
        remove(connection, row, Leaving::Reference)?;
    }
    Ok(())
}

/// Those of the rows that the statement finds that were filed before the horizon. The receipts say when: all of them are
/// looked at here, and only the old rows are read.
fn old_rows(connection: &Connection, sql: &str, horizon: &Horizon) -> Result<Vec<RecordRow>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
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

fn remove(connection: &Connection, row: &RecordRow, leaving: Leaving) -> Result<(), StoreError> {
    let Some(base) = &row.base else { return Ok(()) };
    note_let_go(connection, row.id, row.content.yard_id, Fingerprint::of(row.id, base), leaving)?;
    RecordRow::delete(connection, row.id)
}

/// Notes that a record's state is not kept here.
pub(super) fn note_let_go(
    connection: &Connection,
    id: Uuid,
    yard_id: Option<Uuid>,
    fingerprint: Fingerprint,
    leaving: Leaving,
) -> Result<(), StoreError> {
    let parent_id = if let Leaving::AttachmentOf(parent_id) = leaving { Some(parent_id) } else { None };
    connection.prepare_cached(include_str!("put_let_go.sql"))?.execute((
        id,
        yard_id,
        fingerprint.to_sql(),
        parent_id,
        leaving == Leaving::Reference,
    ))?;
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

/// Forgets that the record was let go; returns whether it was.
pub(super) fn take_back(connection: &Connection, id: Uuid) -> Result<bool, StoreError> {
    Ok(connection.prepare_cached("DELETE FROM let_go WHERE id = ?1")?.execute([id])? > 0)
}

#[cfg(test)]
mod tests {
    use gatebook_domain::Kind;

    use super::FINISHED;

    #[test]
    fn what_is_finished_is_looked_for_among_forms_of_every_kind() {
        let forms = format!("WHERE kind IN ({}) AND", Kind::forms_in_sql());
        assert!(FINISHED.contains(&forms), "they are written out for the planner");
    }
}
