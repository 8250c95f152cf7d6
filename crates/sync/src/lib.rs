//! The sync contract: what travels between device and server, and the two decisions that keep them equal.
//!
//! [`decide`] is the server's: what becomes of a write. [`apply`] is the device's: what becomes of its row when an
//! answer arrives. Both are pure (no clock, no storage, no network) and are the same code for every server database,
//! for the device and for the simulator.

mod apply;
mod authorship;
mod decide;
mod device_key;
mod difference;
mod join_code;
mod merge;
mod same;
#[cfg(feature = "openapi")]
mod schemas;
mod scope;
mod seen;
#[cfg(feature = "simulation")]
pub mod simulation;
mod tally;
mod verdict;
mod version;
pub mod wire;

pub use apply::{Change, LocalHead, apply_canonical, apply_departure, apply_verdict};
pub use authorship::Authorship;
pub use decide::{Decision, Existing, Incoming, Offer, Sequence, decide};
pub use device_key::DeviceKey;
pub use difference::{Differences, content_differences, differences};
pub use join_code::{AuthorityPin, CODE_ALPHABET, CODE_LETTERS, JoinCode, NoPin, PIN_LETTERS, plain_code};
pub use merge::merge;
pub use scope::Scope;
pub use seen::has_seen_every_word;
pub use tally::{Fingerprint, Tally};
pub use verdict::{Kept, Rejection, RejectionCode, Verdict};
pub use version::{Epoch, NotSaid, Receipt, Said, VersionId, WallTime};
pub use wire::{Canonical, Content};

/// The protocol this code speaks. A server answers any other with `protocol_unsupported` and changes nothing.
///
/// | version | since | what |
/// |---|---|---|
/// | 1 | 0.1.0 | the first |
pub const PROTOCOL: u32 = 1;

/// Whether a deliberate bug is on. Plain `false` without the feature `simulation`.
#[cfg(feature = "simulation")]
#[macro_export]
macro_rules! deliberate {
    ($bug:ident) => {
        $crate::simulation::is_on($crate::simulation::Bug::$bug)
    };
}

/// Whether a deliberate bug is on. Plain `false` without the feature `simulation`.
#[cfg(not(feature = "simulation"))]
#[macro_export]
macro_rules! deliberate {
    ($bug:ident) => {
        false
    };
}

/// A point at which a simulated process may be killed. Nothing without the feature `simulation`.
#[cfg(feature = "simulation")]
#[macro_export]
macro_rules! reach {
    ($point:ident) => {
        $crate::simulation::reach($crate::simulation::Point::$point)
    };
}

/// A point at which a simulated process may be killed. Nothing without the feature `simulation`.
#[cfg(not(feature = "simulation"))]
#[macro_export]
macro_rules! reach {
    ($point:ident) => {};
}
