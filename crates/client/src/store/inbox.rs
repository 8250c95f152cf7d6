//! The inbox: the server's notices to an operator, changes of theirs that it would not take or could not handle, and
//! changes of which nobody knows whose they are.

use gatebook_domain::{Body, Kind};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::row::RecordRow;
use super::{Store, reference, stuck, unreadable, unsigned};
use crate::error::StoreError;
use crate::notifications::NotificationKind;
use crate::view::InboxItem;
use crate::words;

impl Store {
    /// Inbox items for an operator (for everybody while nobody is chosen), newest first.
    pub(crate) fn inbox(&self, operator_id: Option<Uuid>) -> Result<Vec<InboxItem>, StoreError> {
        let entries = self.read(|connection| entries(connection, operator_id))?;
        Ok(entries.into_iter().map(|entry| entry.item).collect())
    }

    /// Notes that an inbox item was opened.
    pub(crate) fn mark_read(&self, id: Uuid) -> Result<(), StoreError> {
        self.write(|transaction| {
            let row = RecordRow::find(transaction, id)?.ok_or(StoreError::NotFound(id))?;
            transaction.execute(
                "INSERT OR REPLACE INTO inbox_read (id, version) VALUES (?1, ?2)",
                params![id, reading(&row).as_microsecond()],
            )?;
            Ok(())
        })
    }
}

/// An inbox item, with what tells whether there is something new in it.
pub(super) struct Entry {
    pub item: InboxItem,
    /// As what the system tells of it; `None` while the server has said nothing.
    pub told_as: Option<NotificationKind>,
    /// Grows when there is something new to read.
    pub version: i64,
    /// The version that was opened last, if any was.
    pub read: Option<i64>,
}

/// The inbox of an operator (of everybody while nobody is chosen), newest first.
pub(super) fn entries(connection: &Connection, operator_id: Option<Uuid>) -> Result<Vec<Entry>, StoreError> {
    let mut opened = connection.prepare_cached("SELECT version FROM inbox_read WHERE id = ?1")?;
    let mut entries = Vec::new();
    let yard = |id| reference::yard_name(connection, id).ok().flatten();
    let mut list = |row: &RecordRow, told_as, item: &dyn Fn(bool) -> InboxItem| -> Result<(), StoreError> {
        let version = reading(row).as_microsecond();
        let read: Option<i64> = opened.query_row([row.id], |row| row.get(0)).optional()?;
        entries.push(Entry { item: item(read.is_none_or(|read| read < version)), told_as, version, read });
        Ok(())
    };
    let (conflict, rejection) = (Some(NotificationKind::Conflict), Some(NotificationKind::Rejection));
    for row in RecordRow::select(connection, "kind = ?1 AND state <> 'voided'", [Kind::Notice.as_str()])? {
        let Some(Body::Notice(notice)) = row.body() else { continue };
        if operator_id.is_some_and(|id| id != notice.addressee_id) {
            continue;
        }
        let (id, zone, at) = (row.id, row.content.zone.as_str(), reading(&row));
        list(&row, conflict, &|unread| {
            words::conflict_item(&notice, &words::Shown { id, zone, at, unread, yard: &yard })
        })?;
    }
    let is_theirs = |row: &RecordRow| {
        let whose = row.content.operator_id;
        !unsigned::is_unsigned(row) && (operator_id.is_none() || whose.is_none() || whose == operator_id)
    };
    for row in RecordRow::select(connection, "rejection IS NOT NULL", [])? {
        let (Some(why), Some(kind), true) = (&row.rejection, row.kind(), is_theirs(&row)) else { continue };
        list(&row, rejection, &|unread| words::rejection_item(row.id, kind, &row.title, why, row.changed_at, unread))?;
    }
    for row in stuck::told(connection)? {
        let (Some(kind), true) = (row.kind(), is_theirs(&row)) else { continue };
        list(&row, rejection, &|unread| words::stuck_item(row.id, kind, &row.title, row.changed_at, unread))?;
    }
    let unreadable = unreadable::rows(connection)?;
    if let Some(first) = unreadable.first() {
        list(first, None, &|unread| words::unreadable_item(first.id, unreadable.len(), first.changed_at, unread))?;
    }
    // Whose they are is not known, so everybody is asked.
    for unsigned in unsigned::all(connection)? {
        let (row, record) = (&unsigned.row, unsigned.record());
        let Some(kind) = record.kind() else { continue };
        list(row, rejection.filter(|_| row.rejection.is_some()), &|unread| {
            words::unsigned_item(row.id, record.id, kind, &record.title, row.changed_at, unread)
        })?;
    }
    entries.sort_by_key(|entry| std::cmp::Reverse((entry.item.at, entry.item.id)));
    Ok(entries)
}

/// What grows when there is something new to read in the item: when the server told the conflict, which outlives a restore
/// and what is brought up to date in a notice without being news, or a rejected change's time. A server that does not say
/// when it told the conflict has told with each version of the notice.
fn reading(row: &RecordRow) -> Timestamp {
    let told_at = match row.body() {
        Some(Body::Notice(notice)) => notice.told_at,
        _ => None,
    };
    match (row.pending, &row.base) {
        (false, Some(base)) => told_at.unwrap_or(base.received_at),
        _ => row.changed_at,
    }
}
