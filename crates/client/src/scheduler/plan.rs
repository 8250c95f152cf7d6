//! The planner: from how things stand and what just happened to when the next round runs. No clock, no timer, no state.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How the last attempts went. Kept in the database, so that a killed app goes on where it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Attempts {
    /// Rounds that failed since one last ended well.
    pub failures: u32,
    /// When the last round began.
    pub last_attempt_at: Option<Timestamp>,
    /// When the next one is due.
    pub next_attempt_at: Option<Timestamp>,
    /// When a round last ended well.
    pub last_success_at: Option<Timestamp>,
    /// The server asked not to be called before this.
    #[serde(default)]
    pub not_before: Option<Timestamp>,
}

/// How things stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Situation {
    /// The device has a token to sync with.
    pub enrolled: bool,
    /// A round is under way right now.
    pub running: bool,
    /// Something waits to be sent.
    pub pending: bool,
    /// The battery is to be saved.
    pub saves_battery: bool,
    /// How the last attempts went.
    pub attempts: Attempts,
}

/// What just happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The app started, or was enrolled.
    Started,
    /// The app came to the foreground or its window got the focus.
    Resumed,
    /// The network changed: a link came, went or was replaced.
    NetworkChanged,
    /// The operator asked for it.
    Manual,
    /// Something was saved on this device.
    LocalWrite,
    /// Photos have arrived: the server has something to say of them, and their day of grace begins with it.
    PhotosArrived,
    /// The server said that there is news.
    Nudged,
    /// The time that the last plan named has come.
    Timer,
    /// A round ended well.
    Succeeded,
    /// A round failed.
    Failed {
        /// When the server asked to come again, if it did.
        retry_after: Option<Duration>,
    },
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Begin a round now. Never while one is under way.
    pub run_now: bool,
    /// Come back with [`Event::Timer`] then. `None` only for a device that is not enrolled, or while a round runs.
    pub wake_at: Option<Timestamp>,
    /// What to keep.
    pub attempts: Attempts,
}

/// A save is sent this long after it, so that a burst of keystrokes goes as one.
const DEBOUNCE: Duration = Duration::from_secs(2);
/// With nothing to send, news is asked for this often.
const IDLE: Duration = Duration::from_secs(60);
/// The same while the battery is to be saved. What is written, and what somebody asks for, goes as ever.
const IDLE_ON_SAVER: Duration = Duration::from_secs(15 * 60);
/// Coming to the foreground asks for news unless a round was this recent.
const FRESH: Duration = Duration::from_secs(10);
/// After a failure: this long, doubling with each further one …
const FIRST_BACKOFF: Duration = Duration::from_secs(5);
/// … up to this.
const LONGEST_BACKOFF: Duration = Duration::from_secs(15 * 60);
/// While failing, a save, or coming to the foreground again, brings the next attempt no nearer than this to the last.
const SOON_WHILE_FAILING: Duration = Duration::from_secs(30);

