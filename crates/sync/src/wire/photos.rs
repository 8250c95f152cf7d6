//! `POST /v1/photos/have`: which bytes need not be sent, and which only from somewhere on.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a device asks before it uploads anything, and before it lets anything go.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HaveRequest {
    /// SHA-256 of what it holds, each 64 small hexadecimal digits.
    pub sha256: Vec<String>,
    /// The device lets go for good what the server says it holds: the server looks whether the bytes are really there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub before_letting_go: bool,
}

/// What the server has of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HaveResponse {
    /// The server's time: what is confirmed by this is confirmed then.
    pub server_time: Timestamp,
    /// That may be wrong: nothing is to be made to depend on it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub time_doubtful: bool,
    /// Those it holds. They are kept for a while even if no record names them yet.
    pub held: Vec<String>,
    /// Those of which this device has sent a part.
    pub unfinished: Vec<Unfinished>,
    /// What the device obeys from now on.
    pub limits: PhotoLimits,
    /// Who answers. A device that belongs to another server lets nothing go on this answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<super::ServerIdentity>,
}

/// An upload that can be carried on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Unfinished {
    /// Of which bytes.
    pub sha256: String,
    /// Its id: it lies at `/v1/uploads/<id>`.
    pub upload_id: Uuid,
    /// How many bytes are there.
    pub offset: u64,
}

/// What the server allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhotoLimits {
    /// Bytes of one photo.
    pub photo_bytes: u64,
    /// Hashes in one question.
    pub hashes: u32,
}
