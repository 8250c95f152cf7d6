//! Every write the server has judged: the ledger that makes repeats harmless, and the audit table.

mod read;

use gatebook_sync::Authorship;
use rusqlite::{CachedStatement, params};
use uuid::Uuid;

use super::Session;
use crate::error::ServerError;
use crate::storage::model::{state_name, storable};
use crate::storage::{Filing, Outcome, Tenant};

pub(super) use read::read_content;

impl Session<'_> {
    /// Puts judged writes into the table; returns the key of each.
    pub(super) fn file(&self, tenant: Tenant, filings: &[Filing]) -> Result<Vec<i64>, ServerError> {
        let mut insert = self.connection.prepare_cached(include_str!("file.sql"))?;
        filings.iter().map(|filing| self.file_one(&mut insert, tenant, filing)).collect()
    }

    fn file_one(&self, insert: &mut CachedStatement<'_>, tenant: Tenant, filing: &Filing) -> Result<i64, ServerError> {
        let content = &filing.content;
        let (filed_at, time_doubtful) = filing.filed_microsecond();
        insert.execute(params![
            tenant.key,
            filing.write_id,
            filing.record_id,
            content.kind,
            content.yard_id,
            content.schema,
            state_name(content.state),
            content.state_reason,
            content.captured_at.to_string(),
            content.zone,
            content.operator_id,
            filing.kept_body(),
            filing.device_id,
            filing.base.and_then(|base| storable(base.epoch.0)),
            filing.base.and_then(|base| storable(base.version)),
            filing.restores,
            filing.reason,
            filing.verdict_json(),
            filing.outcome.name(),
            filing.outcome.set_aside_to(),
            filing.version.map(|version| version.epoch.0),
            filing.version.map(|version| version.version),
            filing.seq,
            filing.received_microsecond(),
            filed_at,
            time_doubtful,
            filing.attribution.operator_name,
            filing.attribution.device_name,
            filing.attribution.authorship.map(Authorship::name),
            filing.is_draft,
            filing.outcome.merged().map(|merged| merged.into),
            filing.outcome.merged().map(|merged| merged.body_digest),
            filing.outcome.merged().map(|merged| merged.mark),
        ])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Remembers of each write the later one that names it as made before.
    pub(in crate::storage::sqlite) fn follow(
        &self,
        tenant: Tenant,
        followed: &[(Uuid, Uuid)],
    ) -> Result<(), ServerError> {
        let sql = "INSERT OR IGNORE INTO followed (tenant, write_id, followed_by) VALUES (?1, ?2, ?3)";
        for (write_id, followed_by) in followed {
            self.connection.prepare_cached(sql)?.execute((tenant.key, write_id, followed_by))?;
        }
        Ok(())
    }

    /// Marks a write that was the canonical state until now.
    pub(super) fn displace(&self, tenant: Tenant, write_id: Uuid, outcome: Outcome) -> Result<(), ServerError> {
        let merged = outcome.merged();
        self.connection.prepare_cached(include_str!("displace.sql"))?.execute((
            tenant.key,
            write_id,
            outcome.name(),
            outcome.set_aside_to(),
            merged.map(|merged| merged.into),
            merged.map(|merged| merged.body_digest),
            merged.map(|merged| merged.mark),
        ))?;
        Ok(())
    }
}
