//! An operator's writes: each is one transaction that sets the new content, a new `write_id` and `pending_sync`.

use gatebook_domain::record::{SCHEMA, Writer};
use gatebook_domain::{Body, Kind, RecordState, settle, title};
use gatebook_sync::{Content, Receipt, Rejection};
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::row::{RecordRow, stage_name};
use super::{Store, history, pending};
use crate::error::StoreError;

/// Who writes, when and where; stamped on every write.
#[derive(Debug, Clone)]
pub(crate) struct Authorship {
    pub write_id: Uuid,
    pub device_id: Uuid,
    /// Nothing is written by nobody.
    pub operator_id: Uuid,
    pub now: Timestamp,
}

/// A record as this device holds it, for whoever has to look beneath the views (the demonstration, the simulator).
#[derive(Debug, Clone)]
pub struct HeldRecord {
    /// Record id.
    pub id: Uuid,
    /// What it says here.
    pub content: Content,
    /// The write that made it say so.
    pub write_id: Uuid,
    /// Whether that write waits for the server.
    pub pending: bool,
    /// The canonical state it equals or was made on.
    pub base: Option<Receipt>,
    /// The newest canonical state that was seen since, while a change waits.
    pub shadow: Option<Content>,
    /// Why the server would not take it.
    pub rejection: Option<Rejection>,
}

impl Store {
    /// Begins a record, unless one with that id is here already, which is then left as it is.
    pub(crate) fn create(
        &self,
        id: Uuid,
        body: Body,
        yard_id: Option<Uuid>,
        zone: &str,
        by: &Authorship,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            if RecordRow::head(transaction, id)?.is_some() {
                return Ok(());
            }
            // It was finished, and is too old to be kept here.
            if history::is_let_go(transaction, id)? {
                return Err(StoreError::Final(id));
            }
            let body = settle(None, body);
            let content = Content {
                kind: body.kind().as_str().to_owned(),
                yard_id,
                schema: SCHEMA,
                state: RecordState::Live,
                state_reason: String::new(),
                captured_at: by.now,
                zone: zone.to_owned(),
                operator_id: Some(by.operator_id),
                body: raw(&body),
            };
            RecordRow {
                id,
                content,
                write_id: by.write_id,
                device_id: Some(by.device_id),
                base: None,
                pending: true,
                rejection: None,
                shadow: None,
                title: title(&body),
                stage: stage_name(&body),
                changed_at: by.now,
            }
            .put(transaction)
        })
    }

    /// Saves what the operator entered. Saving what is there already changes nothing.
    pub(crate) fn save(&self, id: Uuid, body: Body, by: &Authorship) -> Result<(), StoreError> {
        self.write(|transaction| {
            let row = editable(transaction, id)?;
            if row.kind() != Some(body.kind()) {
                return Err(StoreError::WrongKind { id, kind: body.kind().as_str() });
            }
            let before = row.body();
            let body = settle(before.as_ref(), body);
            if before.as_ref() == Some(&body) {
                return Ok(());
            }
            // A body of a newer schema keeps its number: the fields this app does not know are still in it.
            let schema = row.content.schema.max(SCHEMA);
            let listed = (title(&body), stage_name(&body));
            let content = Content { body: raw(&body), schema, ..row.content.clone() };
            written(row, content, listed, by).put(transaction)
        })
    }

    /// Strikes a record out, keeping it as evidence.
    pub(crate) fn void(&self, id: Uuid, reason: &str, by: &Authorship) -> Result<(), StoreError> {
        self.write(|transaction| {
            let row = editable(transaction, id)?;
            let content =
                Content { state: RecordState::Voided, state_reason: reason.to_owned(), ..row.content.clone() };
            let listed = (row.title.clone(), row.stage.clone());
            written(row, content, listed, by).put(transaction)
        })
    }

    /// Goes back to the newest canonical state that this device has seen. A record that the server never had stays; one
    /// that is no longer this device's goes. Returns whether it is still here.
    pub(crate) fn discard(&self, id: Uuid) -> Result<bool, StoreError> {
        self.write(|transaction| {
            let row = RecordRow::find(transaction, id)?.ok_or(StoreError::NotFound(id))?;
            if !row.pending {
                return Ok(true);
            }
            let cursors = pending::cursors(transaction)?;
            match row.shadow {
                Some(shadow) if cursors.contains_key(&shadow.content.scope()) => {
                    RecordRow::canonical(shadow).put(transaction)?;
                }
                None if row.base.is_none() => {}
                _ => {
                    RecordRow::delete(transaction, id)?;
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// The record as it is held here.
    ///
    /// # Errors
    /// The database failed.
    pub fn held(&self, id: Uuid) -> Result<Option<HeldRecord>, StoreError> {
        Ok(self.read(|connection| RecordRow::find(connection, id))?.map(held))
    }

    /// Every record of a kind that is held here, by id.
    ///
    /// # Errors
    /// The database failed.
    pub fn held_of_kind(&self, kind: Kind) -> Result<Vec<HeldRecord>, StoreError> {
        let rows = self.read(|connection| RecordRow::select(connection, "kind = ?1 ORDER BY id", [kind.as_str()]))?;
        Ok(rows.into_iter().map(held).collect())
    }
}

fn held(row: RecordRow) -> HeldRecord {
    HeldRecord {
        id: row.id,
        content: row.content,
        write_id: row.write_id,
        pending: row.pending,
        base: row.base,
        shadow: row.shadow.map(|state| state.content),
        rejection: row.rejection,
    }
}

/// The row with an operator's change in it, listed by that title and stage: pending under a new write, with the
/// canonical state it was made on kept as its shadow.
fn written(row: RecordRow, content: Content, (title, stage): (String, String), by: &Authorship) -> RecordRow {
    let shadow = row.as_canonical().or(row.shadow);
    let content = Content { captured_at: by.now, operator_id: Some(by.operator_id), ..content };
    RecordRow {
        id: row.id,
        content,
        write_id: by.write_id,
        device_id: Some(by.device_id),
        base: row.base,
        pending: true,
        rejection: None,
        shadow,
        title,
        stage,
        changed_at: by.now,
    }
}

/// The row, if the field may change it.
fn editable(connection: &Connection, id: Uuid) -> Result<RecordRow, StoreError> {
    let row = RecordRow::find(connection, id)?.ok_or(StoreError::NotFound(id))?;
    let field_writes_it = row.kind().is_some_and(|kind| kind.writer() == Writer::Field);
    // A change that the server would not take may be corrected or taken back, whatever state it asked for.
    if row.rejection.is_none() && row.content.state != RecordState::Live || !field_writes_it {
        return Err(StoreError::Final(id));
    }
    Ok(row)
}

fn raw(body: &Body) -> Box<RawValue> {
    RawValue::from_string(body.to_json()).expect("a serialised body is JSON")
}
