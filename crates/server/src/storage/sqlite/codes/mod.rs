//! One-time codes. Only their hashes are stored.

use jiff::Timestamp;
use rusqlite::OptionalExtension;
use uuid::Uuid;

use super::Session;
use crate::error::ServerError;
use crate::storage::{Code, Tenant};

impl Session<'_> {
    /// What the code is good for, if that device may use it now: it has not expired, and nobody else has used it.
    pub(super) fn code(&self, code_hash: &[u8; 32], device: Uuid, now: Timestamp) -> Result<Option<Code>, ServerError> {
        let found: Option<(Tenant, String, String)> = self
            .connection
            .prepare_cached(include_str!("usable.sql"))?
            .query_row((code_hash, device, now.as_microsecond()), |row| {
                Ok((Tenant { key: row.get(0)?, id: row.get(1)? }, row.get(2)?, row.get(3)?))
            })
            .optional()?;
        let Some((tenant, tenant_name, yards)) = found else { return Ok(None) };
        let yards = serde_json::from_str(&yards).map_err(|error| ServerError::unreadable("code", error))?;
        Ok(Some(Code { tenant, tenant_name, yards }))
    }
}

impl Session<'_> {
    pub(super) fn put_code(
        &self,
        tenant: Tenant,
        code_hash: &[u8; 32],
        yards: &[Uuid],
        expires_at: Timestamp,
    ) -> Result<(), ServerError> {
        let yards = serde_json::to_string(yards).expect("ids are JSON");
        self.connection.execute(
            "INSERT INTO enrolment_codes (code_hash, tenant, yards, expires_at) VALUES (?1, ?2, ?3, ?4)",
            (code_hash, tenant.key, yards, expires_at.as_microsecond()),
        )?;
        Ok(())
    }

    /// From now on the code is that device's alone.
    pub(super) fn use_code(&self, code_hash: &[u8; 32], device: Uuid) -> Result<(), ServerError> {
        self.connection.execute("UPDATE enrolment_codes SET used_by = ?2 WHERE code_hash = ?1", (code_hash, device))?;
        Ok(())
    }
}
