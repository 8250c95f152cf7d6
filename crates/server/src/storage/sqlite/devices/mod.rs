//! Enrolled devices and the yards they work for.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::OptionalExtension;
use uuid::Uuid;

use super::{Session, batch};
use crate::error::ServerError;
use crate::storage::{Device, NewDevice, Tenant};

impl Session<'_> {
    /// The device with that token, revoked or not.
    pub(super) fn device_of_token(&self, token_hash: &[u8; 32]) -> Result<Option<Device>, ServerError> {
        let found = self
            .connection
            .prepare_cached(include_str!("of_token.sql"))?
            .query_row([token_hash], |row| {
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
    /// Enrols a device, or enrols it again with a new token.
    pub(super) fn put_device(&self, new: &NewDevice<'_>) -> Result<(), ServerError> {
        let now = new.now.as_microsecond();
        self.connection
            .execute(include_str!("put.sql"), (new.id, new.tenant.key, new.name, new.token_hash, new.code_hash, now))?;
        self.set_device_yards(new.id, new.yards)
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

    /// Revokes the device of that id, or all of that name, and the codes they were enrolled with: a code can be used
    /// again by its own device while it lives, and must not undo this. Returns how many devices there were.
    pub(super) fn revoke(&self, device: &str, now: Timestamp) -> Result<usize, ServerError> {
        let id: Option<Uuid> = device.parse().ok();
        self.connection.execute(include_str!("../codes/burn.sql"), (id, device))?;
        Ok(self.connection.execute(include_str!("revoke.sql"), (id, device, now.as_microsecond()))?)
    }
}
