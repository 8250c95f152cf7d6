//! What the server says of photos' bytes, and since when in kept time.

use gatebook_domain::{Body, Kind};
use gatebook_sync::deliberate;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use uuid::Uuid;

use super::row::RecordRow;
use super::{Store, settings};
use crate::error::StoreError;
use crate::photos::{Clocks, KeptTime};

/// Looks at the clocks, beside the newest time the server has told.
type Look<'a> = &'a dyn Fn(Option<Timestamp>) -> Clocks;

impl Store {
    /// Notes which photos the server holds since when, in kept time; what it no longer says it holds waits again. Returns
    /// that time. A round may commit the server's clock and its word on photos at any moment: both are seen in one state,
    /// so that no photo is confirmed at a time from before what the clock has just made good.
    pub(crate) fn note_confirmed(&self, look: Look<'_>) -> Result<u64, StoreError> {
        let (time, changed) = self.read(|connection| Ok((time(connection, look)?, newly_said(connection)?)))?;
        if changed.is_empty() && !time.is_worth_storing {
            return Ok(time.now_ms);
        }
        let note = |transaction: &Transaction<'_>| {
            let now_ms = pass_time(transaction, look)?;
            for (id, is) in newly_said(transaction)? {
                transaction
                    .prepare_cached("UPDATE photos SET confirmed_ms = ?2, denied = 0 WHERE record_id = ?1")?
                    .execute(params![id, is.then_some(now_ms)])?;
            }
            Ok(now_ms)
        };
        if changed.is_empty() { self.write_quietly(note) } else { self.write(note) }
    }

    /// Notes what the server says, at that time of its, of bytes whose record is no longer here, gone with its yard or given
    /// up: nothing else tells of them. Returns whether they are of such a record.
    ///
    /// Its time is kept in the same step. Made good only later, the hours for which the device was off would count for what
    /// was confirmed after them.
    pub(crate) fn note_said(
        &self,
        sha256: &str,
        is_held: bool,
        told_at: Option<Timestamp>,
        look: Look<'_>,
    ) -> Result<bool, StoreError> {
        let is_orphan = "sha256 = ?1 AND held = 1 AND record_id NOT IN (SELECT id FROM records)";
        let differs = self.read(|connection| {
            let sql = format!("SELECT 1 FROM photos WHERE {is_orphan} AND (confirmed_ms IS NOT NULL) <> ?2");
            Ok(connection.prepare_cached(&sql)?.exists(params![sha256, is_held])?)
        })?;
        if differs {
            self.write(|transaction| {
                if told_at.is_some() {
                    settings::put(transaction, &settings::SERVER_TIME, told_at.as_ref())?;
                } else {
                    doubt_time(transaction)?;
                }
                let now_ms = pass_time(transaction, look)?;
                let sql = format!("UPDATE photos SET confirmed_ms = ?2, denied = 0 WHERE {is_orphan}");
                transaction.prepare_cached(&sql)?.execute(params![sha256, is_held.then_some(now_ms)])?;
                Ok(())
            })?;
        }
        Ok(differs)
    }
}

/// The server says that its clock is in doubt.
pub(super) fn doubt_time(connection: &Connection) -> Result<(), StoreError> {
    match settings::get(connection, &settings::KEPT_TIME)? {
        Some(kept) => settings::put(connection, &settings::KEPT_TIME, Some(&KeptTime::while_in_doubt(kept))),
        None => Ok(()),
    }
}

/// Time that has surely passed, as it is now.
struct Time {
    kept: KeptTime,
    is_worth_storing: bool,
    now_ms: u64,
}

fn time(connection: &Connection, look: Look<'_>) -> Result<Time, StoreError> {
    let before: KeptTime = settings::get(connection, &settings::KEPT_TIME)?.unwrap_or_default();
    let clocks = look(settings::get(connection, &settings::SERVER_TIME)?);
    let kept = before.after(clocks);
    let now_ms = if deliberate!(EvictByWallClock) {
        u64::try_from(clocks.wall.as_millisecond()).unwrap_or(0)
    } else {
        kept.total_ms()
    };
    Ok(Time { kept, is_worth_storing: kept.is_worth_storing(before), now_ms })
}

/// Counts on, and returns the milliseconds that have surely passed.
fn pass_time(transaction: &Transaction<'_>, look: Look<'_>) -> Result<u64, StoreError> {
    let time = time(transaction, look)?;
    if time.is_worth_storing {
        settings::put(transaction, &settings::KEPT_TIME, Some(&time.kept))?;
    }
    Ok(time.now_ms)
}

/// The attachments of which the records say something else than was noted: whether the server holds the bytes.
fn newly_said(connection: &Connection) -> Result<Vec<(Uuid, bool)>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT record_id, confirmed_ms IS NOT NULL FROM photos WHERE held = 1")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, Uuid>(0)?, row.get::<_, bool>(1)?)))?;
    let mut changed = Vec::new();
    for row in rows {
        let (id, was) = row?;
        let Some(is) = is_stored(connection, id)? else { continue };
        if is != was && !(was && deliberate!(ConfirmedForEver)) {
            changed.push((id, is));
        }
    }
    Ok(changed)
}

/// Whether the newest canonical state that is known of the attachment says that the server holds the bytes; `None` if the
/// attachment is no longer here.
pub(super) fn is_stored(connection: &Connection, id: Uuid) -> Result<Option<bool>, StoreError> {
    let sha256: Option<String> = connection
        .prepare_cached("SELECT sha256 FROM photos WHERE record_id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let Some(row) = RecordRow::find(connection, id)? else { return Ok(None) };
    Ok(Some(sha256.is_some_and(|sha256| says_stored(&row, &sha256))))
}

/// Whether the newest canonical state that is known of an attachment says that the server holds those bytes.
fn says_stored(row: &RecordRow, sha256: &str) -> bool {
    row.known().is_some_and(|canonical| match Body::from_json(Kind::Attachment, canonical.content.body.get()) {
        Ok(Body::Attachment(stored)) => stored.stored_at.is_some() && stored.sha256 == sha256,
        _ => false,
    })
}

/// An attachment changes: bytes that the server no longer says it holds wait again from this very step on. Somebody else
/// may bring them before anybody looks, and their time is to begin with that.
pub(super) fn heed(connection: &Connection, row: &RecordRow) -> Result<(), StoreError> {
    let confirmed: Option<String> = connection
        .prepare_cached("SELECT sha256 FROM photos WHERE record_id = ?1 AND confirmed_ms IS NOT NULL")?
        .query_row([row.id], |row| row.get(0))
        .optional()?;
    if confirmed.is_some_and(|sha256| !says_stored(row, &sha256)) && !deliberate!(ConfirmedForEver) {
        connection.prepare_cached("UPDATE photos SET confirmed_ms = NULL WHERE record_id = ?1")?.execute([row.id])?;
    }
    Ok(())
}
