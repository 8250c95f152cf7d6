//! Reference data: written at the console, read-only in the field.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::equipment::{EquipmentClass, EquipmentRef, Plate};
use crate::signature::SignatureRole;

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TemplateItem {
    /// Stable key, snake_case.
    pub key: String,
    /// What the operator reads.
    pub label: String,
    /// What to look for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hint: String,
}

/// A list of things to inspect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Template {
    /// Stable code, such as `us_dvir`.
    pub code: String,
    /// What the operator reads.
    pub name: String,
    /// Where the list comes from, such as `49 CFR 396.11(a)`.
    pub source: String,
    /// Grows with each change.
    pub revision: u32,
    /// What may be inspected with it; empty means anything.
    #[serde(default)]
    pub equipment_classes: Vec<EquipmentClass>,
    /// In the order they are walked.
    #[cfg_attr(feature = "openapi", schema(max_items = 300))]
    pub items: Vec<TemplateItem>,
    /// Signatures without which it cannot be submitted.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_items = 8))]
    pub signatures: Vec<SignatureRole>,
    /// Whether the motor carrier's name and USDOT and the equipment provider's USDOT are asked (49 CFR 396.12).
    #[serde(default)]
    pub asks_parties: bool,
}

/// Work for a yard or an operator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Assignment {
    /// The id the inspection will have, chosen with the assignment, so that two people who both start it offline
    /// work on one record.
    pub inspection_id: Uuid,
    /// The list to follow.
    pub template_id: Uuid,
    /// What to inspect.
    pub equipment: EquipmentRef,
    /// For whom; absent: whoever is at the yard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_id: Option<Uuid>,
    /// By when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// What the dispatcher adds, such as where it stands.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// A known piece of equipment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Equipment {
    /// What sort.
    pub class: EquipmentClass,
    /// Number painted on it.
    pub number: String,
    /// Licence plate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<Plate>,
    /// ISO 6346 size and type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_type: Option<String>,
    /// Carrier record of the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_id: Option<Uuid>,
}

/// A known carrier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Carrier {
    /// Name as on the door.
    pub name: String,
    /// Standard Carrier Alpha Code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scac: Option<String>,
    /// USDOT number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usdot: Option<String>,
}

/// A yard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Yard {
    /// What people call it.
    pub name: String,
    /// Short code.
    pub code: String,
    /// IANA time zone, such as `America/Chicago`; times are shown in it.
    pub time_zone: String,
    /// City and state.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
}

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Records things.
    Operator,
    /// Leads a yard. Closing and reopening is the office's.
    Supervisor,
    /// Also restores, enrols and revokes.
    Admin,
}

/// A person who records things.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Operator {
    /// Full name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Where they work.
    pub yard_ids: Vec<Uuid>,
    /// What they do, such as "Gate clerk".
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub job: String,
}
