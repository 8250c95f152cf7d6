//! One row of `records`, read and written whole.

use gatebook_domain::record::Writer;
use gatebook_domain::{Body, Kind, RecordState, Stage, stage, title};
use gatebook_sync::{Canonical, Content, Epoch, Fingerprint, LocalHead, Receipt, Rejection, VersionId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::confirmed;
use crate::error::StoreError;

/// A record as this device holds it.
#[derive(Debug, Clone)]
pub(super) struct RecordRow {
    pub id: Uuid,
    pub content: Content,
    pub write_id: Uuid,
    pub device_id: Option<Uuid>,
    /// Receipt of the canonical state that it equals or, while pending, was made on.
    pub base: Option<Receipt>,
    pub pending: bool,
    pub rejection: Option<Rejection>,
    pub shadow: Option<Canonical>,
    pub title: String,
    pub stage: String,
    pub changed_at: Timestamp,
    /// It says only what starting it made, and is not sent.
    pub untouched: bool,
    /// Its write only takes back earlier ones that may have been sent.
    pub withdraws: bool,
    /// How many requests had been begun when its write was made.
    pub requests_before: i64,
    /// It is a correction whose report has left this device: see [`corrections`](super::corrections).
    pub parked: bool,
}

/// The columns, in the order [`RecordRow::read`] expects.
pub(super) const COLUMNS: &str = "id, kind, yard_id, schema, state, state_reason, captured_at, zone, operator_id, body, \
     write_id, device_id, epoch, version, seq, received_at, mac, pending_sync, rejection, shadow, title, stage, changed_at, \
     untouched, withdraws, requests_before, parked";

/// Those of them that databases of earlier versions do not have, with what stands for them there.
pub(super) const LATER_COLUMNS: [(&str, &str); 4] =
    [("untouched", "0"), ("withdraws", "0"), ("requests_before", "-1"), ("parked", "0")];

impl RecordRow {
    /// A row that equals a canonical state.
    pub(super) fn canonical(canonical: Canonical) -> Self {
        let changed_at = canonical.receipt.filed_at();
        let (title, stage) = listed_as(&canonical.content);
        Self {
            id: canonical.id,
            content: canonical.content,
            write_id: canonical.write_id,
            device_id: canonical.device_id,
            base: Some(canonical.receipt),
            pending: false,
            rejection: None,
            shadow: None,
            title,
            stage,
            changed_at,
            untouched: false,
            withdraws: false,
            requests_before: 0,
            parked: false,
        }
    }

    /// The canonical state that the row equals; `None` while it is pending.
    pub(super) fn as_canonical(&self) -> Option<Canonical> {
        if self.pending {
            return None;
        }
        self.base.clone().map(|receipt| Canonical {
            id: self.id,
            receipt,
            write_id: self.write_id,
            device_id: self.device_id,
            content: self.content.clone(),
        })
    }

    /// The canonical state this device knows of the record: what the row equals or, while pending, its shadow copy.
    pub(super) fn known(&self) -> Option<Canonical> {
        if self.pending { self.shadow.clone() } else { self.as_canonical() }
    }

    /// Yard and fingerprint of the known canonical state.
    fn known_as(&self) -> Option<(Option<Uuid>, Fingerprint)> {
        let (receipt, yard_id) = if self.pending {
            let shadow = self.shadow.as_ref()?;
            (&shadow.receipt, shadow.content.yard_id)
        } else {
            (self.base.as_ref()?, self.content.yard_id)
        };
        Some((yard_id, Fingerprint::of(self.id, receipt)))
    }

    /// Whether the field writes records of this kind.
    pub(super) fn is_fields(&self) -> bool {
        self.kind().is_some_and(|kind| kind.writer() == Writer::Field)
    }

    pub(super) fn delete(connection: &Connection, id: Uuid) -> Result<(), StoreError> {
        connection.prepare_cached("DELETE FROM records WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    /// The typed body; `None` for a kind or shape of a newer app.
    pub(super) fn body(&self) -> Option<Body> {
        Body::from_json(self.kind()?, self.content.body.get()).ok()
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        self.content.known_kind()
    }

    pub(super) fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let base = match row.get::<_, Option<u64>>(12)? {
            None => None,
            Some(epoch) => Some(Receipt {
                epoch: Epoch(epoch),
                version: row.get(13)?,
                seq: row.get(14)?,
                received_at: timestamp(row.get_ref(15)?.as_str().map_err(rusqlite::Error::from)?)?,
                mac: row.get(16)?,
            }),
        };
        Ok(Self {
            id: row.get(0)?,
            content: Content {
                kind: row.get(1)?,
                yard_id: row.get(2)?,
                schema: row.get(3)?,
                state: state(row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?),
                state_reason: row.get(5)?,
                captured_at: timestamp(row.get_ref(6)?.as_str().map_err(rusqlite::Error::from)?)?,
                zone: row.get(7)?,
                operator_id: row.get(8)?,
                body: RawValue::from_string(row.get(9)?).map_err(|source| unreadable("body", source))?,
            },
            write_id: row.get(10)?,
            device_id: row.get(11)?,
            base,
            pending: row.get(17)?,
            rejection: optional_json("rejection", row.get(18)?)?,
            shadow: optional_json("shadow copy", row.get(19)?)?,
            title: row.get(20)?,
            stage: row.get(21)?,
            changed_at: timestamp(row.get_ref(22)?.as_str().map_err(rusqlite::Error::from)?)?,
            untouched: row.get(23)?,
            withdraws: row.get(24)?,
            requests_before: row.get(25)?,
            parked: row.get(26)?,
        })
    }

    pub(super) fn find(connection: &Connection, id: Uuid) -> Result<Option<Self>, StoreError> {
        connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM records WHERE id = ?1"))?
            .query_row([id], |row| Ok(Self::read(row)))
            .optional()?
            .transpose()
    }

    /// Every row that `condition` (SQL after WHERE) selects.
    pub(super) fn select(
        connection: &Connection,
        condition: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<Self>, StoreError> {
        let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM records WHERE {condition}"))?;
        let mut rows = statement.query(params)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(Self::read(row)?);
        }
        Ok(found)
    }

    /// Writes the row, new or not.
    pub(super) fn put(&self, connection: &Connection) -> Result<(), StoreError> {
        debug_assert!(self.pending || (self.rejection.is_none() && self.shadow.is_none() && self.base.is_some()));
        let base = self.base.as_ref();
        let content = &self.content;
        let known = self.known_as();
        connection.prepare_cached(include_str!("put_record.sql"))?.execute(params![
            self.id,
            content.kind,
            content.yard_id,
            content.schema,
            state_name(content.state),
            content.state_reason,
            content.captured_at.to_string(),
            content.zone,
            content.operator_id,
            content.body.get(),
            self.write_id,
            self.device_id,
            base.map(|base| base.epoch.0),
            base.map(|base| base.version),
            base.map(|base| base.seq),
            base.map(|base| base.received_at.to_string()),
            base.map(|base| &base.mac),
            self.pending,
            self.rejection.as_ref().map(json),
            self.shadow.as_ref().map(json),
            self.shadow.as_ref().map(|shadow| shadow.receipt.epoch.0),
            self.shadow.as_ref().map(|shadow| shadow.receipt.version),
            self.title,
            self.stage,
            self.changed_at.to_string(),
            known.and_then(|(yard_id, _)| yard_id),
            known.map(|(_, fingerprint)| fingerprint.to_sql()),
            self.untouched,
            self.withdraws,
            self.requests_before,
            self.parked,
        ])?;
        if content.kind == Kind::Attachment.as_str() {
            confirmed::heed(connection, self)?;
        }
        Ok(())
    }

    /// What [`gatebook_sync`] has to know to decide about the row, without reading its content.
    pub(super) fn head(connection: &Connection, id: Uuid) -> Result<Option<LocalHead>, StoreError> {
        let version_id = |epoch: Option<u64>, version: Option<u64>| match (epoch, version) {
            (Some(epoch), Some(version)) => Some(VersionId { epoch: Epoch(epoch), version }),
            _ => None,
        };
        Ok(connection
            .prepare_cached(
                "SELECT epoch, version, pending_sync AND NOT untouched, write_id, shadow_epoch, shadow_version \
                 FROM records WHERE id = ?1",
            )?
            .query_row([id], |row| {
                Ok(LocalHead {
                    base: version_id(row.get(0)?, row.get(1)?),
                    pending: if row.get(2)? { Some(row.get(3)?) } else { None },
                    shadow: version_id(row.get(4)?, row.get(5)?),
                })
            })
            .optional()?)
    }
}

/// Title and stage for lists. A kind of a newer app is listed nowhere.
pub(super) fn listed_as(content: &Content) -> (String, String) {
    content
        .known_kind()
        .and_then(|kind| Body::from_json(kind, content.body.get()).ok())
        .map_or_else(|| (String::new(), "open".to_owned()), |body| (title(&body), stage_name(&body)))
}

pub(super) fn stage_name(body: &Body) -> String {
    match stage(body, None) {
        Stage::Open => "open",
        Stage::Filled => "filled",
        Stage::Signed => "signed",
        Stage::Submitted => "submitted",
    }
    .to_owned()
}

pub(super) const fn state_name(state: RecordState) -> &'static str {
    match state {
        RecordState::Live => "live",
        RecordState::Closed => "closed",
        RecordState::Voided => "voided",
    }
}

fn state(name: &str) -> RecordState {
    match name {
        "closed" => RecordState::Closed,
        "voided" => RecordState::Voided,
        _ => RecordState::Live,
    }
}

fn timestamp(text: &str) -> Result<Timestamp, StoreError> {
    text.parse().map_err(|source: jiff::Error| unreadable("time", source))
}

pub(super) fn optional_json<T: DeserializeOwned>(
    what: &'static str,
    text: Option<String>,
) -> Result<Option<T>, StoreError> {
    text.map(|text| serde_json::from_str(&text).map_err(|source| unreadable(what, source))).transpose()
}

pub(super) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("contract types are always JSON")
}

pub(super) fn unreadable(what: &'static str, source: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unreadable { what, source: Box::new(source) }
}
