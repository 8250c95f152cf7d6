//! Tractors, trailers, containers, chassis: how a record names the equipment it is about.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What sort of equipment; it decides how its number is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum EquipmentClass {
    /// Power unit.
    Tractor,
    /// Semi-trailer.
    Trailer,
    /// Freight container with an ISO 6346 number and check digit.
    IsoContainer,
    /// North American domestic container: no check digit.
    DomesticContainer,
    /// Container chassis.
    Chassis,
    /// Generator set for a refrigerated container.
    Genset,
}

/// A licence plate and who issued it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Plate {
    /// As painted, capitals.
    pub number: String,
    /// State, province or country, such as `TX`, `TAMPS`, `ON`.
    #[serde(default)]
    pub region: String,
}

/// A piece of equipment as a record names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EquipmentRef {
    /// What sort.
    pub class: EquipmentClass,
    /// The number painted on it: unit number, or owner code + serial (+ check digit), without blanks.
    #[serde(default)]
    pub number: String,
    /// The reference record it was picked from, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equipment_id: Option<Uuid>,
    /// Licence plate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<Plate>,
    /// ISO 6346 size and type, such as `45G1`; older codes are kept as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_type: Option<String>,
    /// Why a number whose check digit is wrong was kept all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_reason: Option<String>,
}

impl EquipmentRef {
    /// Equipment of which only the sort and the number are known.
    #[must_use]
    pub fn new(class: EquipmentClass, number: impl Into<String>) -> Self {
        Self { class, number: number.into(), equipment_id: None, plate: None, size_type: None, override_reason: None }
    }
}

/// Whether the equipment carries cargo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// With cargo.
    Loaded,
    /// Without cargo.
    Empty,
    /// A tractor alone.
    Bobtail,
}

/// Who put a seal on (UN/EDIFACT 9303).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum SealParty {
    /// The carrier.
    Carrier,
    /// A customs authority.
    Customs,
    /// The shipper.
    Shipper,
    /// The terminal or yard.
    Terminal,
}

/// How a seal was found (UN/EDIFACT 4517).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum SealCondition {
    /// In right condition.
    #[default]
    Intact,
    /// Damaged.
    Damaged,
    /// Missing.
    Missing,
    /// Broken.
    Broken,
    /// An electronic seal that does not work.
    ElectronicFault,
}

/// Security class of a seal (ISO 17712).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
pub enum SealClass {
    /// Indicative.
    I,
    /// Security.
    S,
    /// High security; what CTPAT asks of every loaded unit bound for the United States.
    H,
}

/// One seal on the equipment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Seal {
    /// The number on it, capitals and digits.
    pub number: String,
    /// Who put it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affixed_by: Option<SealParty>,
    /// How it was found.
    #[serde(default)]
    pub condition: SealCondition,
    /// Its security class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<SealClass>,
}
