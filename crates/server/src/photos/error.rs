//! Why an upload does not go on, in words for whoever reads the device's log.

use crate::error::ServerError;

/// Why an upload does not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    /// There is none of that id, as far as the device may know.
    #[error("There is no such upload. Begin it again.")]
    Unknown,
    /// It was not finished in time.
    #[error("This upload was not finished in time, and what had arrived is gone. Begin it again.")]
    Expired,
    /// It stands elsewhere.
    #[error("The upload stands at byte {received}. Ask for its offset and go on from there.")]
    WrongOffset {
        /// Bytes that are there.
        received: u64,
    },
    /// More than was announced, or than is taken.
    #[error("This is larger than the {most} bytes that are taken.")]
    TooLarge {
        /// Bytes that are taken.
        most: u64,
    },
    /// The chunk is not what its checksum says. Nothing of it is kept.
    #[error("The bytes changed on their way. Send them again from the same offset.")]
    WrongChecksum,
    /// The whole is not what was announced. Nothing of it is kept.
    #[error("The bytes do not have the SHA-256 that was announced, and are not kept. Begin again.")]
    WrongHash,
    /// Somebody else carries it on.
    #[error("Another request carries this upload on. Ask for its offset in a moment.")]
    Taken,
    /// The bytes stopped coming before all that the request announced were there.
    #[error("The bytes stopped coming. The upload stands at byte {received}; go on from there.")]
    Cut {
        /// Bytes that are there. A chunk that came with a checksum and not whole is not among them.
        received: u64,
    },
    /// Asked how far the upload is, the server could not find out in time.
    #[error("The server cannot say just now how far this upload is. What arrived is kept; ask again in a few seconds.")]
    NotNow,
    /// The request is not what it should be.
    #[error("{0}")]
    Malformed(String),
    /// The record belongs to a yard that the device does not work for.
    #[error("This device does not work for the yard of that record. Ask the office to add the yard to the device.")]
    Forbidden,
    /// The device has begun too many.
    #[error("This device has begun very many uploads. Finish or delete some first.")]
    TooMany,
    /// The server failed.
    #[error(transparent)]
    Server(#[from] ServerError),
}

impl UploadError {
    /// Where the upload stands, if that is what is wrong.
    pub(crate) const fn received(&self) -> Option<u64> {
        match self {
            Self::WrongOffset { received } | Self::Cut { received } => Some(*received),
            _ => None,
        }
    }
}

impl From<object_store::Error> for UploadError {
    fn from(error: object_store::Error) -> Self {
        Self::Server(error.into())
    }
}
