//! The lane without its timer and its task: the simulator runs each look by hand, in virtual time.

use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::lane::{DEBOUNCE, IDLE, asked, begins, pause};
use super::{PhotoError, PhotoTransport, Photos, UploadError};
use crate::scheduler::Event;
use crate::store::{Enrolment, settings};

/// A lane that does nothing by itself.
#[derive(Debug)]
pub struct LaneByHand {
    inbox: mpsc::UnboundedReceiver<Event>,
    changes: watch::Receiver<u64>,
    failures: u32,
    /// How long the server asked to be left alone.
    asked: Duration,
}

impl LaneByHand {
    /// After a change of local state the lane looks so much later.
    pub const DEBOUNCE: Duration = DEBOUNCE;

    pub(crate) fn new(photos: &Photos, inbox: mpsc::UnboundedReceiver<Event>) -> Self {
        Self { inbox, changes: photos.store.changes(), failures: 0, asked: Duration::ZERO }
    }

    /// The next event that the lane was told of.
    pub fn event(&mut self) -> Option<Event> {
        self.inbox.try_recv().ok()
    }

    /// Whether the lane, which is idle since so long, looks at once.
    #[must_use]
    pub fn begins(&self, event: Event, idle: Duration) -> bool {
        begins(event, idle >= self.asked)
    }

    /// Whether local state has changed and the lane heeds it.
    #[must_use]
    pub fn heeds_change(&self) -> bool {
        self.failures == 0 && self.changes.has_changed().unwrap_or(false)
    }

    /// A look begins.
    pub fn begin(&mut self) {
        self.changes.mark_unchanged();
    }

    /// A look ended; returns how long the lane rests without any event.
    pub fn conclude(&mut self, outcome: &Result<(), UploadError>) -> Duration {
        match outcome {
            Ok(()) => {
                (self.failures, self.asked) = (0, Duration::ZERO);
                IDLE
            }
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                self.asked = asked(error);
                pause(self.failures, self.asked)
            }
        }
    }
}

impl Photos {
    /// Sends what waits, as a look of the lane does after it has let photos go.
    ///
    /// # Errors
    /// As [`Self::upload`].
    pub async fn send_by_hand(&self, link: &dyn PhotoTransport) -> Result<(), UploadError> {
        let enrolment: Option<Enrolment> = self.store.setting(&settings::ENROLMENT).map_err(PhotoError::from)?;
        if enrolment.is_some_and(|enrolment| !enrolment.revoked) && self.has_waiting()? {
            self.send_waiting(link).await?;
        }
        Ok(())
    }

    /// What still waits for the server, by hash.
    ///
    /// # Errors
    /// The database failed.
    pub fn waiting(&self) -> Result<Vec<String>, PhotoError> {
        let held = self.store.held_photos()?;
        Ok(held.into_iter().filter(|photo| photo.confirmed_ms.is_none()).map(|photo| photo.sha256).collect())
    }
}
