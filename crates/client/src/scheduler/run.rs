//! The task that does what the planner says.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use gatebook_sync::deliberate;
use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, watch};

use super::plan::{Attempts, Event, Situation, missed, plan};
use crate::environment::Environment;
use crate::error::StoreError;
use crate::round_lock::{Lane, RoundLock};
use crate::store::{BeforeRound, Enrolment, Store, settings};
use crate::sync_round::{self, PageSize, RoundError};
use crate::transport::{HttpTransport, TransportError};
use crate::view::{SyncProblem, SyncProblemCode, SyncStatus};

/// How the rest of the device reaches the scheduler.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    events: mpsc::UnboundedSender<Event>,
    pub status: watch::Receiver<SyncStatus>,
    /// For what belongs to the sync status and is not the scheduler's: the photos.
    pub board: watch::Sender<SyncStatus>,
    saves_battery: Arc<AtomicBool>,
    new_way: Arc<Notify>,
}

impl Handle {
    /// Tells the scheduler what happened. Triggers that come together run one round.
    pub(crate) fn notify(&self, event: Event) {
        // The scheduler ends only with the process.
        let _ = self.events.send(event);
        // Whoever asks by hand believes that there is one.
        if is_new_way(event) || event == Event::Manual {
            self.new_way.notify_waiters();
        }
    }

    /// Waits until there may be another way to the server, somebody looks again or asks by hand, or a round gets through
    /// after one that did not.
    pub(crate) async fn new_way(&self) {
        self.new_way.notified().await;
    }

    /// Whether the battery is to be saved; until somebody says so, it is not.
    pub(crate) fn set_saves_battery(&self, saves_battery: bool) {
        if self.saves_battery.swap(saves_battery, Ordering::Relaxed) != saves_battery {
            // Another time to wait for, perhaps; nothing that calls for a round.
            self.notify(Event::Timer);
        }
    }
}

/// While a background round runs, this one looks again so often.
const WHILE_ANOTHER_RUNS: Duration = Duration::from_millis(500);

pub(super) struct Scheduler {
    pub(super) store: Arc<Store>,
    pub(super) environment: Arc<dyn Environment>,
    pub(super) app: String,
    pub(super) size: PageSize,
    status: watch::Sender<SyncStatus>,
    /// Photos arrived while the last round was under way: what the server says of them may have come too late for it.
    photos_arrived: bool,
    /// The most urgent that was asked for while the round under way was, or while the last was that failed.
    pub(super) missed: Option<Event>,
    saves_battery: Arc<AtomicBool>,
    new_way: Arc<Notify>,
    way: Option<Way>,
}

/// The way to a server, kept from round to round: a connection that is still up saves a round trip or three, and the
/// system's certificates are read once.
struct Way {
    enrolment: Enrolment,
    transport: Arc<HttpTransport>,
}

pub(super) type Inbox = mpsc::UnboundedReceiver<Event>;

/// Starts the scheduler on the current runtime.
pub(crate) fn spawn(store: Arc<Store>, environment: Arc<dyn Environment>, app: String) -> Result<Handle, StoreError> {
    let (scheduler, handle, inbox) = prepare(store, environment, app)?;
    tokio::spawn(scheduler.run(inbox));
    Ok(handle)
}

/// The scheduler as it is when the app starts, with its first event in the inbox.
pub(super) fn prepare(
    store: Arc<Store>,
    environment: Arc<dyn Environment>,
    app: String,
) -> Result<(Scheduler, Handle, Inbox), StoreError> {
    let size = PageSize::resumed(&store)?;
    let attempts: Attempts = store.setting(&settings::ATTEMPTS)?.unwrap_or_default();
    let status = watch::Sender::new(SyncStatus {
        pending: store.pending_count()?,
        last_success_at: attempts.last_success_at,
        ..SyncStatus::default()
    });
    let (events, inbox) = mpsc::unbounded_channel();
    let (saves_battery, new_way) = (Arc::<AtomicBool>::default(), Arc::<Notify>::default());
    let handle = Handle {
        events,
        status: status.subscribe(),
        board: status.clone(),
        saves_battery: Arc::clone(&saves_battery),
        new_way: Arc::clone(&new_way),
    };
    let scheduler = Scheduler {
        store,
        environment,
        app,
        size,
        status,
        photos_arrived: false,
        missed: None,
        saves_battery,
        new_way,
        way: None,
    };
    handle.notify(Event::Started);
    Ok((scheduler, handle, inbox))
}

