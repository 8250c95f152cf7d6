//! What the planner of photos' lives decides is done here: files and rows are put in order at the start, confirmed photos
//! go when their time is over or space runs short, and what is held is shown.

use std::collections::BTreeSet;
use std::sync::Arc;

use gatebook_domain::Kind;
use gatebook_sync::deliberate;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::folder::Sort;
use super::keep::{self, Kept};
use super::kept_time::Clocks;
use super::off_thread::off_thread;
use super::upload::Known;
use super::{PhotoError, PhotoTransport, Photos, UploadError, upload};
use crate::store::{HeldPhoto, settings};

/// A photo as the storage page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct StoredPhoto {
    /// The attachment.
    pub record_id: Uuid,
    /// Names its bytes.
    pub sha256: String,
    /// The record it belongs to, if that is here.
    pub of: Option<PhotoOf>,
    /// Bytes it takes.
    #[cfg_attr(feature = "specta", specta(type = u32))]
    pub size: u64,
    /// Bytes of it that the server has said it has.
    #[cfg_attr(feature = "specta", specta(type = u32))]
    pub arrived: u64,
    /// Why it is here, and when it goes.
    pub kept: Kept,
}

/// The record that a photo belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct PhotoOf {
    /// Which.
    pub record_id: Uuid,
    /// Its kind.
    pub kind: Kind,
    /// What it is called.
    pub title: String,
}

/// What photos take on this device, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct StorageView {
    /// Oldest first.
    pub photos: Vec<StoredPhoto>,
    /// Bytes of photos the server has not confirmed.
    #[cfg_attr(feature = "specta", specta(type = u32))]
    pub unconfirmed_bytes: u64,
    /// Bytes of photos it has, which go by themselves.
    #[cfg_attr(feature = "specta", specta(type = u32))]
    pub confirmed_bytes: u64,
    /// Bytes that the phone's camera left, until its photo is safe.
    #[cfg_attr(feature = "specta", specta(type = u32))]
    pub camera_bytes: u64,
    /// Bytes that are free on the disk.
    #[cfg_attr(feature = "specta", specta(type = u32))]
    pub free_bytes: u64,
}

impl Photos {
    /// What the clocks say, beside the newest time the server has told.
    pub(super) fn clocks(&self, server: Option<Timestamp>) -> Clocks {
        Clocks { uptime: self.environment.uptime(), wall: self.environment.now(), server }
    }

    /// Notes which photos the server holds, and returns how much time has surely passed by then since the count began, in
    /// milliseconds.
    pub(super) fn note_confirmed(&self) -> Result<u64, PhotoError> {
        Ok(self.store.note_confirmed(&|server| self.clocks(server))?)
    }

    /// Notes what the server says, at that time of its, of bytes whose record is no longer here.
    pub(super) fn note_said(
        &self,
        sha256: &str,
        is_held: bool,
        told_at: Option<Timestamp>,
    ) -> Result<bool, PhotoError> {
        Ok(self.store.note_said(sha256, is_held, told_at, &|server| self.clocks(server))?)
    }

    /// Lets go what is over and the server, asked now, still holds: it may have been replaced by a backup, or its disk
    /// have failed, and this device not know of it. What it does not hold stays and is sent again. Returns how many went.
    ///
    /// # Errors
    /// The link, database or folder failed; what has gone has gone.
    pub(crate) async fn let_go(self: &Arc<Self>, link: &dyn PhotoTransport) -> Result<usize, UploadError> {
        let over = self.over()?;
        let Known { held, told_at, .. } = if deliberate!(LetGoUnasked) {
            Known { held: over.iter().map(|photo| photo.sha256.clone()).collect(), ..Known::default() }
        } else {
            upload::ask(&self.store, link, &over, true).await?
        };
        let (going, missing): (Vec<_>, Vec<_>) = over.into_iter().partition(|photo| held.contains(&photo.sha256));
        for photo in missing {
            tracing::warn!(sha256 = photo.sha256, "the server does not hold a photo that it had; it stays here");
            self.note_said(&photo.sha256, false, told_at)?;
            if !photo.is_denied {
                self.store.note_denied(&photo.sha256).map_err(PhotoError::from)?;
            }
        }
        let photos = Arc::clone(self);
        Ok(off_thread(move || photos.evict(&going)).await.map_err(PhotoError::from)??)
    }

    /// The photos whose time is over.
    pub(super) fn over(&self) -> Result<Vec<HeldPhoto>, PhotoError> {
        if self.store.held_photos()?.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.note_confirmed()?;
        Ok(keep::over(self.store.held_photos()?, now))
    }

    /// What is held, why, and when it goes.
    ///
    /// # Errors
    /// Database or folder failed.
    pub fn storage_view(&self) -> Result<StorageView, PhotoError> {
        let now = self.note_confirmed()?;
        let mut view = StorageView {
            free_bytes: self.folder.free_bytes()?,
            camera_bytes: self.camera_bytes()?,
            ..StorageView::default()
        };
        for photo in self.store.held_photos()? {
            let kept = keep::kept(&photo, now);
            match kept {
                Kept::Unconfirmed | Kept::Damaged => view.unconfirmed_bytes += photo.size,
                Kept::Confirmed { .. } => view.confirmed_bytes += photo.size,
            }
            view.photos.push(StoredPhoto {
                record_id: photo.record_id,
                of: self.store.owner_of_photo(photo.record_id)?,
                sha256: photo.sha256,
                size: photo.size,
                arrived: photo.arrived,
                kept,
            });
        }
        Ok(view)
    }

