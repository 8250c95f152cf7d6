//! A device as the planner sees it, in virtual time: an app that may be killed at any moment, the system's own jobs, a
//! link. The planner is the real one; everything around it does what `scheduler/run.rs` and `background.rs` do.

use std::time::Duration;

use gatebook_client::scheduler::{Attempts, Event, Situation, missed, plan};
use jiff::Timestamp;

use crate::day::{Device, Dice, Happening, Link};
use crate::figures::Figures;
use crate::jobs::{Job, Jobs};

/// A round that goes through.
const ROUND: i64 = 1_000;
/// Being told that there is no network.
const REFUSAL: i64 = 50;
/// Giving up on a link over which nothing comes back.
const SILENCE: i64 = 10_000;
/// The scheduler looks again while another round holds the lock.
const WHILE_ANOTHER_RUNS: i64 = 500;
/// A background round asks for no news that are this fresh.
const FRESH: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    App,
    System(Job),
}

struct Round {
    by: By,
    ends_at: i64,
    succeeds: bool,
    /// How many of what waits it carries, the oldest first.
    carries: usize,
}

pub(crate) struct Life {
    device: Device,
    now: i64,
    dice: Dice,
    link: Link,
    /// Since when rounds can go through.
    usable_since: i64,
    tried_since_return: bool,
    /// What outlives the process.
    attempts: Attempts,
    waiting: Vec<i64>,
    app_runs: bool,
    timer: Option<i64>,
    round: Option<Round>,
    jobs: Jobs,
    /// What was asked of the app while its round was under way.
    missed: Option<Event>,
    figures: Figures,
}

impl Life {
    /// Lives through `day`, which ends at `end`.
    pub(crate) fn live(device: Device, seed: u64, day: &[(i64, Happening)], end: i64) -> Figures {
        let mut life = Self {
            device,
            now: 0,
            dice: Dice::new(seed),
            link: Link::Up,
            usable_since: 0,
            tried_since_return: true,
            attempts: Attempts::default(),
            waiting: Vec::new(),
            app_runs: false,
            timer: None,
            round: None,
            jobs: Jobs::default(),
            missed: None,
            figures: Figures::default(),
        };
        for &(at, happening) in day {
            life.run_until(at);
            life.suffer(happening);
        }
        life.run_until(end);
        life.watch_the_oldest();
        life.figures.left_waiting = life.waiting.len();
        life.figures
    }

    /// Everything that comes by itself until then.
    fn run_until(&mut self, end: i64) {
        loop {
            let round = self.round.as_ref().map(|round| round.ends_at);
            // The system starts its job when there is a network, and one round at a time holds the lock.
            let job = self
                .jobs
                .next()
                .filter(|_| self.device == Device::Phone && self.link != Link::Down && self.round.is_none());
            let timer = self.timer.filter(|_| self.app_runs);
            let next = [round, timer, job.map(|(_, at)| at)].into_iter().flatten().min();
            let Some(next) = next.map(|next| next.max(self.now)).filter(|next| *next <= end) else {
                break;
            };
            self.now = next;
            if round.is_some_and(|at| at <= next) {
                self.end_round();
            } else if let Some((job, _)) = job.filter(|(_, at)| *at <= next) {
                self.run_job(job);
            } else {
                self.figures.timers += 1;
                self.tell_app(Event::Timer);
            }
        }
        self.now = end;
    }

    fn suffer(&mut self, happening: Happening) {
        match happening {
            Happening::Opened => {
                let event = if self.app_runs { Event::Resumed } else { Event::Started };
                self.app_runs = true;
                self.jobs.plan_regular(self.now);
                self.tell_app(event);
            }
            Happening::PutAway => {
                if !self.waiting.is_empty() {
                    self.jobs.plan_soon(self.now);
                }
            }
            Happening::Killed => {
                self.figures.kills += 1;
                if let Some(Round { by: By::System(job), .. }) = self.round.take() {
                    self.jobs.was_killed(job, self.now);
                }
                (self.app_runs, self.timer, self.missed) = (false, None, None);
            }
            // Only an app that runs can save.
            Happening::Saved if !self.app_runs => {}
            Happening::Saved => {
                self.figures.saves += 1;
                self.waiting.push(self.now);
                self.tell_app(Event::LocalWrite);
            }
            Happening::Link { link, noticed } => {
                self.watch_the_oldest();
                if link == Link::Up && self.link != Link::Up {
                    (self.usable_since, self.tried_since_return) = (self.now, false);
                }
                self.link = link;
                if noticed {
                    self.tell_app(Event::NetworkChanged);
                }
            }
        }
    }

