//! Taking a photo: developed, written, fsynced, named, and then one transaction. What is killed in between is put right by
//! [`Photos::put_in_order`] at the next start: whole files that no record names go, unfinished ones too.

use std::path::PathBuf;
use std::sync::Arc;

use gatebook_domain::attachment::{Attachment, AttachmentRole, Pixels, Position};
use gatebook_domain::zone;
use gatebook_sync::deliberate;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::develop::{self, Developed, Surroundings, develop};
use super::folder::{Sort, sha256};
use super::off_thread::off_thread;
use super::{Origin, PhotoError, Photos};
use crate::store::{Authorship, NewPhoto};

/// Where a photo's bytes come from. They are read only when it is their turn.
#[derive(Debug)]
pub enum Source {
    /// They are at hand.
    Bytes(Vec<u8>),
    /// They lie in a file.
    File(PathBuf),
    /// They lie in a file, and are what a camera was noted to be opened for: the note goes when they are safe.
    Noted {
        /// The file.
        path: PathBuf,
        /// The note.
        noted: Uuid,
    },
}

/// What a photo is of.
#[derive(Debug, Clone)]
pub struct About {
    /// The record it belongs to.
    pub parent_id: Uuid,
    /// What it is.
    pub role: AttachmentRole,
    /// Which part of the parent it shows, as a path; empty: all of it.
    pub part: String,
    /// How its picture came.
    pub origin: Origin,
    /// Where the device is, for a picture that does not say.
    pub position: Option<Position>,
    /// Lines of the visible stamp after the time: place, unit.
    pub stamp: Vec<String>,
}

/// Points of a capture at which a process may die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The photo is written, not named.
    PhotoWritten,
    /// The thumbnail is written, not named.
    ThumbnailWritten,
    /// The thumbnail has its name.
    ThumbnailPlaced,
    /// The photo has its name.
    PhotoPlaced,
    /// The folder is on the disk.
    FolderSynced,
    /// The record is committed.
    Committed,
}

/// Bytes that a capture is taken to need until it is known.
pub(super) const USUAL_BYTES: u64 = 4 * 1024 * 1024;

impl Photos {
    /// Takes a photo. When this returns, photo and record survive anything that happens to the process. Several at once
    /// take turns, on a thread for slow work.
    ///
    /// # Errors
    /// It was not kept, and nothing of it is left.
    pub(crate) async fn capture(
        self: &Arc<Self>,
        source: Source,
        about: About,
        by: Authorship,
    ) -> Result<Uuid, PhotoError> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let photos = Arc::clone(self);
        let work = off_thread(move || {
            let _turn = turn;
            photos.take(source, about, &by)
        });
        work.await.map_err(PhotoError::Io)?
    }

    /// Whether a photo can be kept, to be asked before it is taken.
    ///
    /// # Errors
    /// [`PhotoError::NoRoom`], even after confirmed photos have gone.
    pub fn check_room(&self) -> Result<(), PhotoError> {
        self.make_room(USUAL_BYTES)
    }

    fn take(&self, source: Source, about: About, by: &Authorship) -> Result<Uuid, PhotoError> {
        self.make_room(USUAL_BYTES)?;
        let at_camera = match &source {
            Source::Noted { noted, .. } => Some(*noted),
            Source::Bytes(_) | Source::File(_) => None,
        };
        let bytes = match source {
            Source::Bytes(bytes) => bytes,
            Source::File(path) | Source::Noted { path, .. } => {
                let bytes = std::fs::metadata(&path)?.len();
                if bytes > develop::MOST_BYTES {
                    return Err(PhotoError::TooManyBytes { bytes, most: develop::MOST_BYTES });
                }
                std::fs::read(path)?
            }
        };
        let policy = self.policy();
        let zone = self.zone_of(about.parent_id)?;
        let surroundings = Surroundings { zone, now: Some(by.now), origin: about.origin, stamp: about.stamp.clone() };
        let developed = develop(&bytes, &policy, &surroundings)?;
        drop(bytes);
        self.make_room((developed.photo.len() + developed.thumbnail.len()) as u64)?;
        let sha256 = sha256(&developed.photo);
        let kept = self.keep(&sha256, &developed, (about, at_camera), by);
        if kept.is_err() {
            self.folder.remove_unfinished(&sha256);
        } else if at_camera.is_some()
            && let Err(error) = self.sweep_camera()
        {
            tracing::warn!(%error, "what the camera left is swept at the next start");
        }
        kept
    }

    /// Files first, then the record. What fails leaves no new file.
    fn keep(
        &self,
        sha256: &str,
        developed: &Developed,
        about: (About, Option<Uuid>),
        by: &Authorship,
    ) -> Result<Uuid, PhotoError> {
        // One who lets photos go or puts the folder in order must not meet files whose record is still to come.
        let _files = self.files.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut placed = Vec::new();
        let kept = self.write_and_commit(sha256, developed, about, by, &mut placed);
        if kept.is_err() {
            for sort in placed {
                if let Err(error) = self.folder.remove(sha256, sort) {
                    tracing::warn!(%error, "a file is swept at the next start");
                }
            }
        }
        kept
    }

    fn write_and_commit(
        &self,
        sha256: &str,
        developed: &Developed,
        (about, at_camera): (About, Option<Uuid>),
        by: &Authorship,
        placed: &mut Vec<Sort>,
    ) -> Result<Uuid, PhotoError> {
        let id = self.environment.new_id();
        let attachment = Attachment {
            parent_id: about.parent_id,
            role: about.role,
            about: about.part,
            sha256: sha256.to_owned(),
            size: u32::try_from(developed.photo.len()).unwrap_or(u32::MAX),
            media_type: develop::MEDIA_TYPE.to_owned(),
            pixels: Some(Pixels { width: developed.width, height: developed.height }),
            taken_at: developed.taken.map(|taken| taken.at),
            time_source: developed.taken.map(|taken| taken.source),
            position: developed.position.clone().or(about.position),
            stored_at: None,
        };
        let photo = NewPhoto { id, attachment, at_camera };
        if deliberate!(RecordBeforeFile) {
            self.store.add_photo(&photo, by)?;
        }
        self.folder.write(sha256, Sort::Photo, &developed.photo)?;
        self.at(Step::PhotoWritten);
        self.folder.write(sha256, Sort::Thumbnail, &developed.thumbnail)?;
        self.at(Step::ThumbnailWritten);
        for (sort, step) in [(Sort::Thumbnail, Step::ThumbnailPlaced), (Sort::Photo, Step::PhotoPlaced)] {
            if self.folder.place(sha256, sort)? {
                placed.push(sort);
            }
            self.at(step);
        }
        self.folder.sync()?;
        self.at(Step::FolderSynced);
        if !deliberate!(RecordBeforeFile) {
            self.store.add_photo(&photo, by)?;
        }
        self.at(Step::Committed);
        Ok(id)
    }

    /// Nothing for a zone that nobody knows: a photo then says no time by it.
    fn zone_of(&self, parent_id: Uuid) -> Result<Option<TimeZone>, PhotoError> {
        let parent = self.store.held(parent_id)?.ok_or(crate::error::StoreError::NotFound(parent_id))?;
        Ok(zone::find(&parent.content.zone))
    }

    fn at(&self, step: Step) {
        if let Some(watch) = &self.steps {
            watch(step);
        }
    }
}
