//! Uploads and their parts.

use jiff::Timestamp;
use rusqlite::Row;
use uuid::Uuid;

use crate::error::ServerError;
use crate::photos::ContentHash;
use crate::storage::tenants::Tenant;
use crate::storage::{Reading, Writing, timestamp};

/// Where an upload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UploadState {
    /// Something is still to come, or to be verified.
    Open,
    /// Its bytes are held.
    Stored,
    /// It was not finished in time; what it had is gone.
    Expired,
}

/// An upload as it is begun.
#[derive(Debug, Clone)]
pub(crate) struct NewUpload {
    pub sha256: ContentHash,
    pub size: u64,
    pub media_type: String,
    /// The attachment whose bytes they are. It may arrive later than they do.
    pub record_id: Uuid,
    /// As the device gave it.
    pub metadata: String,
}

/// An upload.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub id: Uuid,
    pub device_id: Uuid,
    pub new: NewUpload,
    /// Bytes that are on the disk, from the first on.
    pub received: u64,
    pub state: UploadState,
    pub expires_at: Timestamp,
}

/// A piece of an upload.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub start: u64,
    pub length: u64,
    /// Where it lies in the store.
    pub name: String,
}

impl Reading<'_> {
    /// An upload of the tenant.
    pub(crate) fn upload(&self, tenant: Tenant, id: Uuid) -> Result<Option<Upload>, ServerError> {
        let mut statement = self.connection.prepare_cached(include_str!("upload.sql"))?;
        let mut rows = statement.query((tenant.key, id))?;
        rows.next()?.map(read).transpose()
    }

    /// What a device has begun and not finished, the furthest first.
    pub(crate) fn open_uploads(
        &self,
        tenant: Tenant,
        device: Uuid,
        now: Timestamp,
    ) -> Result<Vec<Upload>, ServerError> {
        let mut statement = self.connection.prepare_cached(include_str!("open_of_device.sql"))?;
        let mut rows = statement.query((tenant.key, device, now.as_microsecond()))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row)?);
        }
        Ok(found)
    }

    /// What an upload consists of, in order.
    pub(crate) fn parts(&self, upload: Uuid) -> Result<Vec<Part>, ServerError> {
        let sql = "SELECT start, length, name FROM upload_parts WHERE upload = ?1 ORDER BY start";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement
            .query_map([upload], |row| Ok(Part { start: row.get(0)?, length: row.get(1)?, name: row.get(2)? }))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// Whether anything of that upload belongs into the store.
    pub(crate) fn is_upload_open(&self, id: Uuid) -> Result<bool, ServerError> {
        let sql = "SELECT COUNT(*) FROM uploads WHERE id = ?1 AND state = 'open'";
        let found: i64 = self.connection.prepare_cached(sql)?.query_row([id], |row| row.get(0))?;
        Ok(found > 0)
    }

    /// Uploads that were not finished in time.
    pub(crate) fn overdue_uploads(&self, now: Timestamp) -> Result<Vec<Uuid>, ServerError> {
        let sql = "SELECT id FROM uploads WHERE state = 'open' AND expires_at <= ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_map([now.as_microsecond()], |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

impl Writing<'_> {
    /// Begins an upload.
    pub(crate) fn put_upload(
        &self,
        id: Uuid,
        tenant: Tenant,
        device: Uuid,
        new: &NewUpload,
        (now, expires_at): (Timestamp, Timestamp),
    ) -> Result<(), ServerError> {
        self.connection.prepare_cached(include_str!("put_upload.sql"))?.execute((
            id,
            tenant.key,
            device,
            new.sha256.0,
            new.size,
            &new.media_type,
            new.record_id,
            &new.metadata,
            now.as_microsecond(),
            expires_at.as_microsecond(),
        ))?;
        Ok(())
    }

    /// An upload has a part more. False if somebody else has carried it on meanwhile, or it is over.
    pub(crate) fn add_part(&self, upload: Uuid, part: &Part, expires_at: Timestamp) -> Result<bool, ServerError> {
        let values = (upload, part.start, part.start + part.length, expires_at.as_microsecond());
        if self.connection.prepare_cached(include_str!("advance.sql"))?.execute(values)? == 0 {
            return Ok(false);
        }
        self.connection
            .prepare_cached("INSERT INTO upload_parts (upload, start, length, name) VALUES (?1, ?2, ?3, ?4)")?
            .execute((upload, part.start, part.length, &part.name))?;
        Ok(true)
    }

    /// The upload's bytes are held; until `expires_at` it can still be asked about.
    pub(crate) fn finish_upload(&self, upload: Uuid, expires_at: Timestamp) -> Result<(), ServerError> {
        self.connection.execute("DELETE FROM upload_parts WHERE upload = ?1", [upload])?;
        let sql = "UPDATE uploads SET state = 'stored', expires_at = ?2 WHERE id = ?1";
        self.connection.execute(sql, (upload, expires_at.as_microsecond()))?;
        Ok(())
    }

    /// Ends an upload that was not finished in time. False if it goes on after all.
    pub(crate) fn expire_upload(&self, upload: Uuid, now: Timestamp) -> Result<bool, ServerError> {
        let is_over = self.connection.execute(include_str!("expire.sql"), (upload, now.as_microsecond()))? == 1;
        if is_over {
            self.connection.execute("DELETE FROM upload_parts WHERE upload = ?1", [upload])?;
        }
        Ok(is_over)
    }

    /// Forgets an upload.
    pub(crate) fn remove_upload(&self, upload: Uuid) -> Result<(), ServerError> {
        self.connection.execute("DELETE FROM upload_parts WHERE upload = ?1", [upload])?;
        self.connection.execute("DELETE FROM uploads WHERE id = ?1", [upload])?;
        Ok(())
    }

    /// Forgets uploads that have been over since before `before`.
    pub(crate) fn remove_old_uploads(&self, before: Timestamp) -> Result<(), ServerError> {
        let sql = "DELETE FROM uploads WHERE state <> 'open' AND expires_at < ?1";
        self.connection.execute(sql, [before.as_microsecond()])?;
        Ok(())
    }
}

fn read(row: &Row<'_>) -> Result<Upload, ServerError> {
    let state: String = row.get(8)?;
    Ok(Upload {
        id: row.get(0)?,
        device_id: row.get(1)?,
        new: NewUpload {
            sha256: ContentHash(row.get(2)?),
            size: row.get(3)?,
            media_type: row.get(4)?,
            record_id: row.get(5)?,
            metadata: row.get(6)?,
        },
        received: row.get(7)?,
        state: match state.as_str() {
            "open" => UploadState::Open,
            "stored" => UploadState::Stored,
            _ => UploadState::Expired,
        },
        expires_at: timestamp(row.get(9)?)?,
    })
}
