//! A device of the world: the real client over its own folder, clock and ids, with its scheduler run by hand.

use std::collections::VecDeque;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use gatebook_client::scheduler::{ByHand, Due, Event, Next};
use gatebook_client::sync_round::{self, PageSize, Report, RoundError};
use gatebook_client::{Device, DeviceConfig, Settled};
use gatebook_sync::wire::{SyncRequest, SyncResponse};
use uuid::Uuid;

use super::lane::{Lane, PhotoGear};
use super::link::Line;
use super::{Happening, Run, World};
use crate::clock::{Instant, MINUTE, Machine, Time};
use crate::dice::Dice;
use crate::kill::{Desk, Image, Who};
use crate::script::{LinkFault, Script};
use crate::tally::Invariant;
use crate::templates::{DEVICE_DATABASE, DEVICE_NAMES, Templates};

/// Rounds a minute that nothing but the time may call for.
const TIMED_ROUNDS: usize = 10;

/// A device.
pub(crate) struct SimDevice {
    pub name: &'static str,
    /// Its place among the templates.
    pub identity: usize,
    pub tenant: usize,
    pub folder: PathBuf,
    pub machine: Arc<Machine>,
    pub token: String,
    /// As the server calls it.
    pub id: Uuid,
    pub joined_at: Instant,
    /// The code with which it joins anew, when that was made, and what it became by it without having heard.
    pub code: Option<String>,
    pub code_made_at: Instant,
    pub joined_as: Option<Uuid>,
    pub dice: Dice,
    /// The shortest round trip.
    pub latency: Instant,
    pub open: Option<Open>,
    /// Yards it works for, as the server has it.
    pub yards: Vec<usize>,
    /// What its next requests meet.
    pub faults: VecDeque<LinkFault>,
    pub no_signal_until: Instant,
    /// Larger requests are refused on the way until then.
    pub small: Option<(usize, Instant)>,
    /// The round of that request is cut when its answer is there; whether the answer is written all the same.
    pub cuts: Option<(u64, bool)>,
    /// How long it stays closed if it is killed.
    pub down: Instant,
    /// Counts its plans, so that only the newest wakes it.
    plan: u64,
    /// Counts its requests, so that only the newest is answered.
    pub ticket: u64,
    /// Its app speaks another protocol.
    pub is_outdated: bool,
    pub is_revoked: bool,
    pub person: Option<usize>,
    /// A save that a kill cut off, and what was to be seen before: the operator does not know whether it is kept.
    pub uncertain: Option<(Uuid, Option<Uuid>)>,
    /// The form that has been on its screen since it was opened.
    pub form: Option<Form>,
    /// When the newest rounds began that nothing but the time called for.
    timed: VecDeque<Instant>,
    /// Rounds begun since the faults stopped.
    pub rounds_since_calm: u64,
    /// When the newest round that ended well began.
    pub up_to_date_at: Instant,
    pub has_drained: bool,
    pub photos: PhotoGear,
}

/// A form on the screen: the record, the write of the state it shows, and what stands in it.
#[derive(Clone)]
pub(crate) struct Form {
    pub record: Uuid,
    pub shown: Uuid,
    pub body: gatebook_domain::Body,
}

/// A running app.
pub(crate) struct Open {
    pub device: Device,
    pub by_hand: ByHand,
    pub round: Option<InFlight>,
    pub lane: Lane,
    /// What a round that was cut had begun to write.
    pub late: Option<(SyncRequest, SyncResponse, u32)>,
}

type Rounding = Pin<Box<dyn Future<Output = Result<Report, RoundError>>>>;

/// A round under way.
pub(crate) struct InFlight {
    future: Rounding,
    pub line: Arc<Line>,
    size: Arc<Mutex<PageSize>>,
    pub due: Due,
    /// What its newest request wants a refusal to be bound to.
    pub nonce: String,
    began: Instant,
    /// What its newest request carried, if that was nothing but pending records.
    pub sent: Option<SyncRequest>,
}

