//! Step 4: places in the feed and times of receipt.
//!
//! Taken from the tenant's counter at the very end, when everything slow is done. Where several transactions run side
//! by side, whoever takes the counter later also commits later, so no reader of the feed ever passes a place that is
//! still to be filled.

use gatebook_sync::{WallTime, deliberate};
use jiff::{SignedDuration, Timestamp};

use crate::clock::TOLERANCE;
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

/// Stamps filings in order. What became a version gets the next place in the feed, without gaps. What is given back after
/// a restore keeps the time at which it was first filed, and its time of receipt unless it counts as received anew.
pub(crate) fn stamp(filings: &mut [Filing], counter: &mut Counter, now: WallTime) -> Result<(), ServerError> {
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
            None => {
                filing.received_at = Some(counter.receive(now.at)?);
                let shown = if deliberate!(ShowReceivedAt) { counter.received_at } else { now.at };
                filing.filed.get_or_insert_with(|| filed(WallTime { at: shown, ..now }, filing.content.captured_at));
            }
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

/// What people read of what is filed now. A write that was made after it arrived shows that one of the two clocks is wrong,
/// and not which.
fn filed(now: WallTime, captured_at: Timestamp) -> WallTime {
    let at = Timestamp::from_microsecond(now.at.as_microsecond()).unwrap_or(now.at);
    let is_ahead = captured_at.duration_since(now.at) > TOLERANCE;
    if is_ahead && !now.is_doubtful {
        tracing::warn!(%captured_at, %at, "a device's clock is ahead of the server's: one of them is wrong");
    }
    WallTime { at, is_doubtful: now.is_doubtful || is_ahead }
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
    fn people_read_what_the_clock_showed_and_are_told_if_the_device_s_showed_a_later_time() {
        let now = WallTime { at: Timestamp::from_nanosecond(1_234_567).unwrap(), is_doubtful: false };
        let later = |by: SignedDuration| now.at.checked_add(by).unwrap();
        assert_eq!(filed(now, later(TOLERANCE)), WallTime { at: at(1_234), is_doubtful: false });
        assert!(filed(now, later(TOLERANCE + TICK)).is_doubtful);
        assert!(!filed(now, later(SignedDuration::from_hours(-24 * 365))).is_doubtful, "it was offline for a year");
        assert!(filed(WallTime { is_doubtful: true, ..now }, now.at).is_doubtful);
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
