//! The inbox: the server's notices to an operator, and changes of theirs that it would not take or could not handle.

use gatebook_domain::{Body, Kind};
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::row::RecordRow;
use super::{Store, stuck};
use crate::error::StoreError;
use crate::view::InboxItem;
use crate::words;

impl Store {
    /// Inbox items for an operator (for everybody while nobody is chosen), newest first.
    pub(crate) fn inbox(&self, operator_id: Option<Uuid>) -> Result<Vec<InboxItem>, StoreError> {
        self.read(|connection| {
            let mut read = connection.prepare_cached("SELECT version FROM inbox_read WHERE id = ?1")?;
            let mut unread = |id: Uuid, version: i64| -> Result<bool, StoreError> {
                let seen: Option<i64> = read.query_row([id], |row| row.get(0)).optional()?;
                Ok(seen.is_none_or(|seen| seen < version))
            };
            let mut items = Vec::new();
            for row in RecordRow::select(connection, "kind = ?1 AND state = 'live'", [Kind::Notice.as_str()])? {
                let Some(Body::Notice(notice)) = row.body() else { continue };
                if operator_id.is_some_and(|id| id != notice.addressee_id) {
                    continue;
                }
                let unread = unread(row.id, reading(&row))?;
                items.push(words::conflict_item(row.id, &notice, &row.content.zone, row.changed_at, unread));
            }
            for row in RecordRow::select(connection, "rejection IS NOT NULL", [])? {
                let theirs = operator_id.is_none() || row.content.operator_id.is_none_or(|id| Some(id) == operator_id);
                let (Some(rejection), Some(kind), true) = (&row.rejection, row.kind(), theirs) else { continue };
                let unread = unread(row.id, reading(&row))?;
                items.push(words::rejection_item(row.id, kind, &row.title, rejection, row.changed_at, unread));
            }
            for row in stuck::told(connection)? {
                let theirs = operator_id.is_none() || row.content.operator_id.is_none_or(|id| Some(id) == operator_id);
                let (Some(kind), true) = (row.kind(), theirs) else { continue };
                let unread = unread(row.id, reading(&row))?;
                items.push(words::stuck_item(row.id, kind, &row.title, row.changed_at, unread));
            }
            items.sort_by_key(|item| std::cmp::Reverse((item.at, item.id)));
            Ok(items)
        })
    }

    /// Notes that an inbox item was opened.
    pub(crate) fn mark_read(&self, id: Uuid) -> Result<(), StoreError> {
        self.write(|transaction| {
            let row = RecordRow::find(transaction, id)?.ok_or(StoreError::NotFound(id))?;
            transaction.execute(
                "INSERT OR REPLACE INTO inbox_read (id, version) VALUES (?1, ?2)",
                params![id, reading(&row)],
            )?;
            Ok(())
        })
    }
}

/// What grows when there is something new to read in the item: a notice's time of receipt, which outlives a restore of the
/// server, or a rejected change's time.
fn reading(row: &RecordRow) -> i64 {
    match (row.pending, &row.base) {
        (false, Some(base)) => base.received_at.as_microsecond(),
        _ => row.changed_at.as_microsecond(),
    }
}
