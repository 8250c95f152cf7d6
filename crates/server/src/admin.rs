//! What an admin does: see every write to a record, bring one back, close, reopen and void. Each act is itself a
//! version that syncs everywhere and can be reverted.

use gatebook_domain::reference::Operator;
use gatebook_domain::{Body, Kind, RecordState};
use gatebook_sync::wire::{ApiError, ApiErrorCode, AuditEntry, RestoreResponse};
use gatebook_sync::{Content, Verdict, VersionId};
use rusqlite::Connection;
use uuid::Uuid;

use crate::error::{ServerError, refuse};
use crate::server::Server;
use crate::storage::{self, Admin, Held, NewVersion, Outcome, StoredWrite, sql};

impl Server {
    /// Every write to a record, oldest first.
    ///
    /// # Errors
    /// There is no such record for this admin.
    pub(crate) fn audit(&self, admin: Admin, record_id: Uuid) -> Result<Vec<AuditEntry>, ServerError> {
        self.inner.storage.read(|connection| {
            let writes = sql::of_record(connection, admin.tenant, record_id)?;
            if writes.is_empty() {
                return Err(refuse(ApiErrorCode::NotFound, format!("There is no record {record_id}.")).into());
            }
            writes.into_iter().map(|write| entry(connection, admin, write)).collect()
        })
    }

    /// Makes an earlier write the canonical state again.
    ///
    /// # Errors
    /// There is no such write, or it is canonical already.
    pub(crate) fn restore(&self, admin: Admin, write_id: Uuid, reason: &str) -> Result<RestoreResponse, ServerError> {
        let missing = || refuse(ApiErrorCode::NotFound, format!("There is no write {write_id}."));
        self.inner.storage.write(|connection| {
            let write = sql::audited_write(connection, admin.tenant, write_id)?.ok_or_else(missing)?;
            let held = sql::held(connection, admin.tenant, write.record_id)?.ok_or_else(missing)?;
            if held.write_id == write_id {
                let message = "This version is the one in force already; there is nothing to restore.";
                return Err(refuse(ApiErrorCode::Malformed, message).into());
            }
            let content = Content { state_reason: reason.to_owned(), ..write.content };
            self.supersede(connection, admin, write.record_id, &held, &content, Some(write_id))
        })
    }

    /// Closes, reopens or voids a record.
    ///
    /// # Errors
    /// There is no such record.
    pub(crate) fn set_state(
        &self,
        admin: Admin,
        record_id: Uuid,
        state: RecordState,
        reason: &str,
    ) -> Result<RestoreResponse, ServerError> {
        self.inner.storage.write(|connection| {
            let held = sql::held(connection, admin.tenant, record_id)?
                .ok_or_else(|| refuse(ApiErrorCode::NotFound, format!("There is no record {record_id}.")))?;
            let content = Content { state, state_reason: reason.to_owned(), ..held.content.clone() };
            self.supersede(connection, admin, record_id, &held, &content, None)
        })
    }

    /// Writes a record of the console: reference data and assignments.
    ///
    /// # Errors
    /// The database failed.
    pub(crate) fn put_by_console(
        &self,
        connection: &Connection,
        admin: Admin,
        id: Uuid,
        content: &Content,
    ) -> Result<(), ServerError> {
        match sql::held(connection, admin.tenant, id)? {
            Some(held) if held.content.says_the_same_as(content) => Ok(()),
            Some(held) => self.supersede(connection, admin, id, &held, content, None).map(drop),
            None => self.file(connection, admin, id, 1, content, None).map(drop),
        }
    }

    fn supersede(
        &self,
        connection: &Connection,
        admin: Admin,
        record_id: Uuid,
        held: &Held,
        content: &Content,
        restores: Option<Uuid>,
    ) -> Result<RestoreResponse, ServerError> {
        sql::displace(connection, admin.tenant, held.write_id, Outcome::Superseded)?;
        self.file(connection, admin, record_id, held.version.version + 1, content, restores)
    }

    fn file(
        &self,
        connection: &Connection,
        admin: Admin,
        record_id: Uuid,
        version: u64,
        content: &Content,
        restores: Option<Uuid>,
    ) -> Result<RestoreResponse, ServerError> {
        let environment = &self.inner.config.environment;
        let write_id = environment.new_id();
        let epoch = storage::epoch(connection)?;
        let mut counter = sql::counter(connection, admin.tenant)?;
        let received_at = counter.receive(environment.now())?;
        let seq = counter.next_seq();
        sql::file(
            connection,
            admin.tenant,
            &NewVersion {
                write_id,
                record_id,
                content,
                device_id: None,
                verdict: &Verdict::Accepted,
                outcome: Outcome::Canonical,
                restores,
                version: Some((VersionId { epoch, version }, seq)),
                received_at,
            },
        )?;
        sql::set_counter(connection, admin.tenant, counter)?;
        Ok(RestoreResponse { write_id, version })
    }

    /// The admin of a tenant (the only one there is, without a name), for the command line, which has the data folder.
    ///
    /// # Errors
    /// There is no such tenant.
    pub(crate) fn local_admin(&self, tenant: Option<Uuid>) -> Result<Admin, ServerError> {
        crate::enrol::tenant_or_refusal(self.inner.storage.read(|connection| sql::tenant(connection, tenant))?)
    }

    /// Every write to a record, for whoever has the data folder.
    ///
    /// # Errors
    /// There is no such record.
    pub fn audit_list(&self, record_id: Uuid) -> Result<Vec<AuditEntry>, ServerError> {
        self.audit(self.local_admin(None)?, record_id)
    }

    /// Makes an earlier write the canonical state again, for whoever has the data folder.
    ///
    /// # Errors
    /// There is no such write, or it is canonical already.
    pub fn audit_restore(&self, write_id: Uuid, reason: &str) -> Result<RestoreResponse, ServerError> {
        self.restore(self.local_admin(None)?, write_id, reason)
    }

    pub(crate) fn audit_as(&self, token: &str, record_id: Uuid) -> Result<Vec<AuditEntry>, ApiError> {
        Ok(self.audit(self.admin(token)?, record_id)?)
    }
}

fn entry(connection: &Connection, admin: Admin, write: StoredWrite) -> Result<AuditEntry, ServerError> {
    let operator_name = match write.content.operator_id {
        Some(id) => match sql::reference(connection, admin.tenant, id, Kind::Operator)? {
            Some(Body::Operator(Operator { name, .. })) => name,
            _ => String::new(),
        },
        None => String::new(),
    };
    Ok(AuditEntry {
        write_id: write.write_id,
        record_id: write.record_id,
        outcome: write.outcome,
        version: write.version,
        received_at: write.received_at,
        operator_name,
        device_name: sql::device_name(connection, write.device_id)?,
        restores: write.restores,
        content: write.content,
    })
}
