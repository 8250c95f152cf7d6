//! What is on the screen. A form saves on the state that it shows: states that give way while it is open stay here with
//! their receipts, so that a save made on one of them is judged as what it is, however many newer ones have come.

use gatebook_domain::unknown::put_back;
use gatebook_domain::{Body, settle};
use gatebook_sync::{Canonical, Content, Receipt, merge};
use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::corrections::Correction;
use super::records::{Authorship, editable, is_correction, written};
use super::row::{RecordRow, json, listed_as, optional_json, unreadable};
use super::{Store, begun_in_vain, corrections};
use crate::answer::UNREADABLE;
use crate::error::StoreError;
use crate::view::Keep;

/// A state that gave way under an open form.
pub(super) struct Replaced {
    /// Receipt of the state, or of the one that it was made on.
    pub base: Option<Receipt>,
    pub content: Content,
}

/// Somebody else's state that met what was entered here.
pub(super) struct Meanwhile {
    /// From which both went on, if it is known.
    before: Option<Content>,
    pub theirs: Canonical,
}

impl Store {
    /// The record's form is on the screen from now on.
    pub(crate) fn open_form(&self, id: Uuid) -> Result<(), StoreError> {
        self.write_quietly(|transaction| {
            transaction.prepare_cached("INSERT OR IGNORE INTO forms (record_id) VALUES (?1)")?.execute([id])?;
            Ok(())
        })
    }

    /// It is no longer. A record that was left with nothing in it goes. Returns whether it did.
    pub(crate) fn close_form(&self, id: Uuid) -> Result<bool, StoreError> {
        let is_gone = self.write_quietly(|transaction| {
            transaction.prepare_cached("DELETE FROM forms WHERE record_id = ?1")?.execute([id])?;
            let is_gone = begun_in_vain::remove(transaction, id)?;
            forget_replaced(transaction)?;
            Ok(is_gone)
        })?;
        if is_gone {
            self.tell_of_a_change();
        }
        Ok(is_gone)
    }

    /// No form is on the screen: the app has just started. One that it comes back to is left as it is.
    pub(super) fn close_all_forms(&self) -> Result<(), StoreError> {
        self.write_quietly(|transaction| {
            transaction.execute("DELETE FROM forms", [])?;
            begun_in_vain::remove_all(transaction)?;
            forget_replaced(transaction)
        })
    }

    /// What a form that shows the state of that write has on it.
    pub(crate) fn shown(&self, id: Uuid, shown: Uuid) -> Result<Option<Content>, StoreError> {
        self.read(|connection| Ok(replaced(connection, id, shown)?.map(|state| state.content)))
    }

    /// The write of somebody else's that met what was entered in the record's form, if the person has not decided.
    ///
    /// # Errors
    /// The database failed.
    #[cfg(feature = "simulation")]
    pub fn met(&self, id: Uuid) -> Result<Option<Uuid>, StoreError> {
        self.read(|connection| Ok(meanwhile(connection, id)?.map(|meanwhile| meanwhile.theirs.write_id)))
    }

    /// Ends what somebody else's change left open. To keep one's own is to take theirs where nothing was entered here;
    /// to take theirs is to give up what was entered here.
    pub(crate) fn settle_meanwhile(&self, id: Uuid, keep: Keep, by: &Authorship) -> Result<(), StoreError> {
        self.write(|transaction| {
            let Some(Meanwhile { before, theirs }) = meanwhile(transaction, id)? else { return Ok(()) };
            let row = editable(transaction, id)?;
            forget_meanwhile(transaction, id)?;
            let was_pending = row.pending;
            let content = match keep {
                Keep::Mine => joined(&row, before.as_ref(), &theirs)?,
                Keep::Theirs => theirs.content.clone(),
            };
            if keep == Keep::Mine && content.says_the_same_as(&row.content) && !was_pending {
                return Ok(());
            }
            if keep == Keep::Mine && is_correction(&row, &row.content, &content) {
                let correction =
                    Correction { write_id: by.write_id, begun_on: row.write_id, content: by.stamped(content) };
                return corrections::put(transaction, id, &correction);
            }
            let listed = listed_as(&content);
            let mut written = written(transaction, row, content, listed, by)?;
            // What the server took of this record's since then was made with theirs before its eyes.
            let is_newest = written.shadow.as_ref().is_none_or(|known| !known.receipt.is_newer_than(&theirs.receipt));
            if was_pending && is_newest {
                written.base = Some(theirs.receipt.clone());
                written.shadow = Some(theirs);
                written.withdraws = keep == Keep::Theirs;
            }
            written.put(transaction)
        })
    }
}

