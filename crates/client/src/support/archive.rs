//! A zip archive written from front to back, so that it never lies in memory and can go anywhere that takes bytes.

use std::io::{self, Read, Write};

use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};

use crate::error::StoreError;
use crate::view::{CommandError, ErrorCode};

/// Why a file was not written. What came of it so far is of no use.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// What was to be written could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The place it was written to failed.
    #[error("the file could not be written")]
    Write(#[source] io::Error),
}

impl From<zip::result::ZipError> for ArchiveError {
    fn from(error: zip::result::ZipError) -> Self {
        Self::Write(error.into())
    }
}

impl From<ArchiveError> for CommandError {
    fn from(error: ArchiveError) -> Self {
        let message = match error {
            ArchiveError::Store(error) => return error.into(),
            ArchiveError::Write(ref cause) if cause.kind() == io::ErrorKind::StorageFull => {
                "There is no room for the file there. Choose another place; nothing on this device has changed."
            }
            ArchiveError::Write(_) => {
                "The file could not be written there. Choose another place; nothing on this device has changed."
            }
        };
        tracing::warn!(error = &error as &dyn std::error::Error, "a file was not written");
        Self { code: ErrorCode::Storage, message: message.to_owned(), retry: true }
    }
}

/// An archive that is being written.
pub(super) struct Archive<W: Write> {
    zip: ZipWriter<StreamWriter<W>>,
}

impl<W: Write> Archive<W> {
    pub(super) fn new(out: W) -> Self {
        Self { zip: ZipWriter::new_stream(out) }
    }

    /// Begins a file; what is then written to the archive is its content.
    pub(super) fn begin(&mut self, name: &str) -> Result<(), ArchiveError> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(1))
            .unix_permissions(0o644);
        Ok(self.zip.start_file(name, options)?)
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.zip.write_all(bytes).map_err(ArchiveError::Write)
    }

    /// A whole small file.
    pub(super) fn file(&mut self, name: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.begin(name)?;
        self.write(bytes)
    }

    /// Copies what `from` has into the file that was begun, a buffer at a time, and shows `see` each. Says whether `from`
    /// could be read to its end.
    pub(super) fn copy(&mut self, mut from: impl Read, mut see: impl FnMut(&[u8])) -> Result<bool, ArchiveError> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return Ok(true),
                Ok(count) => {
                    see(&buffer[..count]);
                    self.write(&buffer[..count])?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    tracing::warn!(%error, "a file could not be read to its end");
                    return Ok(false);
                }
            }
        }
    }

    /// Writes the table of contents, without which it is no archive.
    pub(super) fn finish(self) -> Result<(), ArchiveError> {
        self.zip.finish()?.into_inner().flush().map_err(ArchiveError::Write)
    }
}
