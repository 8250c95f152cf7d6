//! Notices: what an operator is told about a conflict, written by the server in the transaction that decided it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::record::{Kind, RecordState};

/// One side of a conflict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
    /// Present if the office wrote it: who there, empty while that is not known. `operator_name` then says that it was the
    /// office, for apps that do not know this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub office: Option<String>,
    /// Whether it left the record live, closed or voided.
    #[serde(default, skip_serializing_if = "is_live")]
    pub state: RecordState,
    /// Why it closed or voided it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state_reason: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_live(state: &RecordState) -> bool {
    *state == RecordState::Live
}

/// Path of the difference that one side left the record live, closed or voided and the other did not. No JSON Pointer into a
/// body is like it: those are empty or begin with a slash.
pub const STATE: &str = "state";
/// Path of the difference between the reasons for closing or voiding.
pub const STATE_REASON: &str = "state_reason";
/// Path of the difference between the yards, told by their ids.
pub const YARD: &str = "yard_id";

/// One field in which the two sides differed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldDifference {
    /// JSON Pointer into the body (RFC 6901); items of a list with a `key` go by it: `/items/tires/result`. What lies beside
    /// the body goes by `state`, `state_reason` and `yard_id`.
    pub path: String,
    /// What is in force, as JSON text; absent when the field is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
    /// What was set aside, as JSON text; absent when the field is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_aside: Option<String>,
}

/// What settled a conflict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Settlement {
    /// The state of the record that settled it: who made it, and when the server received it.
    pub by: NoticeSide,
    /// It says what had been set aside.
    #[serde(default)]
    pub brings_back: bool,
}

/// The body of a `notice` record: one open notice per record and operator, brought up to date. When it is settled, the notice
/// itself is closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
    /// What is in force since, if it is not the kept side any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_force: Option<NoticeSide>,
    /// What settled the conflict: nothing is left to be looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settlement>,
    /// When the newest conflict was told. Bringing the notice up to date is no news and leaves it as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
    /// In which fields what is in force and what was set aside differ; at most 40, `more_differences` counts the rest.
    #[cfg_attr(feature = "openapi", schema(max_items = 40))]
    pub differences: Vec<FieldDifference>,
    /// How many differences are not listed.
    #[serde(default)]
    pub more_differences: u32,
    /// How many conflicts this notice stands for since it was opened.
    pub count: u32,
}

impl Notice {
    /// What is in force, as far as this notice knows.
    #[must_use]
    pub fn now_in_force(&self) -> &NoticeSide {
        self.in_force.as_ref().unwrap_or(&self.kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A notice as servers wrote it before sides had a state and notices were brought up to date.
    const FIRST: &str = r#"{"addressee_id":"0195f2a0-0000-7000-8000-000000000001","record_id":"0195f2a0-0000-7000-8000-000000000002","record_kind":"gate_event","record_title":"Gate in","kept":{"write_id":"0195f2a0-0000-7000-8000-000000000003","operator_name":"Ana","device_name":"","received_at":"2026-03-04T15:05:00Z","captured_at":"2026-03-04T15:05:00Z"},"set_aside":{"write_id":"0195f2a0-0000-7000-8000-000000000004","operator_name":"Luis","device_name":"","received_at":"2026-03-04T15:00:00Z","captured_at":"2026-03-04T15:00:00Z"},"differences":[],"more_differences":0,"count":1}"#;

    #[test]
    fn a_notice_of_the_first_server_is_read_and_written_as_it_was() {
        let notice: Notice = serde_json::from_str(FIRST).unwrap();
        assert_eq!((notice.kept.state, &notice.kept.office), (RecordState::Live, &None));
        assert_eq!(notice.now_in_force().operator_name, "Ana");
        assert_eq!(serde_json::to_string(&notice).unwrap(), FIRST);
    }
}
