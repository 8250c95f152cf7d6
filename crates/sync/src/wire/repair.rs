//! How a device finds where it differs from the server: by ranges of ids, each answered in a few tallied parts, until a
//! part is small enough to be listed. Travels inside the sync request and its answer, so that news and comparison are of
//! one moment.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::content::Canonical;
use crate::scope::Scope;
use crate::tally::{Fingerprint, Tally};

/// What a device asks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Repair {
    /// Ranges in which its tally differs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<IdRange>,
    /// Records whose canonical state it wants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fetch: Vec<Uuid>,
}

impl Repair {
    /// Whether it asks nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ranges.is_empty() && self.fetch.is_empty()
    }
}

/// Records of a scope by id, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IdRange {
    /// Of which scope.
    pub scope: Scope,
    /// First id.
    pub from: Uuid,
    /// Last id.
    pub to: Uuid,
}

impl IdRange {
    /// Everything in a scope.
    #[must_use]
    pub const fn whole(scope: Scope) -> Self {
        Self { scope, from: Uuid::nil(), to: Uuid::max() }
    }
}

/// What the server answers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Repaired {
    /// The ranges asked for, each in parts that cover it without gaps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// The canonical states asked for, as far as the device may see them and they fit into the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<Canonical>,
}

impl Repaired {
    /// Whether it answers nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.records.is_empty()
    }
}

/// A part of a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Part {
    /// Which.
    pub range: IdRange,
    /// What the server holds in it.
    pub tally: Tally,
    /// Each record of it, where they are few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<Entry>>,
}

/// A canonical state in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Entry {
    /// The record.
    pub id: Uuid,
    /// Its state.
    pub fingerprint: Fingerprint,
}
