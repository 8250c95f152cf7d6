//! Reading judged writes back: for the ledger, and for the audit list.

use std::collections::{HashMap, HashSet};

use gatebook_sync::wire::AuditOutcome;
use gatebook_sync::{Content, Epoch, VersionId};
use rusqlite::{Params, Row};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::error::ServerError;
use crate::storage::model::{attribution, audit_outcome, state_named, storable, timestamp, verdict_of, wall_time};
use crate::storage::sqlite::{Session, batch};
use crate::storage::{Ancestor, Attribution, LedgerEntry, Merged, StoredWrite, Tenant};

impl Session<'_> {
    /// Every version those records have had.
    pub(in crate::storage::sqlite) fn lineage(
        &self,
        tenant: Tenant,
        ids: &[Uuid],
    ) -> Result<Vec<Ancestor>, ServerError> {
        let mut statement = self.connection.prepare_cached(include_str!("lineage.sql"))?;
        let mut rows = statement.query((tenant.key, batch(ids)))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let base = read_base(row, 4)?;
            found.push(Ancestor {
                record_id: row.get(0)?,
                version: VersionId { epoch: Epoch(row.get(1)?), version: row.get(2)? },
                write_id: row.get(3)?,
                base,
            });
        }
        Ok(found)
    }

    /// What the ledger knows of those writes.
    pub(in crate::storage::sqlite) fn ledger(
        &self,
        tenant: Tenant,
        write_ids: &[Uuid],
    ) -> Result<Vec<LedgerEntry>, ServerError> {
        let mut statement = self.connection.prepare_cached(include_str!("ledger.sql"))?;
        let mut rows = statement.query((tenant.key, batch(write_ids)))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let content = read_content(row, 3)?;
            self.has_read(&content)?;
            found.push(LedgerEntry {
                write_id: row.get(0)?,
                record_id: row.get(1)?,
                verdict: verdict_of(text(row, 2)?)?,
                content,
                merged: read_merged(row, 12)?,
            });
        }
        Ok(found)
    }

    /// Those of the writes that a later one, judged since, names as made before it.
    pub(in crate::storage::sqlite) fn followed(
        &self,
        tenant: Tenant,
        write_ids: &[Uuid],
    ) -> Result<HashSet<Uuid>, ServerError> {
        let sql = "SELECT write_id FROM followed WHERE tenant = ?1 AND write_id IN rarray(?2)";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_map((tenant.key, batch(write_ids)), |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// What was filed about whose those writes are; nothing of those that were filed before it was.
    pub(in crate::storage::sqlite) fn attributions(
        &self,
        tenant: Tenant,
        write_ids: &[Uuid],
    ) -> Result<HashMap<Uuid, Attribution>, ServerError> {
        let mut statement = self.connection.prepare_cached(include_str!("attribution.sql"))?;
        let mut rows = statement.query((tenant.key, batch(write_ids)))?;
        let mut found = HashMap::new();
        while let Some(row) = rows.next()? {
            if let Some(attribution) = read_attribution(row, 1)? {
                found.insert(row.get(0)?, attribution);
            }
        }
        Ok(found)
    }

    /// Every write to a record, in the order in which they were judged.
    pub(in crate::storage::sqlite) fn writes_of_record(
        &self,
        tenant: Tenant,
        record_id: Uuid,
    ) -> Result<Vec<StoredWrite>, ServerError> {
        self.writes(include_str!("of_record.sql"), (tenant.key, record_id))
    }

    /// The writes that became those versions of those records, as far as there are any.
    pub(in crate::storage::sqlite) fn writes_of_versions(
        &self,
        tenant: Tenant,
        versions: &[(Uuid, VersionId)],
    ) -> Result<Vec<StoredWrite>, ServerError> {
        let mut found = Vec::new();
        for (id, version) in versions {
            let (epoch, number) = (storable(version.epoch.0), storable(version.version));
            found.extend(self.writes(include_str!("of_version.sql"), (tenant.key, id, epoch, number))?);
        }
        Ok(found)
    }

    /// Versions by the office that lost a conflict which it has not answered since, oldest first; at most `limit`.
    pub(in crate::storage::sqlite) fn lost_by_office(
        &self,
        tenant: Tenant,
        limit: usize,
    ) -> Result<Vec<StoredWrite>, ServerError> {
        self.writes(include_str!("lost_by_office.sql"), (tenant.key, limit))
    }

    /// One write.
    pub(in crate::storage::sqlite) fn write(
        &self,
        tenant: Tenant,
        write_id: Uuid,
    ) -> Result<Option<StoredWrite>, ServerError> {
        Ok(self.writes(include_str!("by_write.sql"), (tenant.key, write_id))?.pop())
    }

    fn writes(&self, sql: &str, arguments: impl Params) -> Result<Vec<StoredWrite>, ServerError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(arguments)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let content = read_content(row, 10)?;
            self.has_read(&content)?;
            found.push(StoredWrite {
                write_id: row.get(0)?,
                record_id: row.get(1)?,
                device_id: row.get(2)?,
                attribution: read_attribution(row, 21)?,
                outcome: read_outcome(row)?,
                version: row.get(6)?,
                restores: row.get(7)?,
                reason: row.get(8)?,
                received_at: timestamp(row.get(9)?)?,
                content,
                filed: wall_time(row.get(19)?, row.get(20)?)?,
                base: read_base(row, 24)?,
                merged: read_merged(row, 26)?,
            });
        }
        Ok(found)
    }
}

/// Reads what a version was made on, from `at` on, if anything.
fn read_base(row: &Row<'_>, at: usize) -> Result<Option<VersionId>, ServerError> {
    Ok(match (row.get(at)?, row.get(at + 1)?) {
        (Some(epoch), Some(version)) => Some(VersionId { epoch: Epoch(epoch), version }),
        _ => None,
    })
}

/// Reads the three columns that are left of a version without a body, from `at` on.
fn read_merged(row: &Row<'_>, at: usize) -> Result<Option<Merged>, ServerError> {
    Merged::stored(row.get(at)?, row.get(at + 1)?, row.get(at + 2)?)
}

/// Reads verdict, outcome and winner from the fourth column on.
fn read_outcome(row: &Row<'_>) -> Result<AuditOutcome, ServerError> {
    Ok(audit_outcome(text(row, 4)?, row.get(5)?, verdict_of(text(row, 3)?)?))
}

/// Reads the three columns that say whose a write is, from `at` on.
fn read_attribution(row: &Row<'_>, at: usize) -> Result<Option<Attribution>, ServerError> {
    let authorship: Option<String> = row.get(at + 2)?;
    Ok(attribution(row.get(at)?, row.get(at + 1)?, authorship.as_deref()))
}

/// Reads the nine columns of a content from `at` on.
pub(in crate::storage::sqlite) fn read_content(row: &Row<'_>, at: usize) -> Result<Content, ServerError> {
    Ok(Content {
        kind: row.get(at)?,
        yard_id: row.get(at + 1)?,
        schema: row.get(at + 2)?,
        state: state_named(text(row, at + 3)?),
        state_reason: row.get(at + 4)?,
        captured_at: text(row, at + 5)?.parse().map_err(|error: jiff::Error| ServerError::unreadable("time", error))?,
        zone: row.get(at + 6)?,
        operator_id: row.get(at + 7)?,
        body: RawValue::from_string(row.get(at + 8)?).map_err(|error| ServerError::unreadable("body", error))?,
    })
}

fn text<'a>(row: &'a Row<'_>, at: usize) -> Result<&'a str, ServerError> {
    row.get_ref(at)?.as_str().map_err(|error| ServerError::unreadable("text", error))
}
