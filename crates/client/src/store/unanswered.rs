//! Own writes to which no answer has come. The server may have taken any of them, so whatever is written to the record
//! next names them: it was made with them in sight.

use std::collections::HashMap;

use gatebook_sync::wire::FOLLOWED;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::row::RecordRow;
use super::{Store, settings};
use crate::error::StoreError;

/// Requests with records in them, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Requests {
    /// How many were begun.
    begun: i64,
    /// The newest of them that may have arrived.
    may_have_arrived: i64,
}

impl Store {
    /// Notes, before anything is sent, that a request with records begins. Returns what was known before it.
    pub(crate) fn request_begins(&self) -> Result<Requests, StoreError> {
        self.write_quietly(|transaction| {
            let before = requests(transaction)?;
            let begun = before.begun + 1;
            settings::put(transaction, &settings::REQUESTS, Some(&Requests { begun, may_have_arrived: begun }))?;
            Ok(before)
        })
    }

    /// The request that was begun last certainly never left the device.
    pub(crate) fn request_never_left(&self, before: Requests) -> Result<(), StoreError> {
        self.write_quietly(|transaction| {
            let now = requests(transaction)?;
            let undone = Requests { may_have_arrived: before.may_have_arrived, ..now };
            settings::put(transaction, &settings::REQUESTS, Some(&undone))
        })
    }
}

fn requests(connection: &Connection) -> Result<Requests, StoreError> {
    Ok(settings::get(connection, &settings::REQUESTS)?.unwrap_or_default())
}

/// How many requests were begun before a write that is made now.
pub(super) fn requests_before(connection: &Connection) -> Result<i64, StoreError> {
    Ok(requests(connection)?.begun)
}

/// Whether the server may have the row's pending write without the device knowing its verdict.
fn may_have_been_sent(connection: &Connection, row: &RecordRow) -> Result<bool, StoreError> {
    let waits = row.pending && !row.untouched && row.rejection.is_none();
    Ok(waits && row.requests_before < requests(connection)?.may_have_arrived)
}

/// The row is about to get another write: the one it has stays in mind if it may have been sent.
pub(super) fn about_to_be_replaced(connection: &Connection, row: &RecordRow) -> Result<(), StoreError> {
    if may_have_been_sent(connection, row)? {
        connection
            .prepare_cached("INSERT INTO unanswered (record_id, write_id) VALUES (?1, ?2)")?
            .execute((row.id, row.write_id))?;
        connection
            .prepare_cached(
                "DELETE FROM unanswered WHERE record_id = ?1 AND place NOT IN \
                 (SELECT place FROM unanswered WHERE record_id = ?1 ORDER BY place DESC LIMIT ?2)",
            )?
            .execute((row.id, FOLLOWED))?;
    }
    Ok(())
}

/// Whether the server may hold a write of the row's of which the device knows no verdict.
pub(super) fn is_any(connection: &Connection, row: &RecordRow) -> Result<bool, StoreError> {
    Ok(may_have_been_sent(connection, row)? || is_among(connection, row.id, None)?)
}

/// Whether that write, or any, of the record is unanswered.
pub(super) fn is_among(connection: &Connection, record_id: Uuid, write_id: Option<Uuid>) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM unanswered WHERE record_id = ?1 AND (?2 IS NULL OR write_id = ?2)";
    Ok(connection.prepare_cached(sql)?.exists((record_id, write_id))?)
}

/// Whether any write of any record is unanswered.
pub(super) fn has_any(connection: &Connection) -> Result<bool, StoreError> {
    Ok(connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM unanswered)")?.query_row([], |row| row.get(0))?)
}

/// All of them by record, oldest first.
pub(super) fn all(connection: &Connection) -> Result<HashMap<Uuid, Vec<Uuid>>, StoreError> {
    let mut all: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    let mut statement = connection.prepare_cached("SELECT record_id, write_id FROM unanswered ORDER BY place")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        all.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    Ok(all)
}

/// What is known of a write on which a verdict has come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    /// Nothing was written to its record after it.
    pub is_pending: bool,
    /// It was not taken.
    pub is_rejected: bool,
    /// The record still is what it says.
    pub is_in_force: bool,
}

/// A verdict on a write has come. One that was rejected will never be taken. Otherwise the server also knows what became
/// of those before it: it took note of them with this one.
///
/// One that was taken, and is in force no more, stays in mind as long as something waits that was made after it: no receipt
/// of it has come that could be the base of that, and on the old base the server would not know what its writer had seen.
pub(super) fn judged(
    connection: &Connection,
    record_id: Uuid,
    write_id: Uuid,
    Judged { is_pending, is_rejected, is_in_force }: Judged,
) -> Result<(), StoreError> {
    if is_rejected {
        connection.prepare_cached("DELETE FROM unanswered WHERE write_id = ?1")?.execute([write_id])?;
        return Ok(());
    }
    if is_pending {
        return forget(connection, record_id);
    }
    let place: Option<i64> = connection
        .prepare_cached("SELECT place FROM unanswered WHERE record_id = ?1 AND write_id = ?2")?
        .query_row((record_id, write_id), |row| row.get(0))
        .optional()?;
    if let Some(place) = place {
        let up_to = if is_in_force { place } else { place - 1 };
        connection
            .prepare_cached("DELETE FROM unanswered WHERE record_id = ?1 AND place <= ?2")?
            .execute((record_id, up_to))?;
    }
    Ok(())
}

/// Nothing of the record is unanswered any more.
pub(super) fn forget(connection: &Connection, record_id: Uuid) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM unanswered WHERE record_id = ?1")?.execute([record_id])?;
    Ok(())
}
