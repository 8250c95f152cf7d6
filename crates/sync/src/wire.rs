//! What travels: requests, answers and errors of the HTTP API, as JSON.
//!
//! Bodies travel as raw JSON text, kept byte for byte: the text is what receipts are computed over, fields that this
//! version does not know survive, and a body that cannot be read spoils only its own record, never the page.

/// Header in which a device sends random text of its own with each request: a revocation is proved over it.
pub const NONCE: &str = "x-gatebook-nonce";

mod admin;
mod content;
mod enrolment;
mod error;
mod nudge;
mod photos;
mod repair;
mod sync;

pub use admin::{AuditEntry, AuditOutcome, OfficeConflict, OfficeConflicts, RestoreRequest, RestoreResponse};
pub use content::{Canonical, Content};
pub use enrolment::{EnrolRequest, EnrolResponse, Membership, Previous, ProofRequest, ProofResponse, ServerIdentity};
pub use error::{ApiError, ApiErrorCode};
pub use nudge::Nudge;
pub use photos::{HaveRequest, HaveResponse, PhotoLimits, Unfinished};
pub use repair::{Entry, IdRange, Part, Repair, Repaired};
pub use sync::{CanonicalState, Departure, FOLLOWED, Judged, Limits, Push, ScopePage, SyncRequest, SyncResponse, Take};
