//! Tenants, their counters, and their admins' tokens.

use rusqlite::OptionalExtension;
use uuid::Uuid;

use super::Session;
use crate::error::ServerError;
use crate::storage::model::timestamp;
use crate::storage::{Admin, Counter, Tenant};

impl Session<'_> {
    /// Every tenant; `id` picks one.
    pub(super) fn tenants(&self, id: Option<Uuid>) -> Result<Vec<Tenant>, ServerError> {
        self.tenants_where("SELECT key, id FROM tenants WHERE ?1 IS NULL OR id = ?1", id)
    }

    /// The tenants that have a record of that id. Ids are random, so there is hardly ever more than one.
    pub(super) fn tenants_with_record(&self, id: Uuid) -> Result<Vec<Tenant>, ServerError> {
        self.tenants_where(include_str!("with_record.sql"), Some(id))
    }

    /// The tenants that have a write of that id.
    pub(super) fn tenants_with_write(&self, id: Uuid) -> Result<Vec<Tenant>, ServerError> {
        self.tenants_where(include_str!("with_write.sql"), Some(id))
    }

    fn tenants_where(&self, sql: &str, id: Option<Uuid>) -> Result<Vec<Tenant>, ServerError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_map([id], |row| Ok(Tenant { key: row.get(0)?, id: row.get(1)? }))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// Who an admin's token lets in.
    pub(super) fn admin_of_token(&self, token_hash: &[u8; 32]) -> Result<Option<Admin>, ServerError> {
        Ok(self
            .connection
            .prepare_cached(include_str!("of_admin.sql"))?
            .query_row([token_hash], |row| {
                Ok(Admin { tenant: Tenant { key: row.get(0)?, id: row.get(1)? }, name: row.get(2)? })
            })
            .optional()?)
    }

    /// Where the tenant's feed stands.
    pub(super) fn counter(&self, tenant: Tenant) -> Result<Counter, ServerError> {
        let (seq, received_at) = self
            .connection
            .prepare_cached("SELECT seq, received_at FROM tenant_counters WHERE tenant = ?1")?
            .query_row([tenant.key], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Counter { seq, received_at: timestamp(received_at)? })
    }
}

impl Session<'_> {
    /// Makes the tenant unless it is there.
    pub(super) fn put_tenant(&self, id: Uuid, name: &str) -> Result<Tenant, ServerError> {
        self.connection.execute("INSERT OR IGNORE INTO tenants (id, name) VALUES (?1, ?2)", (id, name))?;
        let key = self.connection.query_row("SELECT key FROM tenants WHERE id = ?1", [id], |row| row.get(0))?;
        self.connection.execute("INSERT OR IGNORE INTO tenant_counters VALUES (?1, 0, 0)", [key])?;
        Ok(Tenant { key, id })
    }

    pub(super) fn put_admin_token(&self, tenant: Tenant, token_hash: &[u8; 32], name: &str) -> Result<(), ServerError> {
        let sql = "INSERT INTO admin_tokens (token_hash, tenant, name) VALUES (?1, ?2, ?3)";
        self.connection.execute(sql, (token_hash, tenant.key, name))?;
        Ok(())
    }

    pub(super) fn set_counter(&self, tenant: Tenant, counter: Counter) -> Result<(), ServerError> {
        self.connection
            .prepare_cached("UPDATE tenant_counters SET seq = ?2, received_at = ?3 WHERE tenant = ?1")?
            .execute((tenant.key, counter.seq, counter.received_at.as_microsecond()))?;
        Ok(())
    }
}
