//! What is between a device and the server: requests and answers travel as bytes, and meet faults.

use std::future::poll_fn;
use std::sync::Mutex;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use gatebook_client::scheduler::Event;
use gatebook_client::{Transport, TransportError};
use gatebook_sync::wire::{ApiError, ApiErrorCode, SyncRequest, SyncResponse};

use super::identity::false_revocation;
use super::{Happening, Run, World};
use crate::clock::{Instant, SECOND};
use crate::dice::Dice;
use crate::kill::{Moment, Who};
use crate::script::LinkFault;
use crate::tally::Invariant;

/// After that long without an answer a device gives up.
const GIVES_UP: Instant = 120 * SECOND;

/// A device's end of the link.
#[derive(Default)]
pub(crate) struct Line {
    state: Mutex<LineState>,
}

#[derive(Default)]
struct LineState {
    outgoing: Option<SyncRequest>,
    answer: Option<Answer>,
}

/// What a device hears.
pub(crate) type Answer = Result<SyncResponse, TransportError>;

impl Line {
    fn take_outgoing(&self) -> Option<SyncRequest> {
        self.state.lock().expect("nobody panics with a line").outgoing.take()
    }

    fn put_answer(&self, answer: Answer) {
        self.state.lock().expect("nobody panics with a line").answer = Some(answer);
    }
}

#[async_trait]
impl Transport for Line {
    async fn sync(&self, request: &SyncRequest) -> Result<SyncResponse, TransportError> {
        self.state.lock().expect("nobody panics with a line").outgoing = Some(request.clone());
        poll_fn(|_| match self.state.lock().expect("nobody panics with a line").answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => Poll::Pending,
        })
        .await
    }
}

/// A request on its way.
pub(crate) struct Travelling {
    device: usize,
    ticket: u64,
    token: String,
    nonce: String,
    bytes: Vec<u8>,
    /// What it still meets.
    fault: Option<LinkFault>,
    /// A copy that the network made; nobody waits for its answer.
    is_copy: bool,
}

