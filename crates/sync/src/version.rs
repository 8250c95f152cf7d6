//! How states of a record are ordered.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Which life of the server took a version. A server restored from a backup begins a new, greater epoch.
/// The number is the Unix time in milliseconds at which the epoch began, so that two restores of one backup differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Epoch(pub u64);

/// A state of one record; the greater is the newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VersionId {
    /// The epoch that took it.
    pub epoch: Epoch,
    /// Counts the record's states from 1.
    pub version: u64,
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.version, self.epoch.0)
    }
}

/// The server's proof that it took a version. Devices keep the receipt of each canonical state they hold; after a
/// restore from backup it is what puts the state back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Receipt {
    /// The epoch that took it.
    pub epoch: Epoch,
    /// Counts the record's states from 1.
    pub version: u64,
    /// Its place in the tenant's feed when it was taken.
    pub seq: u64,
    /// When the server received it, to the microsecond. Orders exactly as `seq` within an epoch, and is what decides.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub received_at: Timestamp,
    /// `digest.tag`: a digest of the write and its content, and a message authentication code over tenant, record, all of
    /// the above and that digest, by the server's key.
    pub mac: String,
}

impl Receipt {
    /// Which state it is the receipt of.
    #[must_use]
    pub const fn version_id(&self) -> VersionId {
        VersionId { epoch: self.epoch, version: self.version }
    }

    /// Whether it is of a later state. The time of receipt tells two states apart that have the same number because a
    /// backup was put in place behind the server's back.
    #[must_use]
    pub fn is_newer_than(&self, other: &Self) -> bool {
        (self.version_id(), self.received_at) > (other.version_id(), other.received_at)
    }

    /// Whether both are receipts of the very same state. Number and time are not enough: where the clock is behind, times
    /// of receipt are counted on from the last one, and a backup put in place behind the server's back counts again.
    #[must_use]
    pub fn is_same_state(&self, other: &Self) -> bool {
        self.version_id() == other.version_id()
            && self.received_at == other.received_at
            && self.digest() == other.digest()
    }

    /// Whether both are receipts of the same write and the same words, whatever number and time they were given: a write
    /// that a restored server lost and was given again is the state that people have seen.
    #[must_use]
    pub fn is_of_same_write(&self, other: &Self) -> bool {
        self.digest() == other.digest()
    }

    /// The part of `mac` that stands for the write and what it says.
    fn digest(&self) -> &str {
        self.mac.split('.').next().unwrap_or_default()
    }
}
