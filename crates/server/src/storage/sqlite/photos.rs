//! Photos in the embedded database. The statements are in `storage/photos`.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Params, Row};
use uuid::Uuid;

use super::Session;
use crate::error::ServerError;
use crate::photos::ContentHash;
use crate::storage::Tenant;
use crate::storage::model::{microseconds, timestamp};
use crate::storage::photos::{Blob, NewUpload, Part, ReadingPhotos, Upload, UploadState, WritingPhotos};

impl Session<'_> {
    fn every<T>(
        &self,
        sql: &str,
        arguments: impl Params,
        read: impl Fn(&Row<'_>) -> Result<T, ServerError>,
    ) -> Result<Vec<T>, ServerError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(arguments)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row)?);
        }
        Ok(found)
    }

    fn change(&self, sql: &str, arguments: impl Params) -> Result<usize, ServerError> {
        Ok(self.connection.prepare_cached(sql)?.execute(arguments)?)
    }
}

impl ReadingPhotos for Session<'_> {
    fn blob(&self, tenant: Tenant, sha256: ContentHash) -> Result<Option<Blob>, ServerError> {
        let found = self.every(include_str!("../photos/blob.sql"), (tenant.key, sha256.0), |row| {
            Ok(Blob {
                tenant,
                sha256,
                size: row.get(0)?,
                media_type: row.get(1)?,
                name: row.get(2)?,
                stored_at: timestamp(row.get(3)?)?,
                wanted_at: timestamp(row.get(4)?)?,
            })
        })?;
        Ok(found.into_iter().next())
    }

    fn held_since(
        &self,
        tenant: Tenant,
        hashes: &[ContentHash],
    ) -> Result<HashMap<ContentHash, Timestamp>, ServerError> {
        let hashes: Vec<Value> = hashes.iter().map(|hash| Value::Blob(hash.0.to_vec())).collect();
        let read = |row: &Row<'_>| Ok((ContentHash(row.get(0)?), timestamp(row.get(1)?)?));
        let found = self.every(include_str!("photos/held_since.sql"), (tenant.key, Rc::new(hashes)), read)?;
        Ok(found.into_iter().collect())
    }

    fn records_naming(&self, tenant: Tenant, sha256: ContentHash) -> Result<Vec<Uuid>, ServerError> {
        self.every(include_str!("../photos/naming.sql"), (tenant.key, sha256.0), |row| Ok(row.get(0)?))
    }

    fn unreferenced_blobs(&self, before: Timestamp) -> Result<Vec<Blob>, ServerError> {
        self.every(include_str!("../photos/unreferenced.sql"), [before.as_microsecond()], blob)
    }

    fn all_blobs(&self) -> Result<Vec<Blob>, ServerError> {
        self.every(include_str!("../photos/all.sql"), [], blob)
    }

    fn is_blob(&self, name: &str) -> Result<bool, ServerError> {
        let mut statement = self.connection.prepare_cached("SELECT 1 FROM blobs WHERE name = $1")?;
        Ok(statement.query_row([name], |_| Ok(())).optional()?.is_some())
    }

    fn upload(&self, tenant: Tenant, id: Uuid) -> Result<Option<Upload>, ServerError> {
        let found = self.every(include_str!("../photos/upload.sql"), (tenant.key, id), upload)?;
        Ok(found.into_iter().next())
    }

    fn open_uploads(&self, tenant: Tenant, device: Uuid, now: Timestamp) -> Result<Vec<Upload>, ServerError> {
        self.every(include_str!("../photos/open_of_device.sql"), (tenant.key, device, now.as_microsecond()), upload)
    }

    fn parts(&self, upload: Uuid) -> Result<Vec<Part>, ServerError> {
        self.every(include_str!("../photos/parts.sql"), [upload], |row| {
            Ok(Part { start: row.get(0)?, length: row.get(1)?, name: row.get(2)? })
        })
    }

    fn is_upload_open(&self, id: Uuid) -> Result<bool, ServerError> {
        let mut statement = self.connection.prepare_cached("SELECT 1 FROM uploads WHERE id = $1 AND state = 'open'")?;
        Ok(statement.query_row([id], |_| Ok(())).optional()?.is_some())
    }

    fn overdue_uploads(&self, now: Timestamp) -> Result<Vec<Uuid>, ServerError> {
        self.every(include_str!("../photos/overdue.sql"), [now.as_microsecond()], |row| Ok(row.get(0)?))
    }
}

