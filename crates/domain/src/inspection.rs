//! Inspections: a template's items, each passed or failed, signed and handed in.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::equipment::EquipmentRef;
use crate::party::CarrierRef;
use crate::signature::{Signature, Submitted};

/// What was found at one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum ItemResult {
    /// In order.
    Pass,
    /// A defect that does not keep the vehicle from the road.
    FailMinor,
    /// A defect with which the vehicle must not be driven.
    FailMajor,
    /// The vehicle does not have it.
    NotApplicable,
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InspectionItem {
    /// The template item's key, such as `service_brakes`.
    pub key: String,
    /// What was found; absent while nobody has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ItemResult>,
    /// The defect in the operator's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl InspectionItem {
    /// An item nobody has looked at yet.
    #[must_use]
    pub fn unanswered(key: impl Into<String>) -> Self {
        Self { key: key.into(), result: None, note: String::new() }
    }
}

/// Which template an inspection follows, and in which revision, so that a later change of the template does not
/// change what was signed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TemplateRef {
    /// The template record.
    pub template_id: Uuid,
    /// Its code, such as `us_dvir`.
    pub code: String,
    /// Its revision when the inspection was opened.
    pub revision: u32,
    /// Its name, for display where the template is gone.
    pub name: String,
}

/// Unit of an odometer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum DistanceUnit {
    /// Kilometres.
    Km,
    /// Statute miles.
    Mi,
}

/// An odometer reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Odometer {
    /// Whole units.
    pub value: u32,
    /// Which unit.
    pub unit: DistanceUnit,
}

/// The body of an `inspection` record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Inspection {
    /// The list followed.
    pub template: TemplateRef,
    /// The assignment it answers, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignment_id: Option<Uuid>,
    /// What is inspected. One report per vehicle (49 CFR 396.11).
    pub equipment: EquipmentRef,
    /// The motor carrier (49 CFR 396.12 asks its name and USDOT on intermodal reports).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motor_carrier: Option<CarrierRef>,
    /// The intermodal equipment provider (49 CFR 396.12 asks its USDOT).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equipment_provider: Option<CarrierRef>,
    /// Odometer, if the vehicle has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub odometer: Option<Odometer>,
    /// The items, in the template's order.
    #[cfg_attr(feature = "openapi", schema(max_items = 300))]
    pub items: Vec<InspectionItem>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remarks: String,
    /// Signatures; cleared when what they attest changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 8))]
    pub signatures: Vec<Signature>,
    /// Present once handed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted: Option<Submitted>,
}
