//! Carriers and drivers as a record names them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A carrier (or equipment provider) as a record names it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CarrierRef {
    /// The reference record it was picked from, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_id: Option<Uuid>,
    /// Name as on the door.
    #[serde(default)]
    pub name: String,
    /// Standard Carrier Alpha Code, 2 to 4 letters; `UNKN` when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scac: Option<String>,
    /// USDOT number, up to 8 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usdot: Option<String>,
}

/// The driver present.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Driver {
    /// Full name.
    #[serde(default)]
    pub name: String,
    /// Licence number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_number: Option<String>,
    /// Who issued the licence, such as `TX` or `NL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_region: Option<String>,
}
