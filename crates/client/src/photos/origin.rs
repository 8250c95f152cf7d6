//! How a picture came. Only the app's own camera takes one now; whatever was chosen may be of any day.

use gatebook_domain::attachment::TimeSource;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// For how long the window of a phone's camera may stand open. A picture that was written before did not come from it: where
/// a system has no camera to open, it lets one choose a file instead.
const LONGEST_AT_CAMERA: SignedDuration = SignedDuration::from_mins(10);
/// What is newer may have been written by being handed over, which says nothing.
const HANDING_OVER: SignedDuration = SignedDuration::from_mins(1);
/// The year 2000 in UTC: what is older was written by a device whose clock was not set.
const CLOCKS_ARE_SET: Timestamp = Timestamp::constant(946_684_800, 0);

/// How a picture came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The app's own camera took it just now.
    Camera,
    /// It was chosen from what was there.
    Chosen {
        /// When its file was last written, if that is known.
        file_at: Option<Timestamp>,
    },
}

impl Default for Origin {
    fn default() -> Self {
        Self::Chosen { file_at: None }
    }
}

/// What a page knows of how a picture came.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct PictureCame {
    /// The camera was asked for it.
    pub by_camera: bool,
    /// When its file was last written, in milliseconds since 1970, as the system tells it.
    pub file_at_ms: Option<f64>,
    /// The note of what the camera was opened for.
    pub noted: Option<Uuid>,
}

impl PictureCame {
    /// What that means at that time.
    #[must_use]
    pub fn origin(self, now: Timestamp) -> Origin {
        #[expect(clippy::cast_possible_truncation, reason = "what is out of range becomes a time that there is not")]
        let told = self.file_at_ms.and_then(|ms| Timestamp::from_millisecond(ms as i64).ok());
        let told = told.filter(|at| *at >= CLOCKS_ARE_SET);
        let age = told.map(|at| now.duration_since(at));
        if self.by_camera && age.is_none_or(|age| age <= LONGEST_AT_CAMERA) {
            return Origin::Camera;
        }
        Origin::Chosen { file_at: told.filter(|_| age.is_some_and(|age| age >= HANDING_OVER)) }
    }
}

/// When a picture was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The moment.
    pub at: Timestamp,
    /// By whose word.
    pub source: TimeSource,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_picture_for_which_the_camera_was_asked_and_that_is_new_was_taken_now() {
        let now: Timestamp = "2026-11-30T15:05:00Z".parse().unwrap();
        let origin = |by_camera, file_at: Option<&str>| {
            #[expect(clippy::cast_precision_loss, reason = "a page counts so")]
            let file_at_ms = file_at.map(|at| at.parse::<Timestamp>().unwrap().as_millisecond() as f64);
            PictureCame { by_camera, file_at_ms, noted: None }.origin(now)
        };
        let of = |at: &str| Origin::Chosen { file_at: Some(at.parse().unwrap()) };
        let unknown = Origin::Chosen { file_at: None };
        assert_eq!(origin(true, None), Origin::Camera);
        assert_eq!(origin(true, Some("2026-11-30T15:03:00Z")), Origin::Camera);
        assert_eq!(origin(true, Some("2026-11-30T15:05:02Z")), Origin::Camera, "a clock of another kind runs ahead");
        assert_eq!(origin(true, Some("1970-01-01T00:00:00Z")), Origin::Camera, "unknown");
        assert_eq!(origin(true, Some("2026-11-20T14:00:00Z")), of("2026-11-20T14:00:00Z"), "a file was chosen instead");
        assert_eq!(origin(false, None), unknown);
        assert_eq!(origin(false, Some("2026-11-20T14:00:00Z")), of("2026-11-20T14:00:00Z"));
        assert_eq!(origin(false, Some("2026-11-30T15:04:59Z")), unknown, "written by being handed over");
        assert_eq!(origin(false, Some("2062-01-01T00:00:00Z")), unknown);
        assert_eq!(origin(false, Some("1970-01-01T00:00:00Z")), unknown);
        for absurd in [f64::NAN, f64::INFINITY, -1e300] {
            assert_eq!(PictureCame { by_camera: false, file_at_ms: Some(absurd), noted: None }.origin(now), unknown);
        }
    }
}
