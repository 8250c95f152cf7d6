//! What is worth a notification of the system, and whether it has been told: a conflict or a rejection that arrived while
//! nobody was looking, and photos that wait too long. Nothing else.
//!
//! Pure: [`decide`] gets what there is and what was told, and says what to tell and what is told from then on. The store
//! keeps that (`store/notifications.rs`), so that app, background round and kills in between never tell a thing twice.

use std::collections::BTreeMap;

use gatebook_domain::Kind;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::words;

/// The sorts of notification. Each has one place on the screen, where a newer one stands instead of the older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// Two people changed one record.
    Conflict,
    /// The server did not take a record.
    Rejection,
    /// Photos have not been sent for long.
    PhotosWaiting,
}

impl NotificationKind {
    /// Its place on the screen.
    #[must_use]
    pub const fn id(self) -> i32 {
        match self {
            Self::Conflict => 1,
            Self::Rejection => 2,
            Self::PhotosWaiting => 3,
        }
    }
}

/// What the system is to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Which sort.
    pub kind: NotificationKind,
    /// One line.
    pub title: String,
    /// What to do.
    pub body: String,
}

/// Whether somebody looks at the app right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// The inbox is on the screen, or one tap away with its badge: there is nothing to tell.
    Foreground,
    /// The app is minimised, in the tray, put away, or not running.
    Background,
}

/// After so long without a confirmation a photo is told of if rounds have succeeded meanwhile: it is the photo's own way
/// that fails, or a rule such as "Wi-Fi only".
const DESPITE_SYNC: SignedDuration = SignedDuration::from_hours(24);
/// After so long in any case.
const ALTOGETHER: SignedDuration = SignedDuration::from_hours(48);
/// Photos are told of at most once in so long.
const PHOTOS_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// An unread inbox item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unread {
    pub id: Uuid,
    pub kind: NotificationKind,
    pub record_kind: Kind,
    /// Grows when there is something new in it.
    pub version: i64,
    /// The version that was opened last, if any was.
    pub read: Option<i64>,
}

/// What there may be to tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Situation {
    /// What is unread in the inbox that the app would show now. A shared kiosk in one operator's hands tells nothing of
    /// another's: it comes when that one is chosen.
    pub unread: Vec<Unread>,
    /// Every unread item, whoever is working.
    pub unread_of_anybody: Vec<Uuid>,
    /// When each photo that the server has not confirmed was taken.
    pub photos_since: Vec<Timestamp>,
    /// When a round last ended well.
    pub last_success_at: Option<Timestamp>,
}

/// What was told already.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// Inbox items, each in the version that was told.
    #[serde(default)]
    pub items: BTreeMap<Uuid, i64>,
    /// When photos were last told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photos_at: Option<Timestamp>,
}

/// What to tell now, at most one of a kind, and what is told from now on.
pub(crate) fn decide(
    now: Timestamp,
    situation: &Situation,
    told: &Told,
    watched: Watched,
) -> (Vec<Notification>, Told) {
    let mut next = told.clone();
    // What was read or is gone may be told again when it comes again.
    next.items.retain(|id, _| situation.unread_of_anybody.contains(id));
    let mut notifications = Vec::new();
    for kind in [NotificationKind::Conflict, NotificationKind::Rejection] {
        let items: Vec<_> = situation.unread.iter().filter(|item| item.kind == kind).collect();
        let mut has_news = false;
        for item in &items {
            // Brought up to date while still unread, it is the same thing to look at.
            let was_told = told.items.get(&item.id).is_some_and(|told| item.read.is_none_or(|read| *told > read));
            if !was_told {
                has_news = true;
                next.items.insert(item.id, item.version);
            }
        }
        if has_news && watched == Watched::Background {
            // All that wait are counted: the notification takes the place of the one before.
            let kinds: Vec<Kind> = items.iter().map(|item| item.record_kind).collect();
            notifications.push(words::inbox_notification(kind, &kinds));
        }
    }
    let waiting = situation.photos_since.iter().filter(|since| waits_too_long(now, **since, situation)).count();
    // A clock that was set back must not silence it for years.
    let told_lately = told.photos_at.is_some_and(|at| now.duration_since(at).abs() < PHOTOS_AGAIN);
    if waiting > 0 && !told_lately && watched == Watched::Background {
        next.photos_at = Some(now);
        notifications.push(words::photos_notification(waiting));
    }
    (notifications, next)
}

