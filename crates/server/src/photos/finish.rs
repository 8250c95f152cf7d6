//! The last byte: what came is verified, moved in place, and filed together with what attachments say of it. Each step
//! can be done again after a crash in the middle of it.

use gatebook_sync::deliberate;
use jiff::Timestamp;
use object_store::Error;
use uuid::Uuid;

use super::depot::photo_name;
use super::error::UploadError;
use super::hash::ContentHash;
use super::marks::{Naming, tell_attachments};
use super::receive::Seen;
use super::sink::Sink;
use super::uploads::later;
use crate::config::Config;
use crate::error::ServerError;
use crate::server::{Inner, Server};
use crate::storage::{Blob, NewUpload, Tenant, Upload, UploadState, Writing};

impl Server {
    /// Ends an upload of which everything has arrived. `hash` is that of the whole, if it was seen at once.
    pub(super) async fn finish_upload(
        &self,
        tenant: Tenant,
        upload: Upload,
        hash: Option<ContentHash>,
    ) -> Result<Upload, UploadError> {
        let name = photo_name(tenant.id, &upload);
        let right = match self.verified(&upload, &name, hash).await? {
            Whole::Right(right) => right,
            Whole::Wrong => return Err(self.refuse_other_bytes(&upload).await?),
            Whole::Lost => {
                tracing::error!(upload = %upload.id, "parts of an upload are not where they were put; it begins again");
                self.drop_upload(upload.id).await?;
                return Err(UploadError::Unknown);
            }
        };
        self.place_and_file(tenant, upload, right, &name).await
    }

    /// Ends an upload of which everything came in one request, if that is what was to come. It goes straight to its final
    /// name when it is on the disk and verified; until the photo is filed, nothing of it has been received, and what lies
    /// staged is swept.
    pub(super) async fn finish_at_once(
        &self,
        tenant: Tenant,
        upload: Upload,
        mut sink: Sink<'_>,
        mut seen: Seen,
    ) -> Result<Upload, UploadError> {
        let name = photo_name(tenant.id, &upload);
        // The disk and the hash take their time beside each other.
        let (settled, ready, seen) = tokio::join!(sink.settle(), self.inner.depot.make_ready(&name), seen.reckoned());
        settled.and(ready)?;
        let (came_right, hash) = seen?;
        if !came_right {
            sink.abort().await?;
            return Err(UploadError::WrongChecksum);
        }
        if hash != Some(upload.new.sha256) {
            sink.abort().await?;
            return Err(self.refuse_other_bytes(&upload).await?);
        }
        self.place_and_file(tenant, upload, Right::Unnamed(sink), &name).await
    }

    /// Returns whether anything may be left staged.
    async fn place(&self, right: Right<'_>, name: &str) -> Result<bool, Error> {
        match right {
            Right::Unnamed(sink) => sink.place(name).await.map(|()| false),
            Right::Staged(staged) => self.inner.depot.place(&staged, name).await.map(|()| true),
            Right::Placed => Ok(true),
        }
    }

