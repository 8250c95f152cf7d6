//! The state of a record.

use gatebook_domain::{Kind, RecordState};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::same::{digest_of_text, is_same_text};
use crate::scope::Scope;
use crate::version::Receipt;

/// What a record says, without who holds it in which version.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Content {
    /// Name of the kind; a name that the reader does not know is kept and not shown.
    pub kind: String,
    /// Its yard; absent for what belongs to the whole organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yard_id: Option<Uuid>,
    /// Schema number of the body.
    pub schema: u32,
    /// Live, closed or voided.
    #[serde(default)]
    pub state: RecordState,
    /// Why it was closed or voided.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state_reason: String,
    /// When the change was made, by the device's clock. For display only.
    pub captured_at: Timestamp,
    /// IANA zone of the yard, for display only.
    pub zone: String,
    /// Who made the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_id: Option<Uuid>,
    /// What the record says, by its kind.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub body: Box<RawValue>,
}

impl Content {
    /// The kind, if this version knows it.
    #[must_use]
    pub fn known_kind(&self) -> Option<Kind> {
        Kind::parse(&self.kind)
    }

    /// The scope it belongs to.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope::of(self.yard_id)
    }

    /// Whether somebody has submitted what it says. That is a fact of the body, whatever its kind and template.
    #[must_use]
    pub fn is_submitted(&self) -> bool {
        #[derive(Deserialize)]
        struct Mark {
            #[serde(default)]
            submitted: Option<serde::de::IgnoredAny>,
        }
        serde_json::from_str::<Mark>(self.body.get()).is_ok_and(|mark| mark.submitted.is_some())
    }

    /// Whether both say the same. Who said it, when and where does not count, nor how the JSON is written.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        self.state == other.state && self.state_reason == other.state_reason && self.has_the_words_of(other)
    }

    /// The same for all bodies that say the same, however their JSON is written, and another for any other.
    #[must_use]
    pub fn body_digest(&self) -> [u8; 32] {
        digest_of_text(self.body.get())
    }

    /// Whether both say the same of what they are about, be it live, closed or voided.
    #[must_use]
    pub fn has_the_words_of(&self, other: &Self) -> bool {
        self.kind == other.kind && self.yard_id == other.yard_id && is_same_text(self.body.get(), other.body.get())
    }
}

/// A canonical state: what the server holds of a record, with its receipt.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Canonical {
    /// The record.
    pub id: Uuid,
    /// The server's proof of it.
    pub receipt: Receipt,
    /// The write that made it so.
    pub write_id: Uuid,
    /// The device that wrote it; absent when the server or the console did, or nobody can tell. A state that is offered
    /// again is filed under the device that its receipt names, whatever stands here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<Uuid>,
    /// What it says.
    pub content: Content,
}
