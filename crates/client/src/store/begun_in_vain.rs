//! Records that were begun and left with nothing in them: a tap too many, or one on the wrong thing. They are kept no
//! longer than their form is on the screen, and no colleague ever sees them.

use gatebook_domain::RecordState;
use gatebook_domain::unknown::says_unknown;
use rusqlite::Connection;
use uuid::Uuid;

use super::row::RecordRow;
use super::{corrections, forms, settings, unanswered};
use crate::error::StoreError;

/// Removes the record if nobody has entered anything in it, nothing is attached to it, and the server cannot have it.
/// Returns whether it did.
pub(super) fn remove(connection: &Connection, id: Uuid) -> Result<bool, StoreError> {
    let Some(row) = RecordRow::find(connection, id)? else { return Ok(false) };
    let is_only_here = row.pending && row.base.is_none() && row.shadow.is_none() && row.rejection.is_none();
    let says_nothing = row.untouched || row.content.state == RecordState::Live && is_blank(&row);
    if !is_only_here || !says_nothing || unanswered::is_any(connection, &row)? || has_attachments(connection, id)? {
        return Ok(false);
    }
    debug_assert!(!corrections::is_any(connection, id)?, "only what was submitted is corrected");
    forms::forget_meanwhile(connection, id)?;
    RecordRow::delete(connection, id)?;
    Ok(true)
}

/// The same for all that nobody has entered anything in, but for the one that the app opens again.
pub(super) fn remove_all(connection: &Connection) -> Result<(), StoreError> {
    let place = settings::get(connection, &settings::PLACE)?.unwrap_or_default();
    for row in RecordRow::select(connection, "untouched = 1", [])? {
        if !place.contains(&row.id.to_string()) {
            remove(connection, row.id)?;
        }
    }
    Ok(())
}

/// Whether it says nothing, as far as this app can tell. A newer one may have entered what this one does not know.
fn is_blank(row: &RecordRow) -> bool {
    let Some(body) = row.body() else { return false };
    body.is_blank() && says_unknown(body.kind(), row.content.body.get()).is_ok_and(|says| !says)
}

fn has_attachments(connection: &Connection, id: Uuid) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM records WHERE kind = 'attachment' AND body ->> '$.parent_id' = ?1";
    Ok(connection.prepare_cached(sql)?.exists([id.to_string()])?)
}