/// Plans the next step. `jitter` is a random number from 0 to 1 that spreads devices apart.
#[must_use]
pub fn plan(situation: Situation, now: Timestamp, event: Event, jitter: f64) -> Plan {
    let mut attempts = situation.attempts;
    if !situation.enrolled {
        return Plan { run_now: false, wake_at: None, attempts };
    }
    let since_last = attempts.last_attempt_at.and_then(|last| Duration::try_from(now.duration_since(last)).ok());
    match event {
        Event::Succeeded => {
            attempts.failures = 0;
            attempts.not_before = None;
            attempts.last_success_at = Some(now);
            let idle = if situation.saves_battery { IDLE_ON_SAVER } else { IDLE };
            attempts.next_attempt_at = Some(now + if situation.pending { DEBOUNCE } else { spread(idle, jitter) });
        }
        Event::Failed { .. } if gatebook_sync::deliberate!(WaitForNetwork) => {
            return Plan { run_now: false, wake_at: None, attempts };
        }
        Event::Failed { retry_after } => {
            attempts.failures = attempts.failures.saturating_add(1);
            let asked = retry_after.map(|wait| wait.min(LONGEST_BACKOFF));
            attempts.not_before = asked.map(|wait| now + wait);
            let wait = backoff(attempts.failures, jitter).max(asked.unwrap_or_default());
            attempts.next_attempt_at = Some(now + wait);
        }
        Event::Manual | Event::NetworkChanged | Event::Started => attempts.next_attempt_at = Some(now),
        Event::Resumed => {
            if since_last.is_none_or(|since| since >= FRESH) {
                attempts.next_attempt_at = Some(now);
            } else if attempts.failures > 0 {
                // Somebody looks, and what that recent round brought was a failure.
                attempts.next_attempt_at = attempts.next_attempt_at.map(|next| next.min(now + SOON_WHILE_FAILING));
            }
        }
        Event::LocalWrite | Event::PhotosArrived | Event::Nudged => {
            // Devices that hear of the same news do not come all at once.
            let soon = now + if event == Event::Nudged { spread(DEBOUNCE, jitter) } else { DEBOUNCE };
            let earliest = match attempts.last_attempt_at {
                Some(last) if attempts.failures > 0 => (last + SOON_WHILE_FAILING).max(soon),
                _ => soon,
            };
            // A clock that jumped back would put `earliest` far away.
            let earliest = earliest.min(now + SOON_WHILE_FAILING);
            attempts.next_attempt_at = Some(attempts.next_attempt_at.map_or(earliest, |next| next.min(earliest)));
        }
        Event::Timer => {}
    }
    // Nothing is ever planned further away than the longest backoff: what is was written under another clock.
    let horizon = now + LONGEST_BACKOFF + IDLE;
    let mut due = attempts.next_attempt_at.filter(|due| *due <= horizon).unwrap_or(now);
    if attempts.failures == 0 && !situation.saves_battery {
        // What was planned while the battery was to be saved.
        due = due.min(now + IDLE);
    }
    attempts.not_before = attempts.not_before.filter(|at| *at <= horizon);
    if let (Some(not_before), false) = (attempts.not_before, event == Event::Manual) {
        due = due.max(not_before);
    }
    attempts.next_attempt_at = Some(due);
    if situation.running {
        return Plan { run_now: false, wake_at: None, attempts };
    }
    if due <= now {
        attempts.last_attempt_at = Some(now);
        return Plan { run_now: true, wake_at: None, attempts };
    }
    Plan { run_now: false, wake_at: Some(due), attempts }
}

/// Of what was missed while a round ran, and what came now, the one to come back to should that round fail: it asks for no
/// less than the other. A round that ends well has answered both.
#[must_use]
pub fn missed(before: Option<Event>, came: Event) -> Option<Event> {
    before.into_iter().chain([came]).filter(|event| urgency(*event) > 0).max_by_key(|event| urgency(*event))
}

/// The more urgent, the sooner it is answered; nothing is asked for by 0.
const fn urgency(event: Event) -> u8 {
    match event {
        Event::Manual => 4,
        Event::Started | Event::NetworkChanged => 3,
        Event::Resumed => 2,
        Event::LocalWrite | Event::PhotosArrived | Event::Nudged => 1,
        Event::Timer | Event::Succeeded | Event::Failed { .. } => 0,
    }
}

fn backoff(failures: u32, jitter: f64) -> Duration {
    let doubled = FIRST_BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(16));
    spread(doubled.min(LONGEST_BACKOFF), jitter)
}