    /// Sees to it that so many bytes fit and the reserve stays free, if need be by letting go what was only fetched for
    /// viewing and then, early, confirmed photos.
    pub(super) fn make_room(&self, needed: u64) -> Result<(), PhotoError> {
        let wanted = needed.saturating_add(self.policy().reserve_bytes);
        let free = self.folder.free_bytes()?;
        if free >= wanted {
            return Ok(());
        }
        self.folder.shrink_cache(wanted - free)?;
        let free = self.folder.free_bytes()?;
        if free >= wanted {
            return Ok(());
        }
        self.note_confirmed()?;
        let photos = self.store.held_photos()?;
        self.evict(keep::to_make_room(&photos, wanted - free))?;
        let free = self.folder.free_bytes()?;
        if free >= wanted { Ok(()) } else { Err(PhotoError::NoRoom { needed, free }) }
    }

    /// Deletes those of them of which nothing else has become known since.
    pub(super) fn evict<'a>(&self, photos: impl IntoIterator<Item = &'a HeldPhoto>) -> Result<usize, PhotoError> {
        let _files = self.files.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut gone = 0;
        for photo in photos {
            let may_go =
                |seen: &HeldPhoto| (seen.confirmed_ms, seen.is_denied) == (photo.confirmed_ms, photo.is_denied);
            if self.store.evict(&photo.sha256, may_go)? {
                // Killed here, or if somebody has it open, the file is swept at the next start.
                match self.folder.remove(&photo.sha256, Sort::Photo) {
                    Ok(()) => gone += 1,
                    Err(error) => tracing::warn!(%error, sha256 = photo.sha256, "a photo cannot be deleted yet"),
                }
            }
        }
        Ok(gone)
    }

    /// Takes files that were here before their records for the photos of records that have come since. After a salvage, records
    /// come back from the server, and what it lacks of their photos is sent in the same run of the app.
    pub(crate) fn claim_files(&self) -> Result<(), PhotoError> {
        let _files = self.files.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut looked = self.unclaimed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let unclaimed = match &mut *looked {
            Some(unclaimed) => unclaimed,
            nothing => nothing.insert(self.unclaimed_files()?),
        };
        let mut claimed = Vec::new();
        for sha256 in unclaimed.iter() {
            let attachments = self.store.attachments_of_file(sha256)?;
            if !attachments.is_empty() && self.folder.path(sha256, Sort::Photo).exists() {
                self.store.adopt(&attachments)?;
                claimed.push(sha256.clone());
            }
        }
        unclaimed.retain(|sha256| !claimed.contains(sha256));
        Ok(())
    }

    /// Photos on the disk of which the database knows nothing. There are none where such files are swept.
    fn unclaimed_files(&self) -> Result<BTreeSet<String>, PhotoError> {
        if !self.store.setting(&settings::OLDER_PHOTOS)?.unwrap_or(false) {
            return Ok(BTreeSet::new());
        }
        let known = self.store.photo_hashes()?;
        Ok(self.folder.photos()?.into_iter().filter(|sha256| !known.contains_key(sha256)).collect())
    }

    /// Makes files and rows match, before anything else is done with either.
    pub(super) fn put_in_order(&self) -> Result<(), PhotoError> {
        let files = self.folder.sweep()?;
        let keeps_unknown = if let Some(keeps_unknown) = self.store.setting(&settings::OLDER_PHOTOS)? {
            keeps_unknown
        } else {
            let keeps_unknown = !files.is_empty();
            self.store.set(&settings::OLDER_PHOTOS, Some(&keeps_unknown))?;
            keeps_unknown
        };
        let unclaimed = self.store.attachments_without_photo()?;
        for (sha256, attachments) in &unclaimed {
            if files.contains(&(sha256.clone(), Sort::Photo)) {
                self.store.adopt(attachments)?;
            }
        }
        let known = self.store.photo_hashes()?;
        for (sha256, sort) in &files {
            let is_wanted = match (known.get(sha256), sort) {
                // What the server never had, and was thought to be gone, is here after all.
                (Some(known), Sort::Photo) => known.is_held || !known.is_confirmed,
                (Some(_), Sort::Thumbnail) => true,
                (None, _) => keeps_unknown,
            };
            if !is_wanted {
                tracing::info!(sha256, ?sort, "a file without a record is deleted");
                if let Err(error) = self.folder.remove(sha256, *sort) {
                    // It takes room, and is tried again at the next start.
                    tracing::warn!(%error, sha256, ?sort, "a file without a record cannot be deleted");
                }
            }
        }
        for (sha256, known) in &known {
            match (known.is_held, files.contains(&(sha256.clone(), Sort::Photo))) {
                (true, false) => {
                    tracing::error!(sha256, "a photo is not where it was put");
                    self.store.note_found(sha256, false)?;
                }
                (false, true) if !known.is_confirmed => self.store.note_found(sha256, true)?,
                _ => {}
            }
        }
        Ok(self.folder.sync()?)
    }
}
