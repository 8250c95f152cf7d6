//! The scheduler without its timer and its task: the simulator runs each step by hand, in virtual time.

use std::sync::Arc;

use gatebook_sync::wire::ApiError;
use jiff::Timestamp;

use super::plan::{Event, missed};
use super::run::{Handle, Inbox, Planned, Scheduler, prepare};
use crate::environment::Environment;
use crate::error::StoreError;
use crate::revocation::Verifier;
use crate::store::{Enrolment, Store};
use crate::sync_round::{PageSize, Report, RoundError};

/// A scheduler that does nothing by itself.
pub struct ByHand {
    scheduler: Scheduler,
    inbox: Inbox,
    is_under_way: bool,
}

/// What is to be done next.
pub enum Next {
    /// A round, now.
    Round(Due),
    /// Nothing before that time, by the device's clock; without one, before the next event.
    Wait(Option<Timestamp>),
}

/// A round that is due.
pub struct Due {
    enrolment: Box<Enrolment>,
}

impl Due {
    /// The refusal, as far as the device believes it in answer to a request that brought `nonce`.
    #[must_use]
    pub fn believed(&self, refusal: ApiError, nonce: &str) -> ApiError {
        Verifier::of(&self.enrolment).believed(refusal, nonce)
    }

    /// The token it is to use.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.enrolment.token
    }
}

impl std::fmt::Debug for ByHand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ByHand").finish_non_exhaustive()
    }
}

impl ByHand {
    pub(crate) fn prepare(
        store: Arc<Store>,
        environment: Arc<dyn Environment>,
        app: String,
    ) -> Result<(Self, Handle), StoreError> {
        let (scheduler, handle, inbox) = prepare(store, environment, app)?;
        Ok((Self { scheduler, inbox, is_under_way: false }, handle))
    }

    /// The next event that the device was told of. What is told while a round is under way comes once more if that fails.
    pub fn event(&mut self) -> Option<Event> {
        if self.is_under_way {
            let event = self.inbox.try_recv().ok()?;
            self.scheduler.missed = missed(self.scheduler.missed, event);
            return Some(event);
        }
        self.scheduler.missed.take().or_else(|| self.inbox.try_recv().ok())
    }

    /// What is to be done about it.
    ///
    /// # Errors
    /// The database failed.
    pub fn plan(&mut self, event: Event, jitter: f64) -> Result<Next, StoreError> {
        Ok(match self.scheduler.plan(event, jitter)? {
            Planned::Round(enrolment) => {
                (self.is_under_way, self.scheduler.missed) = (true, None);
                Next::Round(Due { enrolment })
            }
            Planned::Wait(wake_at) => Next::Wait(wake_at),
        })
    }

    /// Hears how many items a round has still to move.
    ///
    /// # Errors
    /// The database failed.
    pub fn progress(&self) -> Result<impl Fn(u32) + use<>, StoreError> {
        self.scheduler.progress()
    }

    /// The size of the next round's pages.
    #[must_use]
    pub const fn page_size(&self) -> PageSize {
        self.scheduler.size
    }

    /// A round was cut. Whoever cut it tells of the change of network that did it.
    pub fn cut(&mut self, size: PageSize) {
        self.scheduler.size = size;
        (self.is_under_way, self.scheduler.missed) = (false, None);
        self.scheduler.ended();
    }

    /// A round ended; returns the event that this is.
    ///
    /// # Errors
    /// The database failed.
    pub fn conclude(
        &mut self,
        outcome: Result<Report, RoundError>,
        size: PageSize,
        due: &Due,
    ) -> Result<Event, StoreError> {
        self.scheduler.size = size;
        self.is_under_way = false;
        self.scheduler.ended();
        self.scheduler.conclude(outcome, &due.enrolment.token)
    }
}
