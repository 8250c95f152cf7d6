//! What is between a device's photos and the server: chunks travel in virtual time, at the link's rate, and meet faults.

use std::cell::OnceCell;
use std::future::{Future, poll_fn};
use std::sync::Mutex;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use gatebook_client::TransportError;
use gatebook_client::photos::{NewUpload, PhotoTransport};
use gatebook_server::{NewByHand, Refused, SentByHand, Server, checksum_by_hand};
use gatebook_sync::wire::{ApiError, ApiErrorCode, HaveRequest, HaveResponse};
use uuid::Uuid;

use super::lane::{Chunk, PhotoEvent};
use super::{Happening, Run, World};
use crate::clock::{Instant, SECOND};
use crate::kill::Who;
use crate::script::{PhotoFault, Strikes};
use crate::tally::Invariant;

/// After that long without an answer a device gives up.
const GIVES_UP: Instant = 120 * SECOND;

/// What a device asks.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    Have(HaveRequest),
    Begin { new: NewUpload, bytes: Bytes },
    Offset(Uuid),
    Send { upload: Uuid, offset: u64, bytes: Bytes },
    Fetch(String),
}

/// What it is told.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    Have(HaveResponse),
    Begun(Option<(Uuid, u64)>),
    Stands(Option<u64>),
    Photo(Bytes),
}

pub(crate) type PhotoAnswer = Result<Told, TransportError>;

impl Asked {
    /// Where the bytes begin that it brings, and they.
    fn brings(&self) -> Option<(u64, &Bytes)> {
        match self {
            Self::Begin { bytes, .. } => Some((0, bytes)),
            Self::Send { offset, bytes, .. } => Some((*offset, bytes)),
            Self::Have(_) | Self::Offset(_) | Self::Fetch(_) => None,
        }
    }

    fn length(&self) -> u64 {
        self.brings().map_or(0, |(_, bytes)| bytes.len() as u64)
    }
}

/// A device's end of the link.
#[derive(Default)]
pub(crate) struct PhotoLine {
    state: Mutex<(Option<Asked>, Option<PhotoAnswer>)>,
}

impl PhotoLine {
    pub(crate) fn take_asked(&self) -> Option<Asked> {
        self.state.lock().expect("nobody panics with a line").0.take()
    }

    pub(crate) fn put_answer(&self, answer: PhotoAnswer) {
        self.state.lock().expect("nobody panics with a line").1 = Some(answer);
    }

    async fn ask(&self, asked: Asked) -> PhotoAnswer {
        self.state.lock().expect("nobody panics with a line").0 = Some(asked);
        poll_fn(|_| match self.state.lock().expect("nobody panics with a line").1.take() {
            Some(answer) => Poll::Ready(answer),
            None => Poll::Pending,
        })
        .await
    }
}

#[async_trait]
impl PhotoTransport for PhotoLine {
    async fn have(&self, request: &HaveRequest) -> Result<HaveResponse, TransportError> {
        match self.ask(Asked::Have(request.clone())).await? {
            Told::Have(answer) => Ok(answer),
            other => unreachable!("{other:?} is no answer to that"),
        }
    }

    async fn begin(&self, new: &NewUpload, bytes: Bytes) -> Result<Option<(Uuid, u64)>, TransportError> {
        match self.ask(Asked::Begin { new: new.clone(), bytes }).await? {
            Told::Begun(upload) => Ok(upload),
            other => unreachable!("{other:?} is no answer to that"),
        }
    }

    async fn offset(&self, upload: Uuid) -> Result<Option<u64>, TransportError> {
        match self.ask(Asked::Offset(upload)).await? {
            Told::Stands(at) => Ok(at),
            other => unreachable!("{other:?} is no answer to that"),
        }
    }

    async fn send(&self, upload: Uuid, offset: u64, bytes: Bytes) -> Result<Option<u64>, TransportError> {
        match self.ask(Asked::Send { upload, offset, bytes }).await? {
            Told::Stands(at) => Ok(at),
            other => unreachable!("{other:?} is no answer to that"),
        }
    }

