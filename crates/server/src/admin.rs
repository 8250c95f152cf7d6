//! What an admin does with a record: see every write to it, bring one back, close, reopen and void it.
//!
//! Each act comes twice: for an admin's token (over HTTP), in whose name it is filed, and for whoever holds the data
//! folder (the command line, tests), where the record itself says which organization it is about.

use gatebook_domain::{Body, RecordState, title};
use gatebook_sync::Content;
use gatebook_sync::wire::{ApiErrorCode, AuditEntry, AuditOutcome, OfficeConflict, OfficeConflicts, RestoreResponse};
use uuid::Uuid;

use crate::access::{no_such, only_tenant};
use crate::attribution::{self, Written};
use crate::config::Bounds;
use crate::console::{Because, check_reason, supersede};
use crate::error::{ServerError, refuse};
use crate::reconcile;
use crate::server::Server;
use crate::storage::{Admin, Held, Reading, StoredWrite, Tenant};

/// Conflicts of the office listed at a time.
const LISTED: usize = 100;

impl Server {
    /// Every write to a record, in the order in which they were judged.
    ///
    /// # Errors
    /// There is no such record.
    pub fn audit(&self, record_id: Uuid) -> Result<Vec<AuditEntry>, ServerError> {
        self.audit_of(self.owner_of(record_id)?, record_id)
    }

    /// Makes an earlier write the canonical state again, as a new version.
    ///
    /// # Errors
    /// There is no such write, or it is canonical already.
    pub fn restore_version(&self, write_id: Uuid, reason: &str) -> Result<RestoreResponse, ServerError> {
        let owners = self.inner.storage.read(|reading| reading.tenants_with_write(write_id))?;
        let tenant = if owners.is_empty() { Err(no_such("write", write_id)) } else { only_tenant(&owners) }?;
        self.restore_version_of(&at_hand(tenant), None, write_id, reason)
    }

    /// Closes, reopens or voids a record. What is in that state already stays as it is.
    ///
    /// # Errors
    /// There is no such record.
    pub fn set_state(&self, record_id: Uuid, state: RecordState, reason: &str) -> Result<RestoreResponse, ServerError> {
        self.set_state_of(&at_hand(self.owner_of(record_id)?), record_id, state, reason)
    }

    /// Versions by the office of any organisation that lost a conflict which it has not answered since.
    ///
    /// # Errors
    /// The database failed.
    pub fn office_conflicts(&self, tenant: Option<Uuid>) -> Result<OfficeConflicts, ServerError> {
        let tenants = self.inner.storage.read(|reading| reading.tenants(tenant))?;
        self.office_conflicts_of(only_tenant(&tenants)?)
    }

    pub(crate) fn office_conflicts_of(&self, tenant: Tenant) -> Result<OfficeConflicts, ServerError> {
        self.inner.storage.read(|reading| {
            let mut lost = reading.lost_by_office(tenant, LISTED + 1)?;
            let more = lost.len() > LISTED;
            lost.truncate(LISTED);
            let winner = |write: &StoredWrite| match write.outcome {
                AuditOutcome::SetAside { to } => reading.write(tenant, to),
                _ => Ok(None),
            };
            let mut sides = Vec::new();
            for write in lost {
                if let Some(winner) = winner(&write)? {
                    sides.extend([write, winner]);
                }
            }
            let mut named = audited(reading, tenant, sides)?.into_iter();
            let mut conflicts = Vec::new();
            while let (Some(set_aside), Some(kept)) = (named.next(), named.next()) {
                let record_title = title_of(&kept.content);
                conflicts.push(OfficeConflict { record_id: kept.record_id, record_title, set_aside, kept });
            }
            Ok(OfficeConflicts { conflicts, more })
        })
    }

    fn owner_of(&self, record_id: Uuid) -> Result<Tenant, ServerError> {
        let owners = self.inner.storage.read(|reading| reading.tenants_with_record(record_id))?;
        if owners.is_empty() { Err(no_such("record", record_id)) } else { only_tenant(&owners) }
    }

    pub(crate) fn audit_of(&self, tenant: Tenant, record_id: Uuid) -> Result<Vec<AuditEntry>, ServerError> {
        self.inner.storage.read(|reading| {
            let writes = reading.writes_of_record(tenant, record_id)?;
            if writes.is_empty() {
                return Err(no_such("record", record_id));
            }
            audited(reading, tenant, writes)
        })
    }

