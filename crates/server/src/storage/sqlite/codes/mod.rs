//! One-time codes. Only their hashes are stored.

use jiff::Timestamp;
use uuid::Uuid;

use super::Session;
use crate::error::ServerError;
use crate::storage::model::timestamp;
use crate::storage::{Code, Tenant, Used};

impl Session<'_> {
    /// The code, used or not, expired or not.
    pub(super) fn code(&self, code_hash: &[u8; 32]) -> Result<Option<Code>, ServerError> {
        let mut statement = self.connection.prepare_cached(include_str!("find.sql"))?;
        let mut rows = statement.query([code_hash])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let yards: String = row.get(3)?;
        let used_by: Option<Uuid> = row.get(5)?;
        let (used_at, secret_hash) = (row.get(6)?, row.get(7)?);
        Ok(Some(Code {
            tenant: Tenant { key: row.get(0)?, id: row.get(1)? },
            tenant_name: row.get(2)?,
            yards: serde_json::from_str(&yards).map_err(|error| ServerError::unreadable("code", error))?,
            expires_at: timestamp(row.get(4)?)?,
            used: used_by.map(|device| Used::stored(device, used_at, secret_hash)).transpose()?,
        }))
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

    /// The code has made a device, of whoever knows that secret.
    pub(super) fn use_code(
        &self,
        code_hash: &[u8; 32],
        device: Uuid,
        secret_hash: Option<[u8; 32]>,
        now: Timestamp,
    ) -> Result<(), ServerError> {
        self.connection.execute(
            "UPDATE enrolment_codes SET used_by = ?2, secret_hash = ?3, used_at = ?4 WHERE code_hash = ?1",
            (code_hash, device, secret_hash, now.as_microsecond()),
        )?;
        Ok(())
    }
}
