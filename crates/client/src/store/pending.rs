//! What waits for the server, as a query: the next page of pending records.

use std::collections::{BTreeMap, HashMap};

use gatebook_sync::wire::{Limits, Push, ServerIdentity};
use gatebook_sync::{Epoch, Scope};
use rusqlite::Connection;
use uuid::Uuid;

use super::row::{COLUMNS, RecordRow};
use super::{Store, settings, unanswered};
use crate::error::StoreError;

/// What the next request carries.
#[derive(Debug, Clone)]
pub struct PushPage {
    /// Pending records, current state each.
    pub push: Vec<Push>,
    /// More wait behind these.
    pub more: bool,
    /// The server epoch this device knows.
    pub epoch: Option<Epoch>,
    /// Up to where it has everything.
    pub cursors: BTreeMap<Scope, u64>,
    /// What the server gave to be shown again.
    pub mark: Option<String>,
    /// The server this device belongs to, as far as it knows.
    pub server: Option<ServerIdentity>,
}

/// Roughly what a record's envelope adds to its body in the request's JSON, with some room.
pub(super) const ENVELOPE_BYTES: usize = 700;
/// What a write that it follows adds.
const WRITE_ID_BYTES: usize = 40;

impl Store {
    /// How far this device has come in that scope's feed; `None` if it does not receive it.
    ///
    /// # Errors
    /// The database failed.
    pub fn cursor(&self, scope: Scope) -> Result<Option<u64>, StoreError> {
        self.read(|connection| Ok(cursors(connection)?.get(&scope).copied()))
    }

    /// The page of pending records whose writes come after `after`, within the limits; one record always fits.
    ///
    /// # Errors
    /// The database failed.
    pub fn push_page(&self, after: Option<Uuid>, limits: Limits) -> Result<PushPage, StoreError> {
        self.read(|connection| {
            let (push, more) = pending(connection, after.unwrap_or(Uuid::nil()), limits)?;
            let enrolment = settings::get(connection, &settings::ENROLMENT)?;
            Ok(PushPage {
                push,
                more,
                epoch: settings::get(connection, &settings::EPOCH)?,
                cursors: cursors(connection)?,
                mark: settings::get(connection, &settings::MARK)?,
                server: enrolment.and_then(|enrolment| enrolment.server),
            })
        })
    }

    /// How many records wait for a round.
    ///
    /// # Errors
    /// The database failed.
    pub fn pending_count(&self) -> Result<u32, StoreError> {
        self.read(count)
    }

    /// How much waits in all: those records, and the photos that the server is not yet known to hold.
    ///
    /// # Errors
    /// The database failed.
    pub fn waiting_count(&self) -> Result<u32, StoreError> {
        self.read(|connection| {
            let photos: u32 = connection
                .prepare_cached("SELECT count(DISTINCT sha256) FROM photos WHERE held = 1 AND confirmed_ms IS NULL")?
                .query_row([], |row| row.get(0))?;
            Ok(count(connection)?.saturating_add(photos))
        })
    }
}

/// Whether anything waits for a round that has not been found to be stuck.
pub(super) fn has_fresh_work(connection: &Connection) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM records WHERE pending_sync = 1 AND rejection IS NULL AND untouched = 0 \
             AND write_id NOT IN (SELECT write_id FROM stuck))",
        )?
        .query_row([], |row| row.get(0))?)
}

/// How many records wait for a round.
pub(super) fn count(connection: &Connection) -> Result<u32, StoreError> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM records WHERE pending_sync = 1 AND rejection IS NULL AND untouched = 0")?
        .query_row([], |row| row.get(0))?)
}

fn pending(connection: &Connection, after: Uuid, limits: Limits) -> Result<(Vec<Push>, bool), StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM records WHERE pending_sync = 1 AND rejection IS NULL AND untouched = 0 AND write_id > ?1 \
         AND write_id NOT IN (SELECT write_id FROM stuck) ORDER BY write_id"
    ))?;
    let mut rows = statement.query([after])?;
    let unanswered = unanswered::all(connection)?;
    let (mut page, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let push = push(RecordRow::read(row)?, &unanswered);
        bytes += push.content.body.get().len() + push.follows.len() * WRITE_ID_BYTES + ENVELOPE_BYTES;
        let full = page.len() >= limits.page_records as usize || bytes > limits.page_bytes as usize;
        if full && !page.is_empty() {
            return Ok((page, true));
        }
        page.push(push);
    }
    Ok((page, false))
}

/// The row's pending write, as it is sent.
pub(super) fn push(row: RecordRow, unanswered: &HashMap<Uuid, Vec<Uuid>>) -> Push {
    Push {
        id: row.id,
        write_id: row.write_id,
        base: row.base,
        follows: unanswered.get(&row.id).cloned().unwrap_or_default(),
        withdraws: row.withdraws,
        content: row.content,
    }
}

pub(super) fn cursors(connection: &Connection) -> Result<BTreeMap<Scope, u64>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT scope, cursor FROM cursors")?;
    let mut rows = statement.query([])?;
    let mut cursors = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let scope: String = row.get(0)?;
        let scope = scope.parse().map_err(|source: <Scope as std::str::FromStr>::Err| StoreError::Unreadable {
            what: "cursor",
            source: Box::new(source),
        })?;
        cursors.insert(scope, row.get(1)?);
    }
    Ok(cursors)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{edited, recorded, store};
    use super::*;

    fn limits(page_records: u32, page_bytes: u32) -> Limits {
        Limits { page_records, page_bytes, ..Limits::default() }
    }

    #[test]
    fn a_page_holds_no_more_records_than_allowed_and_the_next_goes_on_behind_it() {
        let (_folder, store) = store();
        let ids: Vec<Uuid> = (0..5).map(|at| recorded(&store, &at.to_string())).collect();
        let first = store.push_page(None, limits(3, u32::MAX)).unwrap();
        assert_eq!(first.push.iter().map(|push| push.id).collect::<Vec<_>>(), ids[..3]);
        assert!(first.more);
        let second = store.push_page(first.push.last().map(|push| push.write_id), limits(3, u32::MAX)).unwrap();
        assert_eq!(second.push.iter().map(|push| push.id).collect::<Vec<_>>(), ids[3..]);
        assert!(!second.more);
    }

    #[test]
    fn a_page_holds_no_more_bytes_than_allowed() {
        let (_folder, store) = store();
        for _ in 0..5 {
            recorded(&store, &"long ".repeat(200));
        }
        assert_eq!(store.push_page(None, limits(100, 4_000)).unwrap().push.len(), 2);
    }

    #[test]
    fn one_record_always_fits() {
        let (_folder, store) = store();
        recorded(&store, &"long ".repeat(200));
        assert_eq!(store.push_page(None, limits(1, 1)).unwrap().push.len(), 1);
    }

    #[test]
    fn a_record_that_is_edited_while_a_round_runs_comes_behind_the_others_under_its_new_write() {
        let (_folder, store) = store();
        let (first, second) = (recorded(&store, "first"), recorded(&store, "second"));
        edited(&store, first, "edited");
        let page = store.push_page(None, Limits::default()).unwrap();
        assert_eq!(page.push.iter().map(|push| push.id).collect::<Vec<_>>(), [second, first]);
    }
}
