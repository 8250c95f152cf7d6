//! A simulated world: devices, a server, what travels between them, and virtual time. Everything that happens is taken
//! from one queue, in order of time.

mod app;
mod calm;
mod device;
mod forger;
mod forms;
mod host;
mod identity;
pub(crate) mod lane;
mod link;
mod office;
mod operator;
mod photo_host;
pub(crate) mod photo_link;
mod photographer;
mod restore;

use std::collections::BTreeMap;
use std::path::Path;

use crate::clock::{Instant, MINUTE, Time, YEAR};
use crate::dice::Dice;
use crate::kill::{Desk, Who};
use crate::oracle::Oracle;
use crate::script::{Script, What};
use crate::story::Story;
use crate::tally::{Invariant, Tally, Violation};
use crate::templates::Templates;

use device::SimDevice;
use host::Host;
use lane::PhotoEvent;
use link::{Answer, Travelling};
pub(crate) use operator::{give_up, says};

/// The rest of a run, unless an invariant broke.
pub(crate) type Run<T = ()> = Result<T, Violation>;

/// Something that is going to happen.
pub(crate) enum Happening {
    /// The step of that number.
    Step(usize),
    /// A device's planner wanted to be woken, unless it has planned anew since.
    Wake { device: usize, plan: u64 },
    /// A request reaches the server.
    Arrives(Box<Travelling>),
    /// A device hears what became of its request.
    Answered { device: usize, ticket: u64, answer: Box<Answer>, life: u32 },
    /// A killed device is opened again.
    Reopens { device: usize },
    /// The server comes back.
    ServerUp,
    /// A revoked device gets a new code.
    Reenrols { device: usize },
    /// The right server answers again.
    ItselfAgain,
    /// An outdated app was updated.
    Updated { device: usize },
    /// Something about photos.
    Photo(PhotoEvent),
}

/// A world.
pub(crate) struct World<'a> {
    pub script: &'a Script,
    pub templates: &'a Templates,
    pub time: Time,
    queue: BTreeMap<(Instant, u64), Happening>,
    order: u64,
    /// For how long the world has slept: the script goes on so much later.
    slept: Instant,
    pub desk: Desk,
    pub devices: Vec<SimDevice>,
    pub host: Host,
    pub oracle: Oracle,
    pub tally: Tally,
    pub story: Story,
    /// The faults have stopped.
    pub is_calm: bool,
    /// When the server last took something.
    pub last_change: Instant,
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The first invariant that did not hold.
    pub violation: Option<Violation>,
    /// Counts.
    pub tally: Tally,
    /// The trace, if it was asked for.
    pub story: Vec<String>,
}

/// Plays `script` in `folder`, which is empty.
pub(crate) fn play(script: &Script, templates: &Templates, folder: &Path, with_story: bool) -> anyhow::Result<Outcome> {
    let desk = Desk::open();
    let time = Time::default();
    let host = Host::set_up(folder, templates, &time, script, &desk)?;
    let devices = (0..script.cast.devices.len())
        .map(|number| SimDevice::set_up(folder, templates, &time, script, number, &desk))
        .collect::<anyhow::Result<_>>()?;
    let mut world = World {
        script,
        templates,
        time,
        queue: BTreeMap::new(),
        order: 0,
        slept: 0,
        desk,
        devices,
        host,
        oracle: Oracle::default(),
        tally: Tally::default(),
        story: Story::new(with_story),
        is_calm: false,
        last_change: 0,
    };
    let violation = world.run().err();
    if let Some(violation) = &violation {
        world.story.tell(world.time.now(), || format!("VIOLATED: {violation}"));
    }
    Desk::close();
    Ok(Outcome { violation, tally: world.tally.clone(), story: std::mem::take(&mut world.story).lines() })
}