impl World<'_> {
    /// Sends what the device's round has to send.
    pub(crate) fn send(&mut self, device: usize) -> Run {
        let now = self.time.now();
        let sim = &mut self.devices[device];
        let Some(round) = sim.open.as_mut().and_then(|open| open.round.as_mut()) else { return Ok(()) };
        let Some(mut request) = round.line.take_outgoing() else { return Ok(()) };
        let is_plain = request.reoffer.is_empty() && request.repair.is_empty();
        round.sent = is_plain.then(|| request.clone());
        sim.ticket += 1;
        let (ticket, token) = (sim.ticket, sim.token.clone());
        let nonce = format!("{device}.{ticket}");
        round.nonce.clone_from(&nonce);
        if sim.is_outdated {
            request.protocol = 0;
        }
        let bytes = serde_json::to_vec(&request).expect("contract types are always JSON");
        let signal = sim.has_signal(now);
        let fault = if signal { sim.faults.pop_front() } else { None };
        let way = sim_latency(sim) / 2;
        let too_small = sim.small.filter(|(most, until)| bytes.len() > *most && now < *until);
        if !request.reoffer.is_empty() {
            self.story.tell(now, || {
                let offered: Vec<_> = request
                    .reoffer
                    .iter()
                    .map(|state| format!("{} as {}", self.story.record(state.id), self.story.write(state.write_id)))
                    .collect();
                format!("{} offers again {}", self.devices[device].name, offered.join(", "))
            });
        }
        if !request.push.is_empty() {
            self.story.tell(now, || {
                let pushed: Vec<_> = request
                    .push
                    .iter()
                    .map(|push| format!("{} as {}", self.story.record(push.id), self.story.write(push.write_id)))
                    .collect();
                let name = self.devices[device].name;
                format!("{name} sends {}", pushed.join(", "))
            });
        }
        let life = self.host.life;
        self.after(GIVES_UP, Happening::Answered { device, ticket, answer: Box::new(lost("timed out")), life });
        if !signal {
            return self.answer_after(device, ticket, SECOND, lost("no signal"));
        }
        if too_small.is_some() {
            self.tally.fault("request too large for something on the way");
            return self.answer_after(device, ticket, way, refused(413, ApiErrorCode::TooLarge));
        }
        let travelling = |fault, is_copy| {
            let (token, nonce, bytes) = (token.clone(), nonce.clone(), bytes.clone());
            Happening::Arrives(Box::new(Travelling { device, ticket, token, nonce, bytes, fault, is_copy }))
        };
        if let Some(fault) = fault {
            self.tally.fault(fault.kind());
            let name = self.devices[device].name;
            self.story.tell(now, || format!("fault: {} ({name})", fault.kind()));
        }
        match fault {
            Some(LinkFault::RequestLost { is_told: true }) => {
                self.answer_after(device, ticket, way, lost("connection reset"))
            }
            Some(LinkFault::RequestCut) => {
                self.check_cut(&bytes, ticket, |cut| serde_json::from_slice::<SyncRequest>(cut).is_ok())?;
                self.answer_after(device, ticket, way, lost("connection reset"))
            }
            Some(LinkFault::RequestLost { is_told: false }) => Ok(()),
            Some(LinkFault::RequestRepeated { after }) => {
                self.after(way, travelling(None, false));
                self.after(way + after, travelling(None, true));
                Ok(())
            }
            Some(LinkFault::RequestDelayed { by }) => {
                self.after(way + by, travelling(None, false));
                Ok(())
            }
            Some(LinkFault::RequestLate { by }) => {
                self.after(way + by, travelling(None, true));
                self.answer_after(device, ticket, way, lost("connection reset"))
            }
            Some(LinkFault::Portal) => {
                self.answer_after(device, ticket, way, Err(TransportError::NotOurs("a sign-in page".to_owned())))
            }
            Some(LinkFault::Busy) => self.answer_after(device, ticket, way, refused(503, ApiErrorCode::Busy)),
            Some(LinkFault::Unknown) => {
                self.answer_after(device, ticket, way, refused(401, ApiErrorCode::Unauthenticated))
            }
            Some(LinkFault::FalseRevocation { is_signed }) => {
                let error = false_revocation(self.devices[device].id, &nonce, is_signed);
                let answer = Err(TransportError::Refused { status: 403, error, retry_after: None });
                self.answer_after(device, ticket, way, answer)
            }
            Some(LinkFault::ServerError) => {
                self.answer_after(device, ticket, way, refused(500, ApiErrorCode::Internal))
            }
            Some(LinkFault::TooLarge { bytes, lasts }) => {
                self.devices[device].small = Some((bytes, now + lasts));
                self.answer_after(device, ticket, way, refused(413, ApiErrorCode::TooLarge))
            }
            fault => {
                self.after(way, travelling(fault, false));
                Ok(())
            }
        }
    }

    /// Of a body that is cut at any byte nothing is understood.
    fn check_cut(&mut self, bytes: &[u8], salt: u64, is_whole: impl Fn(&[u8]) -> bool) -> Run {
        let cut = Dice::new(salt, 0xc7).place(bytes.len());
        let is_refused = !is_whole(&bytes[..cut]);
        self.hold(Invariant::NoFailure, is_refused, |_| {
            format!("{cut} of {} bytes were taken for a whole", bytes.len())
        })
    }

    fn answer_after(&mut self, device: usize, ticket: u64, wait: Instant, answer: Answer) -> Run {
        let life = self.host.life;
        self.after(wait, Happening::Answered { device, ticket, answer: Box::new(answer), life });
        Ok(())
    }

    /// A request reaches the server.
    pub(crate) fn arrive(&mut self, travelling: Travelling) -> Run {
        let Travelling { device, ticket, token, nonce, bytes, fault, is_copy } = travelling;
        let way = sim_latency(&mut self.devices[device]) / 2;
        if self.host.is_down {
            return self.answer_after(device, ticket, way, lost("connection refused"));
        }
        let request: SyncRequest = {
            let parsed = serde_json::from_slice(&bytes);
            self.works("reading a request", parsed)?
        };
        if let Some(answer) = self.impostors_answer(&token, &nonce, &request) {
            let answer = answer.map_err(|error| TransportError::Refused { status: 401, error, retry_after: None });
            return if is_copy { Ok(()) } else { self.answer_after(device, ticket, way, answer) };
        }
        if let Some(LinkFault::Poison { lasts }) = fault
            && let Some(push) = request.push.last()
        {
            self.oracle.poisoned.insert(push.id, self.time.now() + lasts);
        }
        if request.push.iter().any(|push| self.oracle.is_poisoned(push.id, self.time.now())) {
            self.tally.fault("server cannot handle a record");
            return self.answer_after(device, ticket, way, refused(500, ApiErrorCode::Internal));
        }
        let mut down = SECOND;
        if let Some(LinkFault::ServerKilled { moment, down: lasts }) = fault {
            down = lasts;
            // The first commit of the request, or the end of it if it writes nothing.
            self.desk.arm(Who::Server, 0, moment, ticket ^ 0x5eed);
        }
        let answer = self.handle(device, (&token, &nonce), request, down)?;
        self.desk.disarm(Who::Server);
        let killed_after = matches!(fault, Some(LinkFault::ServerKilled { moment: Moment::AfterCommit, .. }));
        let Some(answer) = answer.filter(|_| !killed_after) else {
            return self.answer_after(device, ticket, way, lost("connection reset"));
        };
        if is_copy {
            return Ok(());
        }
        let answer = match answer {
            Ok(response) => {
                let bytes = serde_json::to_vec(&response).expect("contract types are always JSON");
                let parsed = serde_json::from_slice(&bytes);
                Ok(self.works("reading an answer", parsed)?)
            }
            Err(error) => {
                let expected = !matches!(error.code, ApiErrorCode::Internal | ApiErrorCode::Malformed);
                self.hold(Invariant::NoFailure, expected, |_| format!("the server answered {error:?}"))?;
                refused_as(error)
            }
        };
        match fault {
            Some(LinkFault::ReplyLost { is_told: true }) => {
                self.answer_after(device, ticket, way, lost("connection reset"))
            }
            Some(LinkFault::ReplyCut) => {
                if let Ok(answer) = &answer {
                    let bytes = serde_json::to_vec(answer).expect("contract types are always JSON");
                    self.check_cut(&bytes, ticket, |cut| serde_json::from_slice::<SyncResponse>(cut).is_ok())?;
                }
                self.answer_after(device, ticket, way, lost("connection reset"))
            }
            Some(LinkFault::ReplyLost { is_told: false }) => Ok(()),
            Some(LinkFault::ReplyDelayed { by }) => self.answer_after(device, ticket, way + by, answer),
            Some(LinkFault::RoundCut { settles }) => {
                self.devices[device].cuts = Some((ticket, settles));
                self.answer_after(device, ticket, way, answer)
            }
            _ => self.answer_after(device, ticket, way, answer),
        }
    }

    /// A device hears of its request, from the server as it was in that life.
    pub(crate) fn answered(&mut self, device: usize, ticket: u64, answer: Answer, life: u32) -> Run {
        let sim = &mut self.devices[device];
        let Some(open) = &mut sim.open else { return Ok(()) };
        let Some(round) = open.round.as_ref().filter(|_| sim.ticket == ticket) else { return Ok(()) };
        if let Some((_, settles)) = sim.cuts.take_if(|(cut, _)| *cut == ticket) {
            if let (true, Some(sent), Ok(answer)) = (settles, &round.sent, answer) {
                open.late = Some((sent.clone(), answer, life));
            }
            return self.cut(device);
        }
        // From here on the answer is being acted on; what else comes for this request comes too late.
        sim.ticket += 1;
        let answer = match answer {
            Err(TransportError::Refused { status, error, retry_after }) => {
                let error = round.due.believed(error, &round.nonce);
                Err(TransportError::Refused { status, error, retry_after })
            }
            answer => answer,
        };
        round.line.put_answer(answer);
        self.go_on(device)?;
        self.heard_of_life(device, life)
    }

    /// The device has no signal for a while.
    pub(crate) fn lose_signal(&mut self, device: usize, lasts: Instant) -> Run {
        self.tally.fault("no signal");
        let sim = &mut self.devices[device];
        sim.no_signal_until = self.time.now() + lasts;
        let (name, seconds) = (sim.name, lasts / SECOND);
        self.story.tell(self.time.now(), || format!("{name} loses its signal for {seconds} s"));
        if let Some(open) = &sim.open {
            open.device.notify(Event::NetworkChanged);
        }
        self.pump(device)
    }
}

