//! What is held already, beginning an upload, asking how far it is, giving it up.

use futures_util::stream::StreamExt as _;
use gatebook_sync::deliberate;
use gatebook_sync::wire::{ApiErrorCode, HaveRequest, HaveResponse, PhotoLimits, Unfinished};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::error::UploadError;
use super::hash::ContentHash;
use super::marks::attachment;
use super::turns::{Turn, Wish};
use crate::error::{ServerError, refuse};
use crate::server::{Inner, Server};
use crate::storage::{Blob, Device, Held, NewUpload, Upload, UploadState};

/// How often it is noted that bytes are counted on: asking alone should not write each time.
const WANTED_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// What the database knows of the photos that a device asks about.
struct Known {
    now: Timestamp,
    /// What it says is held, in the order in which it was asked about.
    blobs: Vec<Blob>,
    /// What the device has begun to send of them.
    open: Vec<Upload>,
}

impl Server {
    /// Which of those bytes the device need not send. What is held stays so for a while, whether or not a record names
    /// it yet. What the store does not have is not held, whatever the database says: the device keeps its copy, or sends
    /// it again.
    pub(crate) async fn have(&self, device: &Device, request: &HaveRequest) -> Result<HaveResponse, ServerError> {
        let (server, asker, asked) = (self.clone(), device.clone(), request.clone());
        let Known { now, blobs, open } = self.off_thread(move |_| server.known_to_have(&asker, &asked)).await?;
        let believes_rows = request.before_letting_go && deliberate!(BelieveTheRows);
        let looked = futures_util::stream::iter(blobs)
            .map(|blob| async move { (believes_rows || self.is_there(&blob).await).then_some(blob.sha256) });
        let looks = self.inner.config.bounds.photos.looks_at_once;
        let held: Vec<ContentHash> = looked.buffered(looks).filter_map(std::future::ready).collect().await;
        let unfinished = open.into_iter().filter(|upload| !held.contains(&upload.new.sha256)).map(|upload| {
            Unfinished { sha256: upload.new.sha256.to_string(), upload_id: upload.id, offset: upload.received }
        });
        let unfinished = unfinished.collect();
        let bounds = &self.inner.config.bounds.photos;
        let time_doubtful = self.inner.config.environment.wall_time().is_doubtful;
        let limits = PhotoLimits { photo_bytes: bounds.photo_bytes, hashes: bounds.hashes };
        let held = held.iter().map(ContentHash::to_string).collect();
        let server = Some(self.inner.key.identity(device.tenant.id));
        Ok(HaveResponse { server_time: now, time_doubtful, held, unfinished, limits, server })
    }

    /// Whether the bytes are where the database says. What cannot be looked at is not: the device keeps what it has, and
    /// is told of the others.
    async fn is_there(&self, blob: &Blob) -> bool {
        match self.inner.depot.size(&blob.name).await {
            Ok(size) if size == Some(blob.size) => true,
            Ok(_) => {
                tracing::error!(blob = blob.name, "a photo is not where it was stored, and a device still has it");
                false
            }
            Err(error) => {
                tracing::error!(%error, blob = blob.name, "a photo cannot be looked at");
                false
            }
        }
    }

    /// What the database says is held, and what is being uploaded of what was asked about.
    fn known_to_have(&self, device: &Device, request: &HaveRequest) -> Result<Known, ServerError> {
        let Inner { config, storage, .. } = &*self.inner;
        let (bounds, now) = (&config.bounds.photos, config.environment.now());
        if request.sha256.len() > bounds.hashes as usize {
            let message = format!("Ask about at most {} photos at a time.", bounds.hashes);
            return Err(ServerError::Refused(refuse(ApiErrorCode::TooLarge, message)));
        }
        let hashes: Vec<ContentHash> =
            request.sha256.iter().map(|text| text.parse()).collect::<Result<_, _>>().map_err(|_| {
                let message = "Name each photo by its SHA-256 in 64 small hexadecimal digits.";
                ServerError::Refused(refuse(ApiErrorCode::Malformed, message))
            })?;
        let (mut blobs, mut open) = storage.read(|reading| {
            let mut blobs = Vec::new();
            for hash in &hashes {
                blobs.extend(reading.blob(device.tenant, *hash)?);
            }
            Ok((blobs, reading.open_uploads(device.tenant, device.id, now)?))
        })?;
        let is_due = |wanted: Timestamp| now.duration_since(wanted) > WANTED_EVERY;
        let due: Vec<_> = blobs.iter().filter(|blob| is_due(blob.wanted_at)).map(|blob| blob.sha256).collect();
        if !due.is_empty() {
            // One that was swept in between is not promised.
            blobs = storage.write(|writing| {
                for hash in &due {
                    writing.want_blob(device.tenant, *hash, now)?;
                }
                let mut still = Vec::new();
                for blob in &blobs {
                    still.extend(writing.blob(device.tenant, blob.sha256)?);
                }
                Ok(still)
            })?;
        }
        open.retain(|upload| hashes.contains(&upload.new.sha256));
        Ok(Known { now, blobs, open })
    }

