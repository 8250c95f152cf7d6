//! What can go wrong on the device, and how it is told to the operator.

use gatebook_sync::Rejection;
use uuid::Uuid;

use crate::view::{CommandError, ErrorCode};

/// Why the local store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No room on the disk.
    #[error("the disk is full")]
    DiskFull(#[source] rusqlite::Error),
    /// The database file is damaged.
    #[error("the local database is damaged: {0}")]
    Damaged(String),
    /// The database was written by a newer version of the app.
    #[error("the local database has schema {found}, this app knows up to {known}")]
    TooNew {
        /// Its schema.
        found: u32,
        /// The newest this app knows.
        known: u32,
    },
    /// No such record here.
    #[error("there is no record {0} on this device")]
    NotFound(Uuid),
    /// The record may no longer be changed here.
    #[error("record {0} is closed or voided")]
    Final(Uuid),
    /// A correction of the record is open.
    #[error("a correction of record {0} is open")]
    CorrectionOpen(Uuid),
    /// The body does not fit the record.
    #[error("record {id} is not a {kind}")]
    WrongKind {
        /// The record.
        id: Uuid,
        /// What it was taken for.
        kind: &'static str,
    },
    /// What answered is not the server that this device belongs to. Nothing of its answer was taken over.
    #[error("another server answered than the one this device belongs to")]
    OtherServer,
    /// The content cannot be kept as it is.
    #[error("{}", .0.message)]
    Invalid(Rejection),
    /// The device belongs to nobody yet.
    #[error("this device is not enrolled")]
    NotEnrolled,
    /// It is not said who works here.
    #[error("nobody is chosen as the operator of this device")]
    NobodyChosen,
    /// A stored value cannot be read back.
    #[error("a stored {what} cannot be read")]
    Unreadable {
        /// What it is.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// SQLite.
    #[error("the local database failed")]
    Sqlite(#[source] rusqlite::Error),
    /// The file system.
    #[error("the data folder failed")]
    Io(#[from] std::io::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error.sqlite_error_code() {
            Some(Code::DiskFull) => Self::DiskFull(error),
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => Self::Damaged(error.to_string()),
            _ => Self::Sqlite(error),
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let (code, retry, message) = match &error {
            StoreError::DiskFull(_) => (
                ErrorCode::DiskFull,
                true,
                "This device is out of space, so the last change is not saved yet. Everything saved before is safe. \
                 Free some space, then tap “Try again”."
                    .to_owned(),
            ),
            StoreError::NotFound(_) => {
                (ErrorCode::NotFound, false, "This record is no longer on the device. Go back to the list.".to_owned())
            }
            StoreError::Final(_) => (
                ErrorCode::Final,
                false,
                "This record is closed and can no longer be changed here. Ask the office to reopen it.".to_owned(),
            ),
            StoreError::CorrectionOpen(_) => (
                ErrorCode::Refused,
                false,
                "A correction of this report is open. Submit or discard it first.".to_owned(),
            ),
            StoreError::Invalid(rejection) => (ErrorCode::Invalid, false, rejection.message.clone()),
            StoreError::WrongKind { .. } => {
                (ErrorCode::Invalid, false, "The form does not belong to this record. Go back and open it again.".to_owned())
            }
            StoreError::OtherServer => (
                ErrorCode::Refused,
                false,
                "Another server answers at this address. Nothing was exchanged with it, and everything is safe on this \
                 device. Tell the office."
                    .to_owned(),
            ),
            StoreError::NotEnrolled => {
                (ErrorCode::NotEnrolled, false, "Enrol this device first: ask the office for a code.".to_owned())
            }
            StoreError::NobodyChosen => (
                ErrorCode::NobodyChosen,
                false,
                "Choose who is working first: every record says who entered it.".to_owned(),
            ),
            StoreError::TooNew { .. } => (
                ErrorCode::Storage,
                false,
                "The records on this device were written by a newer version of the app. Update the app; nothing is lost."
                    .to_owned(),
            ),
            StoreError::Damaged(_) | StoreError::Unreadable { .. } | StoreError::Sqlite(_) | StoreError::Io(_) => (
                ErrorCode::Storage,
                true,
                "This device could not save. What was saved before is safe. Try again; if it goes on, restart the app."
                    .to_owned(),
            ),
        };
        tracing::warn!(error = &error as &dyn std::error::Error, "command failed");
        Self { code, message, retry }
    }
}
