//! Nudges: while somebody looks at the app, one stream is kept open on which the server says that there is news, so that it
//! need not wait for the timer. Only hints: what they say is checked against what is here, and whatever breaks is begun
//! again later.

use std::sync::Arc;
use std::time::Duration;

use gatebook_sync::wire::Nudge;
use reqwest::{Method, StatusCode};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::error::StoreError;
use crate::scheduler::{Event, Handle, jitter};
use crate::store::{Enrolment, Store, settings};
use crate::transport::{HttpTransport, TransportError};

/// The server says something every 25 seconds. After so long without a word the link is dead.
const SILENCE: Duration = Duration::from_secs(60);
/// A stream that held so long was a good one: what ends it is begun again soon.
const GOOD: Duration = Duration::from_secs(60);
/// After a stream that ended: this long, doubling with each further one …
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// … up to this. The timer asks for news meanwhile.
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);
/// Longer than any stream is kept; what ends one is its silence.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// An event of the server's is some hundred bytes.
const LONGEST_EVENT: usize = 64 * 1024;

/// Begins to listen whenever `looked_at` says so, on the current runtime. Ends with the device.
pub(crate) fn spawn(store: Arc<Store>, scheduler: Handle, looked_at: watch::Receiver<bool>) {
    tokio::spawn(run(store, scheduler, looked_at));
}

async fn run(store: Arc<Store>, scheduler: Handle, mut looked_at: watch::Receiver<bool>) {
    let (mut endings, mut changes) = (0_u32, store.changes());
    loop {
        if looked_at.wait_for(|is| *is).await.is_err() {
            return;
        }
        changes.mark_unchanged();
        let enrolment = match store.setting(&settings::ENROLMENT) {
            Ok(enrolment) => enrolment.filter(|enrolment: &Enrolment| !enrolment.revoked),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the device's enrolment cannot be read");
                None
            }
        };
        let Some(enrolment) = enrolment else {
            // Until it is enrolled there is nobody to listen to.
            let lives = tokio::select! {
                changed = changes.changed() => changed.is_ok(),
                put_away = looked_at.wait_for(|is| !*is) => put_away.is_ok(),
            };
            if lives {
                continue;
            }
            return;
        };
        let begun = Instant::now();
        tokio::select! {
            ended = listen(&store, &scheduler, &enrolment) => {
                tracing::debug!(reason = %ended, "no longer told of news");
            }
            put_away = looked_at.wait_for(|is| !*is) => match put_away {
                Ok(_) => {
                    endings = 0;
                    continue;
                }
                Err(_) => return,
            },
        }
        endings = if begun.elapsed() >= GOOD { 1 } else { endings.saturating_add(1) };
        match rest(pause(endings, jitter()), &scheduler, &mut looked_at).await {
            Rested::Enough => {}
            Rested::News => endings = 0,
            Rested::Over => return,
        }
    }
}

/// How a pause ended.
#[derive(Debug, PartialEq, Eq)]
enum Rested {
    /// Its time is up.
    Enough,
    /// There may be another way to the server, or the app was put away: what failed before says nothing now.
    News,
    /// The device is closed.
    Over,
}

async fn rest(pause: Duration, scheduler: &Handle, looked_at: &mut watch::Receiver<bool>) -> Rested {
    tokio::select! {
        () = tokio::time::sleep(pause) => Rested::Enough,
        () = scheduler.new_way() => Rested::News,
        put_away = looked_at.wait_for(|is| !*is) => if put_away.is_ok() { Rested::News } else { Rested::Over },
    }
}

/// How long to rest after so many streams that soon ended; `jitter`, from 0 to 1, spreads devices apart.
fn pause(endings: u32, jitter: f64) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << endings.saturating_sub(1).min(16)).min(LONGEST_PAUSE);
    doubled.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

