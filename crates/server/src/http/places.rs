//! How much is done at a time: for all devices together, and for one.
//!
//! A device does one thing after the other, so more than one request of it at a time comes of a link that broke, or of
//! somebody who means harm: the next waits for its turn, and takes no place from the others meanwhile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gatebook_sync::wire::{ApiError, ApiErrorCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::error::refuse;

/// The places for one sort of work.
pub(super) struct Places {
    /// What it is called in a refusal.
    work: &'static str,
    all: Arc<Semaphore>,
    of_device: usize,
    turn_time: Duration,
    lanes: Mutex<HashMap<Uuid, Lane>>,
}

/// The requests of one device.
struct Lane {
    turn: Arc<Semaphore>,
    requests: usize,
}

impl Places {
    /// So many at a time for all; of one device one, and `of_device` with those that wait, each as long as `turn_time`.
    pub(super) fn new(work: &'static str, all: usize, of_device: usize, turn_time: Duration) -> Arc<Self> {
        let (all, lanes) = (Arc::new(Semaphore::new(all)), Mutex::default());
        Arc::new(Self { work, all, of_device, turn_time, lanes })
    }

    /// A request of that device is here. From now on it counts among the device's, and takes no place yet.
    pub(super) fn enter(self: &Arc<Self>, device: Uuid) -> Result<Waiting, ApiError> {
        let mut lanes = self.lock();
        let lane = lanes.entry(device).or_insert_with(|| Lane { turn: Arc::new(Semaphore::new(1)), requests: 0 });
        if lane.requests >= self.of_device {
            let message = format!("This device has begun {} several times at once. Let them end first.", self.work);
            return Err(refuse(ApiErrorCode::Busy, message));
        }
        lane.requests += 1;
        Ok(Waiting { places: Arc::clone(self), device, turn: Arc::clone(&lane.turn) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is here.
pub(super) struct Waiting {
    places: Arc<Places>,
    device: Uuid,
    turn: Arc<Semaphore>,
}

impl Waiting {
    /// Waits for the device's turn, and takes a place.
    pub(super) async fn place(self) -> Result<Place, ApiError> {
        let Places { work, all, turn_time, .. } = &*self.places;
        let turn = tokio::time::timeout(*turn_time, Arc::clone(&self.turn).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            let message =
                format!("This device has begun {work} already, and that goes on. Come again in a few seconds.");
            return Err(refuse(ApiErrorCode::Busy, message));
        };
        let Ok(place) = Arc::clone(all).try_acquire_owned() else {
            let message = format!("Many devices have begun {work} at once. Come again in a few seconds.");
            return Err(refuse(ApiErrorCode::Busy, message));
        };
        Ok(Place { _turn: turn, _of_all: place, _here: self })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut lanes = self.places.lock();
        if let Some(lane) = lanes.get_mut(&self.device) {
            lane.requests -= 1;
            if lane.requests == 0 {
                lanes.remove(&self.device);
            }
        }
    }
}

/// A place among those at work, as long as it is held.
pub(super) struct Place {
    _turn: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
    _here: Waiting,
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const A: Uuid = Uuid::from_u128(1);
    const B: Uuid = Uuid::from_u128(2);
    const TURN: Duration = Duration::from_secs(10);

    fn places(all: usize) -> Arc<Places> {
        Places::new("a sync", all, 3, TURN)
    }

    #[tokio::test(start_paused = true)]
    async fn a_device_has_one_place_and_its_next_request_waits_for_it() {
        let places = places(9);
        let first = places.enter(A).unwrap().place().await.unwrap();
        let mut second = Box::pin(places.enter(A).unwrap().place());
        assert!((&mut second).now_or_never().is_none());
        places.enter(B).unwrap().place().now_or_never().unwrap().unwrap();
        drop(first);
        second.await.unwrap();
        assert!(places.lock().is_empty(), "nobody is remembered who is gone");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever_and_who_gave_up_leaves_nothing_behind() {
        let places = places(9);
        let first = places.enter(A).unwrap().place().await.unwrap();
        let refused = places.enter(A).unwrap().place().await.err().unwrap();
        assert_eq!((refused.code, refused.retry), (ApiErrorCode::Busy, true));
        drop(first);
        places.enter(A).unwrap().place().await.unwrap();
        assert!(places.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn of_one_device_there_are_so_many_requests_and_no_more() {
        let places = places(9);
        let here = [(); 3].map(|()| places.enter(A).unwrap());
        assert!(places.enter(A).is_err());
        assert!(places.enter(B).is_ok());
        drop(here);
        assert!(places.enter(A).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_its_own_turn_takes_no_place_from_the_others() {
        let places = places(2);
        let first = places.enter(A).unwrap().place().await.unwrap();
        let mut second = Box::pin(places.enter(A).unwrap().place());
        assert!((&mut second).now_or_never().is_none());
        let other = places.enter(B).unwrap().place().await.unwrap();
        drop(first);
        let second = second.await.unwrap();
        assert!(places.enter(Uuid::from_u128(3)).unwrap().place().await.is_err(), "both places are taken");
        drop((other, second));
    }
}