    async fn fetch(&self, sha256: &str) -> Result<Bytes, TransportError> {
        match self.ask(Asked::Fetch(sha256.to_owned())).await? {
            Told::Photo(bytes) => Ok(bytes),
            other => unreachable!("{other:?} is no answer to that"),
        }
    }
}

/// A request on its way.
pub(crate) struct PhotoTravelling {
    device: usize,
    ticket: u64,
    token: String,
    asked: Asked,
    /// What it still meets.
    fault: Option<PhotoFault>,
    /// A copy that the network made; nobody waits for its answer.
    is_copy: bool,
}

/// Waits for what the server does. One thing at a time is under way, so that it comes out the same however threads run.
pub(crate) fn wait_for<T>(work: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: OnceCell<&'static tokio::runtime::Runtime> = const { OnceCell::new() };
    }
    let runtime = RUNTIME.with(|runtime| {
        *runtime.get_or_init(|| {
            let built = tokio::runtime::Builder::new_current_thread().enable_time().max_blocking_threads(1).build();
            // For as long as the thread lives.
            Box::leak(Box::new(built.expect("a runtime on this thread")))
        })
    });
    runtime.block_on(work)
}

impl World<'_> {
    /// Sends what the device's lane has to send.
    pub(crate) fn send_photo_request(&mut self, device: usize) -> Run {
        let now = self.time.now();
        let sim = &mut self.devices[device];
        let Some((_, line)) = sim.open.as_ref().and_then(|open| open.lane.round.as_ref()) else { return Ok(()) };
        let Some(asked) = line.take_asked() else { return Ok(()) };
        sim.photos.ticket += 1;
        let (ticket, token) = (sim.photos.ticket, sim.token.clone());
        let signal = sim.has_signal(now);
        let about = match &asked {
            Asked::Begin { new, .. } => Some(new.sha256.clone()),
            Asked::Send { upload, .. } | Asked::Offset(upload) => self.oracle.photos.uploads.get(upload).cloned(),
            Asked::Have(_) | Asked::Fetch(_) => None,
        };
        let is_met = |at: Strikes| match (at, asked.brings()) {
            (Strikes::Any, _) | (Strikes::Bytes, Some(_)) => true,
            (Strikes::LastBytes, Some((offset, bytes))) => {
                let copy = about.as_ref().and_then(|sha256| self.oracle.photos.copies.get(&(device, sha256.clone())));
                copy.is_some_and(|copy| offset + bytes.len() as u64 == copy.size)
            }
            (Strikes::Bytes | Strikes::LastBytes, _) => false,
        };
        let strikes = signal && sim.photos.faults.front().is_some_and(|(_, at)| is_met(*at));
        let fault = if strikes { sim.photos.faults.pop_front().map(|(fault, _)| fault) } else { None };
        let mut way = sim.latency / 2;
        if let Asked::Have(request) = &asked {
            sim.photos.asked.clone_from(&request.sha256);
        }
        if let Asked::Offset(_) = &asked {
            sim.photos.asked = about.iter().cloned().collect();
        }
        if let Some((offset, bytes)) = asked.brings() {
            let length = bytes.len() as u64;
            way += i64::try_from(length).expect("small") * SECOND / sim.photos.rate;
            if let Some(sha256) = about {
                let name = sim.name;
                self.story
                    .tell(now, || format!("{name} sends {length} bytes from {offset} on of photo {}", &sha256[..8]));
                sim.photos.chunk =
                    Some(Chunk { sha256: sha256.clone(), length, is_struck: fault.is_some() || !signal });
                self.check_sent(device, &sha256, length)?;
            }
        }
        self.photo_told_after(device, ticket, GIVES_UP, lost("timed out"));
        if !signal {
            self.photo_told_after(device, ticket, SECOND, lost("no signal"));
            return Ok(());
        }
        if let Some(fault) = fault {
            self.tally.fault(fault.kind());
            self.oracle.photos.disturb(device, self.time.now());
            let name = self.devices[device].name;
            self.story.tell(now, || format!("fault: {} ({name})", fault.kind()));
        }
        let travelling = |fault, is_copy| {
            let (token, asked) = (token.clone(), asked.clone());
            let travelling = PhotoTravelling { device, ticket, token, asked, fault, is_copy };
            Happening::Photo(PhotoEvent::Arrives(Box::new(travelling)))
        };
        match fault {
            Some(PhotoFault::RequestLost { is_told: true }) => {
                self.photo_told_after(device, ticket, way, lost("connection reset"));
            }
            Some(PhotoFault::RequestLost { is_told: false }) => {}
            Some(PhotoFault::RequestRepeated { after }) => {
                self.after(way, travelling(None, false));
                self.after(way + after, travelling(None, true));
            }
            Some(PhotoFault::RequestDelayed { by }) => self.after(way + by, travelling(None, false)),
            Some(PhotoFault::Portal) => {
                let answer = Err(TransportError::NotOurs("a sign-in page".to_owned()));
                self.photo_told_after(device, ticket, way, answer);
            }
            Some(PhotoFault::Busy) => self.photo_told_after(device, ticket, way, refused(503, ApiErrorCode::Busy)),
            Some(PhotoFault::ServerError) => {
                self.photo_told_after(device, ticket, way, refused(500, ApiErrorCode::Internal));
            }
            Some(PhotoFault::LaneCut) => {
                self.after(way / 2, Happening::Photo(PhotoEvent::NetworkChanges { device, ticket }));
                self.after(way, travelling(None, true));
            }
            fault => self.after(way, travelling(fault, false)),
        }
        Ok(())
    }

    fn photo_told_after(&mut self, device: usize, ticket: u64, wait: Instant, answer: PhotoAnswer) {
        self.after(wait, Happening::Photo(PhotoEvent::Answered { device, ticket, answer: Box::new(answer) }));
    }

    /// A request reaches the server.
    pub(crate) fn photo_arrives(&mut self, travelling: PhotoTravelling) -> Run {
        let PhotoTravelling { device, ticket, token, mut asked, fault, is_copy } = travelling;
        let way = self.devices[device].latency / 2;
        if self.host.is_down || self.host.impostor.is_some() {
            self.oracle.photos.disturb(device, self.time.now());
            self.photo_told_after(device, ticket, way, lost("connection refused"));
            return Ok(());
        }
        let (mut down, mut length, mut is_cut) = (SECOND, 0, false);
        if let Asked::Send { bytes, .. } | Asked::Begin { bytes, .. } = &mut asked {
            length = bytes.len() as u64;
            match fault {
                Some(PhotoFault::RequestCut { at }) => {
                    let through = usize::try_from(length * at / 1_000).expect("small");
                    *bytes = bytes.slice(..through);
                    is_cut = true;
                }
                Some(PhotoFault::Damaged) => {
                    let mut damaged = bytes.to_vec();
                    damaged[0] ^= 1;
                    let intact = std::mem::replace(bytes, damaged.into());
                    return self.photo_is_asked(
                        device,
                        ticket,
                        &token,
                        asked,
                        (length, Some(intact)),
                        false,
                        down,
                        way,
                    );
                }
                _ => {}
            }
        } else if matches!(fault, Some(PhotoFault::RequestCut { .. })) {
            self.photo_told_after(device, ticket, way, lost("connection reset"));
            return Ok(());
        }
        if let Some(PhotoFault::ServerKilled { moment, commits_to_go, down: lasts }) = fault {
            down = lasts;
            self.desk.arm(Who::Server, commits_to_go, moment, ticket ^ 0x5eed);
        }
        let is_unheard = is_copy || matches!(fault, Some(PhotoFault::ReplyLost { is_told: false }));
        let is_lost = is_cut || matches!(fault, Some(PhotoFault::ReplyLost { is_told: true }));
        if is_lost {
            self.photo_is_asked(device, ticket, &token, asked, (length, None), true, down, way)?;
            self.photo_told_after(device, ticket, way, lost("connection reset"));
            return Ok(());
        }
        self.photo_is_asked(device, ticket, &token, asked, (length, None), is_unheard, down, way)
    }

    /// Has the server answer. `length` bytes were sent, which were those beside it if others came.
    #[expect(clippy::too_many_arguments, reason = "what a request is made of")]
    fn photo_is_asked(
        &mut self,
        device: usize,
        ticket: u64,
        token: &str,
        asked: Asked,
        (length, intact): (u64, Option<Bytes>),
        is_unheard: bool,
        down: Instant,
        way: Instant,
    ) -> Run {
        let about = asked.clone();
        let answer = self.on_server(down, |server| wait_for(ask(server, token, asked, length, intact)))?;
        self.desk.disarm(Who::Server);
        let Some(answer) = answer else {
            self.oracle.photos.disturb_all(self.time.now());
            if !is_unheard {
                self.photo_told_after(device, ticket, way, lost("connection reset"));
            }
            return Ok(());
        };
        if let Err(Refused { error, .. }) = &answer {
            if matches!(error.code, ApiErrorCode::Revoked | ApiErrorCode::Unauthenticated) {
                self.oracle.photos.disturb(device, self.time.now());
            }
            let expected = error.code != ApiErrorCode::Internal;
            self.hold(Invariant::NoFailure, expected, |_| format!("the server answered a photo by {error:?}"))?;
        }
        match (&about, &answer) {
            (Asked::Begin { new, .. }, Ok(Told::Begun(Some((upload, at))))) => {
                self.oracle.photos.uploads.insert(*upload, new.sha256.clone());
                self.takes_bytes(device, *upload, *at)?;
            }
            (Asked::Have(request), Ok(Told::Have(answer))) => {
                if request.before_letting_go {
                    self.server_vouches(device, &answer.held);
                }
                let known = answer.unfinished.iter().map(|it| (it.upload_id, it.sha256.clone()));
                self.oracle.photos.uploads.extend(known);
                for sha256 in &answer.held {
                    self.check_held(device, sha256, "it says")?;
                }
            }
            (Asked::Send { upload, .. }, Ok(Told::Stands(Some(at)))) => self.takes_bytes(device, *upload, *at)?,
            (Asked::Offset(upload), Ok(Told::Stands(Some(at)))) => drop(self.stands_at(device, *upload, *at)),
            _ => {}
        }
        if !is_unheard {
            self.devices[device].photos.served_at = self.time.now();
            self.photo_told_after(device, ticket, way, heard(&about, answer));
        }
        Ok(())
    }

    /// An upload has come so far; returns the photo if that is all of it.
    fn stands_at(&mut self, device: usize, upload: Uuid, at: u64) -> Option<String> {
        let sha256 = self.oracle.photos.uploads.get(&upload)?.clone();
        if self.oracle.photos.copies.get(&(device, sha256.clone()))?.size != at {
            return None;
        }
        self.last_change = self.time.now();
        self.story.tell(self.time.now(), || format!("the server has all of photo {}", &sha256[..8]));
        Some(sha256)
    }

    /// The server has just taken bytes of an upload, which has come so far.
    fn takes_bytes(&mut self, device: usize, upload: Uuid, at: u64) -> Run {
        match self.stands_at(device, upload, at) {
            Some(sha256) => self.check_held(device, &sha256, "its last byte was taken"),
            None => Ok(()),
        }
    }

    /// What the server says it holds is in its store at that moment, whatever its disk lost before.
    fn check_held(&mut self, device: usize, sha256: &str, why: &str) -> Run {
        let is_held = self.server_holds(self.devices[device].tenant, sha256)?;
        self.hold(Invariant::PhotosSafe, is_held, |_| {
            format!("the server does not hold photo {}, and {why}", &sha256[..8])
        })
    }

    /// A device hears of its request.
    pub(crate) fn photo_answered(&mut self, device: usize, ticket: u64, answer: &PhotoAnswer) -> Run {
        let sim = &mut self.devices[device];
        let Some(open) = &mut sim.open else { return Ok(()) };
        let Some((_, line)) = open.lane.round.as_ref().filter(|_| sim.photos.ticket == ticket) else { return Ok(()) };
        sim.photos.ticket += 1;
        line.put_answer(answer.clone());
        let chunk = sim.photos.chunk.take();
        self.learn(device, chunk, answer)?;
        self.lane_goes_on(device)?;
        // What is over goes when the server has said that it holds it.
        if matches!(answer, Ok(Told::Have(_))) { self.check_copies(device) } else { Ok(()) }
    }

    /// Has a device's photos do something that needs the server, without letting time pass.
    pub(crate) fn ask_at_once(&mut self, device: usize, line: &PhotoLine) -> Run {
        let Some(asked) = line.take_asked() else { return Ok(()) };
        let (token, signal) = (self.devices[device].token.clone(), self.devices[device].has_signal(self.time.now()));
        if self.host.is_down || !signal {
            line.put_answer(lost("no way to the server"));
            return Ok(());
        }
        let about = asked.clone();
        let length = asked.length();
        let answer = self.on_server(SECOND, |server| wait_for(ask(server, &token, asked, length, None)))?;
        if let (Asked::Have(HaveRequest { before_letting_go: true, .. }), Some(Ok(Told::Have(answer)))) =
            (&about, &answer)
        {
            self.server_vouches(device, &answer.held);
        }
        if let (Asked::Have(request), Some(Ok(Told::Have(answer)))) = (&about, &answer) {
            self.server_says(device, &request.sha256, answer)?;
        }
        line.put_answer(answer.map_or_else(|| lost("connection reset"), |answer| heard(&about, answer)));
        Ok(())
    }
}

