//! What can go wrong inside the server, and how the API says so.
//!
//! [`ServerError`] is for those who hold the data folder (the command line, tests, a simulator): it says what broke.
//! [`ApiError`] is for those who call over the network: what broke inside is only logged.

use std::error::Error as _;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use gatebook_sync::wire::{ApiError, ApiErrorCode};

/// Why, in the words of the part that failed.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A failure of the server itself.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The embedded database.
    #[error("the database failed")]
    Database(#[from] rusqlite::Error),
    /// PostgreSQL.
    #[error("the database failed")]
    Postgres(#[source] tokio_postgres::Error),
    /// The database cannot be reached, stopped, or has no connection free. What was under way may have been done or not.
    #[error("the database does not answer; check that it runs and can be reached from here")]
    DatabaseAway(#[source] Cause),
    /// The database lets nobody in under that address.
    #[error("the database refuses the connection; check user, password and name in --database")]
    NotConnected(#[source] Cause),
    /// The address of the database cannot be read.
    #[error("--database takes an address such as postgres://user:password@host:5432/gatebook")]
    DatabaseUrl(#[source] Cause),
    /// Text could not be kept as it is.
    #[error("the database has the encoding {0}; make one with ENCODING 'UTF8'")]
    Encoding(String),
    /// Others changed the same again and again.
    #[error("others change the same at the same time")]
    Contended(#[source] Cause),
    /// Servers that share a database need to share the key as well.
    #[error("with --database name the key file with --key-file; every server on the database needs the same key")]
    NoKeyFile,
    /// The key file is not there, and the database already has a key.
    #[error(
        "{0} is not there; copy the key file from another server on this database, or from where it was kept. Only if it is \
         lost for good, `serve --new-key` goes on without it, and every device has to join anew"
    )]
    KeyMissing(PathBuf),
    /// The key file may not be read.
    #[error("{0} cannot be read; let the user that the server runs as read it")]
    KeyUnreadable(PathBuf, #[source] std::io::Error),
    /// The key is not the one with which the database was begun.
    #[error(
        "{0} is not the key of this database; use the key file of the other servers on it, or the one that was kept. Only \
         if it is lost for good, `serve --new-key` goes on with this one, and every device has to join anew"
    )]
    WrongKey(PathBuf),
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
    /// There is no database, and nobody said that a new one is to begin.
    #[error(
        "there is no Gatebook database in {0}; check the place, or begin a new server there with `serve --init` \
         (devices of another server will not sync with it)"
    )]
    NothingThere(String),
    /// What was revoked cannot be read or noted.
    #[error("the list of revoked devices cannot be read or written; it lies beside the key, or in the photo store")]
    Revocations(#[source] Cause),
    /// The backup was made under another key than the server has.
    #[error(
        "the backup was made under another key than {0}; put that key back first. Only if it is lost for good, put the \
         backup in place with --new-key"
    )]
    BackupOfOtherKey(PathBuf),
    /// A certificate or its key cannot be used.
    #[error("{0} cannot be used for TLS; name PEM files of a certificate and of its key with --tls-cert and --tls-key")]
    Certificate(PathBuf, #[source] Cause),
    /// The server's own authority cannot be used.
    #[error(
        "{0} does not hold the server's own authority, or cannot be read; put the right file back. Without it, devices that \
         joined with its codes need to be told of a new one"
    )]
    Authority(PathBuf, #[source] Cause),
    /// The server cannot make itself a certificate.
    #[error("no certificate can be made: {0}; check what is named with --tls-self-made")]
    NotCertified(String),
    /// A server runs on the data folder.
    #[error("a server is running on {0}; stop it first")]
    InUse(PathBuf),
    /// Another server serves the data folder.
    #[error("a server is running on {0} already; stop it first, or give this one a folder of its own with --data")]
    AlreadyServed(PathBuf),
    /// The data folder, or the database in it, is read-only to this process.
    #[error(
        "{0} cannot be written; let the user that the server runs as write there, or name another folder with --data"
    )]
    NotWritable(PathBuf),
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

impl ServerError {
    /// Whether it is the machine under the database that fails, whatever is asked: no space, a broken disk, too busy.
    fn is_about_the_machine(&self) -> bool {
        use rusqlite::ErrorCode;
        let error = match self {
            Self::Io(_) => return true,
            Self::Photos(error) => return is_about_the_store(error),
            Self::Database(error) => error,
            _ => return false,
        };
        let codes = [
            ErrorCode::DiskFull,
            ErrorCode::SystemIoFailure,
            ErrorCode::DatabaseBusy,
            ErrorCode::DatabaseLocked,
            ErrorCode::CannotOpen,
            ErrorCode::ReadOnly,
            ErrorCode::OutOfMemory,
        ];
        error.sqlite_error_code().is_some_and(|code| codes.contains(&code))
    }
}