impl Scheduler {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Event>) {
        let mut wake_at: Option<Timestamp> = None;
        loop {
            let event = tokio::select! {
                event = inbox.recv() => match event {
                    Some(event) => event,
                    None => return,
                },
                () = self.sleep_until(wake_at) => Event::Timer,
            };
            // What a panic left half done is what a kill would have left; the next round does it again.
            let acted = AssertUnwindSafe(self.act(event, &mut inbox)).catch_unwind().await;
            wake_at = self.watched(acted.ok().flatten());
        }
    }

    /// Does what the planner says to `event`, and to what comes of it, until there is only a time to wait for.
    async fn act(&mut self, event: Event, inbox: &mut mpsc::UnboundedReceiver<Event>) -> Option<Timestamp> {
        let mut event = event;
        loop {
            match self.step(event, inbox).await {
                Ok(Step::Ran(next)) => event = next,
                // A round that failed has answered nothing of what was asked for meanwhile.
                Ok(Step::Wait(wake_at)) => match self.missed.take() {
                    Some(missed) => event = missed,
                    None => return wake_at,
                },
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "the scheduler cannot read its state");
                    self.report(Some(problem_of(&RoundError::Store(error))));
                    return Some(self.environment.now() + Duration::from_secs(60));
                }
            }
        }
    }

    async fn step(&mut self, event: Event, inbox: &mut mpsc::UnboundedReceiver<Event>) -> Result<Step, StoreError> {
        if is_new_way(event) {
            // A connection from before may be dead without anybody having been told.
            self.way = None;
        }
        if event != Event::LocalWrite {
            self.store.tell_of_writes_from_elsewhere()?;
        }
        let enrolment = match self.plan(event, jitter())? {
            Planned::Wait(wake_at) => return Ok(Step::Wait(wake_at)),
            Planned::Round(enrolment) => *enrolment,
        };
        let Some(_lock) = RoundLock::try_take(self.store.folder(), Lane::Records) else {
            return Ok(Step::Wait(Some(self.environment.now() + WHILE_ANOTHER_RUNS)));
        };
        let mut meanwhile = Meanwhile::default();
        let cut = tokio::select! {
            outcome = self.round(&enrolment) => Err(outcome),
            () = network_change(inbox, &mut meanwhile) => Ok(()),
        };
        self.photos_arrived = meanwhile.photos_arrived;
        self.missed = meanwhile.missed.filter(|_| cut.is_err());
        self.ended();
        match cut {
            // The link the round runs over is gone or there is a better one: cut it and begin again. Rounds may be cut
            // anywhere.
            Ok(()) => Ok(Step::Ran(Event::NetworkChanged)),
            Err(outcome) => Ok(Step::Ran(self.conclude(outcome, &enrolment.token)?)),
        }
    }

    /// What is to be done about `event`, by the planner; what it wants kept is kept.
    pub(super) fn plan(&self, event: Event, jitter: f64) -> Result<Planned, StoreError> {
        let BeforeRound { enrolment, attempts, pending, has_fresh_work } = self.store.before_a_round()?;
        let enrolment = enrolment.filter(|enrolment| !enrolment.revoked);
        #[cfg(feature = "simulation")]
        let running = self.store.is_latched()?;
        #[cfg(not(feature = "simulation"))]
        let running = false;
        let is_urgent = has_fresh_work || self.photos_arrived || (deliberate!(HurryPassedOver) && pending > 0);
        let situation = Situation {
            enrolled: enrolment.is_some(),
            running,
            pending: is_urgent,
            saves_battery: self.saves_battery.load(Ordering::Relaxed),
            attempts,
        };
        let next = plan(situation, self.environment.now(), event, jitter);
        if next.attempts != situation.attempts {
            self.store.set(&settings::ATTEMPTS, Some(&next.attempts))?;
        }
        self.status.send_if_modified(|status| {
            let news =
                status.last_success_at != next.attempts.last_success_at || (status.pending == 0) != (pending == 0);
            status.last_success_at = next.attempts.last_success_at;
            status.pending = pending;
            news
        });
        #[cfg(feature = "simulation")]
        if next.run_now {
            self.store.latch(true)?;
        }
        Ok(match enrolment.filter(|_| next.run_now) {
            Some(enrolment) => Planned::Round(Box::new(enrolment)),
            None => Planned::Wait(next.wake_at),
        })
    }

    /// No round is under way any more.
    pub(super) fn ended(&self) {
        self.status.send_modify(|status| (status.running, status.items) = (false, 0));
    }

    async fn round(&mut self, enrolment: &Enrolment) -> Result<sync_round::Report, RoundError> {
        let was_kept = self.way.is_some();
        let transport = self.way_to(enrolment)?;
        let outcome = self.round_over(transport).await;
        if !was_kept || !matches!(&outcome, Err(RoundError::Transport(error)) if error.is_of_the_link()) {
            return outcome;
        }
        // A connection kept from the last round may have died since; that says nothing about a new one.
        self.way = None;
        let transport = self.way_to(enrolment)?;
        self.round_over(transport).await
    }

    /// Tells that a round is under way, and how many items are still to move.
    pub(super) fn progress(&self) -> Result<impl Fn(u32) + use<>, StoreError> {
        let status = self.status.clone();
        let progress = move |items| {
            status.send_modify(|status| (status.running, status.items) = (true, items));
        };
        progress(self.store.pending_count()?);
        Ok(progress)
    }

    async fn round_over(&mut self, transport: Arc<HttpTransport>) -> Result<sync_round::Report, RoundError> {
        let progress = self.progress()?;
        sync_round::run(&self.store, &*transport, &mut self.size, &self.app, progress).await
    }

    fn way_to(&mut self, enrolment: &Enrolment) -> Result<Arc<HttpTransport>, TransportError> {
        if let Some(way) = self.way.as_ref().filter(|way| way.enrolment == *enrolment) {
            return Ok(Arc::clone(&way.transport));
        }
        let transport = Arc::new(HttpTransport::of(enrolment)?);
        self.way = Some(Way { enrolment: enrolment.clone(), transport: Arc::clone(&transport) });
        Ok(transport)
    }

    /// What a round's end means for the next.
    pub(super) fn conclude(
        &mut self,
        outcome: Result<sync_round::Report, RoundError>,
        token: &str,
    ) -> Result<Event, StoreError> {
        #[cfg(feature = "simulation")]
        self.store.latch(false)?;
        match outcome {
            Ok(report) => {
                tracing::info!(?report, "sync round ended");
                self.missed = None;
                if self.status.borrow().problem.is_some() {
                    self.new_way.notify_waiters();
                }
                self.report(None);
                Ok(Event::Succeeded)
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "sync round failed");
                self.way = None;
                let problem = problem_of(&error);
                let is_not_let_in = problem.code == SyncProblemCode::NotRecognized;
                if problem.code == SyncProblemCode::Revoked || (is_not_let_in && deliberate!(AnyRefusalSignsOut)) {
                    sign_out(&self.store, token)?;
                }
                self.report(Some(problem));
                #[cfg(feature = "simulation")]
                self.store.rename_writes(&*self.environment)?;
                Ok(Event::Failed { retry_after: retry_after_of(&error) })
            }
        }
    }

    fn report(&self, problem: Option<SyncProblem>) {
        self.status.send_modify(|status| status.problem = problem);
    }

    async fn sleep_until(&self, wake_at: Option<Timestamp>) {
        match wake_at {
            None => std::future::pending().await,
            Some(at) => {
                let wait = Duration::try_from(at.duration_since(self.environment.now())).unwrap_or_default();
                tokio::time::sleep(wait).await;
            }
        }
    }
}

