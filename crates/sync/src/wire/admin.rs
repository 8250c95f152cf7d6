//! The audit table as an admin sees it: `GET /v1/records/{id}/audit`, `POST /v1/records/{id}/restore`, `GET /v1/conflicts`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::content::Content;
use crate::authorship::Authorship;
use crate::verdict::Rejection;
use crate::version::VersionId;

/// What became of a write, as the audit table has it today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It is the canonical state.
    Canonical,
    /// It was, until a writer who had seen it wrote the next.
    Superseded,
    /// It lost a conflict; `to` won.
    SetAside {
        /// The write that was kept instead.
        to: Uuid,
    },
    /// It said what the canonical state said already.
    Unchanged,
    /// It was not taken.
    Rejected(Rejection),
}

/// One write to a record.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// The write.
    pub write_id: Uuid,
    /// The record.
    pub record_id: Uuid,
    /// What became of it.
    pub outcome: AuditOutcome,
    /// The version it became, if it became one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The version it was made on; of what a device gave back after a restore of the server, the version it had been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<VersionId>,
    /// When the server received it, as it orders writes: this decides, and never runs backwards.
    pub received_at: Timestamp,
    /// When it was filed, by the server's clock of that moment, for people to read. Absent of what was filed before that
    /// was kept: then it is when the server received it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filed_at: Option<Timestamp>,
    /// That time may be wrong: the server's clock had jumped and nobody could say which was right, or it and the device's
    /// cannot both have been right.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub time_doubtful: bool,
    /// The operator's name when it was judged.
    pub operator_name: String,
    /// The device's name when it was judged; of what the office wrote, the name of who did, or "office"; empty for the
    /// server itself.
    pub device_name: String,
    /// How well it is known who wrote it. Absent for what was filed before that was kept, and for a state without a device
    /// that came back after a restore of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorship: Option<Authorship>,
    /// The write it restores, if it is a restore; itself, if a device gave it back after a restore of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restores: Option<Uuid>,
    /// The next change of the same person on the same device, which is kept in its stead: of this one the body is null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<Uuid>,
    /// Why it was made, in the words of whoever did it: at the office why it was brought back, closed, reopened or voided.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What it says.
    pub content: Content,
}

/// Makes an earlier write the canonical state again, as a new version.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RestoreRequest {
    /// The write to restore, from the audit list.
    pub write_id: Uuid,
    /// Why; kept in the audit table.
    #[serde(default)]
    pub reason: String,
}

/// What a restore made.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RestoreResponse {
    /// The new write.
    pub write_id: Uuid,
    /// The new version.
    pub version: u64,
}

/// A version by the office that somebody overturned without having seen it, and that the office has not answered since. Any
/// act of the office on the record is an answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OfficeConflict {
    /// The record.
    pub record_id: Uuid,
    /// What it is called, such as "Gate in · CSQU 305438 3".
    pub record_title: String,
    /// The office's version, as it was set aside.
    pub set_aside: AuditEntry,
    /// The version that was kept instead.
    pub kept: AuditEntry,
}

/// Answer of `GET /v1/conflicts`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OfficeConflicts {
    /// The oldest first.
    pub conflicts: Vec<OfficeConflict>,
    /// There are more, which come when some of these are answered.
    #[serde(default)]
    pub more: bool,
}
