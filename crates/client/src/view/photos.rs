//! What the UI is shown of photos.

use gatebook_domain::attachment::{AttachmentRole, TimeSource};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The photos of one record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct PhotoList {
    /// Oldest first.
    pub photos: Vec<PhotoView>,
    /// Why no photo can be taken now, if there is no room for one: to be told before it is taken.
    pub no_room: Option<String>,
}

/// A photo of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct PhotoView {
    /// The attachment.
    pub id: Uuid,
    /// What it is.
    pub role: AttachmentRole,
    /// Which part of the record it shows, as a path; empty: all of it.
    pub about: String,
    /// Names its bytes.
    pub sha256: String,
    /// When it was taken, if anybody knows.
    pub taken_at: Option<Timestamp>,
    /// By whose word; unknown of photos from older apps.
    pub time_source: Option<TimeSource>,
    /// When it was added to the record.
    pub added_at: Timestamp,
    /// Who added it.
    pub operator_name: String,
    /// Whether this device has a picture of it, if only a small one.
    pub has_picture: bool,
}

/// What became of a picture that a phone's camera was opened for and whose app was ended meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct AfterCamera {
    /// The note of it, which stays until its loss was told.
    pub noted: Uuid,
    /// What the record is called.
    pub title: String,
    /// It is a photo of the record now. Otherwise it may be lost.
    pub is_kept: bool,
    /// Why it was found and could not be kept.
    pub why: Option<String>,
}

/// What a photo can be shown by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct PhotoShown {
    /// Which picture.
    pub by: ShownBy,
    /// Why it is not the full one.
    pub note: Option<String>,
}

/// The pictures of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ShownBy {
    /// The photo itself.
    Picture,
    /// Its thumbnail.
    Thumbnail,
    /// None is here.
    Nothing,
}