/// That token is good for nothing any more. Who was enrolled again while the round was under way has another.
pub(crate) fn sign_out(store: &Store, token: &str) -> Result<(), StoreError> {
    let known = store.setting(&settings::ENROLMENT)?;
    match known.filter(|known| known.token == token) {
        Some(known) => {
            #[cfg(feature = "simulation")]
            store.forget_pending()?;
            let revoked = Enrolment { revoked: true, ..known };
            store.set(&settings::ENROLMENT, Some(&revoked))
        }
        None => Ok(()),
    }
}

/// When the server asked to be called again, if it did.
pub(crate) const fn retry_after_of(error: &RoundError) -> Option<Duration> {
    match error {
        RoundError::Transport(TransportError::Refused { retry_after, .. }) => *retry_after,
        _ => None,
    }
}

/// Whether a connection from before may be dead without anybody having been told.
const fn is_new_way(event: Event) -> bool {
    matches!(event, Event::NetworkChanged | Event::Resumed)
}

/// What came while a round was under way.
#[derive(Default)]
struct Meanwhile {
    photos_arrived: bool,
    missed: Option<Event>,
}

/// Waits for a change of network. Whatever else is asked for while a round runs is answered by that round if it ends well;
/// what is written meanwhile is pending after it and gets its own, and so do photos that have arrived.
async fn network_change(inbox: &mut mpsc::UnboundedReceiver<Event>, meanwhile: &mut Meanwhile) {
    loop {
        match inbox.recv().await {
            Some(Event::NetworkChanged) => return,
            Some(event) => {
                meanwhile.photos_arrived |= event == Event::PhotosArrived;
                meanwhile.missed = missed(meanwhile.missed, event);
            }
            None => return std::future::pending().await,
        }
    }
}