    /// `record_id`: which record it must be a write to.
    pub(crate) fn restore_version_of(
        &self,
        admin: &Admin,
        record_id: Option<Uuid>,
        write_id: Uuid,
        reason: &str,
    ) -> Result<RestoreResponse, ServerError> {
        check_reason(reason)?;
        self.inner.clock.check()?;
        let tenant = admin.tenant;
        let config = &self.inner.config;
        self.inner.storage.write(|writing| {
            let write = writing
                .write(tenant, write_id)?
                .filter(|write| record_id.is_none_or(|id| id == write.record_id))
                .ok_or_else(|| no_such("write", write_id))?;
            let held = writing.claim_one(tenant, write.record_id)?;
            check_restorable(&write, held.as_ref(), &config.bounds)?;
            let because = Because {
                user: admin.name.clone(),
                restores: Some(write_id),
                operator_name: write.attribution.map(|attribution| attribution.operator_name),
                reason: reason.to_owned(),
            };
            let (write_id, version) = supersede(
                writing,
                tenant,
                &*config.environment,
                write.record_id,
                held.as_ref(),
                write.content,
                because,
            )?;
            Ok(RestoreResponse { write_id, version })
        })
    }

    pub(crate) fn set_state_of(
        &self,
        admin: &Admin,
        record_id: Uuid,
        state: RecordState,
        reason: &str,
    ) -> Result<RestoreResponse, ServerError> {
        check_reason(reason)?;
        self.inner.clock.check()?;
        let tenant = admin.tenant;
        let environment = &*self.inner.config.environment;
        self.inner.storage.write(|writing| {
            let held = writing.claim_one(tenant, record_id)?.ok_or_else(|| no_such("record", record_id))?;
            if held.content.state == state {
                return Ok(RestoreResponse { write_id: held.write_id, version: held.version.version });
            }
            let content = Content {
                state,
                state_reason: reason.to_owned(),
                captured_at: environment.now(),
                operator_id: None,
                ..held.content.clone()
            };
            let because = Because { user: admin.name.clone(), reason: reason.to_owned(), ..Because::default() };
            let (write_id, version) =
                supersede(writing, tenant, environment, record_id, Some(&held), content, because)?;
            Ok(RestoreResponse { write_id, version })
        })
    }
}

/// Whoever holds the data folder: no token says who they are.
const fn at_hand(tenant: Tenant) -> Admin {
    Admin { tenant, name: String::new() }
}

/// Everything that was ever taken can be brought back. Of what was rejected, that which can be read at all: the admin
/// sees it and decides, but must not send devices what they cannot show.
fn check_restorable(write: &StoredWrite, held: Option<&Held>, bounds: &Bounds) -> Result<(), ServerError> {
    if held.is_some_and(|held| held.write_id == write.write_id) {
        let message = "This version is the one in force already; there is nothing to restore.";
        return Err(refuse(ApiErrorCode::Malformed, message).into());
    }
    if let Some(merged) = &write.merged {
        let message = format!(
            "This change was followed by another of the same person and is not kept by itself. Restore write {} instead.",
            merged.into
        );
        return Err(refuse(ApiErrorCode::Malformed, &message).into());
    }
    let is_readable = || {
        reconcile::read(&write.content, bounds)
            .is_ok_and(|body| body.kind().in_yard() == write.content.yard_id.is_some())
            && held.is_none_or(|held| held.content.kind == write.content.kind)
    };
    if matches!(write.outcome, AuditOutcome::Rejected(_)) && !is_readable() {
        let message = "The server could not read this version when it came, and cannot put it in force.";
        return Err(refuse(ApiErrorCode::Malformed, message).into());
    }
    Ok(())
}

fn title_of(content: &Content) -> String {
    let body = content.known_kind().and_then(|kind| Body::from_json(kind, content.body.get()).ok());
    body.as_ref().map(title).unwrap_or_default()
}

fn audited(reading: &dyn Reading, tenant: Tenant, writes: Vec<StoredWrite>) -> Result<Vec<AuditEntry>, ServerError> {
    let unnamed: Vec<Written> = writes.iter().filter(|write| write.attribution.is_none()).map(Written::from).collect();
    let mut looked_up = attribution::looked_up(reading, tenant, &unnamed)?;
    let audited = |write: StoredWrite| {
        let named = write.attribution.or_else(|| looked_up.remove(&write.write_id));
        let named = named.unwrap_or_else(|| unreachable!("what has no names of its own was looked up"));
        AuditEntry {
            write_id: write.write_id,
            record_id: write.record_id,
            outcome: write.outcome,
            version: write.version,
            base: write.base,
            received_at: write.received_at,
            filed_at: write.filed.map(|filed| filed.at),
            time_doubtful: write.filed.is_some_and(|filed| filed.is_doubtful),
            operator_name: named.operator_name,
            device_name: named.device_name,
            authorship: named.authorship,
            restores: write.restores,
            reason: write.reason,
            merged_into: write.merged.map(|merged| merged.into),
            content: write.content,
        }
    };
    Ok(writes.into_iter().map(audited).collect())
}
