//! Pending writes that the server could not handle even alone. They block nothing, are tried again with each round, and
//! after a few rounds the operator is told.

use gatebook_sync::wire::Push;
use rusqlite::Connection;
use uuid::Uuid;

use super::row::RecordRow;
use super::{Store, pending, unanswered};
use crate::error::StoreError;

/// Rounds after which the operator is told.
const TOLD_AFTER: u32 = 3;
/// Writes tried again in one round; more of them as long as each gets through.
const RETRIED: u32 = 4;

impl Store {
    /// Notes that the server could not handle a write even alone.
    pub(crate) fn set_aside(&self, push: &Push, reason: &str) -> Result<(), StoreError> {
        self.write(|transaction| {
            put(transaction, push, reason)?;
            // Whatever has been edited or discarded since is no longer what was stuck.
            transaction.execute(
                "DELETE FROM stuck WHERE write_id NOT IN (SELECT write_id FROM records WHERE pending_sync = 1)",
                [],
            )?;
            Ok(())
        })
    }

    /// Writes to try again, each alone: those that failed least, first.
    pub(crate) fn set_aside_earlier(&self) -> Result<Vec<Push>, StoreError> {
        // Of what is still pending: what has been edited or discarded since takes no place.
        let condition = format!(
            "pending_sync = 1 AND rejection IS NULL AND write_id IN \
             (SELECT stuck.write_id FROM stuck JOIN records USING (write_id) \
              WHERE pending_sync = 1 AND rejection IS NULL ORDER BY rounds, stuck.write_id LIMIT {RETRIED})"
        );
        self.read(|connection| {
            let unanswered = unanswered::all(connection)?;
            let rows = RecordRow::select(connection, &condition, [])?;
            Ok(rows.into_iter().map(|row| pending::push(row, &unanswered)).collect())
        })
    }
}

/// A write got no verdict that this device could act on, once more.
pub(super) fn put(connection: &Connection, push: &Push, reason: &str) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO stuck (write_id, record_id, rounds, reason) VALUES (?1, ?2, 1, ?3)
         ON CONFLICT (write_id) DO UPDATE SET rounds = rounds + 1, reason = excluded.reason",
        (push.write_id, push.id, reason),
    )?;
    Ok(())
}

/// The server has judged the write.
pub(super) fn free(connection: &Connection, write_id: Uuid) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM stuck WHERE write_id = ?1")?.execute([write_id])?;
    Ok(())
}

/// Records whose pending write has been stuck for so long that the operator is told.
pub(super) fn told(connection: &Connection) -> Result<Vec<RecordRow>, StoreError> {
    let condition =
        "pending_sync = 1 AND rejection IS NULL AND write_id IN (SELECT write_id FROM stuck WHERE rounds >= ?1)";
    RecordRow::select(connection, condition, [TOLD_AFTER])
}
