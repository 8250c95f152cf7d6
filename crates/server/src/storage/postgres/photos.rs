//! Photos in PostgreSQL. The statements are in `storage/photos`; those for a whole page, its rows as arrays, are here.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Row;
use uuid::Uuid;

use super::row::{get, tenant, unsigned};
use super::session::Session;
use crate::error::ServerError;
use crate::photos::ContentHash;
use crate::storage::Tenant;
use crate::storage::model::{microseconds, storable, timestamp};
use crate::storage::photos::{Blob, NewUpload, Part, ReadingPhotos, Upload, UploadState, WritingPhotos};

impl ReadingPhotos for Session {
    fn blob(&self, tenant: Tenant, sha256: ContentHash) -> Result<Option<Blob>, ServerError> {
        let found = self.first(include_str!("../photos/blob.sql"), &[&tenant.key, &sha256.0.as_slice()])?;
        found
            .map(|row| {
                Ok(Blob {
                    tenant,
                    sha256,
                    size: unsigned(&row, 0)?,
                    media_type: get(&row, 1)?,
                    name: get(&row, 2)?,
                    stored_at: timestamp(get(&row, 3)?)?,
                    wanted_at: timestamp(get(&row, 4)?)?,
                })
            })
            .transpose()
    }

    fn held_since(
        &self,
        tenant: Tenant,
        hashes: &[ContentHash],
    ) -> Result<HashMap<ContentHash, Timestamp>, ServerError> {
        let hashes: Vec<&[u8]> = hashes.iter().map(|hash| hash.0.as_slice()).collect();
        let rows = self.all(include_str!("photos/held_since.sql"), &[&tenant.key, &hashes])?;
        rows.iter().map(|row| Ok((hash(row, 0)?, timestamp(get(row, 1)?)?))).collect()
    }

    fn records_naming(&self, tenant: Tenant, sha256: ContentHash) -> Result<Vec<Uuid>, ServerError> {
        let rows = self.all(include_str!("../photos/naming.sql"), &[&tenant.key, &sha256.0.as_slice()])?;
        rows.iter().map(|row| get(row, 0)).collect()
    }

    fn unreferenced_blobs(&self, before: Timestamp) -> Result<Vec<Blob>, ServerError> {
        self.all(include_str!("../photos/unreferenced.sql"), &[&before.as_microsecond()])?.iter().map(blob).collect()
    }

    fn all_blobs(&self) -> Result<Vec<Blob>, ServerError> {
        self.all(include_str!("../photos/all.sql"), &[])?.iter().map(blob).collect()
    }

    fn is_blob(&self, name: &str) -> Result<bool, ServerError> {
        Ok(self.first("SELECT 1 FROM blobs WHERE name = $1", &[&name])?.is_some())
    }

    fn upload(&self, tenant: Tenant, id: Uuid) -> Result<Option<Upload>, ServerError> {
        self.first(include_str!("../photos/upload.sql"), &[&tenant.key, &id])?.as_ref().map(upload).transpose()
    }

    fn open_uploads(&self, tenant: Tenant, device: Uuid, now: Timestamp) -> Result<Vec<Upload>, ServerError> {
        let sql = include_str!("../photos/open_of_device.sql");
        self.all(sql, &[&tenant.key, &device, &now.as_microsecond()])?.iter().map(upload).collect()
    }

    fn parts(&self, upload: Uuid) -> Result<Vec<Part>, ServerError> {
        let part = |row: &Row| Ok(Part { start: unsigned(row, 0)?, length: unsigned(row, 1)?, name: get(row, 2)? });
        self.all(include_str!("../photos/parts.sql"), &[&upload])?.iter().map(part).collect()
    }

    fn is_upload_open(&self, id: Uuid) -> Result<bool, ServerError> {
        Ok(self.first("SELECT 1 FROM uploads WHERE id = $1 AND state = 'open'", &[&id])?.is_some())
    }

    fn overdue_uploads(&self, now: Timestamp) -> Result<Vec<Uuid>, ServerError> {
        let rows = self.all(include_str!("../photos/overdue.sql"), &[&now.as_microsecond()])?;
        rows.iter().map(|row| get(row, 0)).collect()
    }
}

impl WritingPhotos for Session {
    fn put_blob(&self, blob: &Blob) -> Result<bool, ServerError> {
        let Blob { tenant, sha256, size, media_type, name, stored_at, wanted_at } = blob;
        let (stored_at, wanted_at) = (stored_at.as_microsecond(), wanted_at.as_microsecond());
        let (hash, size) = (sha256.0.as_slice(), storable(*size));
        let sql = include_str!("../photos/put_blob.sql");
        Ok(self.run(sql, &[&tenant.key, &hash, &size, media_type, name, &stored_at, &wanted_at])? == 1)
    }

    fn move_blob(&self, blob: &Blob, from: &str) -> Result<bool, ServerError> {
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [&blob.name, &blob.tenant.key, &blob.sha256.0.as_slice(), &from];
        Ok(self.run(include_str!("../photos/move.sql"), &values)? == 1)
    }

    fn want_blob(&self, tenant: Tenant, sha256: ContentHash, now: Timestamp) -> Result<(), ServerError> {
        let sql = include_str!("../photos/want.sql");
        self.run(sql, &[&now.as_microsecond(), &tenant.key, &sha256.0.as_slice()]).map(drop)
    }

