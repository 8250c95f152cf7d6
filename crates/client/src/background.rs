//! One round without an app around it: what the operating system's background jobs run, with no webview and no
//! scheduler. Records first, then photos for as long as there is time. Safe beside a running app, and beside another of
//! its kind.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::environment::{Environment as _, SystemEnvironment};
use crate::error::StoreError;
use crate::notifications::{Notification, Watched};
use crate::photos::{Photos, UploadError, Uploaded};
use crate::round_lock::{Lane, RoundLock};
use crate::scheduler::{self, Event, Situation, plan};
use crate::store::{BeforeRound, DATABASE, Enrolment, Store, settings};
use crate::surroundings::Surroundings;
use crate::sync_round::{self, PageSize, RoundError};
use crate::transport::HttpTransport;
use crate::view::SyncProblemCode;

/// How a background round ended, as the system's job is to report it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// This device has nothing to sync with, or was up to date already.
    NothingToDo,
    /// The round went through.
    Success,
    /// It did not, or was stopped; what is left is to be tried again.
    Retry,
}

/// Until when a round may take. Whoever holds a clone may call the time in early.
#[derive(Debug, Clone)]
pub struct Deadline {
    at: Instant,
    called: CancellationToken,
}

impl Deadline {
    /// That long from now.
    #[must_use]
    pub fn within(time: Duration) -> Self {
        let now = Instant::now();
        // A time past what the clock can show is as good as a day.
        let at = now.checked_add(time).unwrap_or(now + Duration::from_secs(24 * 60 * 60));
        Self { at, called: CancellationToken::new() }
    }

    /// The system wants its time back: the deadline is now.
    pub fn call(&self) {
        self.called.cancel();
    }

    fn has_passed(&self) -> bool {
        self.called.is_cancelled() || Instant::now() >= self.at
    }

    async fn passed(&self) {
        tokio::select! {
            () = self.called.cancelled() => {}
            () = tokio::time::sleep_until(self.at.into()) => {}
        }
    }
}

/// While another round holds the lock, it is looked at this often.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// With nothing to send, news this fresh is not asked for again.
const FRESH: Duration = Duration::from_secs(10);
/// What a transaction that is under way gets to end after the deadline.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Runs one round over the store in `data_dir` and says how it ended. Blocks until then, at most until `deadline`. Whoever
/// begins it knows the `surroundings`: there is no app that was told.
///
/// The round may be cut at any point, by the deadline or with the whole process; the next one does again what was not
/// settled.
#[must_use]
pub fn background_round(data_dir: &Path, surroundings: Surroundings, deadline: &Deadline) -> Outcome {
    if deadline.has_passed() {
        return Outcome::Retry;
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "no background round: the system gives no event loop");
            return Outcome::Retry;
        }
    };
    let outcome = runtime.block_on(async {
        tokio::select! {
            biased;
            () = deadline.passed() => {
                tracing::info!("background round stopped: its time is up");
                Outcome::Retry
            }
            ended = round(data_dir, surroundings) => ended.unwrap_or_else(|error| {
                tracing::error!(error = &error as &dyn std::error::Error, "background round failed on this device");
                Outcome::Retry
            }),
        }
    });
    runtime.shutdown_timeout(LAST_WORDS);
    outcome
}

/// What is to be told of what such a round brought. To be shown by whoever began it: there is no app that would. What this
/// returns is never returned again, neither here nor to the app.
#[must_use]
pub fn to_tell(data_dir: &Path, watched: Watched) -> Vec<Notification> {
    if !data_dir.join(DATABASE).exists() {
        return Vec::new();
    }
    let told = Store::open_beside_the_app(data_dir).and_then(|store| store.to_tell(SystemEnvironment.now(), watched));
    told.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "it cannot be told what the round brought");
        Vec::new()
    })
}

