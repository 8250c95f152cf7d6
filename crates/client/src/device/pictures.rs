//! A device's photos, as the pages ask for them.

use std::path::PathBuf;

use gatebook_domain::attachment::AttachmentRole;
use gatebook_domain::{Body, Kind};
use uuid::Uuid;

use super::{Answer, Device};
use crate::error::StoreError;
use crate::photos::{About, AtCamera, PhotoError, PhotoPolicy, PhotoTransport, PictureCame, Source, StorageView};
use crate::scheduler::Event;
use crate::store::settings;
use crate::transport::HttpTransport;
use crate::view::{AfterCamera, CommandError, PhotoList, PhotoShown, PhotoView, ShownBy};

/// Why an attachment that an operator takes away is void.
const REMOVED: &str = "Removed on the device";

impl Device {
    /// Takes a photo of a record. When this returns, it survives anything that happens to the process.
    ///
    /// # Errors
    /// It was not kept, and nothing of it is left: no picture, no room, no such record.
    pub async fn capture_photo(&self, source: Source, about: About) -> Answer<Uuid> {
        let by = self.authorship()?;
        let id = self.photos.capture(source, about, by).await?;
        self.notify(Event::LocalWrite);
        Ok(id)
    }

    /// Makes ready for the bytes of a picture, and says under which name they are to come.
    ///
    /// # Errors
    /// Nobody is chosen, there is no room for it, or it is of no use: told before a byte is moved.
    pub fn begin_photo(&self, size: u64) -> Answer<Uuid> {
        self.authorship()?;
        Ok(self.photos.begin_intake(size)?)
    }

    /// Takes in the next bytes of a picture.
    ///
    /// # Errors
    /// They are not the next ones, or too many.
    pub fn photo_part(&self, name: Uuid, offset: u64, bytes: &[u8]) -> Answer<()> {
        let taken = self.photos.take_in(name, offset, bytes);
        if taken.is_err() {
            drop(self.photos.intake(name));
        }
        Ok(taken?)
    }

    /// Makes a photo of what has come in. When this returns, it survives anything that happens to the process. What came
    /// in is gone then, whatever became of it.
    ///
    /// # Errors
    /// It was not kept, and nothing of it is left: no picture, no room, no such record.
    pub async fn add_photo(
        &self,
        name: Uuid,
        record_id: Uuid,
        role: AttachmentRole,
        part: String,
        came: PictureCame,
    ) -> Answer<Uuid> {
        let came_in = self.photos.intake(name);
        let stamp = self.stamp_of(record_id)?;
        let about = About {
            parent_id: record_id,
            role,
            part,
            origin: came.origin(self.authorship()?.now),
            position: None,
            stamp,
        };
        let path = came_in.path().to_owned();
        let source = match came.noted {
            Some(noted) => Source::Noted { path, noted },
            None => Source::File(path),
        };
        self.capture_photo(source, about).await
    }

    /// Tells where a phone's camera writes, and deletes what it left there in earlier runs.
    ///
    /// # Errors
    /// Database or folder failed.
    pub fn set_camera_folder(&self, folder: PathBuf) -> Answer<()> {
        Ok(self.photos.set_camera_folder(folder)?)
    }

    /// Notes what a phone's camera is about to be opened for, and says under which name.
    ///
    /// # Errors
    /// The database failed.
    pub fn camera_opens(&self, record_id: Uuid, role: AttachmentRole, part: String) -> Answer<Uuid> {
        Ok(self.photos.camera_opens(record_id, role, part)?)
    }

    /// No picture is awaited from there any more: it was told what became of it.
    ///
    /// # Errors
    /// Database or folder failed.
    pub fn camera_left(&self, noted: Uuid) -> Answer<()> {
        Ok(self.photos.camera_left(noted)?)
    }

    /// Takes in the pictures of cameras that were open when the app was ended, and says what became of each.
    ///
    /// # Errors
    /// Nobody is chosen, or database or folder failed. What is awaited stays so.
    pub async fn after_camera(&self) -> Answer<Vec<AfterCamera>> {
        let _alone = self.photos.looking.lock().await;
        let mut told = Vec::new();
        for (at_camera, shot) in self.photos.awaited()? {
            let AtCamera { id: noted, record_id, role, part, .. } = at_camera;
            let title = self.title_of(record_id)?.unwrap_or_default();
            let Some(shot) = shot else {
                told.push(AfterCamera { noted, title, is_kept: false, why: None });
                continue;
            };
            #[expect(clippy::cast_precision_loss, reason = "as a page counts")]
            let file_at_ms = Some(shot.written_at.as_millisecond() as f64);
            let came = PictureCame { by_camera: true, file_at_ms, noted: Some(noted) };
            let origin = came.origin(self.authorship()?.now);
            let stamp = self.stamp_of(record_id).unwrap_or_default();
            let about = About { parent_id: record_id, role, part, origin, position: None, stamp };
            let kept = self.capture_photo(Source::Noted { path: shot.path, noted }, about).await;
            told.push(AfterCamera { noted, title, is_kept: kept.is_ok(), why: kept.err().map(|error| error.message) });
        }
        Ok(told)
    }

