//! What may be worth a notification, and what was told: decided and kept in one transaction, so that of the app and a
//! background round only one tells a thing, and no kill makes it be told twice.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::Connection;
use uuid::Uuid;

use super::row::RecordRow;
use super::{Store, confirmed, inbox, settings};
use crate::error::StoreError;
use crate::notifications::{Notification, NotificationKind, Situation, Unread, Watched, decide};
use crate::view::InboxWhat;

impl Store {
    /// What to tell now. From this moment it counts as told: a death before it is shown loses a notification, never
    /// what it is about, which stays in the inbox.
    pub(crate) fn to_tell(&self, now: Timestamp, watched: Watched) -> Result<Vec<Notification>, StoreError> {
        let look = |connection: &Connection| {
            let told = settings::get(connection, &settings::TOLD)?.unwrap_or_default();
            let decided = decide(now, &situation(connection)?, &told, watched);
            Ok((told != decided.1, decided))
        };
        // Mostly there is nothing new, and nothing is written.
        if !self.read(look)?.0 {
            return Ok(Vec::new());
        }
        self.write_quietly(|transaction| {
            let (_, (notifications, told)) = look(transaction)?;
            settings::put(transaction, &settings::TOLD, Some(&told))?;
            Ok(notifications)
        })
    }
}

fn situation(connection: &Connection) -> Result<Situation, StoreError> {
    let operator: Option<Uuid> = settings::get(connection, &settings::OPERATOR_ID)?;
    let shown = inbox::entries(connection, operator)?;
    let unread = shown.iter().filter(|entry| entry.item.unread).map(|entry| Unread {
        id: entry.item.id,
        kind: match entry.item.what {
            InboxWhat::ConflictKept | InboxWhat::ConflictSetAside | InboxWhat::ConflictSettled => {
                NotificationKind::Conflict
            }
            InboxWhat::Rejected => NotificationKind::Rejection,
        },
        record_kind: entry.item.record_kind,
        version: entry.version,
        read: entry.read,
    });
    let of_anybody = inbox::entries(connection, None)?;
    let attempts = settings::get(connection, &settings::ATTEMPTS)?.unwrap_or_default();
    Ok(Situation {
        unread: unread.collect(),
        unread_of_anybody: of_anybody.iter().filter(|entry| entry.item.unread).map(|entry| entry.item.id).collect(),
        photos_since: photos_since(connection)?,
        last_success_at: attempts.last_success_at,
    })
}

/// When each photo was taken whose bytes the server is not known to hold.
fn photos_since(connection: &Connection) -> Result<Vec<Timestamp>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT record_id, sha256 FROM photos WHERE held = 1 AND confirmed_ms IS NULL")?;
    let waiting = statement.query_map([], |row| Ok((row.get::<_, Uuid>(0)?, row.get::<_, String>(1)?)))?;
    let mut since: BTreeMap<String, Timestamp> = BTreeMap::new();
    for photo in waiting {
        let (id, sha256) = photo?;
        let Some(row) = RecordRow::find(connection, id)? else { continue };
        // Confirmed since the table was last brought up to date.
        if confirmed::is_stored(connection, id)? == Some(true) {
            continue;
        }
        let at = row.content.captured_at;
        since.entry(sha256).and_modify(|first| *first = at.min(*first)).or_insert(at);
    }
    Ok(since.into_values().collect())
}