/// What was entered here, with theirs wherever nothing was.
fn joined(row: &RecordRow, before: Option<&Content>, theirs: &Canonical) -> Result<Content, StoreError> {
    let parse = |content: &Content| {
        serde_json::from_str::<Value>(content.body.get()).map_err(|error| unreadable("body", error))
    };
    let Some(before) = before else { return Ok(row.content.clone()) };
    let joined = merge(&parse(before)?, &parse(&row.content)?, &parse(&theirs.content)?).to_string();
    let body = match row.kind() {
        // A signature stands under the words it was given for: of two that were joined neither's do, unless they are
        // one's own or theirs as they were.
        Some(kind) => {
            let read = |text: &str| Body::from_json(kind, text).map_err(|error| unreadable("body", error));
            let (mine, theirs) = (row.content.body.get(), theirs.content.body.get());
            let known = settle(Some(&read(mine)?), settle(Some(&read(theirs)?), read(&joined)?));
            // No form shows what this app does not know, so what was entered here says nothing against theirs.
            let with_theirs = put_back(theirs, kind, &known.to_json()).map_err(|error| unreadable("body", error))?;
            put_back(mine, kind, &with_theirs).map_err(|error| unreadable("body", error))?
        }
        None => joined,
    };
    let schema = row.content.schema.max(theirs.content.schema);
    let body = RawValue::from_string(body).map_err(|error| unreadable("body", error))?;
    Ok(Content { body, schema, ..row.content.clone() })
}

/// The state of that write, if it gave way under an open form.
pub(super) fn replaced(connection: &Connection, id: Uuid, write_id: Uuid) -> Result<Option<Replaced>, StoreError> {
    let found: Option<(Option<String>, String)> = connection
        .prepare_cached("SELECT base, content FROM replaced WHERE record_id = ?1 AND write_id = ?2")?
        .query_row((id, write_id), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((base, content)) = found else { return Ok(None) };
    let content = serde_json::from_str(&content).map_err(|source| unreadable("replaced state", source))?;
    Ok(Some(Replaced { base: optional_json("replaced state", base)?, content }))
}

/// A row is about to become the canonical state of another write. What its form shows, or its correction was begun on,
/// stays in mind.
pub(super) fn about_to_give_way(connection: &Connection, id: Uuid, to: Uuid) -> Result<(), StoreError> {
    if !is_open(connection, id)? && !corrections::is_any(connection, id)? {
        return Ok(());
    }
    let Some(row) = RecordRow::find(connection, id)?.filter(|row| row.write_id != to) else { return Ok(()) };
    keep_replaced(connection, &row)?;
    // Nothing that was entered here is in the row any more: there is nothing to choose between.
    forget_meanwhile(connection, id)
}

/// What the row says stays in mind as a state that gave way.
pub(super) fn keep_replaced(connection: &Connection, row: &RecordRow) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO replaced (record_id, write_id, base, content) VALUES (?1, ?2, ?3, ?4)")?
        .execute((row.id, row.write_id, row.base.as_ref().map(json), json(&row.content)))?;
    Ok(())
}

/// Somebody else's state has come while a change of ours is pending in an open form.
pub(super) fn met(connection: &Connection, row: &RecordRow, theirs: &Canonical) -> Result<(), StoreError> {
    // What cannot be read cannot be chosen either; the server decides as it would had it come a moment later.
    if !is_open(connection, row.id)? || row.untouched || theirs.content.kind == UNREADABLE {
        return Ok(());
    }
    let before = match meanwhile(connection, row.id)? {
        Some(earlier) => earlier.before,
        None => row.shadow.as_ref().map(|shadow| shadow.content.clone()),
    };
    note_meanwhile(connection, row.id, before.as_ref(), theirs)
}

/// What was entered in the form and that state went on from the same one.
pub(super) fn note_meanwhile(
    connection: &Connection,
    id: Uuid,
    before: Option<&Content>,
    theirs: &Canonical,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO meanwhile (record_id, before, theirs) VALUES (?1, ?2, ?3)")?
        .execute((id, before.map(json), json(theirs)))?;
    Ok(())
}

/// Somebody else's state that the person has not decided about.
pub(super) fn meanwhile(connection: &Connection, id: Uuid) -> Result<Option<Meanwhile>, StoreError> {
    let found: Option<(Option<String>, String)> = connection
        .prepare_cached("SELECT before, theirs FROM meanwhile WHERE record_id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((before, theirs)) = found else { return Ok(None) };
    let theirs = serde_json::from_str(&theirs).map_err(|source| unreadable("their state", source))?;
    Ok(Some(Meanwhile { before: optional_json("their state", before)?, theirs }))
}

/// There is nothing to decide about any more.
pub(super) fn forget_meanwhile(connection: &Connection, id: Uuid) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM meanwhile WHERE record_id = ?1")?.execute([id])?;
    Ok(())
}

/// States that gave way are needed no longer than something on the screen, or a correction, was begun on them.
pub(super) fn forget_replaced(connection: &Connection) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "DELETE FROM replaced WHERE record_id NOT IN (SELECT record_id FROM forms) \
             AND record_id NOT IN (SELECT record_id FROM corrections)",
        )?
        .execute([])?;
    Ok(())
}

fn is_open(connection: &Connection, id: Uuid) -> Result<bool, StoreError> {
    Ok(connection.prepare_cached("SELECT 1 FROM forms WHERE record_id = ?1")?.exists([id])?)
}
