//! The audit table of one record.

use gatebook_sync::wire::AuditOutcome;
use gatebook_sync::{Content, Verdict};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use super::timestamp;
use super::versions::read_content;
use crate::error::ServerError;

/// A write as it is filed.
#[derive(Debug, Clone)]
pub(crate) struct StoredWrite {
    pub write_id: Uuid,
    pub record_id: Uuid,
    pub device_id: Option<Uuid>,
    pub outcome: AuditOutcome,
    pub version: Option<u64>,
    pub restores: Option<Uuid>,
    pub received_at: Timestamp,
    pub content: Content,
}

const COLUMNS: &str = "write_id, record_id, device_id, outcome, set_aside_to, verdict, version, restores, received_at, \
     kind, yard_id, schema, state, state_reason, captured_at, zone, operator_id, body";

/// Every write to a record, in the order in which they were judged.
pub(crate) fn of_record(
    connection: &Connection,
    tenant: i64,
    record_id: Uuid,
) -> Result<Vec<StoredWrite>, ServerError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM versions WHERE tenant = ?1 AND record_id = ?2 ORDER BY rowid"
    ))?;
    let mut rows = statement.query((tenant, record_id))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// One write.
pub(crate) fn write(connection: &Connection, tenant: i64, write_id: Uuid) -> Result<Option<StoredWrite>, ServerError> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM versions WHERE tenant = ?1 AND write_id = ?2"))?
        .query_row((tenant, write_id), |row| Ok(read(row)))
        .optional()?
        .transpose()
}

fn read(row: &Row<'_>) -> Result<StoredWrite, ServerError> {
    let outcome: String = row.get(3)?;
    let set_aside_to: Option<Uuid> = row.get(4)?;
    let verdict: String = row.get(5)?;
    let outcome = match (outcome.as_str(), set_aside_to) {
        ("canonical", _) => AuditOutcome::Canonical,
        ("set_aside", Some(to)) => AuditOutcome::SetAside { to },
        ("unchanged", _) => AuditOutcome::Unchanged,
        ("rejected", _) => match serde_json::from_str(&verdict) {
            Ok(Verdict::Rejected(rejection)) => AuditOutcome::Rejected(rejection),
            Ok(_) => AuditOutcome::Superseded,
            Err(error) => return Err(ServerError::unreadable("verdict", error)),
        },
        _ => AuditOutcome::Superseded,
    };
    Ok(StoredWrite {
        write_id: row.get(0)?,
        record_id: row.get(1)?,
        device_id: row.get(2)?,
        outcome,
        version: row.get(6)?,
        restores: row.get(7)?,
        received_at: timestamp(row.get(8)?)?,
        content: read_content(row, 9)?,
    })
}