    /// Begins an upload.
    pub(crate) async fn begin_upload(&self, device: &Device, new: NewUpload) -> Result<Upload, UploadError> {
        let device = device.clone();
        let begun = self.off_thread(move |Inner { config, storage, .. }| {
            let (bounds, now, id) = (&config.bounds.photos, config.environment.now(), config.environment.new_id());
            let expires_at = later(now, bounds.unfinished_for);
            storage.write(|writing| {
                if writing.open_uploads(device.tenant, device.id, now)?.len() >= bounds.open_uploads {
                    return Ok(Err(UploadError::TooMany));
                }
                let record = writing.held_one(device.tenant, new.record_id)?;
                // Whoever has the very bytes that a record names may bring them, though the record has moved away since.
                let names_others = |held: &Held| attachment(&held.content).is_none_or(|(_, named)| named != new.sha256);
                if record.is_some_and(|held| !device.sees(held.content.yard_id) && names_others(&held)) {
                    return Ok(Err(UploadError::Forbidden));
                }
                writing.put_upload(id, device.tenant, device.id, &new, now, expires_at)?;
                let (received, state) = (0, UploadState::Open);
                Ok(Ok(Upload { id, device_id: device.id, new: new.clone(), received, state, expires_at }))
            })
        });
        begun.await?
    }

    /// How far an upload is. Whoever is at it is asked to make safe what has arrived.
    pub(crate) async fn upload(&self, device: &Device, id: Uuid) -> Result<Upload, UploadError> {
        let (_turn, upload) = self.turn_at(device, id, Wish::Now).await?;
        if upload.state == UploadState::Open && upload.received == upload.new.size {
            // A node died between the last byte and the end.
            return self.finish_upload(device.tenant, upload, None).await;
        }
        Ok(upload)
    }

    /// Gives an upload up. Bytes that are held already stay.
    pub(crate) async fn terminate(&self, device: &Device, id: Uuid) -> Result<(), UploadError> {
        let (_turn, _) = self.turn_at(device, id, Wish::Now).await?;
        self.drop_upload(id).await?;
        tracing::info!(upload = %id, "upload given up");
        Ok(())
    }

    /// Forgets an upload and what was staged for it.
    pub(super) async fn drop_upload(&self, id: Uuid) -> Result<(), ServerError> {
        self.off_thread(move |inner| inner.storage.write(|writing| writing.remove_upload(id))).await?;
        Ok(self.inner.depot.clear(id).await?)
    }

    /// The turn to work on the device's upload of that id, and how it stands then.
    pub(super) async fn turn_at(
        &self,
        device: &Device,
        id: Uuid,
        wish: Wish,
    ) -> Result<(Turn<'_>, Upload), UploadError> {
        let turns = &self.inner.turns;
        let turn = if let Some(turn) = turns.take_free(id) {
            turn
        } else {
            // Nobody gives way to a stranger.
            self.known_upload(device, id).await?;
            turns.take(id, wish).await.ok_or(UploadError::Taken)?
        };
        Ok((turn, self.known_upload(device, id).await?))
    }

    /// The device's upload of that id, if it is not over.
    async fn known_upload(&self, device: &Device, id: Uuid) -> Result<Upload, UploadError> {
        let (tenant, now) = (device.tenant, self.inner.config.environment.now());
        let found = self.off_thread(move |inner| inner.storage.read(|reading| reading.upload(tenant, id))).await?;
        let upload = found.filter(|upload| upload.device_id == device.id).ok_or(UploadError::Unknown)?;
        match upload.state {
            UploadState::Open if upload.expires_at > now => Ok(upload),
            UploadState::Stored => Ok(upload),
            UploadState::Open | UploadState::Expired => Err(UploadError::Expired),
        }
    }
}

/// A time that is so much later; the end of time if that is past it.
pub(super) fn later(time: Timestamp, by: std::time::Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}
