//! The last byte: what came is verified, moved in place, and filed together with what attachments say of it. Each step
//! can be done again after a crash in the middle of it.

use gatebook_sync::deliberate;

use super::depot::photo_name;
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
        let begun = std::time::Instant::now();
        let name = photo_name(tenant.id, &upload);
        let Some(staged) = self.verified(&upload, &name, hash).await? else {
            tracing::warn!(upload = %upload.id, bytes = upload.new.size, "an upload has another hash than announced");
            self.drop_upload(upload.id).await?;
            return Err(UploadError::WrongHash);
        };
        if staged != name && !deliberate!(FileBeforePlace) {
            self.inner.depot.place(&staged, &name).await?;
        }
        let id = upload.id;
        let new = upload.new.clone();
        let (expires_at, stored, told) = self
            .off_thread({
                let name = name.clone();
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
            self.inner.depot.place(&staged, &name).await?;
        }
        // Somebody brought the same bytes before.
        if !deliberate!(StoreTwice) && stored.as_deref() != Some(name.as_str()) {
            self.inner.depot.delete(&name).await?;
        }
        self.inner.depot.clear(id).await?;
        let ms = begun.elapsed().as_secs_f64() * 1_000.0;
        tracing::info!(upload = %id, bytes = upload.new.size, attachments = told, ms, "photo stored");
        Ok(Upload { state: UploadState::Stored, expires_at, ..upload })
    }

    /// The name under which the whole lies, if it is what was announced: one staged part, several put together, or the
    /// final name if it was moved there before.
    async fn verified(
        &self,
        upload: &Upload,
        name: &str,
        hash: Option<ContentHash>,
    ) -> Result<Option<String>, UploadError> {
        let depot = &self.inner.depot;
        let id = upload.id;
        let parts = self.off_thread(move |inner| inner.storage.read(|reading| reading.parts(id))).await?;
        let expected = upload.new.sha256;
        if let [only] = parts.as_slice() {
            // What has the final name was verified before it got it.
            if depot.size(&only.name).await?.is_none() && depot.size(name).await? == Some(upload.new.size) {
                return Ok(Some(name.to_owned()));
            }
            let hash = match hash {
                Some(hash) => hash,
                None => depot.hash(&only.name, only.length).await?,
            };
            return Ok((hash == expected).then(|| only.name.clone()));
        }
        let (whole, hash) = depot.join(id, &parts).await?;
        Ok((hash == expected).then_some(whole))
    }
}
