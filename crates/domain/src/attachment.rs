//! Attachments: photos, drawn signatures and documents that belong to another record. Their bytes travel apart, named
//! by their SHA-256.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum AttachmentRole {
    /// A picture of the equipment, a seal, damage.
    Photo,
    /// The picture of a drawn signature.
    Signature,
    /// A paper or file.
    Document,
}

/// How large a picture is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pixels {
    /// From left to right, as it is shown.
    pub width: u32,
    /// From top to bottom, as it is shown.
    pub height: u32,
}

/// Where something was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Position {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Meters by which it may be off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy_m: Option<f64>,
}

/// By whose word something was taken when it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum TimeSource {
    /// The clock of the camera that took it, as the picture tells it.
    Camera,
    /// The clock of the device, whose own camera took it at that moment.
    Device,
    /// The picture tells only when it was made into bytes: for one from a scanner, long after it was taken.
    Digitized,
    /// Known is only when its file was last written: it was taken then or before.
    File,
}

/// The body of an `attachment` record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attachment {
    /// The record it belongs to.
    pub parent_id: Uuid,
    /// What it is.
    pub role: AttachmentRole,
    /// Which part of the parent it shows, as a path such as `/items/tires`; empty: all of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// SHA-256 of the bytes, 64 small hexadecimal digits.
    pub sha256: String,
    /// How many bytes.
    pub size: u32,
    /// What they are, such as `image/jpeg`.
    pub media_type: String,
    /// How large the picture is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels: Option<Pixels>,
    /// When it was taken, for display only. Absent: nobody knows, and it was added when the record was captured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Timestamp>,
    /// By whose word it was taken then. Absent beside a time: by the picture's or the device's, as older apps did not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_source: Option<TimeSource>,
    /// Where it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// Since when the server holds the bytes, verified. Only the server says so; what a device says here is put right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored_at: Option<Timestamp>,
}