    async fn place_and_file(
        &self,
        tenant: Tenant,
        upload: Upload,
        right: Right<'_>,
        name: &str,
    ) -> Result<Upload, UploadError> {
        let (mut right, mut is_staged) = (Some(right), false);
        if !deliberate!(FileBeforePlace)
            && let Some(right) = right.take()
        {
            is_staged = self.place(right, name).await?;
        }
        let begun = std::time::Instant::now();
        let id = upload.id;
        let new = upload.new.clone();
        let Ended { in_force, replaced, told, expires_at, .. } = self
            .off_thread({
                let name = name.to_owned();
                move |Inner { config, clock, storage, .. }| {
                    clock.check()?;
                    storage.write(|writing| {
                        let naming = Naming::claim(writing, tenant, new.sha256)?;
                        let now = config.environment.now();
                        let NewUpload { sha256, size, ref media_type, .. } = new;
                        let (media_type, name) = (media_type.clone(), name.clone());
                        let blob = Blob { tenant, sha256, size, media_type, name, stored_at: now, wanted_at: now };
                        file(writing, config, naming, id, &blob)
                    })
                }
            })
            .await?;
        if let Some(right) = right {
            is_staged = self.place(right, name).await?;
        }
        let is_in_force = in_force.is_some_and(|blob| blob.name == name);
        // Killed here, the one of the two names that no row has is found by the next sweep.
        if let Some(unnamed) = replaced.as_deref().or_else(|| (!is_in_force).then_some(name))
            && !deliberate!(StoreTwice)
        {
            self.inner.depot.delete(unnamed).await?;
        }
        if is_staged {
            self.inner.depot.clear(id).await?;
        }
        if !is_in_force && !deliberate!(DropWhatComesAgain) {
            // It was given up or expired meanwhile, and what is in force nobody has looked at.
            return Err(UploadError::Taken);
        }
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
            // Another node has just filed it, and its parts are gone.
            ([], _) if upload.new.size > 0 => return self.placed(upload, name).await,
            ([only], Some(hash)) => Ok((only.name.clone(), hash)),
            ([only], None) => depot.hash(&only.name, only.length).await.map(|hash| (only.name.clone(), hash)),
            _ => depot.join(id, &parts).await,
        };
        match found {
            Ok((staged, hash)) if hash == upload.new.sha256 => Ok(Whole::Right(Right::Staged(staged))),
            Ok(_) => Ok(Whole::Wrong),
            Err(Error::NotFound { .. }) => self.placed(upload, name).await,
            Err(error) => Err(error.into()),
        }
    }

    /// What is left of an upload whose parts are gone: what has the final name was verified before it got it.
    async fn placed(&self, upload: &Upload, name: &str) -> Result<Whole, UploadError> {
        let size = self.inner.depot.size(name).await?;
        Ok(if size == Some(upload.new.size) { Whole::Right(Right::Placed) } else { Whole::Lost })
    }
}

/// What became of an upload that was filed.
pub(super) struct Ended {
    /// The tenant did not have these bytes.
    pub is_new: bool,
    /// The bytes in force: these, or the same that somebody brought before.
    pub in_force: Option<Blob>,
    /// Where the same bytes lay until now: nothing names that any more.
    pub replaced: Option<String>,
    /// Attachments that say now that they are held.
    pub told: usize,
    /// Until when the upload can be asked about.
    pub expires_at: Timestamp,
}

/// Files bytes that are verified and in their place, and ends their upload: in one transaction with what attachments say
/// of them, and with what that claims. Done again, it changes nothing.
///
/// Where a row names the same bytes already, it names these from now on: they were verified a moment ago, while those of
/// before may be lost or damaged, and that they come again is how one learns of it.
pub(super) fn file(
    writing: &dyn Writing,
    config: &Config,
    naming: Naming,
    upload: Uuid,
    blob: &Blob,
) -> Result<Ended, ServerError> {
    let &Blob { tenant, sha256, stored_at: now, .. } = blob;
    let expires_at = later(now, config.bounds.photos.unfinished_for);
    // Asked before it is ended: of an upload that is over, another node may have filed these bytes and somebody else have
    // replaced them since, so that they are gone.
    let is_open = writing.is_upload_open(upload)?;
    let is_new = writing.put_blob(blob)?;
    let replaced = if is_open && !is_new { replace(writing, blob)? } else { None };
    writing.want_blob(tenant, sha256, now)?;
    writing.finish_upload(upload, expires_at)?;
    let in_force = writing.blob(tenant, sha256)?;
    let told = if is_new { tell_attachments(writing, tenant, &*config.environment, naming)? } else { 0 };
    Ok(Ended { is_new, in_force, replaced, told, expires_at })
}

/// Has the row of those bytes name them; returns what it named instead.
fn replace(writing: &dyn Writing, blob: &Blob) -> Result<Option<String>, ServerError> {
    if deliberate!(DropWhatComesAgain) {
        return Ok(None);
    }
    let before = writing.blob(blob.tenant, blob.sha256)?.map(|before| before.name);
    let Some(before) = before.filter(|before| *before != blob.name) else { return Ok(None) };
    Ok(writing.move_blob(blob, &before)?.then_some(before))
}

/// What became of an upload's bytes.
enum Whole {
    /// They are what was announced.
    Right(Right<'static>),
    /// They are not.
    Wrong,
    /// Some are gone: the disk lost them, or the database is older than they are.
    Lost,
}

/// Bytes that are what was announced, and where they are.
enum Right<'a> {
    /// On the disk, and to be named.
    Unnamed(Sink<'a>),
    /// Under that name.
    Staged(String),
    /// In their place: somebody died after moving them there.
    Placed,
}
