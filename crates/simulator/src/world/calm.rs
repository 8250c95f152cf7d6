//! The end of a run: the faults stop, and everything has to come right by itself.

use gatebook_sync::wire::Limits;

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
        self.host.impostor = None;
        self.server_up()?;
        for device in 0..self.devices.len() {
            self.desk.disarm(Who::Device(device));
            let sim = &mut self.devices[device];
            sim.faults.clear();
            sim.photos.faults.clear();
            (sim.no_signal_until, sim.small, sim.cuts, sim.is_outdated) = (0, None, None, false);
            self.set_space(device, None)?;
            self.reopen(device)?;
            self.reenrol(device)?;
        }
        if self.script.has_photos {
            self.forget_lost()?;
            self.sweep(true)?;
        }
        self.wait_until_through(calm_at)?;
        if self.oracle.is_any_poisoned(calm_at) {
            self.story.tell(self.time.now(), || "the server can handle every record again".to_owned());
            self.oracle.poisoned.clear();
            self.devices.iter_mut().for_each(|sim| (sim.rounds_since_calm, sim.has_drained) = (0, false));
            self.wait_until_through(self.time.now())?;
        }
        self.check_photos()?;
        self.check_whole()?;
        self.send_what_was_kept_back()?;
        self.a_day_later()
    }

    /// Changes that were not taken have been given up, and keep their photos back no more.
    fn send_what_was_kept_back(&mut self) -> Run {
        let mut waits = false;
        for device in 0..self.devices.len() {
            waits |= !self.photos_that_wait(device)?.is_empty();
        }
        if !waits {
            return Ok(());
        }
        self.devices.iter_mut().for_each(|sim| (sim.rounds_since_calm, sim.has_drained) = (0, false));
        self.wait_until_through(self.time.now())
    }

    fn wait_until_through(&mut self, calm_at: Instant) -> Run {
        while !self.is_through(calm_at)? {
            let Some(happening) = self.next(calm_at + PATIENCE) else {
                let waiting: Vec<_> = self.devices.iter().filter(|sim| !sim.has_drained).map(|sim| sim.name).collect();
                let mut photos = Vec::new();
                for device in 0..self.devices.len() {
                    let name = self.devices[device].name;
                    let waiting = self.photos_that_wait(device)?;
                    photos.extend(waiting.iter().map(|sha256| format!("{} of {name}", &sha256[..8])));
                }
                return self.hold(Invariant::Liveness, false, |_| {
                    format!("after {} s, these are not through: {waiting:?}, photos {photos:?}", PATIENCE / SECOND)
                });
            };
            self.happen(happening)?;
        }
        Ok(())
    }

    /// What is pending on a device, but for what the server cannot handle: one bad record never blocks the others.
    fn pending(&mut self, device: usize) -> Run<usize> {
        let Some(open) = &self.devices[device].open else { return Ok(usize::MAX) };
        let store = open.device.store().clone();
        let now = self.time.now();
        if self.oracle.is_any_poisoned(now) {
            let limits = Limits { page_records: u32::MAX, page_bytes: u32::MAX, record_bytes: u32::MAX };
            let page = store.push_page(None, limits);
            let page = self.works("reading what is pending", page)?;
            return Ok(page.push.iter().filter(|push| !self.oracle.is_poisoned(push.id, now)).count());
        }
        let pending = store.pending_count();
        Ok(self.works("counting what is pending", pending)? as usize)
    }

    /// Whether nothing is pending anywhere, and every device has been brought up to date since anything changed.
    fn is_through(&mut self, calm_at: Instant) -> Run<bool> {
        let mut is_through = true;
        for device in 0..self.devices.len() {
            let pending = self.pending(device)?;
            let sim = &mut self.devices[device];
            let (rounds, name) = (sim.rounds_since_calm, sim.name);
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
            is_through = is_through && self.photos_that_wait(device)?.is_empty();
        }
        Ok(is_through)
    }
}
