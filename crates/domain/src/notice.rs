//! Notices: what an operator is told about a conflict, written by the server in the transaction that decided it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Extra;
use crate::record::Kind;

/// One side of a conflict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct NoticeSide {
    /// The write it was.
    pub write_id: Uuid,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_id: Option<Uuid>,
    /// Their name.
    #[serde(default)]
    pub operator_name: String,
    /// On which device.
    #[serde(default)]
    pub device_name: String,
    /// When the server received it; this is what decided.
    pub received_at: Timestamp,
    /// When it was filed, by the server's clock of that moment, for people to read. Absent of what older servers filed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filed_at: Option<Timestamp>,
    /// When it was captured, by the device's clock; decides nothing.
    pub captured_at: Timestamp,
}

/// One field in which the two sides differed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct FieldDifference {
    /// JSON Pointer into the body (RFC 6901); items of a list with a `key` go by it: `/items/tires/result`.
    pub path: String,
    /// What the server kept, as JSON text; absent when the field is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
    /// What was set aside, as JSON text; absent when the field is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_aside: Option<String>,
}

/// The body of a `notice` record: one open notice per record and operator, brought up to date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Notice {
    /// Whom it is for.
    pub addressee_id: Uuid,
    /// The record it is about.
    pub record_id: Uuid,
    /// Its kind.
    pub record_kind: Kind,
    /// What it is called, such as "Driver report CSQU3054383".
    pub record_title: String,
    /// The side the server kept.
    pub kept: NoticeSide,
    /// The side it set aside into the audit table.
    pub set_aside: NoticeSide,
    /// In which fields they differed; at most 40, `more_differences` counts the rest.
    pub differences: Vec<FieldDifference>,
    /// How many differences are not listed.
    #[serde(default)]
    pub more_differences: u32,
    /// How many conflicts this notice stands for since it was opened.
    pub count: u32,
    /// Fields of a newer schema.
    #[serde(flatten)]
    #[cfg_attr(feature = "specta", specta(skip))]
    pub extra: Extra,
}
