//! Photos: which bytes are held, which records named them, and what is being uploaded. Plain SQL that any database
//! takes.

mod uploads;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row};
use uuid::Uuid;

pub(crate) use uploads::{NewUpload, Part, Upload, UploadState};

use super::tenants::Tenant;
use super::{Reading, Writing, timestamp};
use crate::error::ServerError;
use crate::photos::ContentHash;

/// Bytes that are held and verified.
#[derive(Debug, Clone)]
pub(crate) struct Blob {
    pub tenant: Tenant,
    pub sha256: ContentHash,
    pub size: u64,
    pub media_type: String,
    /// Where they lie in the store.
    pub name: String,
    pub stored_at: Timestamp,
    /// When somebody last asked for them, or brought them.
    pub wanted_at: Timestamp,
}

impl Reading<'_> {
    /// The bytes of that hash, if the tenant has them.
    pub(crate) fn blob(&self, tenant: Tenant, sha256: ContentHash) -> Result<Option<Blob>, ServerError> {
        let sql = "SELECT size, media_type, name, stored_at, wanted_at FROM blobs WHERE tenant = ?1 AND sha256 = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query((tenant.key, sha256.0))?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(Blob {
            tenant,
            sha256,
            size: row.get(0)?,
            media_type: row.get(1)?,
            name: row.get(2)?,
            stored_at: timestamp(row.get(3)?)?,
            wanted_at: timestamp(row.get(4)?)?,
        }))
    }

    /// The records that ever named those bytes.
    pub(crate) fn records_naming(&self, tenant: Tenant, sha256: ContentHash) -> Result<Vec<Uuid>, ServerError> {
        let sql = "SELECT record_id FROM blob_references WHERE tenant = ?1 AND sha256 = ?2 ORDER BY record_id";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_map((tenant.key, sha256.0), |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// Bytes that no record ever named and nobody has asked for since `before`.
    pub(crate) fn unreferenced_blobs(&self, before: Timestamp) -> Result<Vec<Blob>, ServerError> {
        let mut statement = self.connection.prepare_cached(include_str!("unreferenced.sql"))?;
        let mut rows = statement.query([before.as_microsecond()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row)?);
        }
        Ok(found)
    }

    /// Everything that is held, of all tenants.
    pub(crate) fn all_blobs(&self) -> Result<Vec<Blob>, ServerError> {
        let mut statement = self.connection.prepare_cached(include_str!("all.sql"))?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row)?);
        }
        Ok(found)
    }

    /// Whether the bytes under that name are those in force for their hash.
    pub(crate) fn is_blob(&self, name: &str) -> Result<bool, ServerError> {
        let found: Option<i64> = self
            .connection
            .prepare_cached("SELECT 1 FROM blobs WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        Ok(found.is_some())
    }
}

impl Writing<'_> {
    /// Files bytes that are in place, unless the tenant has them already; whether it did.
    pub(crate) fn put_blob(&self, blob: &Blob) -> Result<bool, ServerError> {
        let at = blob.stored_at.as_microsecond();
        let values = (blob.tenant.key, blob.sha256.0, blob.size, &blob.media_type, &blob.name, at);
        Ok(self.connection.prepare_cached(include_str!("put_blob.sql"))?.execute(values)? == 1)
    }

    /// Notes that somebody counts on those bytes.
    pub(crate) fn want_blob(&self, tenant: Tenant, sha256: ContentHash, now: Timestamp) -> Result<(), ServerError> {
        self.connection
            .prepare_cached("UPDATE blobs SET wanted_at = ?3 WHERE tenant = ?1 AND sha256 = ?2")?
            .execute((tenant.key, sha256.0, now.as_microsecond()))?;
        Ok(())
    }

    /// Forgets bytes, if still no record ever named them and nobody has asked for them since `before`.
    pub(crate) fn remove_unreferenced(&self, blob: &Blob, before: Timestamp) -> Result<bool, ServerError> {
        let values = (blob.tenant.key, blob.sha256.0, &blob.name, before.as_microsecond());
        Ok(self.connection.execute(include_str!("remove_unreferenced.sql"), values)? == 1)
    }

    /// Forgets bytes that are lost.
    pub(crate) fn remove_lost(&self, blob: &Blob) -> Result<bool, ServerError> {
        let sql = "DELETE FROM blobs WHERE tenant = ?1 AND sha256 = ?2 AND name = ?3";
        Ok(self.connection.execute(sql, (blob.tenant.key, blob.sha256.0, &blob.name))? == 1)
    }

    /// Notes that a record names those bytes.
    pub(crate) fn refer(&self, tenant: Tenant, sha256: ContentHash, record_id: Uuid) -> Result<(), ServerError> {
        let mut statement = self.connection.prepare_cached(include_str!("refer.sql"))?;
        statement.execute((tenant.key, sha256.0, record_id))?;
        Ok(())
    }
}

fn read(row: &Row<'_>) -> Result<Blob, ServerError> {
    Ok(Blob {
        tenant: Tenant { key: row.get(0)?, id: row.get(1)? },
        sha256: ContentHash(row.get(2)?),
        size: row.get(3)?,
        media_type: row.get(4)?,
        name: row.get(5)?,
        stored_at: timestamp(row.get(6)?)?,
        wanted_at: timestamp(row.get(7)?)?,
    })
}
