//! The planner of photos' lives: which may go, and why the others stay. No clock, no file, no state.

use gatebook_sync::deliberate;
use serde::{Deserialize, Serialize};

use crate::store::HeldPhoto;

/// A photo is kept for so long after the server was seen to hold it.
pub const KEPT_FOR_MS: u64 = 24 * 3_600_000;

/// Why a photo is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Kept {
    /// The server has not confirmed it. It stays, whatever happens.
    Unconfirmed,
    /// The server has not confirmed it, and what is here is not what was taken: the disk has changed it. It stays and is
    /// not sent.
    Damaged,
    /// The server holds it; it goes after so much more time once the server has said so again, or before if space runs
    /// short.
    Confirmed {
        /// Milliseconds until its time is over.
        #[cfg_attr(feature = "specta", specta(type = u32))]
        goes_in_ms: u64,
    },
}

/// Why it is kept, at that kept time.
#[must_use]
pub(crate) fn kept(photo: &HeldPhoto, now_ms: u64) -> Kept {
    match confirmed_ms(photo) {
        None if photo.is_damaged => Kept::Damaged,
        None => Kept::Unconfirmed,
        Some(confirmed) => Kept::Confirmed { goes_in_ms: confirmed.saturating_add(KEPT_FOR_MS).saturating_sub(now_ms) },
    }
}

/// The photos whose time is over: they go as soon as the server has said once more that it holds them.
pub(crate) fn over(photos: Vec<HeldPhoto>, now_ms: u64) -> Vec<HeldPhoto> {
    let is_over = |confirmed: u64| confirmed.saturating_add(KEPT_FOR_MS) <= now_ms;
    photos.into_iter().filter(|photo| photo.confirmed_ms.is_some_and(is_over)).collect()
}

/// The photos that go at once when so many bytes are wanting: the earliest confirmed first, never one that is not
/// confirmed, and no more than needed.
#[must_use]
pub(crate) fn to_make_room(photos: &[HeldPhoto], short_of: u64) -> Vec<&HeldPhoto> {
    let mut confirmed: Vec<(u64, &HeldPhoto)> =
        photos.iter().filter_map(|photo| may_go_from(photo).map(|at| (at, photo))).collect();
    confirmed.sort_by_key(|(at, photo)| (*at, photo.record_id));
    let mut freed = 0_u64;
    let mut go = Vec::new();
    for (_, photo) in confirmed {
        if freed >= short_of {
            break;
        }
        freed += photo.size;
        go.push(photo);
    }
    go
}

/// Since when the server holds it, as far as is known. What it said itself that it does not have is not believed to be
/// there because the records say so.
fn confirmed_ms(photo: &HeldPhoto) -> Option<u64> {
    photo.confirmed_ms.filter(|_| !photo.is_denied)
}

/// Kept time from which it may go if space is short.
fn may_go_from(photo: &HeldPhoto) -> Option<u64> {
    confirmed_ms(photo).or_else(|| deliberate!(EvictUnconfirmed).then_some(u64::MAX))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const HOUR: u64 = 3_600_000;

    fn photo(number: u8, confirmed_hour: Option<u64>) -> HeldPhoto {
        HeldPhoto {
            sha256: number.to_string(),
            size: 1_000,
            record_id: Uuid::from_u128(number.into()),
            arrived: 0,
            confirmed_ms: confirmed_hour.map(|hour| hour * HOUR),
            is_damaged: false,
            is_refused: false,
            is_denied: false,
        }
    }

    fn names<'a>(photos: impl IntoIterator<Item = &'a HeldPhoto>) -> Vec<&'a str> {
        photos.into_iter().map(|photo| photo.sha256.as_str()).collect()
    }

    #[test]
    fn a_photo_s_time_is_over_a_day_after_it_was_confirmed_and_not_a_moment_before() {
        let photos = vec![photo(1, Some(0)), photo(2, Some(1)), photo(3, None)];
        assert_eq!(over(photos.clone(), 24 * HOUR - 1), []);
        assert_eq!(names(&over(photos.clone(), 24 * HOUR)), ["1"]);
        assert_eq!(names(&over(photos, 1_000_000 * HOUR)), ["1", "2"]);
    }

    #[test]
    fn when_space_runs_short_the_earliest_confirmed_go_first_and_no_more_than_needed() {
        let photos = [photo(1, Some(3)), photo(2, None), photo(3, Some(1)), photo(4, Some(2))];
        assert_eq!(names(to_make_room(&photos, 0)), Vec::<&str>::new());
        assert_eq!(names(to_make_room(&photos, 1)), ["3"]);
        assert_eq!(names(to_make_room(&photos, 1_001)), ["3", "4"]);
        assert_eq!(names(to_make_room(&photos, u64::MAX)), ["3", "4", "1"], "what is not confirmed stays");
    }

    #[test]
    fn what_the_server_said_it_does_not_have_makes_no_room_and_is_asked_about_again() {
        let denied = HeldPhoto { is_denied: true, ..photo(1, Some(0)) };
        assert_eq!(to_make_room(std::slice::from_ref(&denied), u64::MAX), Vec::<&HeldPhoto>::new());
        assert_eq!(kept(&denied, 30 * HOUR), Kept::Unconfirmed);
        assert_eq!(names(&over(vec![denied], 30 * HOUR)), ["1"]);
    }

    #[test]
    fn it_is_told_why_a_photo_is_here_and_when_it_goes() {
        assert_eq!(kept(&photo(1, None), u64::MAX), Kept::Unconfirmed);
        assert_eq!(kept(&HeldPhoto { is_damaged: true, ..photo(1, None) }, u64::MAX), Kept::Damaged);
        assert_eq!(kept(&photo(1, Some(2)), 3 * HOUR), Kept::Confirmed { goes_in_ms: 23 * HOUR });
    }
}
