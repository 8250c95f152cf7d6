//! Who may talk to the server: tenants, devices, one-time codes, admin tokens. Secrets are stored hashed.

use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::ServerError;

/// An enrolled device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    pub id: Uuid,
    pub tenant: i64,
    pub tenant_uuid: Uuid,
    pub name: String,
    pub yards: Vec<Uuid>,
    pub revoked: bool,
}

/// Somebody with an admin's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Admin {
    pub tenant: i64,
    pub tenant_uuid: Uuid,
}

/// A one-time code being redeemed.
pub(crate) struct Redemption<'a> {
    pub code: &'a str,
    pub device_id: Uuid,
    pub device_name: &'a str,
    pub token: &'a str,
    pub now: i64,
}

/// What a secret is stored as.
fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}

pub(crate) fn put_tenant(connection: &Connection, uuid: Uuid, name: &str) -> Result<i64, ServerError> {
    connection.execute("INSERT OR IGNORE INTO tenants (uuid, name) VALUES (?1, ?2)", (uuid, name))?;
    Ok(connection.query_row("SELECT id FROM tenants WHERE uuid = ?1", [uuid], |row| row.get(0))?)
}

/// The tenant with that id; without one, the only tenant there is.
pub(crate) fn tenant(connection: &Connection, uuid: Option<Uuid>) -> Result<Option<Admin>, ServerError> {
    let mut statement = connection.prepare("SELECT id, uuid FROM tenants WHERE ?1 IS NULL OR uuid = ?1 LIMIT 2")?;
    let found: Vec<Admin> = statement
        .query_map([uuid], |row| Ok(Admin { tenant: row.get(0)?, tenant_uuid: row.get(1)? }))?
        .collect::<Result<_, _>>()?;
    Ok(if let [only] = found.as_slice() { Some(*only) } else { None })
}

pub(crate) fn put_code(
    connection: &Connection,
    tenant: i64,
    code: &str,
    yards: &[Uuid],
    expires_at: i64,
) -> Result<(), ServerError> {
    let yards = serde_json::to_string(yards).expect("ids are JSON");
    connection.execute(
        "INSERT INTO enrolment_codes (code_hash, tenant, yards, expires_at) VALUES (?1, ?2, ?3, ?4)",
        (hash(code), tenant, yards, expires_at),
    )?;
    Ok(())
}

pub(crate) fn put_admin_token(connection: &Connection, tenant: i64, token: &str) -> Result<(), ServerError> {
    connection
        .execute("INSERT OR IGNORE INTO admin_tokens (token_hash, tenant) VALUES (?1, ?2)", (hash(token), tenant))?;
    Ok(())
}

/// Makes the device of a one-time code. A repeat by the same device, whose first answer was lost, gets a new token.
/// `None`: the code is wrong, expired, or used by another device.
pub(crate) fn redeem(
    connection: &Connection,
    redemption: &Redemption<'_>,
) -> Result<Option<(String, Vec<Uuid>)>, ServerError> {
    let code_hash = hash(redemption.code);
    let found: Option<(i64, String, String)> = connection
        .query_row(include_str!("redeemable_code.sql"), (&code_hash, redemption.now, redemption.device_id), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((tenant, yards, tenant_name)) = found else { return Ok(None) };
    let yards: Vec<Uuid> = serde_json::from_str(&yards).map_err(|error| ServerError::unreadable("code", error))?;
    let taken: Option<i64> = connection
        .query_row("SELECT tenant FROM devices WHERE id = ?1", [redemption.device_id], |row| row.get(0))
        .optional()?;
    if taken.is_some_and(|other| other != tenant) {
        return Ok(None);
    }
    connection.execute(
        include_str!("put_device.sql"),
        (redemption.device_id, tenant, redemption.device_name, hash(redemption.token), &code_hash),
    )?;
    connection.execute("DELETE FROM device_yards WHERE device = ?1", [redemption.device_id])?;
    for yard in &yards {
        connection.execute("INSERT INTO device_yards (device, yard) VALUES (?1, ?2)", (redemption.device_id, yard))?;
    }
    connection
        .execute("UPDATE enrolment_codes SET used_by = ?2 WHERE code_hash = ?1", (code_hash, redemption.device_id))?;
    Ok(Some((tenant_name, yards)))
}

pub(crate) fn device_of_token(connection: &Connection, token: &str) -> Result<Option<Device>, ServerError> {
    let found = connection
        .prepare_cached(
            "SELECT devices.id, tenant, tenants.uuid, devices.name, revoked FROM devices \
             JOIN tenants ON tenants.id = tenant WHERE token_hash = ?1",
        )?
        .query_row([hash(token)], |row| {
            Ok(Device {
                id: row.get(0)?,
                tenant: row.get(1)?,
                tenant_uuid: row.get(2)?,
                name: row.get(3)?,
                revoked: row.get(4)?,
                yards: Vec::new(),
            })
        })
        .optional()?;
    let Some(device) = found else { return Ok(None) };
    let yards = connection
        .prepare_cached("SELECT yard FROM device_yards WHERE device = ?1 ORDER BY yard")?
        .query_map([device.id], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(Some(Device { yards, ..device }))
}

pub(crate) fn admin_of_token(connection: &Connection, token: &str) -> Result<Option<Admin>, ServerError> {
    Ok(connection
        .prepare_cached(
            "SELECT tenant, tenants.uuid FROM admin_tokens JOIN tenants ON tenants.id = tenant WHERE token_hash = ?1",
        )?
        .query_row([hash(token)], |row| Ok(Admin { tenant: row.get(0)?, tenant_uuid: row.get(1)? }))
        .optional()?)
}

/// Revokes the device with that id or name. Returns how many there were.
pub(crate) fn revoke(connection: &Connection, device: &str) -> Result<usize, ServerError> {
    let id: Option<Uuid> = device.parse().ok();
    Ok(connection.execute("UPDATE devices SET revoked = 1 WHERE id = ?1 OR name = ?2", (id, device))?)
}

pub(crate) fn device_name(connection: &Connection, id: Option<Uuid>) -> Result<String, ServerError> {
    let Some(id) = id else { return Ok(String::new()) };
    Ok(connection
        .prepare_cached("SELECT name FROM devices WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?
        .unwrap_or_default())
}

/// Sets the yards a device works for.
pub(crate) fn set_yards(connection: &Connection, device: Uuid, yards: &[Uuid]) -> Result<(), ServerError> {
    connection.execute("DELETE FROM device_yards WHERE device = ?1", [device])?;
    for yard in yards {
        connection.execute("INSERT INTO device_yards (device, yard) VALUES (?1, ?2)", (device, yard))?;
    }
    Ok(())
}