/// Keeps the page size where it can be read when the round was cut.
struct Kept {
    size: PageSize,
    into: Arc<Mutex<PageSize>>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        *self.into.lock().expect("nobody panics with a page size") = self.size;
    }
}

impl SimDevice {
    pub(crate) fn set_up(
        folder: &Path,
        templates: &Templates,
        time: &Time,
        script: &Script,
        number: usize,
        desk: &Desk,
    ) -> anyhow::Result<Self> {
        let member = &script.cast.devices[number];
        let identity = if member.tenant == 0 { number } else { DEVICE_NAMES.len() - 1 };
        let folder = folder.join(format!("device-{number}"));
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(DEVICE_DATABASE), &templates.devices[identity])?;
        desk.keeps(Who::Device(number), folder.join(DEVICE_DATABASE));
        let machine = Arc::new(Machine::new(time.clone(), number as u64 + 1));
        machine.set_offset(member.clock);
        Ok(Self {
            name: DEVICE_NAMES[identity],
            identity,
            tenant: member.tenant,
            folder,
            machine,
            token: templates.tokens[identity].clone(),
            id: templates.ids[identity],
            joined_at: -1,
            code: None,
            code_made_at: 0,
            joined_as: None,
            dice: Dice::new(script.seed, 0xde00 + number as u64),
            latency: member.latency,
            open: None,
            yards: member.yards.clone(),
            faults: VecDeque::new(),
            no_signal_until: 0,
            small: None,
            cuts: None,
            down: 0,
            plan: 0,
            ticket: 0,
            is_outdated: false,
            is_revoked: false,
            person: None,
            uncertain: None,
            form: None,
            timed: VecDeque::new(),
            rounds_since_calm: 0,
            up_to_date_at: -1,
            has_drained: false,
            photos: PhotoGear::new(script.seed, number),
        })
    }

    pub(crate) fn has_signal(&self, now: Instant) -> bool {
        now >= self.no_signal_until
    }
}