/// Between half and the whole of `wait`.
fn spread(wait: Duration, jitter: f64) -> Duration {
    wait.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn idle(attempts: Attempts) -> Situation {
        Situation { enrolled: true, running: false, pending: false, saves_battery: false, attempts }
    }

    fn failed_times(failures: u32, last: i64) -> Attempts {
        Attempts {
            failures,
            last_attempt_at: Some(at(last)),
            next_attempt_at: Some(at(last + 600)),
            last_success_at: None,
            not_before: None,
        }
    }

    #[test]
    fn a_device_that_is_not_enrolled_never_runs() {
        for event in [Event::Started, Event::Manual, Event::LocalWrite, Event::Timer] {
            let plan = plan(Situation { enrolled: false, ..idle(Attempts::default()) }, at(0), event, 0.5);
            assert!(!plan.run_now && plan.wake_at.is_none());
        }
    }

    #[test]
    fn starting_a_network_change_and_the_operator_run_at_once_even_after_failures() {
        for event in [Event::Started, Event::NetworkChanged, Event::Manual] {
            assert!(plan(idle(failed_times(9, -1)), at(0), event, 0.5).run_now, "{event:?}");
        }
    }

    #[test]
    fn coming_to_the_foreground_runs_unless_a_round_was_seconds_ago() {
        let with_last =
            |last| Attempts { last_attempt_at: Some(at(last)), next_attempt_at: Some(at(60)), ..Attempts::default() };
        assert!(plan(idle(with_last(-11)), at(0), Event::Resumed, 0.5).run_now);
        assert!(!plan(idle(with_last(-3)), at(0), Event::Resumed, 0.5).run_now);
    }

    #[test]
    fn a_save_is_sent_two_seconds_later_and_a_second_save_does_not_push_it_away() {
        let first = plan(idle(Attempts::default()), at(0), Event::LocalWrite, 0.5);
        assert_eq!(first.wake_at, Some(at(2)));
        let second = plan(idle(first.attempts), at(1), Event::LocalWrite, 0.5);
        assert_eq!(second.wake_at, Some(at(2)));
        assert!(plan(idle(second.attempts), at(2), Event::Timer, 0.5).run_now);
    }

    #[test]
    fn what_the_server_says_of_photos_that_arrived_is_asked_for_soon() {
        let last = Attempts { next_attempt_at: Some(at(60)), ..Attempts::default() };
        assert_eq!(plan(idle(last), at(0), Event::PhotosArrived, 0.5).wake_at, Some(at(2)));
    }

    #[test]
    fn news_is_fetched_within_two_seconds_by_some_sooner_by_others_later_and_no_sooner_than_the_server_allows() {
        let last = Attempts { next_attempt_at: Some(at(60)), ..Attempts::default() };
        assert_eq!(plan(idle(last), at(0), Event::Nudged, 0.0).wake_at, Some(at(1)));
        assert_eq!(plan(idle(last), at(0), Event::Nudged, 1.0).wake_at, Some(at(2)));
        let asked = Attempts { not_before: Some(at(30)), ..last };
        assert_eq!(plan(idle(asked), at(0), Event::Nudged, 0.0).wake_at, Some(at(30)));
    }

    #[test]
    fn saving_all_day_without_a_link_tries_every_half_minute_at_most() {
        let plan = plan(idle(failed_times(8, 0)), at(1), Event::LocalWrite, 0.5);
        assert_eq!(plan.wake_at, Some(at(30)));
    }

    #[test]
    fn failures_back_off_to_a_quarter_of_an_hour_and_no_further() {
        let wait = |failures| {
            let plan = plan(idle(failed_times(failures, 0)), at(0), Event::Failed { retry_after: None }, 1.0);
            plan.wake_at.unwrap().duration_since(at(0)).as_secs()
        };
        assert_eq!((wait(0), wait(1), wait(2), wait(8), wait(1_000)), (5, 10, 20, 900, 900));
    }

    #[test]
    fn devices_that_fail_together_do_not_come_back_together() {
        let wake = |jitter| plan(idle(failed_times(5, 0)), at(0), Event::Failed { retry_after: None }, jitter).wake_at;
        assert!(wake(0.0) < wake(0.5) && wake(0.5) < wake(1.0));
    }

    #[test]
    fn the_server_may_ask_for_more_patience_but_not_without_end() {
        let wake = |seconds| {
            let event = Event::Failed { retry_after: Some(Duration::from_secs(seconds)) };
            plan(idle(Attempts::default()), at(0), event, 0.0).wake_at
        };
        assert_eq!(wake(120), Some(at(120)));
        assert_eq!(wake(1_000_000), Some(at(900)));
    }

    #[test]
    fn what_the_server_asked_holds_for_everything_but_the_operators_own_wish() {
        let asked = Event::Failed { retry_after: Some(Duration::from_secs(300)) };
        let waiting = plan(idle(Attempts::default()), at(0), asked, 0.0).attempts;
        for event in [Event::LocalWrite, Event::Resumed, Event::NetworkChanged, Event::Started, Event::Timer] {
            let plan = plan(idle(waiting), at(60), event, 0.5);
            assert_eq!((plan.run_now, plan.wake_at), (false, Some(at(300))), "{event:?}");
        }
        assert!(plan(idle(waiting), at(60), Event::Manual, 0.5).run_now);
        assert!(plan(idle(waiting), at(300), Event::Timer, 0.5).run_now);
        let clock_set_back = plan(idle(waiting), at(-315_360_000), Event::Timer, 0.5);
        assert!(clock_set_back.run_now, "a wish of another clock is none");
    }

    #[test]
    fn while_a_round_runs_nothing_starts_and_what_came_meanwhile_runs_after_it() {
        let running = Situation { running: true, ..idle(Attempts::default()) };
        let during = plan(running, at(0), Event::Manual, 0.5);
        assert!(!during.run_now);
        let after = plan(Situation { pending: true, ..idle(during.attempts) }, at(5), Event::Succeeded, 0.5);
        assert_eq!(after.wake_at, Some(at(7)));
    }

    #[test]
    fn what_was_asked_for_during_a_round_that_failed_is_answered_soon_however_often_it_failed_before() {
        // Ten seconds ago a round began, by the timer, after many failures; it fails now.
        let failed = plan(idle(failed_times(9, -5)), at(0), Event::Failed { retry_after: None }, 1.0);
        assert_eq!(failed.wake_at, Some(at(900)));
        let after = |event| plan(idle(failed.attempts), at(0), event, 1.0);
        assert!(after(Event::Manual).run_now);
        for event in [Event::Resumed, Event::LocalWrite, Event::PhotosArrived, Event::Nudged] {
            assert!(after(event).wake_at.is_some_and(|wake| wake <= at(30)), "{event:?}");
        }
    }

    #[test]
    fn of_all_that_was_missed_during_a_round_the_most_urgent_is_kept() {
        let all = |events: &[Event]| events.iter().fold(None, |before, event| missed(before, *event));
        assert_eq!(all(&[]), None);
        assert_eq!(all(&[Event::Timer]), None);
        assert_eq!(all(&[Event::LocalWrite, Event::Timer]), Some(Event::LocalWrite));
        assert_eq!(all(&[Event::LocalWrite, Event::Resumed, Event::LocalWrite]), Some(Event::Resumed));
        assert_eq!(all(&[Event::Manual, Event::Resumed, Event::LocalWrite]), Some(Event::Manual));
        assert_eq!(all(&[Event::Nudged, Event::Manual]), Some(Event::Manual));
    }

    #[test]
    fn on_battery_saver_news_is_asked_for_each_quarter_of_an_hour_and_everything_else_goes_as_ever() {
        let on_saver = |attempts| Situation { saves_battery: true, ..idle(attempts) };
        let polled = plan(on_saver(Attempts::default()), at(0), Event::Succeeded, 1.0);
        assert_eq!(polled.wake_at, Some(at(900)));
        let at_100 = |event| plan(on_saver(polled.attempts), at(100), event, 1.0);
        assert_eq!(at_100(Event::Timer).wake_at, Some(at(900)));
        assert_eq!(at_100(Event::LocalWrite).wake_at, Some(at(102)));
        for event in [Event::Manual, Event::Resumed, Event::Started, Event::NetworkChanged] {
            assert!(at_100(event).run_now, "{event:?}");
        }
        let pending = Situation { pending: true, ..on_saver(Attempts::default()) };
        assert_eq!(plan(pending, at(0), Event::Succeeded, 1.0).wake_at, Some(at(2)));
    }

    #[test]
    fn once_the_battery_is_saved_no_longer_news_is_asked_for_each_minute_again() {
        let on_saver = Situation { saves_battery: true, ..idle(Attempts::default()) };
        let polled = plan(on_saver, at(0), Event::Succeeded, 1.0);
        assert_eq!(plan(idle(polled.attempts), at(100), Event::Timer, 1.0).wake_at, Some(at(160)));
    }

    #[test]
    fn a_clock_set_back_by_ten_years_does_not_delay_anything() {
        let tomorrow = Attempts {
            next_attempt_at: Some(at(315_360_000)),
            last_attempt_at: Some(at(315_360_000)),
            ..Attempts::default()
        };
        assert!(plan(idle(tomorrow), at(0), Event::Timer, 0.5).run_now);
        let saved = plan(idle(Attempts { failures: 3, ..tomorrow }), at(0), Event::LocalWrite, 0.5);
        assert!(saved.wake_at.is_some_and(|wake| wake <= at(30)));
        assert!(plan(idle(tomorrow), at(0), Event::Resumed, 0.5).run_now);
    }

    #[test]
    fn as_long_as_it_is_enrolled_and_idle_something_is_always_planned() {
        let events = [
            Event::Started,
            Event::Resumed,
            Event::NetworkChanged,
            Event::Manual,
            Event::LocalWrite,
            Event::PhotosArrived,
            Event::Timer,
            Event::Succeeded,
            Event::Failed { retry_after: None },
        ];
        let (mut attempts, mut now) = (Attempts::default(), 0);
        for step in 0..10_000_usize {
            let next = plan(idle(attempts), at(now), events[(step * 7 + step / 13) % events.len()], 0.3);
            assert!(next.run_now || next.wake_at.is_some());
            attempts = next.attempts;
            now += (i64::try_from(step).unwrap() * 31) % 97 - 20;
        }
    }
}