/// What is to be done next.
pub(super) enum Planned {
    Round(Box<Enrolment>),
    Wait(Option<Timestamp>),
}

enum Step {
    Ran(Event),
    Wait(Option<Timestamp>),
}

pub(crate) fn jitter() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

const OTHER_SERVER: &str = "Another server answers at this address than the one this device belongs to. Nothing is exchanged \
                            with it, and everything is safe on this device. It is tried again by itself; tell the office.";

const UNTRUSTED: &str = "What answers at the server’s address does not prove that it is this device’s server. Nothing is \
                         exchanged with it, and everything is safe on this device. It is tried again by itself; if this goes \
                         on, tell the office.";

const CHECK_THE_CLOCK: &str = "Check this device's date and time. By its clock the server's certificate is not valid, so nothing \
                               can be sent. Everything is safe on this device. If date and time are right, tell the office \
                               that the server needs a new certificate.";

/// What the operator is told of a failed round.
pub(crate) fn problem_of(error: &RoundError) -> SyncProblem {
    use gatebook_sync::wire::ApiErrorCode as Code;
    let (code, message) = match error {
        RoundError::Store(StoreError::DiskFull(_)) => {
            (SyncProblemCode::Device, "This device is out of space. Free some space; nothing is lost.")
        }
        RoundError::Store(StoreError::OtherServer) => (SyncProblemCode::OtherServer, OTHER_SERVER),
        RoundError::Store(_) => (
            SyncProblemCode::Device,
            "This device could not read or write its records. Restart the app; nothing is lost.",
        ),
        RoundError::Transport(TransportError::NotSent(_) | TransportError::Unreachable(_)) => {
            (SyncProblemCode::Offline, "No way to the server at the moment. Everything is safe on this device.")
        }
        RoundError::Transport(TransportError::Untrusted(_)) => (SyncProblemCode::OtherServer, UNTRUSTED),
        RoundError::Transport(TransportError::CertificateDates(_)) => (SyncProblemCode::DeviceClock, CHECK_THE_CLOCK),
        RoundError::Transport(TransportError::NotOurs(_)) => (
            SyncProblemCode::CaptivePortal,
            "This network answers in place of the server. If it is a guest Wi-Fi, open its sign-in page, or switch it off.",
        ),
        RoundError::Transport(TransportError::Refused { error, .. }) => match error.code {
            Code::Unauthenticated => (
                SyncProblemCode::NotRecognized,
                "The server does not recognize this device just now. Everything is safe on it and is sent as soon as the \
                 server lets it in again; it is tried by itself. If this goes on, tell the office.",
            ),
            Code::OtherServer => (SyncProblemCode::OtherServer, OTHER_SERVER),
            Code::Revoked => (
                SyncProblemCode::Revoked,
                "The office has signed this device out. Your records are safe on it; ask the office for a new code.",
            ),
            // Which of the two is the older, the server can tell.
            Code::ProtocolUnsupported => (SyncProblemCode::UpdateNeeded, error.message.as_str()),
            Code::Malformed
            | Code::TooLarge
            | Code::Forbidden
            | Code::NotFound
            | Code::CodeRefused
            | Code::Busy
            | Code::Internal
            | Code::Unknown => {
                (SyncProblemCode::ServerTrouble, "The server has a problem of its own and is tried again by itself.")
            }
        },
    };
    SyncProblem { code, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use gatebook_sync::wire::{ApiError, ApiErrorCode, Limits, SyncRequest, SyncResponse};

    use super::*;
    use crate::environment::SystemEnvironment;
    use crate::transport::Transport;

    /// A way on which every page comes to the same end.
    struct Ends(TransportError);

    #[async_trait::async_trait]
    impl Transport for Ends {
        async fn sync(&self, _: &SyncRequest) -> Result<SyncResponse, TransportError> {
            Err(self.0.clone())
        }
    }

    #[tokio::test]
    async fn what_a_process_learned_of_the_link_the_next_one_knows_and_a_server_that_is_busy_teaches_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let started = || {
            let store = Arc::new(Store::open(folder.path()).unwrap());
            prepare(Arc::clone(&store), Arc::new(SystemEnvironment), String::new()).unwrap().0
        };
        let first = started().size.limits(None).page_bytes;
        assert_eq!(first, Limits::default().page_bytes);
        let busy = ApiError::new(ApiErrorCode::Busy, "", true);
        for (ends, then) in [
            (TransportError::NotSent(String::new()), first),
            (TransportError::CertificateDates(String::new()), first),
            (TransportError::NotOurs(String::new()), first),
            (TransportError::Refused { status: 503, error: busy, retry_after: None }, first),
            (TransportError::Unreachable(String::new()), first / 4),
            (TransportError::Unreachable(String::new()), first / 16),
        ] {
            let mut scheduler = started();
            let told = ends.to_string();
            sync_round::run(&scheduler.store, &Ends(ends), &mut scheduler.size, "", |_| ()).await.unwrap_err();
            drop(scheduler);
            assert_eq!(started().size.limits(None).page_bytes, then, "{told}");
        }
    }

    #[test]
    fn a_round_that_gets_through_after_one_that_did_not_tells_that_there_is_a_way_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(folder.path()).unwrap());
        let (mut scheduler, handle, _inbox) = prepare(store, Arc::new(SystemEnvironment), String::new()).unwrap();
        let unreachable = || RoundError::Transport(TransportError::Unreachable("simulated".to_owned()));
        let mut told_by = |outcome| {
            let mut waits = std::pin::pin!(handle.new_way());
            assert!(waits.as_mut().now_or_never().is_none());
            scheduler.conclude(outcome, "token").unwrap();
            waits.now_or_never().is_some()
        };
        assert!(!told_by(Ok(sync_round::Report::default())), "nobody had doubted it");
        assert!(!told_by(Err(unreachable())));
        assert!(told_by(Ok(sync_round::Report::default())));
    }
}
