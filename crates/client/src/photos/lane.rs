//! The lane in which photos are sent and let go, beside the sync round: neither waits for the other. What begins a round
//! begins a look here too.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::off_thread::off_thread;
use super::upload::UploadError;
use super::{Network, PhotoTransport, Photos, Uploaded};
use crate::round_lock::{Lane, RoundLock};
use crate::scheduler::Event;
use crate::store::{Enrolment, HeldPhoto, settings};
use crate::transport::{HttpTransport, TransportError};

/// A change of local state is looked at this long after it, so that a burst is one look.
pub(super) const DEBOUNCE: Duration = Duration::from_secs(2);
/// Without any change the lane looks this often.
pub(super) const IDLE: Duration = Duration::from_secs(60);
/// After a failure: this long, doubling with each further one …
const FIRST_BACKOFF: Duration = Duration::from_secs(5);
/// … up to this, whatever the server asks for.
const LONGEST_BACKOFF: Duration = Duration::from_secs(15 * 60);

/// How the rest of the device reaches the lane.
#[derive(Debug, Clone)]
pub(crate) struct LaneHandle(mpsc::UnboundedSender<Event>);

impl LaneHandle {
    /// Tells the lane what happened.
    pub(crate) fn notify(&self, event: Event) {
        // Photos that are being closed need to know of nothing.
        let _ = self.0.send(event);
    }

    /// A lane in which nothing moves by itself, and what it is told.
    #[cfg(feature = "simulation")]
    pub(crate) fn by_hand() -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (events, inbox) = mpsc::unbounded_channel();
        (Self(events), inbox)
    }
}

/// The way to a server, kept from round to round.
struct Way {
    enrolment: Enrolment,
    transport: HttpTransport,
}

/// Starts the lane on the current runtime. It ends with the photos, and tells `arrived` whenever some have.
pub(crate) fn spawn(photos: &Arc<Photos>, arrived: impl Fn() + Send + Sync + 'static) -> LaneHandle {
    let (events, inbox) = mpsc::unbounded_channel();
    tokio::spawn(run(Arc::downgrade(photos), photos.store.changes(), inbox, arrived));
    LaneHandle(events)
}

async fn run(
    photos: Weak<Photos>,
    mut changes: watch::Receiver<u64>,
    mut inbox: mpsc::UnboundedReceiver<Event>,
    arrived: impl Fn() + Send + Sync,
) {
    let (mut failures, mut way) = (0_u32, None);
    loop {
        changes.mark_unchanged();
        let mut asked_for = false;
        let outcome = tokio::select! {
            outcome = round(&photos, &mut way, &arrived) => Some(outcome),
            // What is sent is lost with its link or would be faster over the new one; the server knows how far it came.
            () = network_change(&mut inbox, &mut asked_for) => None,
        };
        let Some(open) = photos.upgrade() else { return };
        open.sending_ended();
        let came_further = open.came_further.swap(false, Ordering::Relaxed);
        drop(open);
        let (wait, asked) = match outcome {
            None => {
                way = None;
                continue;
            }
            Some(Ok(())) => {
                failures = 0;
                (IDLE, Duration::ZERO)
            }
            Some(Err(error)) => {
                // A link that breaks again and again and still carries something is worth coming back to.
                failures = if came_further { 1 } else { failures.saturating_add(1) };
                tracing::info!(%error, failures, "photos wait");
                if asked_for {
                    continue;
                }
                let asked = asked(&error);
                (pause(failures, asked), asked)
            }
        };
        let ended = Instant::now();
        let due = tokio::time::sleep_until(ended + wait);
        tokio::pin!(due);
        loop {
            tokio::select! {
                () = &mut due => break,
                changed = changes.changed(), if failures == 0 => match changed {
                    Ok(()) => {
                        tokio::time::sleep(DEBOUNCE).await;
                        break;
                    }
                    Err(_) => return,
                },
                event = inbox.recv() => match event {
                    None => return,
                    Some(event) => {
                        if is_new_way(event) {
                            way = None;
                        }
                        if begins(event, ended.elapsed() >= asked) {
                            break;
                        }
                    }
                },
            }
        }
    }
}

/// Whether the lane looks at once. Only a person may come before the time that the server asked for.
pub(super) const fn begins(event: Event, server_may_be_asked: bool) -> bool {
    match event {
        Event::Manual => true,
        Event::Started | Event::Resumed | Event::NetworkChanged => server_may_be_asked,
        Event::LocalWrite
        | Event::PhotosArrived
        | Event::Nudged
        | Event::Timer
        | Event::Succeeded
        | Event::Failed { .. } => false,
    }
}

/// Whether a connection from before may be dead without anybody having been told.
const fn is_new_way(event: Event) -> bool {
    matches!(event, Event::NetworkChanged | Event::Resumed)
}

