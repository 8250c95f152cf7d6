//! What is wrong with a body: where, how bad, and what the person who filled it in can do about it.

use serde::{Deserialize, Serialize};

/// Whether a problem keeps the record from being taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The record cannot be taken like this.
    Error,
    /// The operator should look again; the record is taken all the same.
    Warning,
}

/// The sorts of problems, for programs; people read the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// A text is longer than its field takes.
    TextTooLong,
    /// A text holds the character U+0000, which no database stores.
    TextHasNul,
    /// A list has more entries than it takes.
    TooMany,
    /// Two entries of a list have the same key.
    DuplicateKey,
    /// Something that must be there is not.
    Required,
    /// An inspection item was not answered.
    Unanswered,
    /// A failed inspection item has no note.
    NoteMissing,
    /// An identifier does not look as its sort does.
    BadFormat,
    /// A container number's check digit does not fit the rest of it.
    WrongCheckDigit,
    /// A container number ends before its check digit.
    CheckDigitMissing,
    /// A container number of the discouraged sort whose check digit protects it less.
    RemainderTen,
    /// A container number that stays valid when two neighbors are swapped.
    ReadAgain,
    /// Releasing and receiving carrier are the same.
    SameCarrier,
    /// A carrier's code that is known under another name.
    KnownOtherwise,
    /// A number that can hardly be right.
    Unlikely,
    /// Loaded, and no seal was noted.
    SealMissing,
    /// Loaded, and a seal is not intact.
    SealNotIntact,
    /// A major defect whose repair nobody has certified.
    RepairNotCertified,
    /// A signature that must be there is not.
    SignatureMissing,
    /// A signature without a name or without a drawing.
    SignatureIncomplete,
    /// A time zone nobody knows.
    UnknownTimeZone,
    /// A time at which nothing that is recorded can have been.
    TimeOutOfRange,
    /// A time to come, or one of days ago.
    TimeDoubtful,
}

impl ProblemCode {
    /// Whether only signing mends it. What is filled in may be complete all the same.
    #[must_use]
    pub const fn is_about_signing(self) -> bool {
        matches!(self, Self::SignatureMissing | Self::SignatureIncomplete)
    }
}

/// One thing that is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Problem {
    /// Where: JSON Pointer into the body (RFC 6901), list entries by place; empty for the body as a whole.
    pub path: String,
    /// How bad.
    pub severity: Severity,
    /// What sort.
    pub code: ProblemCode,
    /// One sentence for the operator that says what to do.
    pub message: String,
}

impl Problem {
    /// Whether it keeps the record from being taken.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