/// Whether it is the store that fails, whatever photo is asked for: no space, or no way to it. What only one file breaks
/// is not of this sort; a device is to go on with its other photos.
fn is_about_the_store(error: &object_store::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if kind.is_some_and(|kind| STORE_FAILS.contains(&kind)) {
            return true;
        }
        cause = error.source();
    }
    false
}

const STORE_FAILS: [ErrorKind; 10] = [
    ErrorKind::StorageFull,
    ErrorKind::QuotaExceeded,
    ErrorKind::ReadOnlyFilesystem,
    ErrorKind::ConnectionRefused,
    ErrorKind::ConnectionReset,
    ErrorKind::ConnectionAborted,
    ErrorKind::HostUnreachable,
    ErrorKind::NetworkUnreachable,
    ErrorKind::NetworkDown,
    ErrorKind::TimedOut,
];

impl From<ServerError> for ApiError {
    fn from(error: ServerError) -> Self {
        match error {
            ServerError::Refused(error) => error,
            // Not a failure of what was asked: whoever asks would look for the one record that is to blame.
            error if error.is_about_the_machine() => {
                tracing::error!(error = &error as &dyn std::error::Error, "the server's disk or memory fails");
                let message = "The server has trouble with its disk and changed nothing. Come again later; a repeat \
                               changes nothing twice.";
                refuse(ApiErrorCode::Busy, message)
            }
            error @ ServerError::Revocations(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "it is not known who was signed out");
                let message = "The server cannot look up which devices were signed out, and lets nobody in until it can. \
                               Come again later; nothing was changed.";
                refuse(ApiErrorCode::Busy, message)
            }
            error @ (ServerError::DatabaseAway(_) | ServerError::NotConnected(_) | ServerError::Contended(_)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the database is away or too busy");
                let message = "The server's database does not answer just now. Come again in a few seconds; a repeat \
                               changes nothing twice.";
                refuse(ApiErrorCode::Busy, message)
            }
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
    ApiError::new(code, short(message.into()), matches!(code, ApiErrorCode::Busy | ApiErrorCode::Internal))
}

/// Bytes of a message: more is no sentence any more, but what somebody sent.
const MESSAGE: usize = 1_000;

/// A message that tells what was sent tells its beginning; the end, which says where, stays.
pub(crate) fn short(message: String) -> String {
    if message.len() <= MESSAGE {
        return message;
    }
    let boundary = |at: &usize| message.is_char_boundary(*at);
    let begin = (0..=MESSAGE / 2).rev().find(boundary).unwrap_or_default();
    let end = (message.len() - MESSAGE / 2..message.len()).find(boundary).unwrap_or(message.len());
    format!("{} … {}", &message[..begin], &message[end..])
}

/// When to come again, for the errors that ask it.
pub(crate) const fn retry_after(code: ApiErrorCode) -> Option<Duration> {
    match code {
        ApiErrorCode::Busy => Some(Duration::from_secs(5)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn said_of(code: std::ffi::c_int) -> ApiErrorCode {
        ApiError::from(ServerError::Database(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))).code
    }

    #[test]
    fn a_message_keeps_its_beginning_and_its_end() {
        assert_eq!(short("é".repeat(500)), "é".repeat(500));
        let told = short(format!("unknown kind `{}`, in /push/7", "é".repeat(100_000)));
        assert!(told.starts_with("unknown kind `é") && told.ends_with("é`, in /push/7"), "{told}");
        assert!(told.len() <= MESSAGE + " … ".len());
    }

    #[test]
    fn a_disk_that_fails_is_no_reason_to_look_for_a_record_that_is_to_blame() {
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_IOERR, ffi::SQLITE_BUSY, ffi::SQLITE_CANTOPEN, ffi::SQLITE_READONLY]
        {
            assert_eq!(said_of(code), ApiErrorCode::Busy, "{code}");
        }
        assert_eq!(ApiError::from(ServerError::Io(std::io::ErrorKind::StorageFull.into())).code, ApiErrorCode::Busy);
        for kind in STORE_FAILS {
            let source = Box::new(std::io::Error::from(kind));
            let error = object_store::Error::Generic { store: "folder", source };
            assert_eq!(ApiError::from(ServerError::Photos(error)).code, ApiErrorCode::Busy, "{kind}");
        }
        // One file's own fault keeps no other photo waiting.
        for kind in [ErrorKind::NotADirectory, ErrorKind::InvalidData, ErrorKind::Other] {
            let source = Box::new(std::io::Error::from(kind));
            let error = object_store::Error::Generic { store: "folder", source };
            assert_eq!(ApiError::from(ServerError::Photos(error)).code, ApiErrorCode::Internal, "{kind}");
        }
        // What the statement itself broke may be about a record.
        for code in [ffi::SQLITE_CONSTRAINT, ffi::SQLITE_TOOBIG, ffi::SQLITE_MISMATCH] {
            assert_eq!(said_of(code), ApiErrorCode::Internal, "{code}");
        }
    }
}
