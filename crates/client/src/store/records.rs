//! An operator's writes: each is one transaction that sets the new content, a new `write_id` and `pending_sync`.

use std::collections::HashMap;

use gatebook_domain::record::{SCHEMA, Writer};
use gatebook_domain::unknown::put_back;
use gatebook_domain::{Body, Kind, RecordState, settle, title};
use gatebook_sync::{Content, Receipt, Rejection, deliberate};
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::corrections::{self, Correction};
use super::forms::{self, Replaced};
use super::row::{RecordRow, listed_as, stage_name};
use super::{Store, history, pending, unanswered};
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
    /// Whether nothing has been entered since it was started; then it waits for that.
    pub untouched: bool,
    /// The canonical state it equals or was made on.
    pub base: Option<Receipt>,
    /// The newest canonical state that was seen since, while a change waits.
    pub shadow: Option<Content>,
    /// Why the server would not take it.
    pub rejection: Option<Rejection>,
    /// What a correction of it says that is not submitted yet, and the write that names that.
    pub correction: Option<(Uuid, Content)>,
    /// It is itself a correction, whose report is not on this device any more.
    pub parked: bool,
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
            let listed = (title(&body), stage_name(&body));
            let row = begun(transaction, id, content, listed, by)?;
            RecordRow { untouched: !deliberate!(SendUntouched), ..row }.put(transaction)
        })
    }

    /// Saves what the operator entered in a form that shows the state of the write `shown`. Saving what is shown already
    /// changes nothing.
    ///
    /// If the row has become another state meanwhile, the change is made on the one that was shown, as its base: the server
    /// then finds that the two met.
    pub(crate) fn save(&self, id: Uuid, shown: Uuid, body: Body, by: &Authorship) -> Result<(), StoreError> {
        self.write(|transaction| {
            let row = editable(transaction, id)?;
            if row.kind() != Some(body.kind()) {
                return Err(StoreError::WrongKind { id, kind: body.kind().as_str() });
            }
            if let Some(correction) = corrections::find(transaction, id)? {
                return save_correction(transaction, row, &correction, body, by);
            }
            let seen = Seen::of(transaction, &row, shown, by)?;
            let before = read_body(&row, seen.content(&row));
            let body = settle(before.as_ref(), body);
            if before.as_ref() == Some(&body) {
                return Ok(());
            }
            let content = filled(seen.content(&row), &body);
            if row.parked && !content.is_submitted() {
                let (rejection, listed) = (row.rejection.clone(), (title(&body), stage_name(&body)));
                let row = written(transaction, row, content, listed, by)?;
                return RecordRow { rejection, parked: true, ..row }.put(transaction);
            }
            if is_correction(&row, seen.content(&row), &content) {
                let begun_on = seen.write_id(&row, shown);
                let content = by.stamped(content);
                let correction = Correction { write_id: by.write_id, begun_on, content };
                return corrections::put(transaction, id, &correction);
            }
            let listed = (title(&body), stage_name(&body));
            seen.written(transaction, row, content, listed, by)
        })
    }

    /// Strikes a record out, as it is shown, keeping it as evidence.
    pub(crate) fn void(&self, id: Uuid, shown: Uuid, reason: &str, by: &Authorship) -> Result<(), StoreError> {
        self.write(|transaction| {
            let row = editable(transaction, id)?;
            if row.parked || corrections::is_any(transaction, id)? {
                return Err(StoreError::CorrectionOpen(id));
            }
            let seen = Seen::of(transaction, &row, shown, by)?;
            let content =
                Content { state: RecordState::Voided, state_reason: reason.to_owned(), ..seen.content(&row).clone() };
            let listed = listed_as(&content);
            seen.written(transaction, row, content, listed, by)
        })
    }

    /// Sends a change as it is that the server would not take: as a new write, of whoever works here now, so that it is
    /// judged anew. What would take a submitted report back becomes a correction of it. Anything else stays as it is.
    pub(crate) fn send_again(&self, id: Uuid, by: &Authorship) -> Result<(), StoreError> {
        self.write(|transaction| {
            let row = editable(transaction, id)?;
            if row.rejection.is_none() || row.parked {
                return Ok(());
            }
            if let Some(report) = row.shadow.clone().filter(|_| is_correction(&row, &row.content, &row.content)) {
                let content = by.stamped(row.content);
                let correction = Correction { write_id: by.write_id, begun_on: report.write_id, content };
                RecordRow::canonical(report).put(transaction)?;
                return corrections::put(transaction, id, &correction);
            }
            let content = row.content.clone();
            let listed = listed_as(&content);
            written(transaction, row, content, listed, by)?.put(transaction)
        })
    }

    /// Gives up a correction, or else goes back to the newest canonical state that this device has seen. A record that the
    /// server never had stays; one that is no longer this device's goes. Returns whether it is still here.
    ///
    /// The server may have taken what is given up, or take it yet, if its answer is outstanding: then going back is a write
    /// of its own that takes it back.
    pub(crate) fn discard(&self, id: Uuid, by: &Authorship) -> Result<bool, StoreError> {
        self.write(|transaction| {
            let row = RecordRow::find(transaction, id)?.ok_or(StoreError::NotFound(id))?;
            if corrections::is_any(transaction, id)? {
                corrections::remove(transaction, id)?;
                return Ok(true);
            }
            if !row.pending {
                return Ok(true);
            }
            let is_ours = |scope| Ok::<_, StoreError>(pending::cursors(transaction)?.contains_key(&scope));
            match row.shadow.clone() {
                Some(shadow) if is_ours(shadow.content.scope())? => {
                    forms::forget_meanwhile(transaction, id)?;
                    if unanswered::is_any(transaction, &row)? && !deliberate!(ForgetGivenUp) {
                        let listed = listed_as(&shadow.content);
                        let mut back = written(transaction, row, shadow.content.clone(), listed, by)?;
                        (back.base, back.shadow, back.withdraws) = (Some(shadow.receipt.clone()), Some(shadow), true);
                        back.put(transaction)?;
                    } else {
                        RecordRow::canonical(shadow).put(transaction)?;
                    }
                }
                None if row.base.is_none() && !row.parked => {}
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
        self.read(|connection| match RecordRow::find(connection, id)? {
            Some(row) => Ok(Some(held(row, corrections::find(connection, id)?))),
            None => Ok(None),
        })
    }

    /// Every record of a kind that is held here, by id.
    ///
    /// # Errors
    /// The database failed.
    pub fn held_of_kind(&self, kind: Kind) -> Result<Vec<HeldRecord>, StoreError> {
        self.read(|connection| {
            let mut corrections: HashMap<_, _> = corrections::all(connection)?.into_iter().collect();
            let rows = RecordRow::select(connection, "kind = ?1 ORDER BY id", [kind.as_str()])?;
            Ok(rows.into_iter().map(|row| (corrections.remove(&row.id), row)).map(|(it, row)| held(row, it)).collect())
        })
    }
}

fn held(row: RecordRow, correction: Option<Correction>) -> HeldRecord {
    HeldRecord {
        id: row.id,
        content: row.content,
        write_id: row.write_id,
        pending: row.pending,
        untouched: row.untouched,
        base: row.base,
        shadow: row.shadow.map(|state| state.content),
        rejection: row.rejection,
        parked: row.parked,
        correction: correction.map(|correction| (correction.write_id, correction.content)),
    }
}

/// The state that somebody saw who writes.
enum Seen {
    /// What the row says.
    Row,
    /// One that the row said before.
    Replaced(Box<Replaced>),
    /// One that is not kept, and of which what somebody else made the row say may not have been made.
    Unknown,
}

impl Seen {
    fn of(connection: &Connection, row: &RecordRow, shown: Uuid, by: &Authorship) -> Result<Self, StoreError> {
        if shown == row.write_id || row.pending && !row.untouched || deliberate!(SaveOnPresentReceipt) {
            // A pending change of ours keeps its own base; only this device can have replaced what was shown by it.
            return Ok(Self::Row);
        }
        if let Some(state) = forms::replaced(connection, row.id, shown)? {
            return Ok(Self::Replaced(Box::new(state)));
        }
        // What is not kept was replaced by this device itself, under its operator's eyes, unless somebody else came after.
        Ok(if row.device_id == Some(by.device_id) { Self::Row } else { Self::Unknown })
    }

    fn content<'a>(&'a self, row: &'a RecordRow) -> &'a Content {
        match self {
            Self::Row | Self::Unknown => &row.content,
            Self::Replaced(state) => &state.content,
        }
    }

    fn write_id(&self, row: &RecordRow, shown: Uuid) -> Uuid {
        match self {
            Self::Row => row.write_id,
            Self::Replaced(_) | Self::Unknown => shown,
        }
    }

    /// Puts a change of that state into the row.
    fn written(
        self,
        connection: &Connection,
        row: RecordRow,
        content: Content,
        listed: (String, String),
        by: &Authorship,
    ) -> Result<(), StoreError> {
        let theirs = row.as_canonical();
        let mut next = written(connection, row, content, listed, by)?;
        let (before, base) = match self {
            Self::Row => return next.put(connection),
            Self::Replaced(state) => {
                let Replaced { base, content } = *state;
                (Some(content), base)
            }
            Self::Unknown => (None, None),
        };
        if let Some(theirs) = theirs {
            forms::note_meanwhile(connection, next.id, before.as_ref(), &theirs)?;
        }
        next.base = base;
        next.put(connection)
    }
}

/// Saves into a correction; once it is submitted, it becomes the record's state, made on the report that it corrects.
fn save_correction(
    connection: &Connection,
    row: RecordRow,
    correction: &Correction,
    body: Body,
    by: &Authorship,
) -> Result<(), StoreError> {
    let before = read_body(&row, &correction.content);
    let body = settle(before.as_ref(), body);
    if before.as_ref() == Some(&body) {
        return Ok(());
    }
    let content = filled(&correction.content, &body);
    if !content.is_submitted() {
        let content = by.stamped(content);
        return corrections::put(connection, row.id, &Correction { write_id: by.write_id, content, ..*correction });
    }
    let seen = Seen::of(connection, &row, correction.begun_on, by)?;
    let id = row.id;
    seen.written(connection, row, content, (title(&body), stage_name(&body)), by)?;
    corrections::remove(connection, id)
}

/// Whether the change would take a submitted report back, which stays in force until its correction is submitted too.
pub(super) fn is_correction(row: &RecordRow, seen: &Content, next: &Content) -> bool {
    let is_in_force = match row.rejection {
        None => seen.is_submitted(),
        Some(_) => row.shadow.as_ref().is_some_and(|shadow| shadow.content.is_submitted()),
    };
    is_in_force && !next.is_submitted() && !deliberate!(CorrectInPlace)
}

/// The content with that body, edited from the one that it has. A body of a newer schema keeps its number: the fields that
/// this app does not know are put back as they were.
fn filled(content: &Content, body: &Body) -> Content {
    let text = body.to_json();
    // What this app could not read has nothing to put back that it could tell.
    let text = put_back(content.body.get(), body.kind(), &text).unwrap_or(text);
    #[cfg(feature = "simulation")]
    let text = gatebook_sync::simulation::as_written(text);
    let body = RawValue::from_string(text).expect("a body with its unknown fields is JSON");
    Content { body, schema: content.schema.max(SCHEMA), ..content.clone() }
}

/// What the content says, as it is edited.
fn read_body(row: &RecordRow, content: &Content) -> Option<Body> {
    Body::from_json(row.kind()?, content.body.get()).ok()
}

impl Authorship {
    pub(super) fn stamped(&self, content: Content) -> Content {
        Content { captured_at: self.now, operator_id: Some(self.operator_id), ..content }
    }
}

/// The row of a record that is begun here, listed by that title and stage: pending, and made on nothing.
pub(super) fn begun(
    connection: &Connection,
    id: Uuid,
    content: Content,
    (title, stage): (String, String),
    by: &Authorship,
) -> Result<RecordRow, StoreError> {
    Ok(RecordRow {
        id,
        content,
        write_id: by.write_id,
        device_id: Some(by.device_id),
        base: None,
        pending: true,
        rejection: None,
        shadow: None,
        title,
        stage,
        changed_at: by.now,
        untouched: false,
        withdraws: false,
        requests_before: unanswered::requests_before(connection)?,
        parked: false,
    })
}

/// The row with an operator's change in it, listed by that title and stage: pending under a new write, with the
/// canonical state it was made on kept as its shadow.
pub(super) fn written(
    connection: &Connection,
    row: RecordRow,
    content: Content,
    listed: (String, String),
    by: &Authorship,
) -> Result<RecordRow, StoreError> {
    unanswered::about_to_be_replaced(connection, &row)?;
    let shadow = row.as_canonical().or(row.shadow);
    Ok(RecordRow { base: row.base, shadow, ..begun(connection, row.id, by.stamped(content), listed, by)? })
}

/// The row, if the field may change it.
pub(super) fn editable(connection: &Connection, id: Uuid) -> Result<RecordRow, StoreError> {
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