impl World<'_> {
    /// Runs a piece of that device's app; `None` if it is closed, or was killed in it.
    pub(crate) fn on_device<T>(&mut self, device: usize, work: impl FnOnce(&mut Open) -> T) -> Run<Option<T>> {
        let Some(mut open) = self.devices[device].open.take() else { return Ok(None) };
        match self.desk.run(Who::Device(device), || work(&mut open)) {
            Ok(done) => {
                self.devices[device].open = Some(open);
                Ok(Some(done))
            }
            Err(image) => {
                drop(open);
                self.device_killed(device, &image)?;
                Ok(None)
            }
        }
    }

    fn device_killed(&mut self, device: usize, image: &Image) -> Run {
        self.tally.fault("device killed at a commit");
        let (name, folder, down) =
            (self.devices[device].name, self.devices[device].folder.clone(), self.devices[device].down);
        self.story.tell(self.time.now(), || format!("{name} is killed at a commit"));
        let put = image.put(&folder.join(DEVICE_DATABASE));
        self.works("putting back what was on a device's disk", put)?;
        self.chunk_is_lost(device);
        if down % 2 == 0 {
            self.devices[device].machine.reboot();
        }
        self.after(down, Happening::Reopens { device });
        Ok(())
    }

    /// Opens the app, unless it is open.
    pub(crate) fn reopen(&mut self, device: usize) -> Run {
        if self.devices[device].open.is_some() {
            return Ok(());
        }
        self.devices[device].form = None;
        let sim = &self.devices[device];
        let (name, environment) = (sim.name, Arc::clone(&sim.machine));
        let config = DeviceConfig { environment, ..DeviceConfig::new(sim.folder.clone(), "simulated") };
        self.story.tell(self.time.now(), || format!("{name} is opened"));
        let free = sim.photos.disk.hook();
        let opened = self.desk.run(Who::Device(device), || Device::open_by_hand_on(config, free));
        let opened = match opened {
            Ok(opened) => self.works("opening a device", opened)?,
            Err(image) => return self.device_killed(device, &image),
        };
        let (opened, by_hand, lane) = opened;
        let lane = Lane::new(lane, self.time.now());
        self.devices[device].open = Some(Open { device: opened, by_hand, round: None, lane, late: None });
        self.settle_uncertain(device)?;
        self.settle_uncertain_photo(device)?;
        self.note_confirmed(device)?;
        self.check_copies(device)?;
        self.saved_again(device)?;
        self.check_saved(device)?;
        self.pump(device)?;
        // A lane begins with a look.
        self.look(device)
    }

    /// Lets the scheduler deal with what the device was told.
    pub(crate) fn pump(&mut self, device: usize) -> Run {
        self.lane_hears(device)?;
        loop {
            let Some(open) = &mut self.devices[device].open else { return Ok(()) };
            let Some(event) = open.by_hand.event() else { return Ok(()) };
            match (&open.round, event) {
                (None, event) => self.plan(device, event)?,
                (Some(_), Event::NetworkChanged) => self.cut(device)?,
                // Answered by the round that is under way.
                (Some(_), _) => {}
            }
        }
    }

    /// The round that is under way is cut, as a change of network does it.
    pub(crate) fn cut(&mut self, device: usize) -> Run {
        let Some(open) = &mut self.devices[device].open else { return Ok(()) };
        if let Some(InFlight { future, size, .. }) = open.round.take() {
            drop(future);
            let size = *size.lock().expect("nobody panics with a page size");
            open.by_hand.cut(size);
            self.devices[device].ticket += 1;
            let name = self.devices[device].name;
            self.story.tell(self.time.now(), || format!("the round of {name} is cut by a change of network"));
        }
        self.plan(device, Event::NetworkChanged)
    }

    pub(crate) fn plan(&mut self, device: usize, event: Event) -> Run {
        let sim = &mut self.devices[device];
        let jitter = sim.dice.share();
        // What came of the last round calls for none by itself.
        if !matches!(event, Event::Timer | Event::Succeeded | Event::Failed { .. }) {
            sim.timed.clear();
        }
        let Some(next) = self.on_device(device, |open| open.by_hand.plan(event, jitter))? else { return Ok(()) };
        match self.works("planning", next)? {
            Next::Wait(None) => Ok(()),
            Next::Wait(Some(wake_at)) => {
                let sim = &mut self.devices[device];
                sim.plan += 1;
                let plan = sim.plan;
                let now = gatebook_client::Environment::now(&*sim.machine);
                let wait = wake_at.as_microsecond().saturating_sub(now.as_microsecond()).max(0);
                self.after(wait, Happening::Wake { device, plan });
                Ok(())
            }
            Next::Round(due) => {
                self.check_patience(device)?;
                self.begin_round(device, due)
            }
        }
    }

    /// Without a save, a change of network or somebody's wish, rounds keep apart.
    fn check_patience(&mut self, device: usize) -> Run {
        let now = self.time.now();
        let sim = &mut self.devices[device];
        let (timed, name) = (&mut sim.timed, sim.name);
        timed.retain(|began| *began > now - MINUTE);
        timed.push_back(now);
        let rounds = timed.len();
        self.hold(Invariant::Patience, rounds <= TIMED_ROUNDS, |_| format!("{name} began {rounds} rounds in a minute"))
    }

    pub(crate) fn wake(&mut self, device: usize, plan: u64) -> Run {
        let sim = &self.devices[device];
        let is_idle = sim.open.as_ref().is_some_and(|open| open.round.is_none());
        if is_idle && sim.plan == plan { self.plan(device, Event::Timer) } else { Ok(()) }
    }

    fn begin_round(&mut self, device: usize, due: Due) -> Run {
        self.tally.rounds += 1;
        let began = self.time.now();
        let sim = &mut self.devices[device];
        sim.rounds_since_calm += u64::from(self.is_calm);
        sim.plan += 1;
        let Some(open) = &mut sim.open else { return Ok(()) };
        let (line, store) = (Arc::new(Line::default()), Arc::clone(open.device.store()));
        let size = Arc::new(Mutex::new(open.by_hand.page_size()));
        let (transport, into) = (Arc::clone(&line), Arc::clone(&size));
        let progress = open.by_hand.progress().expect("the local store can be read");
        let future: Rounding = Box::pin(async move {
            let size = *into.lock().expect("nobody panics with a page size");
            let mut kept = Kept { size, into };
            sync_round::run(&store, &*transport, &mut kept.size, "simulated", progress).await
        });
        open.round = Some(InFlight { future, line, size, due, nonce: String::new(), began, sent: None });
        self.go_on(device)
    }

    /// Lets the round go on until it waits for the network, or is through.
    pub(crate) fn go_on(&mut self, device: usize) -> Run {
        let polled = self.on_device(device, |open| {
            let round = open.round.as_mut().expect("a round is under way");
            round.future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        })?;
        match polled {
            None => Ok(()),
            Some(Poll::Pending) => {
                self.note_confirmed(device)?;
                self.send(device)?;
                self.settle_late(device)
            }
            Some(Poll::Ready(outcome)) => self.conclude(device, outcome),
        }
    }

    fn conclude(&mut self, device: usize, outcome: Result<Report, RoundError>) -> Run {
        let Some(open) = &mut self.devices[device].open else { return Ok(()) };
        let Some(InFlight { size, due, began, .. }) = open.round.take() else { return Ok(()) };
        let name = self.devices[device].name;
        match &outcome {
            // Nothing to send and no news.
            Ok(report) if (report.settled, report.passed_over) == (Settled::default(), 0) => {}
            Ok(report) => self.story.tell(self.time.now(), || told(name, report)),
            Err(error) => self.story.tell(self.time.now(), || format!("the round of {name} fails: {error}")),
        }
        if let Err(RoundError::Store(error)) = &outcome
            && !matches!(error, gatebook_client::StoreError::OtherServer)
        {
            let told = error.to_string();
            self.works("the local store", Err::<(), _>(told))?;
        }
        self.note_confirmed(device)?;
        let is_well = outcome.is_ok();
        let size = *size.lock().expect("nobody panics with a page size");
        let Some(event) = self.on_device(device, |open| open.by_hand.conclude(outcome, size, &due))? else {
            return Ok(());
        };
        let event = self.works("ending a round", event)?;
        if is_well {
            self.devices[device].up_to_date_at = began;
        }
        self.check_saved(device)?;
        self.check_signed_out(device)?;
        self.plan(device, event)?;
        self.pump(device)
    }

    /// What a round that was cut had begun to write is written now, while the next one waits for its answer.
    fn settle_late(&mut self, device: usize) -> Run {
        let Some(open) = &mut self.devices[device].open else { return Ok(()) };
        let Some((sent, answer, life)) = open.late.take() else { return Ok(()) };
        let name = self.devices[device].name;
        self.story.tell(self.time.now(), || format!("{name} writes what the round that was cut had brought"));
        if let Some(settled) = self.on_device(device, |open| open.device.store().settle_late(&sent, answer))? {
            self.works("settling late", settled)?;
        }
        self.heard_of_life(device, life)?;
        self.check_saved(device)
    }
}

fn told(name: &str, report: &Report) -> String {
    let settled = report.settled;
    let counts = [
        (settled.accepted, "accepted"),
        (settled.conflicts, "in conflict"),
        (settled.rejected, "rejected"),
        (settled.pulled, "pulled"),
        (report.passed_over, "passed over"),
        (u32::from(settled.new_epoch), "new epoch"),
    ];
    let counts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    format!("the round of {name} ends well: {}", counts.join(", "))
}
