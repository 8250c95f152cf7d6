//! Every write the server has judged: the ledger that makes repeats harmless, and the audit table.

mod read;

use gatebook_domain::RecordState;
use gatebook_sync::{Content, Receipt, Verdict, VersionId};
use jiff::Timestamp;
use rusqlite::{CachedStatement, params};
use uuid::Uuid;

use super::Writing;
use super::tenants::Tenant;
use crate::error::ServerError;

pub(super) use read::read_content;
pub(crate) use read::{Ancestor, LedgerEntry, StoredWrite};

/// What has become of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Canonical,
    Superseded,
    SetAside { to: Uuid },
    Unchanged,
    Rejected,
}

impl Outcome {
    const fn name(self) -> &'static str {
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

/// A judged write on its way into the table. `received_at` and `seq` are stamped last of all.
#[derive(Debug)]
pub(crate) struct Filing {
    pub write_id: Uuid,
    pub record_id: Uuid,
    pub content: Content,
    pub device_id: Option<Uuid>,
    pub base: Option<VersionId>,
    pub restores: Option<Uuid>,
    pub reason: String,
    pub verdict: Verdict,
    pub outcome: Outcome,
    /// The version it becomes, if it becomes one.
    pub version: Option<VersionId>,
    /// Its place in the feed, if it becomes a version.
    pub seq: Option<u64>,
    pub received_at: Option<Timestamp>,
}

impl Filing {
    /// A write by the server or the console that becomes the canonical state.
    pub(crate) fn own(record_id: Uuid, write_id: Uuid, version: VersionId, content: Content) -> Self {
        Self {
            write_id,
            record_id,
            content,
            device_id: None,
            base: None,
            restores: None,
            reason: String::new(),
            verdict: Verdict::Accepted,
            outcome: Outcome::Canonical,
            version: Some(version),
            seq: None,
            received_at: None,
        }
    }

    /// Its receipt, not yet signed, if it became a version. Before it is stamped it counts as received after everything
    /// else, as it will be.
    pub(crate) fn receipt(&self) -> Option<Receipt> {
        let VersionId { epoch, version } = self.version?;
        let received_at = self.received_at.unwrap_or(Timestamp::MAX);
        Some(Receipt { epoch, version, seq: self.seq.unwrap_or(u64::MAX), received_at, mac: String::new() })
    }
}

impl Writing<'_> {
    /// Puts judged writes into the table; returns the key of each.
    pub(crate) fn file(&self, tenant: Tenant, filings: &[Filing]) -> Result<Vec<i64>, ServerError> {
        let mut insert = self.connection.prepare_cached(include_str!("file.sql"))?;
        filings.iter().map(|filing| self.file_one(&mut insert, tenant, filing)).collect()
    }

    fn file_one(&self, insert: &mut CachedStatement<'_>, tenant: Tenant, filing: &Filing) -> Result<i64, ServerError> {
        let content = &filing.content;
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
            content.body.get(),
            filing.device_id,
            filing.base.and_then(|base| storable(base.epoch.0)),
            filing.base.and_then(|base| storable(base.version)),
            filing.restores,
            filing.reason,
            serde_json::to_string(&filing.verdict).expect("verdicts are JSON"),
            filing.outcome.name(),
            filing.outcome.set_aside_to(),
            filing.version.map(|version| version.epoch.0),
            filing.version.map(|version| version.version),
            filing.seq,
            filing.received_at.expect("filings are stamped before they are filed").as_microsecond(),
        ])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Marks a write that was the canonical state until now.
    pub(crate) fn displace(&self, tenant: Tenant, write_id: Uuid, outcome: Outcome) -> Result<(), ServerError> {
        self.connection
            .prepare_cached("UPDATE versions SET outcome = ?3, set_aside_to = ?4 WHERE tenant = ?1 AND write_id = ?2")?
            .execute((tenant.key, write_id, outcome.name(), outcome.set_aside_to()))?;
        Ok(())
    }
}

/// A forged base can claim any number; what no server ever counted to is left out.
fn storable(number: u64) -> Option<i64> {
    i64::try_from(number).ok()
}

/// The name of a record's state in SQL.
pub(crate) const fn state_name(state: RecordState) -> &'static str {
    match state {
        RecordState::Live => "live",
        RecordState::Closed => "closed",
        RecordState::Voided => "voided",
    }
}