    fn swept(&self, now: Timestamp) -> Result<Option<Timestamp>, ServerError> {
        let last: Option<i64> = get(&self.one("SELECT swept_at FROM server FOR UPDATE", &[])?, 0)?;
        self.run("UPDATE server SET swept_at = $1", &[&now.as_microsecond()])?;
        last.map(timestamp).transpose()
    }

    fn count_less(&self, unseen: SignedDuration, now: Timestamp) -> Result<(), ServerError> {
        let sql = include_str!("../photos/count_less.sql");
        self.run(sql, &[&microseconds(unseen), &now.as_microsecond()]).map(drop)
    }

    fn remove_unreferenced(&self, blob: &Blob, before: Timestamp) -> Result<bool, ServerError> {
        let sql = include_str!("../photos/remove_unreferenced.sql");
        let hash = blob.sha256.0.as_slice();
        Ok(self.run(sql, &[&blob.tenant.key, &hash, &blob.name, &before.as_microsecond()])? == 1)
    }

    fn remove_lost(&self, blob: &Blob) -> Result<bool, ServerError> {
        let sql = include_str!("../photos/remove_lost.sql");
        Ok(self.run(sql, &[&blob.tenant.key, &blob.sha256.0.as_slice(), &blob.name])? == 1)
    }

    fn refer(&self, tenant: Tenant, naming: &BTreeSet<(ContentHash, Uuid)>) -> Result<(), ServerError> {
        let hashes: Vec<&[u8]> = naming.iter().map(|(hash, _)| hash.0.as_slice()).collect();
        let records: Vec<Uuid> = naming.iter().map(|(_, record)| *record).collect();
        self.run(include_str!("photos/refer.sql"), &[&tenant.key, &hashes, &records]).map(drop)
    }

    fn put_upload(
        &self,
        id: Uuid,
        tenant: Tenant,
        device: Uuid,
        new: &NewUpload,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), ServerError> {
        let NewUpload { sha256, size, media_type, record_id, metadata } = new;
        let (hash, size) = (sha256.0.as_slice(), storable(*size));
        let (now, expires_at) = (now.as_microsecond(), expires_at.as_microsecond());
        self.run(
            include_str!("../photos/put_upload.sql"),
            &[&id, &tenant.key, &device, &hash, &size, media_type, record_id, metadata, &now, &expires_at],
        )
        .map(drop)
    }

    fn add_part(&self, upload: Uuid, part: &Part, expires_at: Timestamp) -> Result<bool, ServerError> {
        let (start, end) = (storable(part.start), storable(part.start + part.length));
        let advanced =
            self.run(include_str!("../photos/advance.sql"), &[&end, &expires_at.as_microsecond(), &upload, &start])?;
        if advanced == 0 {
            return Ok(false);
        }
        let sql = include_str!("../photos/put_part.sql");
        self.run(sql, &[&upload, &start, &storable(part.length), &part.name])?;
        Ok(true)
    }

    fn finish_upload(&self, upload: Uuid, expires_at: Timestamp) -> Result<(), ServerError> {
        self.run(include_str!("../photos/remove_parts.sql"), &[&upload])?;
        self.run(include_str!("../photos/finish.sql"), &[&expires_at.as_microsecond(), &upload]).map(drop)
    }

    fn expire_upload(&self, upload: Uuid, now: Timestamp) -> Result<bool, ServerError> {
        let is_over = self.run(include_str!("../photos/expire.sql"), &[&upload, &now.as_microsecond()])? == 1;
        if is_over {
            self.run(include_str!("../photos/remove_parts.sql"), &[&upload])?;
        }
        Ok(is_over)
    }

    fn remove_upload(&self, upload: Uuid) -> Result<(), ServerError> {
        self.run(include_str!("../photos/remove_parts.sql"), &[&upload])?;
        self.run("DELETE FROM uploads WHERE id = $1", &[&upload]).map(drop)
    }

    fn remove_old_uploads(&self, before: Timestamp) -> Result<(), ServerError> {
        self.run(include_str!("../photos/remove_old.sql"), &[&before.as_microsecond()]).map(drop)
    }
}

fn hash(row: &Row, at: usize) -> Result<ContentHash, ServerError> {
    let bytes: &[u8] = get(row, at)?;
    bytes.try_into().map(ContentHash).map_err(|error| ServerError::unreadable("hash", error))
}

fn blob(row: &Row) -> Result<Blob, ServerError> {
    Ok(Blob {
        tenant: tenant(row, 0)?,
        sha256: hash(row, 2)?,
        size: unsigned(row, 3)?,
        media_type: get(row, 4)?,
        name: get(row, 5)?,
        stored_at: timestamp(get(row, 6)?)?,
        wanted_at: timestamp(get(row, 7)?)?,
    })
}

fn upload(row: &Row) -> Result<Upload, ServerError> {
    Ok(Upload {
        id: get(row, 0)?,
        device_id: get(row, 1)?,
        new: NewUpload {
            sha256: hash(row, 2)?,
            size: unsigned(row, 3)?,
            media_type: get(row, 4)?,
            record_id: get(row, 5)?,
            metadata: get(row, 6)?,
        },
        received: unsigned(row, 7)?,
        state: UploadState::named(get(row, 8)?),
        expires_at: timestamp(get(row, 9)?)?,
    })
}
