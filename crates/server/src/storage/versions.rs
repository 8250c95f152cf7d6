//! Versions: what the ledger knows of a write, what the canonical state of a record is, and new ones.

use gatebook_domain::{Body, Kind};
use gatebook_sync::{Content, Epoch, Verdict, VersionId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{state, state_name, timestamp};
use crate::error::ServerError;

/// The canonical state of a record, as stored.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub write_id: Uuid,
    pub device_id: Option<Uuid>,
    pub version: VersionId,
    pub seq: u64,
    pub received_at: Timestamp,
    pub content: Content,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Canonical,
    Superseded,
    SetAside { to: Uuid },
    Unchanged,
    Rejected,
}

impl Outcome {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Canonical => "canonical",
            Self::Superseded => "superseded",
            Self::SetAside { .. } => "set_aside",
            Self::Unchanged => "unchanged",
            Self::Rejected => "rejected",
        }
    }

    const fn set_aside_to(self) -> Option<Uuid> {
        match self {
            Self::SetAside { to } => Some(to),
            _ => None,
        }
    }
}

/// A write with its verdict, to be filed.
#[derive(Debug)]
pub(crate) struct NewVersion<'a> {
    pub write_id: Uuid,
    pub record_id: Uuid,
    pub content: &'a Content,
    pub device_id: Option<Uuid>,
    pub verdict: &'a Verdict,
    pub outcome: Outcome,
    pub restores: Option<Uuid>,
    /// Version and place in the feed, if it became a version.
    pub version: Option<(VersionId, u64)>,
    pub received_at: Timestamp,
}

/// A tenant's counter: the newest place in its feed, and when that was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counter {
    pub seq: u64,
    /// Unix time in microseconds.
    pub received_at: i64,
}

impl Counter {
    /// The next time of receipt: never the same twice and never backwards, whatever the clock does.
    pub(crate) fn receive(&mut self, now: Timestamp) -> Result<Timestamp, ServerError> {
        self.received_at = now.as_microsecond().max(self.received_at + 1);
        timestamp(self.received_at)
    }

    /// The next place in the feed.
    pub(crate) fn next_seq(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }
}

pub(crate) fn counter(connection: &Connection, tenant: i64) -> Result<Counter, ServerError> {
    Ok(connection
        .prepare_cached("SELECT seq, received_at FROM tenants WHERE id = ?1")?
        .query_row([tenant], |row| Ok(Counter { seq: row.get(0)?, received_at: row.get(1)? }))?)
}

pub(crate) fn set_counter(connection: &Connection, tenant: i64, counter: Counter) -> Result<(), ServerError> {
    connection.prepare_cached("UPDATE tenants SET seq = ?2, received_at = ?3 WHERE id = ?1")?.execute((
        tenant,
        counter.seq,
        counter.received_at,
    ))?;
    Ok(())
}

/// The verdict given to that write before.
pub(crate) fn ledger(connection: &Connection, tenant: i64, write_id: Uuid) -> Result<Option<Verdict>, ServerError> {
    let text: Option<String> = connection
        .prepare_cached("SELECT verdict FROM versions WHERE tenant = ?1 AND write_id = ?2")?
        .query_row((tenant, write_id), |row| row.get(0))
        .optional()?;
    text.map(|text| serde_json::from_str(&text).map_err(|error| ServerError::unreadable("verdict", error))).transpose()
}

/// The canonical state of a record.
pub(crate) fn held(connection: &Connection, tenant: i64, record_id: Uuid) -> Result<Option<Held>, ServerError> {
    connection
        .prepare_cached(include_str!("held.sql"))?
        .query_row((tenant, record_id), |row| Ok(read_held(row)))
        .optional()?
        .transpose()
}

/// Reads the columns that `held.sql` and `feed.sql` begin with.
pub(super) fn read_held(row: &Row<'_>) -> Result<Held, ServerError> {
    Ok(Held {
        write_id: row.get(0)?,
        device_id: row.get(1)?,
        version: VersionId { epoch: Epoch(row.get(2)?), version: row.get(3)? },
        seq: row.get(4)?,
        received_at: timestamp(row.get(5)?)?,
        content: read_content(row, 6)?,
    })
}

/// Reads the nine content columns from `at` on.
pub(super) fn read_content(row: &Row<'_>, at: usize) -> Result<Content, ServerError> {
    let text = |column| row.get_ref(column).and_then(|value| Ok(value.as_str()?));
    Ok(Content {
        kind: row.get(at)?,
        yard_id: row.get(at + 1)?,
        schema: row.get(at + 2)?,
        state: state(text(at + 3)?),
        state_reason: row.get(at + 4)?,
        captured_at: text(at + 5)?.parse().map_err(|error: jiff::Error| ServerError::unreadable("time", error))?,
        zone: row.get(at + 6)?,
        operator_id: row.get(at + 7)?,
        body: RawValue::from_string(row.get(at + 8)?).map_err(|error| ServerError::unreadable("body", error))?,
    })
}

/// Files a write with its verdict; if it became a version, it is the record's canonical state from now on.
pub(crate) fn file(connection: &Connection, tenant: i64, new: &NewVersion<'_>) -> Result<(), ServerError> {
    let content = new.content;
    connection.prepare_cached(include_str!("file_version.sql"))?.execute(params![
        tenant,
        new.write_id,
        new.record_id,
        content.kind,
        content.yard_id,
        content.schema,
        state_name(content.state),
        content.state_reason,
        content.captured_at.to_string(),
        content.zone,
        content.operator_id,
        content.body.get(),
        new.device_id,
        serde_json::to_string(new.verdict).expect("verdicts are JSON"),
        new.outcome.name(),
        new.outcome.set_aside_to(),
        new.restores,
        new.version.map(|(version, _)| version.epoch.0),
        new.version.map(|(version, _)| version.version),
        new.version.map(|(_, seq)| seq),
        new.received_at.as_microsecond(),
    ])?;
    if let (Some((_, seq)), Outcome::Canonical) = (new.version, new.outcome) {
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO records (tenant, id, yard_id, seq, version) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((tenant, new.record_id, content.yard_id, seq, connection.last_insert_rowid()))?;
    }
    Ok(())
}

/// Marks a write that was canonical until now.
pub(crate) fn displace(
    connection: &Connection,
    tenant: i64,
    write_id: Uuid,
    outcome: Outcome,
) -> Result<(), ServerError> {
    connection
        .prepare_cached("UPDATE versions SET outcome = ?3, set_aside_to = ?4 WHERE tenant = ?1 AND write_id = ?2")?
        .execute((tenant, write_id, outcome.name(), outcome.set_aside_to()))?;
    Ok(())
}

/// The typed body of a reference record, if the tenant has it and it is in use.
pub(crate) fn reference(
    connection: &Connection,
    tenant: i64,
    id: Uuid,
    kind: Kind,
) -> Result<Option<Body>, ServerError> {
    let Some(held) = held(connection, tenant, id)? else { return Ok(None) };
    let live = held.content.state == gatebook_domain::RecordState::Live && held.content.kind == kind.as_str();
    Ok(if live { Body::from_json(kind, held.content.body.get()).ok() } else { None })
}