async fn round(data_dir: &Path, surroundings: Surroundings) -> Result<Outcome, StoreError> {
    if !data_dir.join(DATABASE).exists() {
        return Ok(Outcome::NothingToDo);
    }
    let lock = loop {
        match RoundLock::try_take(data_dir, Lane::Records) {
            Some(lock) => break lock,
            None => tokio::time::sleep(LOOK_AGAIN).await,
        }
    };
    let store = Arc::new(Store::open_beside_the_app(data_dir)?);
    let BeforeRound { enrolment, attempts, has_fresh_work, .. } = store.before_a_round()?;
    let Some(enrolment) = enrolment.filter(|enrolment| !enrolment.revoked) else {
        return Ok(Outcome::NothingToDo);
    };
    let now = SystemEnvironment.now();
    let age = attempts.last_success_at.and_then(|last| Duration::try_from(now.duration_since(last)).ok());
    let way = match HttpTransport::of(&enrolment) {
        Ok(way) => way,
        Err(error) => {
            note(&store, Event::Started, surroundings)?;
            return Ok(conclude(&store, Err(error.into()), &enrolment, surroundings)?.outcome);
        }
    };
    let records = if !has_fresh_work && age.is_some_and(|age| age < FRESH) {
        Ended { outcome: Outcome::NothingToDo, way_is_open: true }
    } else if !note(&store, Event::Started, surroundings)? {
        tracing::info!("no background round yet: the server asked to come later");
        return Ok(Outcome::Retry);
    } else {
        let (mut size, version) = (PageSize::resumed(&store)?, env!("CARGO_PKG_VERSION"));
        let ended = sync_round::run(&store, &way, &mut size, version, |_| ()).await;
        let ended = ended.map(|report| tracing::info!(?report, "background round ended"));
        conclude(&store, ended, &enrolment, surroundings)?
    };
    drop(lock);
    if !records.way_is_open {
        return Ok(records.outcome);
    }
    Ok(match send_photos(store, &way, surroundings).await {
        Ok(sent) if sent.photos > 0 => match records.outcome {
            Outcome::NothingToDo => Outcome::Success,
            outcome => outcome,
        },
        Ok(_) => records.outcome,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "photos wait for the next background round");
            Outcome::Retry
        }
    })
}

/// What waits is sent until the deadline, unless the app is at it; a chunk that arrived has not to be sent again.
async fn send_photos(
    store: Arc<Store>,
    way: &HttpTransport,
    surroundings: Surroundings,
) -> Result<Uploaded, UploadError> {
    let photos = Photos::open_beside_the_app(store, Arc::new(SystemEnvironment))?;
    photos.set_network(surroundings.for_photos());
    photos.claim_files()?;
    photos.send_waiting(way).await
}

/// How the records fared.
struct Ended {
    outcome: Outcome,
    /// The server can be reached and takes this device's word, so that photos can be sent to it.
    way_is_open: bool,
}

fn conclude(
    store: &Store,
    outcome: Result<(), RoundError>,
    enrolment: &Enrolment,
    surroundings: Surroundings,
) -> Result<Ended, StoreError> {
    let error = match outcome {
        Ok(()) => {
            note(store, Event::Succeeded, surroundings)?;
            return Ok(Ended { outcome: Outcome::Success, way_is_open: true });
        }
        Err(error) => error,
    };
    tracing::warn!(error = &error as &dyn std::error::Error, "background round failed");
    note(store, Event::Failed { retry_after: scheduler::retry_after_of(&error) }, surroundings)?;
    Ok(match scheduler::problem_of(&error).code {
        SyncProblemCode::Revoked => {
            scheduler::sign_out(store, &enrolment.token)?;
            Ended { outcome: Outcome::NothingToDo, way_is_open: false }
        }
        // Only a person can help, with an update.
        SyncProblemCode::UpdateNeeded => Ended { outcome: Outcome::NothingToDo, way_is_open: false },
        // What troubles the records need not trouble the photos, unless the server asked to be left alone.
        SyncProblemCode::ServerTrouble => {
            Ended { outcome: Outcome::Retry, way_is_open: scheduler::retry_after_of(&error).is_none() }
        }
        _ => Ended { outcome: Outcome::Retry, way_is_open: false },
    })
}

/// Keeps what happened where the app's scheduler looks, so that it goes on from there. Says whether a round may run.
fn note(store: &Store, event: Event, surroundings: Surroundings) -> Result<bool, StoreError> {
    let BeforeRound { enrolment, attempts, has_fresh_work, .. } = store.before_a_round()?;
    // Begun here, not by the plan: there is no scheduler that could.
    let running = event != Event::Started;
    let situation = Situation {
        enrolled: enrolment.is_some(),
        running,
        pending: has_fresh_work,
        saves_battery: surroundings.saves_battery,
        attempts,
    };
    let next = plan(situation, SystemEnvironment.now(), event, scheduler::jitter());
    store.set(&settings::ATTEMPTS, Some(&next.attempts))?;
    Ok(next.run_now)
}
