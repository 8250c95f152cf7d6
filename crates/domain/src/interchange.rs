//! Interchange: equipment handed from one carrier to another, with its condition (an equipment interchange receipt).

use serde::{Deserialize, Serialize};

use crate::equipment::{EquipmentRef, Load, Seal};
use crate::party::{CarrierRef, Driver};
use crate::signature::{Signature, SignatureRole, Submitted};

/// What sort of hand-over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    /// The equipment comes into the yard.
    InGate,
    /// The equipment leaves the yard.
    OutGate,
    /// From motor carrier to motor carrier, away from a yard's gate.
    Street,
}

/// Where on the equipment, as the paper receipts' drawings have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// Left side.
    Left,
    /// Right side.
    Right,
    /// Front wall.
    Front,
    /// Rear and doors.
    Rear,
    /// Roof.
    Top,
    /// Underside.
    Bottom,
    /// Inside.
    Interior,
}

/// What sort of damage, by the symbols of the paper receipts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum DamageType {
    /// B: bent.
    Bent,
    /// BR: broken.
    Broken,
    /// C: cut.
    Cut,
    /// Dented.
    Dent,
    /// H: hole.
    Hole,
    /// M: missing.
    Missing,
    /// P: patched.
    Patch,
    /// S: scraped.
    Scrape,
}

/// One damage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Damage {
    /// Where.
    pub view: View,
    /// What sort.
    pub damage_type: DamageType,
    /// On which part, such as "door gasket".
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub component: String,
    /// How large, such as "20 × 5 cm".
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub size: String,
    /// Anything else.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remark: String,
}

/// Tyre positions of a chassis or trailer: left/right, outside/inside, front/rear axle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "UPPERCASE")]
pub enum TirePosition {
    /// Left outside front.
    Lof,
    /// Left inside front.
    Lif,
    /// Right outside front.
    Rof,
    /// Right inside front.
    Rif,
    /// Left outside rear.
    Lor,
    /// Left inside rear.
    Lir,
    /// Right outside rear.
    Ror,
    /// Right inside rear.
    Rir,
}

/// How a tyre was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum TireCondition {
    /// In order.
    Good,
    /// Flat.
    Flat,
    /// Slid flat: 4/32 inch of rubber worn off in one place.
    SlidFlat,
    /// Cut.
    Cut,
    /// Recapped.
    Recap,
}

/// One tyre.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tire {
    /// Which.
    pub position: TirePosition,
    /// How it was found.
    pub condition: TireCondition,
    /// Tread depth in 32nds of an inch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tread_32nds: Option<u8>,
    /// Brand and serial, if read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub brand: String,
}

/// That a party would not sign, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Refusal {
    /// Whose signature is missing.
    pub role: SignatureRole,
    /// Why.
    pub reason: String,
}

/// The body of an `interchange` record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Interchange {
    /// What sort of hand-over.
    pub movement: Movement,
    /// The receipt's printed number, if there is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub receipt_number: String,
    /// Who hands over.
    #[serde(default)]
    pub releasing: CarrierRef,
    /// Who takes.
    #[serde(default)]
    pub receiving: CarrierRef,
    /// Who provides the equipment, when it is neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equipment_provider: Option<CarrierRef>,
    /// The driver present.
    #[serde(default)]
    pub driver: Driver,
    /// The power unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tractor: Option<EquipmentRef>,
    /// What is handed over: container and chassis, or trailer. At most 8.
    #[cfg_attr(feature = "openapi", schema(max_items = 8))]
    pub equipment: Vec<EquipmentRef>,
    /// Whether it carries cargo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<Load>,
    /// Gross weight in kilograms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gross_weight_kg: Option<u32>,
    /// Booking, bill of lading or release number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// Seals, at most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 5))]
    pub seals: Vec<Seal>,
    /// Damage seen; an empty list says that none was seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 100))]
    pub damage: Vec<Damage>,
    /// Tyres looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 8))]
    pub tires: Vec<Tire>,
    /// Condition is also shown by recorded images. The printed receipt must then say
    /// "Damage is captured on Recorded Images" (UIIA section D.2.c).
    #[serde(default)]
    pub recorded_images: bool,
    /// Anything else.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remarks: String,
    /// Both carriers' signatures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 8))]
    pub signatures: Vec<Signature>,
    /// A party that would not sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// Present once handed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted: Option<Submitted>,
}

impl Interchange {
    /// A blank form.
    #[must_use]
    pub fn new(movement: Movement) -> Self {
        Self {
            movement,
            receipt_number: String::new(),
            releasing: CarrierRef::default(),
            receiving: CarrierRef::default(),
            equipment_provider: None,
            driver: Driver::default(),
            tractor: None,
            equipment: Vec::new(),
            load: None,
            gross_weight_kg: None,
            reference: String::new(),
            seals: Vec::new(),
            damage: Vec::new(),
            tires: Vec::new(),
            recorded_images: false,
            remarks: String::new(),
            signatures: Vec::new(),
            refusal: None,
            submitted: None,
        }
    }
}
