//! Step 4: places in the feed and times of receipt.
//!
//! Taken from the tenant's counter at the very end, when everything slow is done. Where several transactions run side
//! by side, whoever takes the counter later also commits later, so no reader of the feed ever passes a place that is
//! still to be filled.

use gatebook_sync::deliberate;
use jiff::{SignedDuration, Timestamp};

use crate::error::ServerError;
use crate::storage::{Counter, Filing};

const TICK: SignedDuration = SignedDuration::from_micros(1);

impl Counter {
    /// Nothing is received before `time` any more, whatever the clock says.
    pub(crate) fn not_before(&mut self, time: Timestamp) {
        self.received_at = self.received_at.max(time);
    }

    /// The next time of receipt: the clock's, to the microsecond, or just after the last one if the clock is behind.
    fn receive(&mut self, now: Timestamp) -> Result<Timestamp, ServerError> {
        let after = self.received_at.checked_add(TICK);
        let after = after.map_err(|error| ServerError::unreadable("time of receipt", error))?;
        let now = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
        self.received_at = if deliberate!(CursorByTimestamp) { now } else { now.max(after) };
        Ok(self.received_at)
    }
}

/// Stamps filings in order. What became a version gets the next place in the feed, without gaps; what brings its own
/// time of receipt (a re-offer) keeps that.
pub(crate) fn stamp(filings: &mut [Filing], counter: &mut Counter, now: Timestamp) -> Result<(), ServerError> {
    #[cfg(feature = "simulation")]
    let commits_at = if deliberate!(CounterFirst) {
        let many = filings.iter().filter(|filing| filing.version.is_some()).count() as u64;
        let (first, last) = gatebook_sync::simulation::drawn_early(counter.seq, many);
        counter.seq = first;
        Some(last)
    } else {
        None
    };
    for filing in filings {
        match filing.received_at {
            None => filing.received_at = Some(counter.receive(now)?),
            Some(original) => counter.not_before(original),
        }
        if filing.version.is_some() {
            counter.seq += 1;
            filing.seq = Some(counter.seq);
        }
    }
    #[cfg(feature = "simulation")]
    if let Some(last) = commits_at {
        counter.seq = last;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(microsecond: i64) -> Timestamp {
        Timestamp::from_microsecond(microsecond).unwrap()
    }

    #[test]
    fn times_of_receipt_never_run_backwards_and_never_repeat() {
        let mut counter = Counter { seq: 0, received_at: at(100) };
        let clock = [200, 200, 50, 300];
        let stamped = clock.map(|now| counter.receive(at(now)).unwrap().as_microsecond());
        assert_eq!(stamped, [200, 201, 202, 300]);
    }

    #[test]
    fn nothing_is_received_before_what_has_been_proved() {
        let mut counter = Counter { seq: 0, received_at: at(100) };
        counter.not_before(at(500));
        counter.not_before(at(400));
        assert_eq!(counter.receive(at(200)).unwrap(), at(501));
    }

    #[test]
    fn what_is_finer_than_a_microsecond_is_cut_off() {
        let mut counter = Counter { seq: 0, received_at: at(0) };
        let received = counter.receive(Timestamp::from_nanosecond(1_234_567).unwrap()).unwrap();
        assert_eq!(received.as_nanosecond(), 1_234_000);
    }
}
