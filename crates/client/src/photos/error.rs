//! What can go wrong with a photo, and how it is told to the operator.

use crate::error::StoreError;
use crate::view::{CommandError, ErrorCode};

/// Why a photo was not kept. In no case is anything of it left behind.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// No bytes.
    #[error("the file is empty")]
    Empty,
    /// More bytes than are looked at.
    #[error("the file has {bytes} bytes, {most} are taken")]
    TooManyBytes {
        /// Its size.
        bytes: u64,
        /// The most that are taken.
        most: u64,
    },
    /// More pixels than this device can unfold.
    #[error("the picture is {width} × {height}")]
    TooManyPixels {
        /// From left to right, as the file says.
        width: u32,
        /// From top to bottom, as the file says.
        height: u32,
    },
    /// The format of newer iPhones' own.
    #[error("the picture is HEIC")]
    Heic,
    /// No picture of a kind that is read here.
    #[error("the file is no JPEG, PNG or WebP picture")]
    NotAPicture,
    /// It cannot be read to its end.
    #[error("the picture is broken: {0}")]
    Broken(String),
    /// There is no room for it.
    #[error("{needed} bytes are needed, {free} are free")]
    NoRoom {
        /// Bytes it needs.
        needed: u64,
        /// Bytes there are for it.
        free: u64,
    },
    /// The file does not have the bytes that were taken.
    #[error("the disk has changed the photo")]
    Damaged,
    /// It is not on this device any more, and there is no way to the server.
    #[error("the photo is not on this device")]
    NotHere,
    /// It is not on this device any more, and by this device's clock the server's certificate is not valid.
    #[error("the photo is not on this device, whose clock does not fit the server's certificate")]
    DeviceClock,
    /// The device that took it has not sent it yet.
    #[error("the server does not hold the photo")]
    NotSentYet,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file system.
    #[error("the photo folder failed")]
    Io(#[source] std::io::Error),
}

impl From<std::io::Error> for PhotoError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::NoRoom { needed: 0, free: 0 },
            _ => Self::Io(error),
        }
    }
}

impl From<PhotoError> for CommandError {
    fn from(error: PhotoError) -> Self {
        let (code, retry, message) = match &error {
            PhotoError::Empty => (
                ErrorCode::Invalid,
                true,
                "This file is empty, so there is no photo in it. Take the photo again.".to_owned(),
            ),
            PhotoError::TooManyBytes { most, .. } => (
                ErrorCode::Invalid,
                false,
                format!(
                    "This file is too large: up to {} MB are taken. Choose a smaller picture, or photograph it.",
                    most / 1_000_000
                ),
            ),
            PhotoError::TooManyPixels { width, height } => (
                ErrorCode::Invalid,
                false,
                format!(
                    "This picture is too large to open here ({width} × {height}). Set the camera to a smaller size and \
                     take it again."
                ),
            ),
            PhotoError::Heic => (
                ErrorCode::Invalid,
                false,
                "This picture is in the HEIC format, which cannot be opened here. In the phone’s camera settings, choose \
                 “Most compatible” (JPEG), then take the photo again."
                    .to_owned(),
            ),
            PhotoError::NotAPicture => (
                ErrorCode::Invalid,
                false,
                "This file is not a picture that can be opened here. Choose a JPEG, PNG or WebP picture.".to_owned(),
            ),
            PhotoError::Broken(_) => (
                ErrorCode::Invalid,
                true,
                "This picture is damaged or incomplete, so it was not added. Take the photo again.".to_owned(),
            ),
            PhotoError::NoRoom { .. } => (
                ErrorCode::DiskFull,
                true,
                "This device is out of space, so the photo was not kept. Everything saved before is safe. Free some space, \
                 then take the photo again."
                    .to_owned(),
            ),
            PhotoError::Damaged => (
                ErrorCode::Storage,
                false,
                "This photo was damaged on this device, so it cannot be sent. Take it again if you can.".to_owned(),
            ),
            PhotoError::NotHere => (
                ErrorCode::NotFound,
                true,
                "The full picture is at the office and there is no signal to fetch it; this is its thumbnail. Open it again \
                 when there is signal."
                    .to_owned(),
            ),
            PhotoError::DeviceClock => (
                ErrorCode::NotFound,
                true,
                "The full picture is at the office. By this device's clock the server's certificate is not valid, so it cannot \
                 be fetched: check this device's date and time, then open it again."
                    .to_owned(),
            ),
            PhotoError::NotSentYet => (
                ErrorCode::NotFound,
                true,
                "The full picture has not come to the office yet from the device that took it. Open it again later."
                    .to_owned(),
            ),
            PhotoError::Io(_) => (
                ErrorCode::Storage,
                true,
                "This device could not keep the photo. Take it again; if it goes on, restart the app.".to_owned(),
            ),
            PhotoError::Store(_) => {
                let PhotoError::Store(error) = error else { unreachable!("just matched") };
                return error.into();
            }
        };
        tracing::warn!(error = &error as &dyn std::error::Error, "photo not kept");
        Self { code, message, retry }
    }
}

/// For whoever opens the device: without its photo folder it does not start.
impl From<PhotoError> for StoreError {
    fn from(error: PhotoError) -> Self {
        match error {
            PhotoError::Store(error) => error,
            PhotoError::Io(error) => Self::Io(error),
            other => Self::Io(std::io::Error::other(other)),
        }
    }
}