/// How long a round trip takes this time.
fn sim_latency(sim: &mut super::SimDevice) -> Instant {
    sim.latency + i64::try_from(sim.dice.below(200_000)).expect("small")
}

fn lost(how: &str) -> Answer {
    Err(TransportError::Unreachable(how.to_owned()))
}

fn refused(status: u16, code: ApiErrorCode) -> Answer {
    let error = ApiError::new(code, "simulated", true);
    let retry_after = (code == ApiErrorCode::Busy).then_some(Duration::from_secs(5));
    Err(TransportError::Refused { status, error, retry_after })
}

fn refused_as(error: ApiError) -> Answer {
    let status = match error.code {
        ApiErrorCode::Unauthenticated => 401,
        ApiErrorCode::Revoked => 403,
        ApiErrorCode::TooLarge => 413,
        _ => 400,
    };
    Err(TransportError::Refused { status, error, retry_after: None })
}

impl LinkFault {
    /// Its name in the tally.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::RequestLost { .. } => "request lost",
            Self::RequestRepeated { .. } => "request repeated, the copy late",
            Self::RequestDelayed { .. } => "request delayed",
            Self::RequestLate { .. } => "request told lost, and there later",
            Self::RequestCut => "request cut in the middle",
            Self::ReplyLost { .. } => "reply lost",
            Self::ReplyDelayed { .. } => "reply delayed",
            Self::ReplyCut => "reply cut in the middle",
            Self::RoundCut { settles: true } => "round cut, its answer written late",
            Self::RoundCut { settles: false } => "round cut",
            Self::Portal => "something else answered",
            Self::Busy => "server busy",
            Self::Unknown => "device not recognized",
            Self::FalseRevocation { .. } => "revocation that nobody proves",
            Self::ServerError => "server error",
            Self::TooLarge { .. } => "page too large for something on the way",
            Self::Poison { .. } => "record poisoned",
            Self::ServerKilled { moment: Moment::BeforeCommit, .. } => "server killed before a commit",
            Self::ServerKilled { moment: Moment::AfterCommit, .. } => "server killed after a commit",
            Self::ServerKilled { moment: Moment::PowerLoss, .. } => "server lost power in a commit",
            Self::ServerKilled { moment: Moment::AtFile, .. } => "server killed at a file",
        }
    }
}
