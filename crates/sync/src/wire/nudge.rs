//! `GET /v1/events`: what a device is told while it keeps the stream open.

use serde::{Deserialize, Serialize};

use crate::Scope;

/// There is news for the device. A hint and no more: what it is comes with the next sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Nudge {
    /// Where.
    pub scope: Scope,
    /// The newest place in that scope's feed.
    pub seq: u64,
}