impl World<'_> {
    fn run(&mut self) -> Run {
        self.begin()?;
        for (number, step) in self.script.steps.iter().enumerate() {
            self.at(step.at, Happening::Step(number));
        }
        while let Some(happening) = self.next(self.script.calm_at + self.slept) {
            self.happen(happening)?;
        }
        self.time.advance_to(self.script.calm_at + self.slept);
        self.calm_down()
    }

    /// Places the yards where the script wants them and opens every device.
    fn begin(&mut self) -> Run {
        for device in 0..self.devices.len() {
            let yards = self.script.cast.devices[device].yards.clone();
            self.set_yards(device, &yards)?;
            self.reopen(device)?;
        }
        Ok(())
    }

    /// Has it happen then.
    pub(crate) fn at(&mut self, instant: Instant, happening: Happening) {
        self.order += 1;
        self.queue.insert((instant.max(self.time.now()), self.order), happening);
    }

    /// Has it happen after that long.
    pub(crate) fn after(&mut self, wait: Instant, happening: Happening) {
        self.at(self.time.now() + wait, happening);
    }

    /// Time passes, and nothing happens in it: what was to happen happens so much later.
    pub(crate) fn sleep(&mut self, lasts: Instant) {
        let queue = std::mem::take(&mut self.queue);
        self.queue = queue.into_iter().map(|((at, order), it)| ((at + lasts, order), it)).collect();
        self.slept += lasts;
        self.time.advance_to(self.time.now() + lasts);
    }

    /// The next that happens up to `until`; time goes on to it.
    fn next(&mut self, until: Instant) -> Option<Happening> {
        let entry = self.queue.first_entry().filter(|entry| entry.key().0 <= until)?;
        self.time.advance_to(entry.key().0);
        Some(entry.remove())
    }

    fn happen(&mut self, happening: Happening) -> Run {
        match happening {
            Happening::Step(number) => self.step(number),
            Happening::Wake { device, plan } => self.wake(device, plan),
            Happening::Arrives(travelling) => self.arrive(*travelling),
            Happening::Answered { device, ticket, answer, life } => self.answered(device, ticket, *answer, life),
            Happening::Reopens { device } => self.reopen(device),
            Happening::ServerUp => self.server_up(),
            Happening::Reenrols { device } => self.reenrol(device),
            Happening::ItselfAgain => {
                self.itself_again();
                Ok(())
            }
            Happening::Updated { device } => self.updated(device),
            Happening::Photo(event) => self.photo_event(event),
        }
    }

    fn step(&mut self, number: usize) -> Run {
        let step = &self.script.steps[number];
        match &step.what {
            What::Operator { device, act } => self.operate(*device, *act, step.salt),
            What::App { device, event } => self.app_event(*device, *event),
            What::Link { device, fault } => {
                self.devices[*device].faults.push_back(*fault);
                Ok(())
            }
            What::NoSignal { device, lasts } => self.lose_signal(*device, *lasts),
            What::Kill { device, commits_to_go, moment, down } => {
                self.devices[*device].down = *down;
                self.desk.arm(Who::Device(*device), *commits_to_go, *moment, step.salt);
                Ok(())
            }
            What::DeviceClock { device, offset } => {
                self.tally.fault("device clock set");
                let sim = &mut self.devices[*device];
                sim.photos.leapt |= *offset > sim.machine.offset();
                sim.machine.set_offset(*offset);
                self.story.tell(self.time.now(), || {
                    format!("the clock of {} is set to {offset} us beside the true time", self.devices[*device].name)
                });
                Ok(())
            }
            What::ServerClock { offset } => {
                let before = self.host.machine.offset();
                self.tally.fault(match offset - before {
                    by if by > 5 * YEAR => "server clock years ahead",
                    by if by < -5 * YEAR => "server clock years ahead, right again",
                    by if by < 0 => "server clock stepped back",
                    _ => "server clock stepped on",
                });
                self.host.machine.set_offset(*offset);
                self.oracle.photos.server_leapt |= *offset > before;
                self.oracle.photos.uploads_may_be_over(self.time.now());
                self.story.tell(self.time.now(), || {
                    format!("the server's clock goes from {before} us to {offset} us beside the true time")
                });
                Ok(())
            }
            What::ServerDown { lasts, limits } => self.server_down(*lasts, *limits),
            What::Backup => self.back_up(),
            What::Restore { is_announced } => self.restore(*is_announced),
            What::Office { act } => self.office(&act.clone(), step.salt),
            What::Forgery { device } => self.forge(*device, step.salt),
            What::Ascription { device } => self.ascribe(*device, &mut Dice::new(step.salt, 0xa5c)),
            What::Impostor { is_empty, lasts } => self.impostor(*is_empty, *lasts),
            What::Photo(about) => self.photo_step(about, step.salt),
        }
    }

    /// Checks an invariant.
    pub(crate) fn hold(&mut self, invariant: Invariant, holds: bool, told: impl FnOnce(&Story) -> String) -> Run {
        self.tally.check(invariant);
        if holds { Ok(()) } else { Err(Violation { invariant, told: told(&self.story) }) }
    }

    /// What must never fail did not.
    pub(crate) fn works<T, E: std::fmt::Display + std::fmt::Debug>(
        &mut self,
        what: &str,
        done: Result<T, E>,
    ) -> Run<T> {
        self.tally.check(Invariant::NoFailure);
        done.map_err(|error| Violation {
            invariant: Invariant::NoFailure,
            told: format!("{what} failed: {error} ({error:?})"),
        })
    }
}

/// How long after the faults stopped everything has to be through: the longest wait between two attempts, the time a
/// lost answer takes to be given up, and some rounds.
pub(crate) const PATIENCE: Instant = 25 * MINUTE;
/// Rounds that a device may need for it.
pub(crate) const ROUNDS: u64 = 6;