    /// Gives up what has come in of a picture.
    pub fn drop_photo(&self, name: Uuid) {
        drop(self.photos.intake(name));
    }

    /// The photos of a record, and whether another can be taken.
    ///
    /// # Errors
    /// The database failed.
    pub fn photos_of(&self, record_id: Uuid) -> Answer<PhotoList> {
        let no_room = match self.photos.check_room() {
            Ok(()) => None,
            Err(PhotoError::NoRoom { .. }) => Some(
                "This device is out of space for another photo. Free some space first; everything saved is safe."
                    .to_owned(),
            ),
            Err(error) => return Err(error.into()),
        };
        let attachments = self.store.attachments_of(record_id)?.into_iter();
        let photos = attachments.filter(|it| it.attachment.role == AttachmentRole::Photo).map(|it| PhotoView {
            id: it.id,
            role: it.attachment.role,
            about: it.attachment.about,
            has_picture: self.photos.small_picture(&it.attachment.sha256).is_some(),
            sha256: it.attachment.sha256,
            taken_at: it.attachment.taken_at,
            time_source: it.attachment.time_source,
            added_at: it.added_at,
            operator_name: it.operator_name,
        });
        Ok(PhotoList { photos: photos.collect(), no_room })
    }

    /// Takes a photo away from its record: it is void, and stays in the books.
    ///
    /// # Errors
    /// There is no such photo, or it may not be changed any more.
    pub fn remove_photo(&self, id: Uuid) -> Answer<()> {
        self.store.attachment(id)?;
        let shown = self.store.held(id)?.ok_or(StoreError::NotFound(id))?.write_id;
        self.store.void(id, shown, REMOVED, &self.authorship()?)?;
        self.notify(Event::LocalWrite);
        Ok(())
    }

    /// Sees to it that the photo can be shown, fetching it if it went from this device, and says by which picture.
    ///
    /// # Errors
    /// There is no such photo, or the device failed.
    pub async fn view_photo(&self, id: Uuid) -> Answer<PhotoShown> {
        let attachment = self.store.attachment(id)?;
        let enrolment = self.store.setting(&settings::ENROLMENT)?.filter(|enrolment| !enrolment.revoked);
        let link = enrolment.and_then(|it| HttpTransport::of(&it).ok());
        let link = link.as_ref().map(|link| link as &dyn PhotoTransport);
        match self.photos.view(link, &attachment.sha256).await {
            Ok(_) => Ok(PhotoShown { by: ShownBy::Picture, note: None }),
            Err(error @ (PhotoError::NotHere | PhotoError::NotSentYet | PhotoError::DeviceClock)) => {
                let has_small = self.photos.small_picture(&attachment.sha256).is_some();
                let note = match error {
                    PhotoError::NotHere if !has_small => {
                        "This picture is not on this device, and there is no signal to fetch it. Open it again when \
                         there is signal."
                            .to_owned()
                    }
                    error => CommandError::from(error).message,
                };
                let by = if has_small { ShownBy::Thumbnail } else { ShownBy::Nothing };
                Ok(PhotoShown { by, note: Some(note) })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The file for a picture that is on this device, the small one or the best there is.
    #[must_use]
    pub fn picture_file(&self, sha256: &str, small: bool) -> Option<PathBuf> {
        if small { self.photos.small_picture(sha256) } else { self.photos.picture(sha256) }
    }

    /// What photos take on this device, why, and when they go.
    ///
    /// # Errors
    /// Database or folder failed.
    pub fn storage(&self) -> Answer<StorageView> {
        Ok(self.photos.storage_view()?)
    }

    /// How photos are taken and sent.
    #[must_use]
    pub fn photo_policy(&self) -> PhotoPolicy {
        self.photos.policy()
    }

    /// Sets that, for photos from now on.
    ///
    /// # Errors
    /// The database failed.
    pub fn set_photo_policy(&self, policy: &PhotoPolicy) -> Answer<PhotoPolicy> {
        self.photos.set_policy(policy)?;
        Ok(self.photos.policy())
    }

    /// What is written visibly into a photo of that record, if the policy says so: yard and unit.
    fn stamp_of(&self, record_id: Uuid) -> Result<Vec<String>, StoreError> {
        let record = self.store.held(record_id)?.ok_or(StoreError::NotFound(record_id))?;
        let yard = self.store.yards()?.into_iter().find(|yard| Some(yard.id) == record.content.yard_id);
        Ok(yard.map(|yard| yard.name).into_iter().chain(self.title_of(record_id)?).collect())
    }

    /// What a record is called, if it can be read.
    fn title_of(&self, record_id: Uuid) -> Result<Option<String>, StoreError> {
        let record = self.store.held(record_id)?;
        let body = record.and_then(|record| {
            let kind = record.content.known_kind().filter(|kind| *kind != Kind::Attachment)?;
            Body::from_json(kind, record.content.body.get()).ok()
        });
        Ok(body.map(|body| gatebook_domain::title(&body)))
    }
}
