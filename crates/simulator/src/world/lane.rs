//! A device's lane for photos, run by hand: it lets photos go and sends what waits, beside the rounds of records.

use std::collections::VecDeque;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use gatebook_client::photos::{FreeSpace, LaneByHand, UploadError};
use gatebook_client::scheduler::Event;
use uuid::Uuid;

use super::photo_link::PhotoLine;
use super::{Happening, Run, World};
use crate::clock::Instant;
use crate::dice::Dice;
use crate::script::{PhotoFault, Strikes};
use crate::tally::Invariant;

/// Something about photos that is going to happen.
pub(crate) enum PhotoEvent {
    /// The lane wanted to look then, unless it has planned anew since.
    Look { device: usize, plan: u64 },
    /// A request reaches the server.
    Arrives(Box<super::photo_link::PhotoTravelling>),
    /// A device hears what became of its request.
    Answered { device: usize, ticket: u64, answer: Box<super::photo_link::PhotoAnswer> },
    /// The office notices that the server's disk has lost photos.
    LossIsNoticed,
    /// The network changes under the request of that number.
    NetworkChanges { device: usize, ticket: u64 },
}

/// What a device has for its photos besides its app: it stays when that is killed.
pub(crate) struct PhotoGear {
    /// What its next requests meet, and for which it lies in wait.
    pub faults: VecDeque<(PhotoFault, Strikes)>,
    /// Counts its requests, so that only the newest is answered.
    pub ticket: u64,
    /// Counts its plans, so that only the newest makes it look.
    plan: u64,
    /// When it looks, if nothing happens.
    due: Instant,
    /// Bytes a second that its link carries.
    pub rate: i64,
    pub disk: Arc<Disk>,
    /// Space was short when photos were last made to go.
    pub was_short: bool,
    /// A capture that a kill cut off: the operator does not know whether it is kept.
    pub uncertain: Option<Uuid>,
    /// The chunk that is on its way.
    pub chunk: Option<Chunk>,
    /// When the server gave the answer that is on its way.
    pub served_at: Instant,
    /// Of which photos it has last asked whether the server has them.
    pub asked: Vec<String>,
    /// Its clock has been set forward.
    pub leapt: bool,
}

/// A chunk on its way.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    pub sha256: String,
    pub length: u64,
    /// A fault has struck it.
    pub is_struck: bool,
}

impl PhotoGear {
    pub(crate) fn new(seed: u64, number: usize) -> Self {
        let mut dice = Dice::new(seed, 0x9e00 + number as u64);
        Self {
            faults: VecDeque::new(),
            ticket: 0,
            plan: 0,
            due: Instant::MAX,
            rate: dice.within(30, 2_000),
            disk: Arc::default(),
            was_short: false,
            uncertain: None,
            chunk: None,
            served_at: 0,
            asked: Vec::new(),
            leapt: false,
        }
    }
}

/// A disk on which photos may take so many bytes.
#[derive(Debug)]
pub(crate) struct Disk(AtomicU64);

impl Default for Disk {
    fn default() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }
}

impl Disk {
    pub(crate) fn set(&self, room: u64) {
        self.0.store(room, Ordering::Relaxed);
    }

    /// Bytes that are free, as the folder is filled now.
    pub(crate) fn free(&self, folder: &Path) -> std::io::Result<u64> {
        let room = self.0.load(Ordering::Relaxed);
        if room == u64::MAX { Ok(room) } else { Ok(room.saturating_sub(used(folder)?)) }
    }

    pub(crate) fn hook(self: &Arc<Self>) -> FreeSpace {
        let disk = Arc::clone(self);
        Arc::new(move |folder| disk.free(folder))
    }
}

/// Bytes that a photo folder takes.
pub(crate) fn used(folder: &Path) -> std::io::Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(folder)? {
        let about = entry?.metadata()?;
        total += if about.is_file() { about.len() } else { 0 };
    }
    Ok(total)
}

type Sending = Pin<Box<dyn Future<Output = Result<(), UploadError>>>>;

/// The lane of a running app.
pub(crate) struct Lane {
    by_hand: LaneByHand,
    /// What it is sending.
    pub round: Option<(Sending, Arc<PhotoLine>)>,
    ended: Instant,
}

impl Lane {
    pub(crate) fn new(by_hand: LaneByHand, now: Instant) -> Self {
        Self { by_hand, round: None, ended: now }
    }
}