/// Waits for a change of network. Whatever else is asked for is answered by the look that is under way, unless that fails:
/// then what a person asked for meanwhile gets a look of its own.
async fn network_change(inbox: &mut mpsc::UnboundedReceiver<Event>, asked_for: &mut bool) {
    loop {
        match inbox.recv().await {
            Some(Event::NetworkChanged) => return,
            Some(event) => *asked_for |= event == Event::Manual,
            None => return std::future::pending().await,
        }
    }
}

/// One look: what may go goes, what waits is sent.
async fn round(photos: &Weak<Photos>, way: &mut Option<Way>, arrived: &impl Fn()) -> Result<(), UploadError> {
    let Some(photos) = photos.upgrade() else { return Ok(()) };
    let keeper = Arc::clone(&photos);
    let to_do = off_thread(move || keeper.to_do()).await.map_err(super::PhotoError::from)??;
    let Some((enrolment, to_do)) = to_do else { return Ok(()) };
    if way.as_ref().is_none_or(|way| way.enrolment != enrolment) {
        *way = Some(Way { transport: HttpTransport::of(&enrolment)?, enrolment });
    }
    let Some(way) = way else { unreachable!("just found") };
    if photos.look(&way.transport, to_do).await?.photos > 0 {
        arrived();
    }
    Ok(())
}

/// What a look has to do with the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct ToDo {
    /// Photos' time is over.
    pub(super) lets_go: bool,
    /// Photos wait to be sent.
    pub(super) sends: bool,
}

/// How long the server asked to be left alone.
pub(super) fn asked(error: &UploadError) -> Duration {
    match error {
        UploadError::Link(TransportError::Refused { retry_after, .. }) => {
            retry_after.unwrap_or_default().min(LONGEST_BACKOFF)
        }
        _ => Duration::ZERO,
    }
}

/// How long the lane rests after so many failures.
pub(super) fn pause(failures: u32, asked: Duration) -> Duration {
    FIRST_BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(16)).max(asked).min(LONGEST_BACKOFF)
}

impl Photos {
    /// Says what the device is connected by; until then bytes are taken to cost.
    pub fn set_network(&self, network: Network) {
        *self.network.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = network;
    }

    /// What there is to do with which server, if anything.
    pub(super) fn to_do(&self) -> Result<Option<(Enrolment, ToDo)>, super::PhotoError> {
        self.claim_files()?;
        let enrolment: Option<Enrolment> = self.store.setting(&settings::ENROLMENT)?;
        let to_do = ToDo { lets_go: !self.over()?.is_empty(), sends: self.has_waiting()? };
        Ok(enrolment.filter(|enrolment| !enrolment.revoked && (to_do.lets_go || to_do.sends)).map(|it| (it, to_do)))
    }

    /// One look's work with the server.
    pub(super) async fn look(
        self: &Arc<Self>,
        link: &dyn PhotoTransport,
        to_do: ToDo,
    ) -> Result<Uploaded, UploadError> {
        let let_go = if to_do.lets_go { self.let_go(link).await.map(drop) } else { Ok(()) };
        if let Err(UploadError::Link(error)) = &let_go
            && error.refusal().is_none()
        {
            return let_go.map(|()| Uploaded::default());
        }
        // What ails photos that may go keeps none from being sent.
        let sent = if to_do.sends { self.send_waiting(link).await? } else { Uploaded::default() };
        let_go.map(|()| sent)
    }

    /// Whether any photo that can be sent is not yet seen to be at the server.
    pub(super) fn has_waiting(&self) -> Result<bool, super::PhotoError> {
        Ok(self.store.held_photos()?.iter().any(HeldPhoto::waits))
    }

    /// Sends what waits, unless nothing does or another process of this device is at it already.
    ///
    /// # Errors
    /// As [`Self::upload`].
    pub(crate) async fn send_waiting(&self, link: &dyn PhotoTransport) -> Result<Uploaded, UploadError> {
        if !self.has_waiting()? {
            return Ok(Uploaded::default());
        }
        let Some(_lock) = RoundLock::try_take(self.store.folder(), Lane::Photos) else {
            return Ok(Uploaded::default());
        };
        let network = *self.network.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.upload(link, network).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_back_off_to_a_quarter_of_an_hour_and_no_further() {
        assert_eq!([1, 2, 3, 1_000].map(|failures| pause(failures, Duration::ZERO).as_secs()), [5, 10, 20, 900]);
    }

    #[test]
    fn what_begins_a_sync_round_begins_a_look_but_before_the_time_the_server_asked_for_only_a_person_does() {
        for event in [Event::Started, Event::Resumed, Event::NetworkChanged] {
            assert!(begins(event, true) && !begins(event, false), "{event:?}");
        }
        assert!(begins(Event::Manual, false));
        assert!(!begins(Event::LocalWrite, true), "a burst of saves is looked at once, by the change of state");
    }
}