impl WritingPhotos for Session<'_> {
    fn put_blob(&self, blob: &Blob) -> Result<bool, ServerError> {
        let Blob { tenant, sha256, size, media_type, name, stored_at, wanted_at } = blob;
        let (stored_at, wanted_at) = (stored_at.as_microsecond(), wanted_at.as_microsecond());
        let values = (tenant.key, sha256.0, size, media_type, name, stored_at, wanted_at);
        Ok(self.change(include_str!("../photos/put_blob.sql"), values)? == 1)
    }

    fn move_blob(&self, blob: &Blob, from: &str) -> Result<bool, ServerError> {
        let values = (&blob.name, blob.tenant.key, blob.sha256.0, from);
        Ok(self.change(include_str!("../photos/move.sql"), values)? == 1)
    }

    fn want_blob(&self, tenant: Tenant, sha256: ContentHash, now: Timestamp) -> Result<(), ServerError> {
        self.change(include_str!("../photos/want.sql"), (now.as_microsecond(), tenant.key, sha256.0)).map(drop)
    }

    fn swept(&self, now: Timestamp) -> Result<Option<Timestamp>, ServerError> {
        let mut last = self.connection.prepare_cached("SELECT swept_at FROM server")?;
        let last: Option<i64> = last.query_row([], |row| row.get(0))?;
        self.change("UPDATE server SET swept_at = ?1", [now.as_microsecond()])?;
        last.map(timestamp).transpose()
    }

    fn count_less(&self, unseen: SignedDuration, now: Timestamp) -> Result<(), ServerError> {
        let values = (microseconds(unseen), now.as_microsecond());
        self.change(include_str!("../photos/count_less.sql"), values).map(drop)
    }

    fn remove_unreferenced(&self, blob: &Blob, before: Timestamp) -> Result<bool, ServerError> {
        let values = (blob.tenant.key, blob.sha256.0, &blob.name, before.as_microsecond());
        Ok(self.change(include_str!("../photos/remove_unreferenced.sql"), values)? == 1)
    }

    fn remove_lost(&self, blob: &Blob) -> Result<bool, ServerError> {
        let values = (blob.tenant.key, blob.sha256.0, &blob.name);
        Ok(self.change(include_str!("../photos/remove_lost.sql"), values)? == 1)
    }

    fn refer(&self, tenant: Tenant, naming: &BTreeSet<(ContentHash, Uuid)>) -> Result<(), ServerError> {
        for (hash, record) in naming {
            self.change(include_str!("photos/refer.sql"), (tenant.key, hash.0, record))?;
        }
        Ok(())
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
        let times = (now.as_microsecond(), expires_at.as_microsecond());
        let values = (id, tenant.key, device, sha256.0, size, media_type, record_id, metadata, times.0, times.1);
        self.change(include_str!("../photos/put_upload.sql"), values).map(drop)
    }

    fn add_part(&self, upload: Uuid, part: &Part, expires_at: Timestamp) -> Result<bool, ServerError> {
        let values = (part.start + part.length, expires_at.as_microsecond(), upload, part.start);
        if self.change(include_str!("../photos/advance.sql"), values)? == 0 {
            return Ok(false);
        }
        self.change(include_str!("../photos/put_part.sql"), (upload, part.start, part.length, &part.name))?;
        Ok(true)
    }

    fn finish_upload(&self, upload: Uuid, expires_at: Timestamp) -> Result<(), ServerError> {
        self.change(include_str!("../photos/remove_parts.sql"), [upload])?;
        self.change(include_str!("../photos/finish.sql"), (expires_at.as_microsecond(), upload)).map(drop)
    }

    fn expire_upload(&self, upload: Uuid, now: Timestamp) -> Result<bool, ServerError> {
        let is_over = self.change(include_str!("../photos/expire.sql"), (upload, now.as_microsecond()))? == 1;
        if is_over {
            self.change(include_str!("../photos/remove_parts.sql"), [upload])?;
        }
        Ok(is_over)
    }

    fn remove_upload(&self, upload: Uuid) -> Result<(), ServerError> {
        self.change(include_str!("../photos/remove_parts.sql"), [upload])?;
        self.change("DELETE FROM uploads WHERE id = $1", [upload]).map(drop)
    }

    fn remove_old_uploads(&self, before: Timestamp) -> Result<(), ServerError> {
        self.change(include_str!("../photos/remove_old.sql"), [before.as_microsecond()]).map(drop)
    }
}

fn blob(row: &Row<'_>) -> Result<Blob, ServerError> {
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

fn upload(row: &Row<'_>) -> Result<Upload, ServerError> {
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
        state: UploadState::named(&state),
        expires_at: timestamp(row.get(9)?)?,
    })
}