impl World<'_> {
    pub(crate) fn photo_event(&mut self, event: PhotoEvent) -> Run {
        match event {
            PhotoEvent::Look { device, plan } => {
                let sim = &self.devices[device];
                let is_idle = sim.open.as_ref().is_some_and(|open| open.lane.round.is_none());
                if is_idle && sim.photos.plan == plan { self.look(device) } else { Ok(()) }
            }
            PhotoEvent::LossIsNoticed => self.forget_lost(),
            PhotoEvent::Arrives(travelling) => self.photo_arrives(*travelling),
            PhotoEvent::Answered { device, ticket, answer } => self.photo_answered(device, ticket, &answer),
            PhotoEvent::NetworkChanges { device, ticket } => {
                let sim = &self.devices[device];
                if let Some(open) = sim.open.as_ref().filter(|_| sim.photos.ticket == ticket) {
                    open.device.notify(Event::NetworkChanged);
                }
                self.pump(device)
            }
        }
    }

    /// Lets the lane deal with what it was told.
    pub(crate) fn lane_hears(&mut self, device: usize) -> Run {
        if !self.script.has_photos {
            return Ok(());
        }
        let now = self.time.now();
        loop {
            let Some(open) = &mut self.devices[device].open else { return Ok(()) };
            let Some(event) = open.lane.by_hand.event() else { break };
            let idle = Duration::from_micros((now - open.lane.ended).unsigned_abs());
            match &open.lane.round {
                Some(_) if event == Event::NetworkChanged => {
                    self.cut_lane(device);
                    self.look(device)?;
                }
                None if open.lane.by_hand.begins(event, idle) => self.look(device)?,
                _ => {}
            }
        }
        let sim = &self.devices[device];
        let Some(open) = &sim.open else { return Ok(()) };
        let soon = now + micros(LaneByHand::DEBOUNCE);
        if open.lane.round.is_none() && open.lane.by_hand.heeds_change() && soon < sim.photos.due {
            self.look_at(device, soon);
        }
        Ok(())
    }

    fn look_at(&mut self, device: usize, due: Instant) {
        let gear = &mut self.devices[device].photos;
        gear.plan += 1;
        gear.due = due;
        let plan = gear.plan;
        self.at(due, Happening::Photo(PhotoEvent::Look { device, plan }));
    }

    /// What is being sent is lost with its link.
    pub(crate) fn cut_lane(&mut self, device: usize) {
        if let Some(open) = &mut self.devices[device].open
            && open.lane.round.take().is_some()
        {
            let name = self.devices[device].name;
            self.story.tell(self.time.now(), || format!("what {name} sends of photos is cut"));
        }
        self.chunk_is_lost(device);
    }

    /// One look: what may go goes, what waits is sent.
    pub(crate) fn look(&mut self, device: usize) -> Run {
        if !self.script.has_photos {
            return Ok(());
        }
        let Some(open) = &mut self.devices[device].open else { return Ok(()) };
        open.lane.by_hand.begin();
        let gear = &mut self.devices[device].photos;
        gear.plan += 1;
        gear.due = Instant::MAX;
        self.note_confirmed(device)?;
        let Some(open) = &mut self.devices[device].open else { return Ok(()) };
        let (photos, line) = (Arc::clone(open.device.photos()), Arc::new(PhotoLine::default()));
        let at_the_end = Arc::clone(&line);
        let sending: Sending = Box::pin(async move { photos.look_by_hand(&*at_the_end).await });
        open.lane.round = Some((sending, line));
        self.lane_goes_on(device)
    }

    /// Lets the lane go on until it waits for the network, or is through.
    pub(crate) fn lane_goes_on(&mut self, device: usize) -> Run {
        let polled = self.on_device(device, |open| {
            let (sending, _) = open.lane.round.as_mut().expect("the lane is at work");
            sending.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        })?;
        match polled {
            None => Ok(()),
            Some(Poll::Pending) => self.send_photo_request(device),
            Some(Poll::Ready(outcome)) => self.lane_concludes(device, &outcome),
        }
    }

    fn lane_concludes(&mut self, device: usize, outcome: &Result<(), UploadError>) -> Run {
        let now = self.time.now();
        let name = self.devices[device].name;
        if let Err(error) = outcome {
            self.story.tell(now, || format!("the photos of {name} wait: {error}"));
            let is_link = matches!(error, UploadError::Link(_));
            self.hold(Invariant::NoFailure, is_link, |_| format!("sending photos failed on {name}: {error:?}"))?;
        }
        let Some(open) = &mut self.devices[device].open else { return Ok(()) };
        open.lane.round = None;
        open.lane.ended = now;
        let wait = open.lane.by_hand.conclude(outcome);
        self.look_at(device, now + micros(wait));
        self.lane_hears(device)
    }
}

fn micros(time: Duration) -> Instant {
    Instant::try_from(time.as_micros()).expect("minutes at most")
}