fn waits_too_long(now: Timestamp, since: Timestamp, situation: &Situation) -> bool {
    let age = now.duration_since(since);
    let rounds_succeed = situation.last_success_at.is_some_and(|at| at.duration_since(since) >= DESPITE_SYNC);
    age >= ALTOGETHER || (age >= DESPITE_SYNC && rounds_succeed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: Uuid = Uuid::from_u128(1);
    const BEN: Uuid = Uuid::from_u128(2);

    fn now() -> Timestamp {
        "2026-03-04T15:00:00Z".parse().unwrap()
    }

    fn hours_ago(hours: i64) -> Timestamp {
        now() - SignedDuration::from_hours(hours)
    }

    fn conflict(id: Uuid, version: i64) -> Unread {
        Unread { id, kind: NotificationKind::Conflict, record_kind: Kind::GateEvent, version, read: None }
    }

    fn rejection(id: Uuid) -> Unread {
        Unread { kind: NotificationKind::Rejection, record_kind: Kind::Inspection, ..conflict(id, 1) }
    }

    fn inbox(unread: Vec<Unread>) -> Situation {
        let unread_of_anybody = unread.iter().map(|item| item.id).collect();
        Situation { unread, unread_of_anybody, ..Situation::default() }
    }

    fn photos(since: &[Timestamp], last_success_at: Option<Timestamp>) -> Situation {
        Situation { photos_since: since.to_vec(), last_success_at, ..Situation::default() }
    }

    fn in_background(situation: &Situation, told: &Told) -> (Vec<Notification>, Told) {
        decide(now(), situation, told, Watched::Background)
    }

    fn titles(notifications: &[Notification]) -> Vec<&str> {
        notifications.iter().map(|told| told.title.as_str()).collect()
    }

    #[test]
    fn a_conflict_is_told_once() {
        let situation = inbox(vec![conflict(ANN, 1)]);
        let (first, told) = in_background(&situation, &Told::default());
        assert_eq!(titles(&first), ["A conflict needs your eye"]);
        let (second, after) = in_background(&situation, &told);
        assert_eq!((second, after), (vec![], told));
    }

    #[test]
    fn there_is_one_notification_of_a_kind_however_many_items() {
        let situation = inbox(vec![conflict(ANN, 1), conflict(BEN, 1), rejection(Uuid::from_u128(3))]);
        let (told, _) = in_background(&situation, &Told::default());
        assert_eq!(titles(&told), ["2 conflicts need your eye", "The server has not taken a record"]);
    }

    #[test]
    fn one_more_counts_those_that_wait_already() {
        let (_, told) = in_background(&inbox(vec![conflict(ANN, 1)]), &Told::default());
        let (more, _) = in_background(&inbox(vec![conflict(ANN, 1), conflict(BEN, 1)]), &told);
        assert_eq!(titles(&more), ["2 conflicts need your eye"]);
    }

    #[test]
    fn what_came_while_somebody_looked_is_not_told_afterwards() {
        let situation = inbox(vec![conflict(ANN, 1), rejection(BEN)]);
        let (nothing, told) = decide(now(), &situation, &Told::default(), Watched::Foreground);
        assert_eq!(nothing, []);
        assert_eq!(in_background(&situation, &told).0, []);
    }

    #[test]
    fn an_unread_conflict_that_happens_again_is_not_told_again_and_one_that_was_read_is() {
        let (_, told) = in_background(&inbox(vec![conflict(ANN, 5)]), &Told::default());
        let (still, told) = in_background(&inbox(vec![conflict(ANN, 9)]), &told);
        assert_eq!(still, []);
        let read_between = Unread { read: Some(5), ..conflict(ANN, 9) };
        assert_eq!(in_background(&inbox(vec![read_between]), &told).0.len(), 1);
    }

    #[test]
    fn what_went_and_came_again_is_told_again() {
        let (_, told) = in_background(&inbox(vec![rejection(ANN)]), &Told::default());
        let (_, told) = decide(now(), &inbox(vec![]), &told, Watched::Foreground);
        assert_eq!(told, Told::default());
        assert_eq!(in_background(&inbox(vec![rejection(ANN)]), &told).0.len(), 1);
    }

    #[test]
    fn anothers_items_are_neither_told_nor_forgotten() {
        let (_, told) = in_background(&inbox(vec![conflict(ANN, 1)]), &Told::default());
        let of_ben = Situation { unread_of_anybody: vec![ANN, BEN], ..inbox(vec![conflict(BEN, 1)]) };
        let (news, told) = in_background(&of_ben, &told);
        assert_eq!(titles(&news), ["A conflict needs your eye"]);
        let of_ann = Situation { unread_of_anybody: vec![ANN, BEN], ..inbox(vec![conflict(ANN, 1)]) };
        assert_eq!(in_background(&of_ann, &told).0, []);
    }

    #[test]
    fn a_locked_screen_shows_the_kind_of_record_and_no_more() {
        let (told, _) = in_background(&inbox(vec![conflict(ANN, 1)]), &Told::default());
        assert_eq!(told[0].body, "Gate event. Open Gatebook to see what the server kept.");
        let both = inbox(vec![conflict(ANN, 1), Unread { record_kind: Kind::Inspection, ..conflict(BEN, 1) }]);
        let (told, _) = in_background(&both, &Told::default());
        assert_eq!(told[0].body, "Inspection, gate event. Open Gatebook to see what the server kept.");
    }

    #[test]
    fn photos_are_told_of_after_a_day_if_rounds_succeed_and_after_two_in_any_case() {
        let succeeds = Some(hours_ago(1));
        for (hours, last_success_at, is_told) in [
            (23, succeeds, false),
            (26, succeeds, true),
            (26, None, false),
            // The day began after the last success.
            (26, Some(hours_ago(3)), false),
            (47, None, false),
            (48, None, true),
        ] {
            let (told, _) = in_background(&photos(&[hours_ago(hours)], last_success_at), &Told::default());
            assert_eq!(!told.is_empty(), is_told, "{hours} h, {last_success_at:?}");
        }
    }

    #[test]
    fn photos_are_told_of_once_a_day_even_by_a_clock_that_was_set_back() {
        let waiting = photos(&[hours_ago(50), hours_ago(60), hours_ago(1)], None);
        let (first, told) = in_background(&waiting, &Told::default());
        assert_eq!(titles(&first), ["2 photos have not been sent yet"]);
        assert_eq!(told.photos_at, Some(now()));
        for (hours, times) in [(-30, 1), (-1, 0), (23, 0), (24, 1)] {
            let later = now() + SignedDuration::from_hours(hours);
            let still = photos(&[later - ALTOGETHER], None);
            assert_eq!(decide(later, &still, &told, Watched::Background).0.len(), times, "{hours} h later");
        }
    }

    #[test]
    fn photos_are_not_told_of_while_somebody_looks_and_are_afterwards() {
        let waiting = photos(&[hours_ago(50)], None);
        let (nothing, told) = decide(now(), &waiting, &Told::default(), Watched::Foreground);
        assert_eq!((nothing, &told), (vec![], &Told::default()));
        assert_eq!(in_background(&waiting, &told).0.len(), 1);
    }
}
