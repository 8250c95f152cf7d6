//! Rounds that the system began in this process, and how it stops them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gatebook_client::background::{self, Deadline, background_round};
use gatebook_client::{Surroundings, Watched};

use crate::models::RoundOutcome;
use crate::to_show::ToShow;

/// A round may take no longer than this, whatever the system would allow.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// The deadlines of the rounds under way.
static UNDER_WAY: Mutex<BTreeMap<u64, Deadline>> = Mutex::new(BTreeMap::new());

fn under_way() -> MutexGuard<'static, BTreeMap<u64, Deadline>> {
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a round for at most `seconds` and blocks until it has ended.
pub(crate) fn run(data_dir: &Path, seconds: f64, surroundings: Surroundings) -> RoundOutcome {
    let time = Duration::try_from_secs_f64(seconds).unwrap_or_default().min(LONGEST);
    let deadline = Deadline::within(time);
    let ticket = Ticket::take(deadline.clone());
    let outcome = background_round(data_dir, surroundings, &deadline);
    drop(ticket);
    outcome.into()
}

/// The system wants its time back: all rounds end as soon as they can. What they had not settled is done by the next.
pub(crate) fn stop() {
    for deadline in under_way().values() {
        deadline.call();
    }
}

/// Whether the app of this process is on the screen. A process that the system made for a job has none that is.
static ON_SCREEN: AtomicBool = AtomicBool::new(false);

/// The app came to the screen or left it.
pub(crate) fn set_on_screen(is_on_screen: bool) {
    ON_SCREEN.store(is_on_screen, Ordering::Relaxed);
}

fn watched() -> Watched {
    if ON_SCREEN.load(Ordering::Relaxed) { Watched::Foreground } else { Watched::Background }
}

/// What a round brought that is to be shown as notifications now, as JSON for Kotlin and Swift: an array of objects with
/// `id`, `kind`, `title` and `body`. What this returns is never returned again.
pub(crate) fn to_tell(data_dir: &Path) -> String {
    let told: Vec<_> = background::to_tell(data_dir, watched()).into_iter().map(ToShow::from).collect();
    serde_json::to_string(&told).expect("texts and numbers are JSON")
}

/// A place among the rounds under way, given back even if the round panics.
struct Ticket(u64);

impl Ticket {
    fn take(deadline: Deadline) -> Self {
        let mut rounds = under_way();
        let number = rounds.last_key_value().map_or(0, |(last, _)| last + 1);
        rounds.insert(number, deadline);
        Self(number)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        under_way().remove(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_in_an_empty_folder_has_nothing_to_do_and_gives_its_place_back() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(run(folder.path(), 5.0, Surroundings::default()), RoundOutcome::NothingToDo);
        assert!(under_way().is_empty());
    }

    #[test]
    fn whether_the_app_is_on_the_screen_is_kept_until_it_leaves() {
        assert_eq!(watched(), Watched::Background);
        set_on_screen(true);
        assert_eq!(watched(), Watched::Foreground);
        set_on_screen(false);
        assert_eq!(watched(), Watched::Background);
    }

    #[test]
    fn with_nothing_to_tell_kotlin_and_swift_get_an_empty_list() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(to_tell(folder.path()), "[]");
    }

    #[test]
    fn no_time_or_a_time_that_is_none_stops_at_once() {
        let folder = tempfile::tempdir().unwrap();
        for seconds in [0.0, -3.0, f64::NAN] {
            assert_eq!(run(folder.path(), seconds, Surroundings::default()), RoundOutcome::Retry);
        }
    }
}
