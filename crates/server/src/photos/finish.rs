//! The last byte: what came is verified, moved in place, and filed together with what attachments say of it. Each step
//! can be done again after a crash in the middle of it.

use gatebook_sync::deliberate;
use object_store::Error;

use super::depot::{Written, photo_name};
use super::error::UploadError;
use super::hash::ContentHash;
use super::marks::{Naming, tell_attachments};
use super::uploads::later;
use crate::server::{Inner, Server};
use crate::storage::{Blob, NewUpload, Tenant, Upload, UploadState};

impl Server {
    /// Ends an upload of which everything has arrived. `hash` is that of the whole, if it was seen at once.
    pub(super) async fn finish_upload(
        &self,
        tenant: Tenant,
        upload: Upload,
        hash: Option<ContentHash>,
    ) -> Result<Upload, UploadError> {
        let name = photo_name(tenant.id, &upload);
        let staged = match self.verified(&upload, &name, hash).await? {
            Whole::Right(staged) => staged,
            Whole::Wrong => return Err(self.refuse_other_bytes(&upload).await?),
            Whole::Lost => {
                tracing::error!(upload = %upload.id, "parts of an upload are not where they were put; it begins again");
                self.drop_upload(upload.id).await?;
                return Err(UploadError::Unknown);
            }
        };
        self.place_and_file(tenant, upload, &staged, &name).await
    }

    /// Ends an upload of which everything came in one request. No row tells of its one part: until the photo is filed,
    /// nothing of it has been received, and what lies staged goes with the next attempt.
    pub(super) async fn finish_at_once(
        &self,
        tenant: Tenant,
        upload: Upload,
        whole: &Written,
        hash: ContentHash,
    ) -> Result<Upload, UploadError> {
        if hash != upload.new.sha256 {
            return Err(self.refuse_other_bytes(&upload).await?);
        }
        let name = photo_name(tenant.id, &upload);
        self.place_and_file(tenant, upload, &whole.name, &name).await
    }

    async fn place_and_file(
        &self,
        tenant: Tenant,
        upload: Upload,
        staged: &str,
        name: &str,
    ) -> Result<Upload, UploadError> {
        if staged != name && !deliberate!(FileBeforePlace) {
            self.inner.depot.place(staged, name).await?;
        }
        let begun = std::time::Instant::now();
        let id = upload.id;
        let new = upload.new.clone();
        let (expires_at, stored, told) = self
            .off_thread({
                let name = name.to_owned();
                move |Inner { config, storage, .. }| {
                    let environment = &*config.environment;
                    storage.write(|writing| {
                        let naming = Naming::claim(writing, tenant, new.sha256)?;
                        let now = environment.now();
                        let expires_at = later(now, config.bounds.photos.unfinished_for);
                        let NewUpload { sha256, size, ref media_type, .. } = new;
                        let (media_type, name) = (media_type.clone(), name.clone());
                        let blob = Blob { tenant, sha256, size, media_type, name, stored_at: now, wanted_at: now };
                        let is_new = writing.put_blob(&blob)?;
                        writing.want_blob(tenant, sha256, now)?;
                        writing.finish_upload(id, expires_at)?;
                        let stored = writing.blob(tenant, sha256)?.map(|blob| blob.name);
                        let told = if is_new { tell_attachments(writing, tenant, environment, naming)? } else { 0 };
                        Ok((expires_at, stored, told))
                    })
                }
            })
            .await?;
        if staged != name && deliberate!(FileBeforePlace) {
            self.inner.depot.place(staged, name).await?;
        }
        // Somebody brought the same bytes before.
        if !deliberate!(StoreTwice) && stored.as_deref() != Some(name) {
            self.inner.depot.delete(name).await?;
        }
        self.inner.depot.clear(id).await?;
        let ms = begun.elapsed().as_secs_f64() * 1_000.0;
        tracing::info!(upload = %id, bytes = upload.new.size, attachments = told, ms, "photo stored");
        Ok(Upload { received: upload.new.size, state: UploadState::Stored, expires_at, ..upload })
    }

    async fn refuse_other_bytes(&self, upload: &Upload) -> Result<UploadError, UploadError> {
        tracing::warn!(upload = %upload.id, bytes = upload.new.size, "an upload has another hash than announced");
        self.drop_upload(upload.id).await?;
        Ok(UploadError::WrongHash)
    }

    /// Where the whole lies: one staged part, several put together, or the final name if it was moved there before.
    async fn verified(&self, upload: &Upload, name: &str, hash: Option<ContentHash>) -> Result<Whole, UploadError> {
        let depot = &self.inner.depot;
        let id = upload.id;
        let parts = self.off_thread(move |inner| inner.storage.read(|reading| reading.parts(id))).await?;
        let found = match (parts.as_slice(), hash) {
            ([only], Some(hash)) => Ok((only.name.clone(), hash)),
            ([only], None) => depot.hash(&only.name, only.length).await.map(|hash| (only.name.clone(), hash)),
            _ => depot.join(id, &parts).await,
        };
        match found {
            Ok((staged, hash)) if hash == upload.new.sha256 => Ok(Whole::Right(staged)),
            Ok(_) => Ok(Whole::Wrong),
            // What has the final name was verified before it got it.
            Err(Error::NotFound { .. }) if depot.size(name).await? == Some(upload.new.size) => {
                Ok(Whole::Right(name.to_owned()))
            }
            Err(Error::NotFound { .. }) => Ok(Whole::Lost),
            Err(error) => Err(error.into()),
        }
    }
}

/// What became of an upload's bytes.
enum Whole {
    /// They are what was announced, and lie under that name.
    Right(String),
    /// They are not.
    Wrong,
    /// Some are gone: the disk lost them, or the database is older than they are.
    Lost,
}
