//! Tenants, their counters, and their admins' tokens.

use jiff::Timestamp;
use uuid::Uuid;

use super::Session;
use crate::error::ServerError;
use crate::storage::model::timestamp;
use crate::storage::{Admin, AdminToken, Counter, FoundAdmin, Tenant};

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
    pub(super) fn admin_of_token(&self, token_hash: &[u8; 32]) -> Result<Option<FoundAdmin>, ServerError> {
        let mut statement = self.connection.prepare_cached(include_str!("of_admin.sql"))?;
        let mut rows = statement.query([token_hash])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let admin = Admin { tenant: Tenant { key: row.get(0)?, id: row.get(1)? }, name: row.get(2)? };
        Ok(Some(FoundAdmin { admin, expires_at: time(row.get(3)?)?, is_revoked: row.get(4)? }))
    }

    /// The tokens of a tenant's office, the newest last.
    pub(super) fn admin_tokens(&self, tenant: Tenant) -> Result<Vec<AdminToken>, ServerError> {
        let mut statement = self.connection.prepare_cached(include_str!("admin_tokens.sql"))?;
        let mut rows = statement.query([tenant.key])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (hash, name) = (row.get(0)?, row.get(1)?);
            let (made_at, expires_at, revoked_at) = (time(row.get(2)?)?, time(row.get(3)?)?, time(row.get(4)?)?);
            found.push(AdminToken { hash, name, made_at, expires_at, revoked_at });
        }
        Ok(found)
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

/// A time that may not be there.
fn time(at: Option<i64>) -> Result<Option<Timestamp>, ServerError> {
    at.map(timestamp).transpose()
}

impl Session<'_> {
    /// Makes the tenant unless it is there.
    pub(super) fn put_tenant(&self, id: Uuid, name: &str) -> Result<Tenant, ServerError> {
        self.connection.execute("INSERT OR IGNORE INTO tenants (id, name) VALUES (?1, ?2)", (id, name))?;
        let key = self.connection.query_row("SELECT key FROM tenants WHERE id = ?1", [id], |row| row.get(0))?;
        self.connection.execute("INSERT OR IGNORE INTO tenant_counters VALUES (?1, 0, 0)", [key])?;
        Ok(Tenant { key, id })
    }

    pub(super) fn put_admin_token(&self, tenant: Tenant, token: &AdminToken) -> Result<(), ServerError> {
        let AdminToken { hash, name, .. } = token;
        let [made_at, expires_at] = [token.made_at, token.expires_at].map(|at| at.map(Timestamp::as_microsecond));
        let sql =
            "INSERT INTO admin_tokens (token_hash, tenant, name, made_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        self.connection.execute(sql, (hash, tenant.key, name, made_at, expires_at))?;
        Ok(())
    }

    pub(super) fn revoke_admin_token(&self, token_hash: &[u8; 32], now: Timestamp) -> Result<(), ServerError> {
        let sql = "UPDATE admin_tokens SET revoked_at = coalesce(revoked_at, ?2) WHERE token_hash = ?1";
        self.connection.execute(sql, (token_hash, now.as_microsecond()))?;
        Ok(())
    }

    pub(super) fn set_counter(&self, tenant: Tenant, counter: Counter) -> Result<(), ServerError> {
        self.connection
            .prepare_cached("UPDATE tenant_counters SET seq = ?2, received_at = ?3 WHERE tenant = ?1")?
            .execute((tenant.key, counter.seq, counter.received_at.as_microsecond()))?;
        Ok(())
    }
}
