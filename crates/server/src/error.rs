//! What can go wrong inside the server, and how the API says so.
//!
//! [`ServerError`] is for those who hold the data folder (the command line, tests, a simulator): it says what broke.
//! [`ApiError`] is for those who call over the network: what broke inside is only logged.

use std::path::PathBuf;
use std::time::Duration;

use gatebook_sync::wire::{ApiError, ApiErrorCode};

/// A failure of the server itself.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The database.
    #[error("the database failed")]
    Database(#[from] rusqlite::Error),
    /// The file system.
    #[error("the data folder failed")]
    Io(#[from] std::io::Error),
    /// Where photos lie.
    #[error("the photo store failed")]
    Photos(#[from] object_store::Error),
    /// A stored value cannot be read back.
    #[error("a stored {what} cannot be read")]
    Unreadable {
        /// What it is.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database was written by a newer server.
    #[error("the database has schema {found}, this server knows up to {known}; run the newer server")]
    TooNew {
        /// Its schema.
        found: usize,
        /// The newest this server knows.
        known: usize,
    },
    /// A schema upgrade is not the one that this database ran.
    #[error("schema upgrade {0} is not the one this database ran; this is not an official build of the server")]
    UpgradeEdited(usize),
    /// The server's key file is damaged.
    #[error("{0} does not hold a server key; put the right file back")]
    BadKey(PathBuf),
    /// The file is no database of a Gatebook server.
    #[error("{0} is not the database of a Gatebook server")]
    NotOurs(PathBuf),
    /// A server runs on the data folder.
    #[error("a server is running on {0}; stop it first")]
    InUse(PathBuf),
    /// What was asked cannot be done; the message says why.
    #[error("{}", .0.message)]
    Refused(ApiError),
}

impl ServerError {
    /// A stored value cannot be read back.
    pub(crate) fn unreadable(what: &'static str, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unreadable { what, source: Box::new(source) }
    }
}

impl From<ApiError> for ServerError {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

impl From<ServerError> for ApiError {
    fn from(error: ServerError) -> Self {
        match error {
            ServerError::Refused(error) => error,
            error => {
                tracing::error!(error = &error as &dyn std::error::Error, "the server failed");
                internal()
            }
        }
    }
}

/// What is answered when the server itself failed.
pub(crate) fn internal() -> ApiError {
    refuse(ApiErrorCode::Internal, "The server failed and changed nothing. Try again later.")
}

/// The body of an error answer.
pub(crate) fn refuse(code: ApiErrorCode, message: impl Into<String>) -> ApiError {
    ApiError { code, message: message.into(), retry: matches!(code, ApiErrorCode::Busy | ApiErrorCode::Internal) }
}

/// When to come again, for the errors that ask it.
pub(crate) const fn retry_after(code: ApiErrorCode) -> Option<Duration> {
    match code {
        ApiErrorCode::Busy => Some(Duration::from_secs(5)),
        _ => None,
    }
}
