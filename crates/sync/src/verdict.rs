//! What the server says of a write.

use serde::{Deserialize, Serialize};

/// The server's word on one write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is the canonical state, or says the same as the canonical state.
    Accepted,
    /// It was made without knowing what the server had taken meanwhile; one side was kept, the other is in the audit
    /// table, and both operators have a notice.
    Conflict {
        /// Which side the server kept.
        kept: Kept,
    },
    /// Nothing changed; the payload is kept for the admin.
    Rejected(Rejection),
}

impl Verdict {
    /// Why it was not taken, if it was not.
    #[must_use]
    pub const fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::Rejected(rejection) => Some(rejection),
            Self::Accepted | Self::Conflict { kept: Kept::Incoming | Kept::Existing } => None,
        }
    }

    /// Whether it was taken: what it says was in force, if only for a while.
    #[must_use]
    pub const fn is_taken(&self) -> bool {
        match self {
            Self::Accepted | Self::Conflict { kept: Kept::Incoming } => true,
            Self::Conflict { kept: Kept::Existing } | Self::Rejected(_) => false,
        }
    }
}

/// A side of a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// The write being judged.
    Incoming,
    /// What the server held.
    Existing,
}

/// Why a write was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rejection {
    /// For the program.
    pub code: RejectionCode,
    /// Which field, as a JSON Pointer into the body (RFC 6901), if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// For the operator: what is wrong and what to do.
    pub message: String,
}

impl Rejection {
    /// A rejection of the record as a whole.
    #[must_use]
    pub fn new(code: RejectionCode, message: impl Into<String>) -> Self {
        Self { code, path: None, message: message.into() }
    }

    /// The same, about one field.
    #[must_use]
    pub fn at(self, path: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..self }
    }
}

/// The sorts of rejections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum RejectionCode {
    /// The content breaks a rule of its kind.
    Invalid,
    /// This version of the server does not know the kind.
    UnknownKind,
    /// The device does not receive the record's scope, or there is no such yard.
    UnknownScope,
    /// This device or operator may not write it.
    NotPermitted,
    /// The office closed it, or it is voided.
    Final,
    /// Larger than the server takes.
    TooLarge,
    /// A receipt that this server never gave.
    ForgedReceipt,
    /// One that the reader does not know, of a newer server. Nobody sends it.
    #[serde(other)]
    Unknown,
}