/// A request as the server handles it.
async fn ask(server: &Server, token: &str, asked: Asked, length: u64, intact: Option<Bytes>) -> Result<Told, Refused> {
    let sent = |offset, bytes: Bytes| SentByHand {
        offset,
        length,
        checksum: checksum_by_hand(intact.as_ref().unwrap_or(&bytes)),
        bytes,
    };
    Ok(match asked {
        Asked::Have(request) => Told::Have(server.have_by_hand(token, &request).await?),
        Asked::Begin { new: NewUpload { sha256, size, media_type, record_id }, bytes } => {
            let new = NewByHand { sha256, size, media_type, record_id };
            Told::Begun(Some(server.begin_by_hand(token, new, sent(0, bytes)).await?))
        }
        Asked::Offset(upload) => Told::Stands(Some(server.offset_by_hand(token, upload).await?)),
        Asked::Send { upload, offset, bytes } => {
            Told::Stands(Some(server.send_by_hand(token, upload, sent(offset, bytes)).await?))
        }
        Asked::Fetch(sha256) => Told::Photo(server.fetch_by_hand(token, &sha256).await?),
    })
}

/// What the device's transport makes of the server's answer.
fn heard(asked: &Asked, answer: Result<Told, Refused>) -> PhotoAnswer {
    answer.or_else(|Refused { status, error }| match asked {
        // It is not there, or stands elsewhere.
        Asked::Offset(_) | Asked::Send { .. } if matches!(status, 404 | 409 | 410 | 460) => Ok(Told::Stands(None)),
        Asked::Begin { .. } if status == 460 => Ok(Told::Begun(None)),
        _ => {
            let retry_after = (error.code == ApiErrorCode::Busy).then_some(Duration::from_secs(5));
            Err(TransportError::Refused { status, error, retry_after })
        }
    })
}

fn lost(how: &str) -> PhotoAnswer {
    Err(TransportError::Unreachable(how.to_owned()))
}

fn refused(status: u16, code: ApiErrorCode) -> PhotoAnswer {
    let error = ApiError::new(code, "simulated", true);
    let retry_after = (code == ApiErrorCode::Busy).then_some(Duration::from_secs(5));
    Err(TransportError::Refused { status, error, retry_after })
}
