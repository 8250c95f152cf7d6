//! The end of a run: the faults stop, and everything has to come right by itself.

use super::{PATIENCE, ROUNDS, Run, World};
use crate::clock::{Instant, SECOND};
use crate::kill::Who;
use crate::tally::Invariant;

impl World<'_> {
    /// Stops the faults, waits until all is through, and looks at the whole world.
    pub(crate) fn calm_down(&mut self) -> Run {
        let calm_at = self.time.now();
        self.is_calm = true;
        self.story.tell(calm_at, || "the faults stop".to_owned());
        self.desk.disarm(Who::Server);
        self.oracle.poisoned.clear();
        self.server_up()?;
        for device in 0..self.devices.len() {
            self.desk.disarm(Who::Device(device));
            let sim = &mut self.devices[device];
            sim.faults.clear();
            (sim.no_signal_until, sim.small, sim.cuts, sim.is_outdated) = (0, None, None, false);
            self.reopen(device)?;
            self.reenrol(device)?;
        }
        while !self.is_through(calm_at)? {
            let Some(happening) = self.next(calm_at + PATIENCE) else {
                let waiting: Vec<_> = self.devices.iter().filter(|sim| !sim.has_drained).map(|sim| sim.name).collect();
                return self.hold(Invariant::Liveness, false, |_| {
                    format!("after {} s, these are not through: {waiting:?}", PATIENCE / SECOND)
                });
            };
            self.happen(happening)?;
        }
        self.check_whole()
    }

    /// Whether nothing is pending anywhere, and every device has been brought up to date since anything changed.
    fn is_through(&mut self, calm_at: Instant) -> Run<bool> {
        let mut is_through = true;
        for device in 0..self.devices.len() {
            let sim = &self.devices[device];
            let Some(open) = &sim.open else { return Ok(false) };
            let pending = open.device.store().pending_count();
            let (rounds, name) = (sim.rounds_since_calm, sim.name);
            let pending = self.works("counting what is pending", pending)?;
            let sim = &mut self.devices[device];
            if pending == 0 && !sim.has_drained {
                sim.has_drained = true;
                let waited = u64::try_from((self.time.now() - calm_at) / SECOND).unwrap_or_default();
                self.tally.most_rounds_to_drain = self.tally.most_rounds_to_drain.max(rounds);
                self.tally.longest_to_drain = self.tally.longest_to_drain.max(waited);
            }
            self.hold(Invariant::Liveness, pending == 0 || rounds <= ROUNDS, |_| {
                format!("{name} has {pending} records pending after {rounds} rounds without a fault")
            })?;
            let since = self.last_change.max(calm_at);
            is_through &= pending == 0 && self.devices[device].up_to_date_at >= since;
        }
        Ok(is_through)
    }
}