/// Why a stream ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("{0}")]
    Transport(#[from] TransportError),
    #[error("the stream broke: {0}")]
    Broken(#[from] reqwest::Error),
    #[error("not a word for a minute")]
    Silent,
    #[error("the server ended it")]
    Over,
    #[error("what came is no stream of events")]
    NoStream,
    #[error("{0}")]
    Store(#[from] StoreError),
}

async fn listen(store: &Store, scheduler: &Handle, enrolment: &Enrolment) -> Ended {
    match follow(store, scheduler, enrolment).await {
        Ok(()) => Ended::Over,
        Err(ended) => ended,
    }
}

async fn follow(store: &Store, scheduler: &Handle, enrolment: &Enrolment) -> Result<(), Ended> {
    let transport = HttpTransport::of(enrolment)?;
    let request = transport.request(Method::GET, "/v1/events").timeout(A_DAY);
    let mut answer = transport.told(request, |_: StatusCode| false).await?;
    let sort = answer.headers().get("content-type").and_then(|sort| sort.to_str().ok()).unwrap_or_default();
    if !sort.starts_with("text/event-stream") {
        return Err(Ended::NoStream);
    }
    let mut events = Events::default();
    loop {
        let Ok(came) = tokio::time::timeout(SILENCE, answer.chunk()).await else { return Err(Ended::Silent) };
        let Some(bytes) = came? else { return Ok(()) };
        for nudge in events.take_in(&bytes)? {
            heed(store, scheduler, nudge).await?;
        }
    }
}

/// Has the scheduler fetch what the device does not have yet. What the round under way brings need not be fetched again.
async fn heed(store: &Store, scheduler: &Handle, nudge: Nudge) -> Result<(), Ended> {
    let mut status = scheduler.status.clone();
    if status.wait_for(|status| !status.running).await.is_err() {
        return Ok(());
    }
    if store.cursor(nudge.scope)?.is_none_or(|cursor| cursor < nudge.seq) {
        scheduler.notify(Event::Nudged);
    }
    Ok(())
}

/// Events as they come, in pieces cut anywhere.
#[derive(Debug, Default)]
struct Events {
    /// What came of an event that is not over.
    begun: Vec<u8>,
}

impl Events {
    /// The nudges that are whole now. Comments, and events this version does not know, are passed over.
    fn take_in(&mut self, bytes: &[u8]) -> Result<Vec<Nudge>, Ended> {
        self.begun.extend_from_slice(bytes);
        let mut nudges = Vec::new();
        while let Some(end) = self.begun.windows(2).position(|pair| pair == b"\n\n") {
            let event: Vec<u8> = self.begun.drain(..end + 2).collect();
            nudges.extend(nudge(&event));
        }
        if self.begun.len() > LONGEST_EVENT {
            return Err(Ended::NoStream);
        }
        Ok(nudges)
    }
}

fn nudge(event: &[u8]) -> Option<Nudge> {
    let event = std::str::from_utf8(event).ok()?;
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim_start);
    if field("event:")? != "nudge" {
        return None;
    }
    serde_json::from_str(field("data:")?).ok()
}

#[cfg(test)]
mod tests {
    use gatebook_sync::Scope;
    use uuid::Uuid;

    use super::*;
    use crate::environment::SystemEnvironment;

    const YARD: Scope = Scope::Yard(Uuid::from_u128(0xa));

    fn event(seq: u64) -> String {
        let data = serde_json::to_string(&Nudge { scope: YARD, seq }).unwrap();
        format!("event: nudge\ndata: {data}\n\n")
    }

    #[test]
    fn nudges_are_read_wherever_the_network_cuts_them() {
        let told = format!(":\n\n{}event: other\ndata: 7\n\n{}", event(4), event(5));
        for at in 0..told.len() {
            let mut events = Events::default();
            let mut seqs = Vec::new();
            for piece in [&told.as_bytes()[..at], &told.as_bytes()[at..]] {
                seqs.extend(events.take_in(piece).unwrap().into_iter().map(|nudge| nudge.seq));
            }
            assert_eq!(seqs, [4, 5], "cut at {at}");
        }
    }

    #[test]
    fn something_without_an_end_is_not_kept() {
        let mut events = Events::default();
        assert!((0..100).any(|_| events.take_in(&[b'x'; 1_000]).is_err()));
    }

    #[tokio::test]
    async fn a_pause_ends_when_there_may_be_another_way_or_the_app_is_put_away() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(folder.path()).unwrap());
        let handle = crate::scheduler::spawn(store, Arc::new(SystemEnvironment), String::new()).unwrap();
        let (looked_at, mut looks) = watch::channel(true);

        for event in [Event::NetworkChanged, Event::Resumed, Event::Manual] {
            let (rested, ()) = tokio::join!(rest(LONGEST_PAUSE, &handle, &mut looks), async { handle.notify(event) });
            assert_eq!(rested, Rested::News, "{event:?}");
        }
        let (rested, _) = tokio::join!(rest(LONGEST_PAUSE, &handle, &mut looks), async { looked_at.send(false) });
        assert_eq!(rested, Rested::News);
        looked_at.send_replace(true);
        let (rested, ()) = tokio::join!(rest(Duration::from_millis(20), &handle, &mut looks), async {
            handle.notify(Event::LocalWrite);
        });
        assert_eq!(rested, Rested::Enough, "a save says nothing of the way");
        drop(looked_at);
        assert_eq!(rest(LONGEST_PAUSE, &handle, &mut looks).await, Rested::Over);
    }

    #[test]
    fn streams_that_end_at_once_are_begun_again_less_and_less_often() {
        assert_eq!([1, 2, 3, 1_000].map(|endings| pause(endings, 1.0).as_secs()), [5, 10, 20, 300]);
        assert_eq!(pause(1, 0.0), Duration::from_millis(2_500));
    }
}
