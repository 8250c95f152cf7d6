//! What operators record at the yard: record kinds, their bodies, and the rules a body must keep.
//!
//! Pure data and pure functions: no clock, no file, no network. Every body keeps the fields it does not know
//! (written by a newer app) in `extra`, so that they survive a round trip through this version.

pub mod equipment;
pub mod gate_event;
pub mod inspection;
pub mod interchange;
pub mod notice;
pub mod party;
pub mod record;
pub mod reference;
pub mod signature;

pub use record::{Body, Kind, RecordState};

/// Fields of a newer schema, kept byte-for-meaning as they came.
pub type Extra = serde_json::Map<String, serde_json::Value>;
