//! A phone's camera is another app: it writes its picture into a folder of ours, and the system may end this app while it
//! is open. So what the picture is for is noted before the camera opens. When the app starts again, the picture is taken
//! in, or its loss is told; whatever else lies in that folder has been kept as a photo, or is empty, and goes.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use gatebook_domain::attachment::AttachmentRole;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{PhotoError, Photos, folder};
use crate::store::settings;

/// A file system may tell the time of a file a little earlier than the clock does.
const COARSE: SignedDuration = SignedDuration::from_secs(2);

/// What the camera was opened for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AtCamera {
    pub id: Uuid,
    pub record_id: Uuid,
    pub role: AttachmentRole,
    /// Which part of the record the picture is to show.
    pub part: String,
    pub opened_at: Timestamp,
}

impl AtCamera {
    /// From when on a file may be of it.
    fn since(&self) -> Timestamp {
        self.opened_at.saturating_sub(COARSE).unwrap_or(self.opened_at)
    }
}

/// A file in the camera's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shot {
    pub path: PathBuf,
    /// None: the camera was opened, and left without a picture or is still open.
    pub bytes: u64,
    pub written_at: Timestamp,
}

/// What was noted, oldest first, each with the picture that came of it: of one that has something in it and was written
/// before the camera was opened again, the last.
pub(crate) fn outcomes(mut noted: Vec<AtCamera>, shots: &[Shot]) -> Vec<(AtCamera, Option<Shot>)> {
    noted.sort_by_key(|noted| noted.opened_at);
    let until: Vec<Option<Timestamp>> = noted.iter().skip(1).map(|next| Some(next.since())).chain([None]).collect();
    let with_shot = noted.into_iter().zip(until).map(|(noted, until)| {
        let is_of_it = |shot: &&Shot| {
            shot.bytes > 0 && shot.written_at >= noted.since() && until.is_none_or(|until| shot.written_at < until)
        };
        let shot = shots.iter().filter(is_of_it).max_by_key(|shot| shot.written_at).cloned();
        (noted, shot)
    });
    with_shot.collect()
}

/// The files that belong to nothing that is noted: those from before the oldest of it.
pub(crate) fn left_over<'a>(noted: &[AtCamera], shots: &'a [Shot]) -> impl Iterator<Item = &'a Shot> {
    let oldest = noted.iter().map(AtCamera::since).min();
    shots.iter().filter(move |shot| oldest.is_none_or(|oldest| shot.written_at < oldest))
}

impl Photos {
    /// Tells where the camera writes, and deletes what it left there in earlier runs.
    pub(crate) fn set_camera_folder(&self, folder: PathBuf) -> Result<(), PhotoError> {
        let _ = self.camera.set(folder);
        self.sweep_camera()
    }

    /// Notes what the camera is about to be opened for.
    pub(crate) fn camera_opens(&self, record_id: Uuid, role: AttachmentRole, part: String) -> Result<Uuid, PhotoError> {
        let id = self.environment.new_id();
        self.store.note_at_camera(AtCamera { id, record_id, role, part, opened_at: self.environment.now() })?;
        Ok(id)
    }

    /// No picture is awaited from there any more.
    pub(crate) fn camera_left(&self, id: Uuid) -> Result<(), PhotoError> {
        self.store.forget_at_camera(id)?;
        self.sweep_camera()
    }

    /// What was noted and is still awaited, with what came of it.
    pub(crate) fn awaited(&self) -> Result<Vec<(AtCamera, Option<Shot>)>, PhotoError> {
        let noted = self.store.setting(&settings::AT_CAMERA)?.unwrap_or_default();
        Ok(outcomes(noted, &self.shots()?))
    }

    /// Bytes that the camera's files take.
    pub(super) fn camera_bytes(&self) -> Result<u64, PhotoError> {
        Ok(self.shots()?.iter().map(|shot| shot.bytes).sum())
    }

    /// Deletes the camera's files of photos that are safe.
    pub(super) fn sweep_camera(&self) -> Result<(), PhotoError> {
        // First what lies there: a file that comes after that is of a camera that is noted by then.
        let shots = self.shots()?;
        let noted = self.store.setting(&settings::AT_CAMERA)?.unwrap_or_default();
        left_over(&noted, &shots).for_each(|shot| folder::sweep(&shot.path));
        Ok(())
    }

    fn shots(&self) -> io::Result<Vec<Shot>> {
        let Some(folder) = self.camera.get() else { return Ok(Vec::new()) };
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut shots = Vec::new();
        for entry in entries {
            let entry = entry?;
            let about = entry.metadata()?;
            if about.is_file() {
                // A time that cannot be told is one long past.
                let written = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                let written_at = Timestamp::try_from(written).unwrap_or(Timestamp::UNIX_EPOCH);
                shots.push(Shot { path: entry.path(), bytes: about.len(), written_at });
            }
        }
        Ok(shots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + seconds).unwrap()
    }

    fn opened(number: u128, seconds: i64) -> AtCamera {
        let role = AttachmentRole::Photo;
        AtCamera {
            id: Uuid::from_u128(number),
            record_id: Uuid::nil(),
            role,
            part: String::new(),
            opened_at: at(seconds),
        }
    }

    fn shot(name: &str, seconds: i64, bytes: u64) -> Shot {
        Shot { path: name.into(), bytes, written_at: at(seconds) }
    }

    fn told(noted: Vec<AtCamera>, shots: &[Shot]) -> Vec<(u128, Option<String>)> {
        let name = |shot: Shot| shot.path.display().to_string();
        outcomes(noted, shots).into_iter().map(|(noted, it)| (noted.id.as_u128(), it.map(name))).collect()
    }

    fn swept(noted: &[AtCamera], shots: &[Shot]) -> Vec<String> {
        left_over(noted, shots).map(|shot| shot.path.display().to_string()).collect()
    }

    #[test]
    fn a_picture_is_of_the_camera_that_was_opened_last_before_it() {
        let shots = [shot("old", 0, 9), shot("first", 130, 9), shot("second", 260, 9)];
        let both = vec![opened(2, 200), opened(1, 100)];
        assert_eq!(told(both, &shots), [(1, Some("first".to_owned())), (2, Some("second".to_owned()))]);
        assert_eq!(told(vec![opened(2, 200)], &shots[..2]), [(2, None)]);
        assert_eq!(told(vec![opened(1, 131)], &shots[..2]), [(1, Some("first".to_owned()))], "a coarse file system");
    }

    #[test]
    fn a_camera_that_was_left_without_a_picture_has_none() {
        assert_eq!(told(vec![opened(1, 100)], &[shot("empty", 110, 0)]), [(1, None)]);
        let again = [shot("retaken", 120, 9), shot("empty", 121, 0), shot("taken", 110, 9)];
        assert_eq!(told(vec![opened(1, 100)], &again), [(1, Some("retaken".to_owned()))]);
    }

    #[test]
    fn what_lies_there_goes_unless_it_may_be_of_a_camera_that_is_noted() {
        let shots = [shot("old", 0, 9), shot("empty", 5, 0), shot("awaited", 130, 9), shot("open", 200, 0)];
        assert_eq!(swept(&[], &shots), ["old", "empty", "awaited", "open"]);
        assert_eq!(swept(&[opened(2, 190), opened(1, 100)], &shots), ["old", "empty"]);
        assert_eq!(swept(&[opened(1, 0)], &shots), Vec::<String>::new());
    }
}
