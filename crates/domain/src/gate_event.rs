//! Gate events: equipment entering or leaving a yard.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::equipment::{EquipmentRef, Load, Seal};
use crate::party::{CarrierRef, Driver};
use crate::signature::Submitted;

/// Which way through the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into the yard.
    In,
    /// Out of the yard.
    Out,
}

/// The body of a `gate_event` record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GateEvent {
    /// Which way.
    pub direction: Direction,
    /// When it happened, if it was written down later than it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
    /// Lane or lot.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lane: String,
    /// Everything that passed the gate together: tractor, trailer or chassis, container. At most 8.
    #[cfg_attr(feature = "openapi", schema(max_items = 8))]
    pub equipment: Vec<EquipmentRef>,
    /// Whether it carried cargo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<Load>,
    /// Seals seen, at most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 5))]
    pub seals: Vec<Seal>,
    /// Who drove.
    #[serde(default)]
    pub driver: Driver,
    /// For whom.
    #[serde(default)]
    pub carrier: CarrierRef,
    /// Trip, booking or release number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// Anything else.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remarks: String,
    /// Present once handed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted: Option<Submitted>,
}

impl GateEvent {
    /// A blank form.
    #[must_use]
    pub fn new(direction: Direction) -> Self {
        Self {
            direction,
            occurred_at: None,
            lane: String::new(),
            equipment: Vec::new(),
            load: None,
            seals: Vec::new(),
            driver: Driver::default(),
            carrier: CarrierRef::default(),
            reference: String::new(),
            remarks: String::new(),
            submitted: None,
        }
    }
}
