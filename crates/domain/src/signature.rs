//! Signatures drawn on the screen, and the mark that a record was handed in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// In which capacity somebody signs. For driver reports: 49 CFR 396.11(a), 396.13; for interchange: both carriers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum SignatureRole {
    /// The driver who wrote the report.
    AuthorDriver,
    /// The person who certifies that defects were repaired or need no repair.
    RepairCertifier,
    /// The next driver, who has reviewed the report.
    ReviewingDriver,
    /// For the carrier that hands the equipment over.
    Releasing,
    /// For the carrier that takes the equipment.
    Receiving,
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Signature {
    /// In which capacity.
    pub role: SignatureRole,
    /// Legible name of the signer.
    pub name: String,
    /// The operator who was signed in, when the signer is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_id: Option<Uuid>,
    /// When, by the device's clock; for display only.
    pub signed_at: Timestamp,
    /// The pen's path: one list per stroke, alternating x and y, in thousandths of the pad's width from its top left. At
    /// most 200 strokes and 8,000 numbers.
    #[cfg_attr(feature = "openapi", schema(max_items = 200))]
    pub strokes: Vec<Vec<i32>>,
}

/// That the operator handed the record in. From then on it is complete; until then it is a draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Submitted {
    /// When, by the device's clock; for display only.
    pub at: Timestamp,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_id: Option<Uuid>,
}

impl Submitted {
    /// Handed in at that time by that operator.
    #[must_use]
    pub fn new(at: Timestamp, operator_id: Option<Uuid>) -> Self {
        Self { at, operator_id }
    }
}
