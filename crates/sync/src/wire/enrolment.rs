//! `POST /v1/enrol`: a one-time code becomes a device token.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a device sends to join.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolRequest {
    /// The one-time code, blanks, hyphens and case do not matter.
    pub code: String,
    /// What people will call the device.
    pub device_name: String,
    /// The device's own choice of id, so that a repeat after a lost answer is the same device.
    pub device_id: Uuid,
}

/// What it gets.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolResponse {
    /// The device.
    pub device_id: Uuid,
    /// Sent as `Authorization: Bearer …` with each request. The server keeps only its hash.
    pub token: String,
    /// The organisation.
    pub tenant_id: Uuid,
    /// The organisation's name.
    pub tenant_name: String,
    /// Yards the device works for.
    pub yard_ids: Vec<Uuid>,
}