    fn tell_app(&mut self, event: Event) {
        if !self.app_runs {
            return;
        }
        let own_round = self.round.as_ref().is_some_and(|round| round.by == By::App);
        if own_round && event != Event::NetworkChanged {
            // Answered by the round under way if it ends well; what is pending after it gets its own.
            self.missed = missed(self.missed, event);
            return;
        }
        if own_round {
            (self.round, self.missed) = (None, None);
        }
        let next = self.plan(event, false);
        // A timer never fires early.
        self.timer = next.wake_at.map(|at| at.as_millisecond() + 1);
        if next.run_now && self.round.is_some() {
            self.timer = Some(self.now + WHILE_ANOTHER_RUNS);
        } else if next.run_now {
            self.begin_round(By::App);
        }
        assert!(self.timer.is_some() || self.round.is_some(), "nothing is planned after {event:?}");
    }

    fn plan(&mut self, event: Event, running: bool) -> gatebook_client::scheduler::Plan {
        let situation = Situation {
            enrolled: true,
            running,
            pending: !self.waiting.is_empty(),
            saves_battery: false,
            attempts: self.attempts,
        };
        let next = plan(situation, self.time(), event, self.dice.fraction());
        self.attempts = next.attempts;
        next
    }

    fn run_job(&mut self, job: Job) {
        self.figures.jobs += 1;
        let age = self.attempts.last_success_at.and_then(|at| Duration::try_from(self.time().duration_since(at)).ok());
        if self.waiting.is_empty() && age.is_some_and(|age| age < FRESH) {
            self.jobs.ended(job, true, self.now);
        } else if self.plan(Event::Started, false).run_now {
            self.begin_round(By::System(job));
        } else {
            self.jobs.ended(job, false, self.now);
        }
    }

    fn begin_round(&mut self, by: By) {
        let (succeeds, takes) = match self.link {
            Link::Up => (true, ROUND),
            Link::Down => (false, REFUSAL),
            Link::Deaf => (false, SILENCE),
        };
        if succeeds {
            self.figures.requests += 1;
            if !self.tried_since_return {
                self.tried_since_return = true;
                self.figures.first_tries.push(self.now - self.usable_since);
            }
        } else {
            self.figures.tries_in_vain += 1;
        }
        self.round = Some(Round { by, ends_at: self.now + takes, succeeds, carries: self.waiting.len() });
    }

    fn end_round(&mut self) {
        let round = self.round.take().expect("a round ends");
        // A link that came or went meanwhile does no good to a round that began without, and ends one that had it.
        let went_well = round.succeeds && self.link == Link::Up;
        if went_well {
            self.watch_the_oldest();
            self.waiting.drain(..round.carries);
        }
        let event = if went_well { Event::Succeeded } else { Event::Failed { retry_after: None } };
        match round.by {
            By::App => {
                let missed = self.missed.take().filter(|_| !went_well);
                self.tell_app(event);
                if let Some(missed) = missed {
                    self.tell_app(missed);
                }
            }
            By::System(job) => {
                self.plan(event, true);
                self.jobs.ended(job, went_well, self.now);
            }
        }
    }

    /// How long the oldest of what waits could have gone and did not.
    fn watch_the_oldest(&mut self) {
        if let (Link::Up, Some(oldest)) = (self.link, self.waiting.first()) {
            let could_go_for = self.now - self.usable_since.max(*oldest);
            self.figures.longest_wait = self.figures.longest_wait.max(could_go_for);
        }
    }

    fn time(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now).expect("a few days")
    }
}
