//! What operators record at the yard: record kinds, their bodies, and the rules a body must keep.
//!
//! Pure data and pure functions: no clock, no file, no network. What a body's text says beyond what this version knows
//! (written by a newer app) is not in the typed body: [`unknown`] puts it back into what comes of an edit.

pub mod attachment;
mod blank;
pub mod check;
pub mod equipment;
pub mod gate_event;
pub mod inspection;
pub mod interchange;
pub mod known;
pub mod notice;
pub mod party;
pub mod pointer;
pub mod problem;
pub mod raw;
pub mod record;
pub mod reference;
pub mod settle;
pub mod signature;
pub mod spelling;
pub mod stage;
pub mod templates;
pub mod title;
pub mod unknown;
pub mod validate;
pub mod words;
pub mod zone;

#[cfg(test)]
mod samples;
#[cfg(all(test, feature = "openapi"))]
mod schemas;

pub use pointer::{field_label, value_words};
pub use problem::{Problem, ProblemCode, Severity};
pub use record::{Body, Kind, RecordState};
pub use settle::settle;
pub use stage::{Stage, stage, stage_with};
pub use templates::{start_inspection, us_dvir, us_intermodal};
pub use title::title;
pub use validate::{doubtful_times, missing, validate};
