//! A picture on its way in from whoever holds it, part by part into a file, so that its bytes are nowhere in memory as a
//! whole before it is its turn to be developed. Nothing in here is safe yet: what is left over is deleted at the next start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::capture::USUAL_BYTES;
use super::{PhotoError, Photos, develop, folder};

pub(super) const FOLDER: &str = "arriving";

/// The file of one picture that is coming in; it goes with this.
#[derive(Debug)]
pub(crate) struct Intake(PathBuf);

impl Intake {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::warn!(%error, "what came in is swept at the next start");
        }
    }
}

impl Photos {
    /// Deletes what an earlier run of the process left over.
    pub(super) fn sweep_intake(&self) -> io::Result<()> {
        for left_over in fs::read_dir(self.folder.beside(FOLDER))? {
            folder::sweep(&left_over?.path());
        }
        Ok(())
    }

    /// Makes ready for a picture of so many bytes.
    ///
    /// # Errors
    /// It is empty or too large, or there is no room for it: to be told before a byte of it is moved.
    pub(crate) fn begin_intake(&self, size: u64) -> Result<Uuid, PhotoError> {
        match size {
            0 => return Err(PhotoError::Empty),
            bytes if bytes > develop::MOST_BYTES => {
                return Err(PhotoError::TooManyBytes { bytes, most: develop::MOST_BYTES });
            }
            _ => {}
        }
        // It lies here as it came until it is developed.
        self.make_room(size + USUAL_BYTES)?;
        let id = self.environment.new_id();
        File::create_new(self.intake_path(id))?;
        Ok(id)
    }

    /// Adds the next bytes, which begin at `offset`.
    ///
    /// # Errors
    /// They are not the next ones, or too many, or nothing was made ready.
    pub(crate) fn take_in(&self, id: Uuid, offset: u64, bytes: &[u8]) -> Result<(), PhotoError> {
        let mut file = OpenOptions::new().append(true).open(self.intake_path(id))?;
        let there = file.metadata()?.len();
        if there != offset {
            return Err(PhotoError::Broken(format!("bytes from {offset} on, where {there} have come")));
        }
        let size = there.saturating_add(bytes.len() as u64);
        if size > develop::MOST_BYTES {
            return Err(PhotoError::TooManyBytes { bytes: size, most: develop::MOST_BYTES });
        }
        Ok(file.write_all(bytes)?)
    }

    /// What has come in.
    pub(crate) fn intake(&self, id: Uuid) -> Intake {
        Intake(self.intake_path(id))
    }

    fn intake_path(&self, id: Uuid) -> PathBuf {
        self.folder.beside(FOLDER).join(id.to_string())
    }
}
