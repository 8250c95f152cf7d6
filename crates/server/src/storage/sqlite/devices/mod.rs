//! Enrolled devices and the yards they work for.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, ToSql};
use uuid::Uuid;

use super::{Session, batch};
use crate::error::ServerError;
use crate::storage::model::timestamp;
use crate::storage::{Device, FoundDevice, NewDevice, Tenant};

impl Session<'_> {
    /// The device with that token, revoked or not.
    pub(super) fn device_of_token(&self, token_hash: &[u8; 32]) -> Result<Option<Device>, ServerError> {
        self.device_by(include_str!("of_token.sql"), token_hash)
    }

    /// The device of that id, revoked or not.
    pub(super) fn device_of_id(&self, id: Uuid) -> Result<Option<Device>, ServerError> {
        self.device_by(include_str!("of_id.sql"), id)
    }

    fn device_by(&self, sql: &str, which: impl ToSql) -> Result<Option<Device>, ServerError> {
        let found = self
            .connection
            .prepare_cached(sql)?
            .query_row([which], |row| {
                Ok(Device {
                    id: row.get(0)?,
                    tenant: Tenant { key: row.get(1)?, id: row.get(2)? },
                    name: row.get(3)?,
                    revoked: row.get(4)?,
                    last_seen_at: row.get(5)?,
                    yards: Vec::new(),
                })
            })
            .optional()?;
        let Some(mut device) = found else { return Ok(None) };
        device.yards = self
            .connection
            .prepare_cached("SELECT yard FROM device_yards WHERE device = ?1 ORDER BY yard")?
            .query_map([device.id], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        Ok(Some(device))
    }

    /// Devices of that id or of that name, of every tenant.
    pub(super) fn find_devices(&self, id: Option<Uuid>, name: &str) -> Result<Vec<FoundDevice>, ServerError> {
        let mut statement = self.connection.prepare_cached(include_str!("find.sql"))?;
        let mut rows = statement.query((id, name))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let last_seen_at: Option<i64> = row.get(6)?;
            found.push(FoundDevice {
                id: row.get(0)?,
                tenant: Tenant { key: row.get(1)?, id: row.get(2)? },
                name: row.get(3)?,
                is_revoked: row.get(4)?,
                joined_at: timestamp(row.get(5)?)?,
                last_seen_at: last_seen_at.map(timestamp).transpose()?,
            });
        }
        Ok(found)
    }

    /// Every revoked device.
    pub(super) fn revoked_devices(&self) -> Result<Vec<Uuid>, ServerError> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM devices WHERE revoked_at IS NOT NULL")?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// The tenant a device belongs to, if it is enrolled.
    pub(super) fn tenant_of_device(&self, id: Uuid) -> Result<Option<Tenant>, ServerError> {
        Ok(self
            .connection
            .prepare_cached(include_str!("tenant.sql"))?
            .query_row([id], |row| Ok(Tenant { key: row.get(0)?, id: row.get(1)? }))
            .optional()?)
    }

    /// What people call those devices of the tenant.
    pub(super) fn device_names(&self, tenant: Tenant, ids: &[Uuid]) -> Result<HashMap<Uuid, String>, ServerError> {
        let mut statement =
            self.connection.prepare_cached("SELECT id, name FROM devices WHERE tenant = ?1 AND id IN rarray(?2)")?;
        let named = statement.query_map((tenant.key, batch(ids)), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(named.collect::<Result<_, _>>()?)
    }
}

impl Session<'_> {
    /// Enrols a device. One that is there stays as it is.
    pub(super) fn put_device(&self, new: &NewDevice<'_>) -> Result<(), ServerError> {
        let now = new.now.as_microsecond();
        let put = self
            .connection
            .execute(include_str!("put.sql"), (new.id, new.tenant.key, new.name, new.token_hash, new.code_hash, now))?;
        if put == 0 { Ok(()) } else { self.set_device_yards(new.id, new.yards) }
    }

    /// What one device has begun to upload is the other's from now on.
    pub(super) fn hand_over_uploads(&self, from: Uuid, to: Uuid) -> Result<(), ServerError> {
        self.connection.execute("UPDATE uploads SET device = ?2 WHERE device = ?1", (from, to))?;
        Ok(())
    }

    /// Sets the yards a device works for.
    pub(super) fn set_device_yards(&self, device: Uuid, yards: &[Uuid]) -> Result<(), ServerError> {
        self.connection.execute("DELETE FROM device_yards WHERE device = ?1", [device])?;
        for yard in yards {
            self.connection
                .execute("INSERT OR IGNORE INTO device_yards (device, yard) VALUES (?1, ?2)", (device, yard))?;
        }
        Ok(())
    }

    /// Notes that a device called, and with which app.
    pub(super) fn device_seen(&self, device: Uuid, app: &str, now: Timestamp) -> Result<(), ServerError> {
        self.connection.prepare_cached("UPDATE devices SET last_seen_at = ?2, app = ?3 WHERE id = ?1")?.execute((
            device,
            now.as_microsecond(),
            app,
        ))?;
        Ok(())
    }

    /// Revokes a device, and the code it was enrolled with.
    pub(super) fn revoke(&self, device: Uuid, now: Timestamp) -> Result<(), ServerError> {
        self.connection.execute("DELETE FROM enrolment_codes WHERE used_by = ?1", [device])?;
        let sql = "UPDATE devices SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1";
        self.connection.execute(sql, (device, now.as_microsecond()))?;
        Ok(())
    }
}
