//! The scheduler's watchdog. The planner always names a time to come back, so that a device of an office sleeps without
//! one only by a bug. That heals itself, and is counted.

use std::time::Duration;

use jiff::Timestamp;

use super::run::Scheduler;
use crate::error::StoreError;
use crate::store::{Store, settings};

/// So long after it was found, the scheduler looks again.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

impl Scheduler {
    /// When to wake the scheduler that wants to sleep until `wake_at`.
    pub(super) fn watched(&self, wake_at: Option<Timestamp>) -> Option<Timestamp> {
        if wake_at.is_some() {
            return wake_at;
        }
        match note_if_overslept(&self.store) {
            Ok(false) => None,
            Ok(true) => Some(self.environment.now() + LOOK_AGAIN),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the watchdog cannot read its state");
                Some(self.environment.now() + LOOK_AGAIN)
            }
        }
    }
}

impl Store {
    /// How often the scheduler was found asleep with nothing planned, or broken, and was woken. 0 in normal life.
    ///
    /// # Errors
    /// The database failed.
    pub fn scheduler_woken(&self) -> Result<u32, StoreError> {
        Ok(self.setting(&settings::WOKEN)?.unwrap_or_default())
    }
}

/// Counts it, if the device has somebody to sync with and so something to wake up for.
fn note_if_overslept(store: &Store) -> Result<bool, StoreError> {
    let enrolment = store.setting(&settings::ENROLMENT)?;
    if enrolment.is_none_or(|enrolment| enrolment.revoked) {
        return Ok(false);
    }
    let woken = store.scheduler_woken()?.saturating_add(1);
    tracing::error!(woken, pending = store.pending_count()?, "nothing was planned; looking again in a minute");
    store.set(&settings::WOKEN, Some(&woken))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::sync::mpsc;
    use uuid::Uuid;

    use super::*;
    use crate::environment::{Environment, SystemEnvironment};
    use crate::scheduler::Event;
    use crate::scheduler::run::{prepare, spawn};
    use crate::store::Enrolment;

    fn store(revoked: Option<bool>) -> (tempfile::TempDir, Arc<Store>) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let enrolment = revoked.map(|revoked| Enrolment {
            server_url: "http://127.0.0.1:9".to_owned(),
            tenant_id: None,
            tenant_name: "Harbour".to_owned(),
            device_id: Uuid::from_u128(1),
            device_name: "Gate 4".to_owned(),
            token: "a token".to_owned(),
            revoked,
            device_key: None,
            server: None,
            pin: None,
        });
        store.set(&settings::ENROLMENT, enrolment.as_ref()).unwrap();
        (folder, Arc::new(store))
    }

    fn watched(store: &Arc<Store>, wake_at: Option<Timestamp>) -> Option<Timestamp> {
        let (scheduler, ..) = prepare(Arc::clone(store), Arc::new(SystemEnvironment), String::new()).unwrap();
        scheduler.watched(wake_at)
    }

    #[test]
    fn a_device_of_an_office_with_nothing_planned_is_woken_within_a_minute_and_that_is_counted() {
        let (_folder, store) = store(Some(false));
        for times in 1..=2 {
            let wake_at = watched(&store, None).unwrap();
            assert!(wake_at <= SystemEnvironment.now() + LOOK_AGAIN);
            assert_eq!(store.scheduler_woken().unwrap(), times);
        }
    }

    #[test]
    fn what_the_planner_planned_stays_and_who_belongs_nowhere_sleeps_on() {
        let (_folder, enrolled) = store(Some(false));
        let planned = Some(SystemEnvironment.now() + Duration::from_secs(600));
        assert_eq!(watched(&enrolled, planned), planned);
        let (_folder, revoked) = store(Some(true));
        let (_folder, unknown) = store(None);
        assert_eq!((watched(&revoked, None), watched(&unknown, None)), (None, None));
        for store in [enrolled, revoked, unknown] {
            assert_eq!(store.scheduler_woken().unwrap(), 0);
        }
    }

    /// Whose clock cannot be read at first.
    struct Broken {
        was_read: AtomicBool,
        reads: mpsc::UnboundedSender<()>,
    }

    impl Environment for Broken {
        fn now(&self) -> Timestamp {
            assert!(self.was_read.swap(true, Ordering::Relaxed), "the clock is broken");
            let _ = self.reads.send(());
            SystemEnvironment.now()
        }

        fn new_id(&self) -> Uuid {
            SystemEnvironment.new_id()
        }
    }

    #[tokio::test]
    async fn a_scheduler_that_panicked_goes_on() {
        let (_folder, store) = store(Some(false));
        let (reads, mut was_read) = mpsc::unbounded_channel();
        let environment = Arc::new(Broken { was_read: AtomicBool::new(false), reads });
        let handle = spawn(Arc::clone(&store), environment, String::new()).unwrap();
        was_read.recv().await.unwrap();
        assert_eq!(store.scheduler_woken().unwrap(), 1);
        handle.notify(Event::Manual);
        was_read.recv().await.unwrap();
    }
}
