//! The system's jobs as WorkManager runs them, in virtual time, and what `RoundWorker.kt` answers it.
//!
//! A worker that says "retry" is run again after 30 s, doubling with each further time up to five hours. That holds for
//! regular work too, whose pace is then the backoff's and not its own: a server that is down over night would leave it
//! hours apart in the morning. Work that says "success" begins anew.

/// The regular job's pace, the shortest that WorkManager has.
const REGULARLY: i64 = 15 * 60_000;
/// The backoff of both jobs in `Schedule.kt` …
const BACKOFF: i64 = 30_000;
/// … and the longest that WorkManager makes of it.
const LONGEST_BACKOFF: i64 = 5 * 60 * 60_000;
/// So often the urgent job asks to be run again, in `RoundWorker.kt`.
const RETRIES: u32 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    /// Each quarter of an hour, for as long as the app is installed.
    Regular,
    /// Once, when the app was left while something waited.
    Soon,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Success,
    Retry,
}

/// `RoundWorker.doWork`. Only what is asked for once is tried again; what comes again by itself must not be slowed down.
const fn answer(job: Job, went_well: bool, attempts: u32) -> Answer {
    match job {
        Job::Soon if !went_well && attempts < RETRIES => Answer::Retry,
        _ => Answer::Success,
    }
}

/// One that WorkManager has in its database.
#[derive(Debug, Clone, Copy)]
struct Planned {
    at: i64,
    /// Runs in a row that asked for another.
    attempts: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Jobs {
    regular: Option<Planned>,
    soon: Option<Planned>,
}

impl Jobs {
    /// Updated in place, if it is there already.
    pub(crate) fn plan_regular(&mut self, now: i64) {
        self.regular.get_or_insert(Planned { at: now + REGULARLY, attempts: 0 });
    }

    /// In place of one that waits out a failure.
    pub(crate) const fn plan_soon(&mut self, now: i64) {
        self.soon = Some(Planned { at: now, attempts: 0 });
    }

    /// The next that is due, and when.
    pub(crate) fn next(&self) -> Option<(Job, i64)> {
        let planned = [(Job::Soon, self.soon), (Job::Regular, self.regular)];
        planned.into_iter().filter_map(|(job, planned)| Some((job, planned?.at))).min_by_key(|(_, at)| *at)
    }

    pub(crate) fn ended(&mut self, job: Job, went_well: bool, now: i64) {
        let place = match job {
            Job::Regular => &mut self.regular,
            Job::Soon => &mut self.soon,
        };
        let attempts = place.map_or(0, |planned| planned.attempts);
        *place = match (answer(job, went_well, attempts), job) {
            (Answer::Retry, _) => {
                Some(Planned { at: now + (BACKOFF << attempts.min(16)).min(LONGEST_BACKOFF), attempts: attempts + 1 })
            }
            (Answer::Success, Job::Regular) => Some(Planned { at: now + REGULARLY, attempts: 0 }),
            (Answer::Success, Job::Soon) => None,
        };
    }

    /// Its process ended under it, which the system takes for a run that is to be repeated.
    pub(crate) fn was_killed(&mut self, job: Job, now: i64) {
        let place = match job {
            Job::Regular => &mut self.regular,
            Job::Soon => &mut self.soon,
        };
        if let Some(planned) = place {
            planned.at = now + BACKOFF;
        }
    }
}
