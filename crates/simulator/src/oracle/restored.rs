//! What a server restored from a backup has lost: nobody can give back what no device holds, and everything else comes
//! back.

use std::collections::{BTreeMap, BTreeSet};

use gatebook_client::HeldRecord;
use gatebook_domain::Kind;
use gatebook_domain::record::Writer;
use uuid::Uuid;

use super::WantedBack;
use crate::tally::Invariant;
use crate::templates::yard_id;
use crate::world::{Run, World};

impl World<'_> {
    /// The server was just restored.
    pub(crate) fn forget_what_the_server_lost(&mut self) -> Run {
        let held = self.held_everywhere()?;
        let records: BTreeSet<Uuid> = self.oracle.on_server.iter().map(|(record, _)| *record).collect();
        let there: BTreeSet<Uuid> =
            records.iter().flat_map(|record| self.audit(*record)).map(|entry| entry.write_id).collect();
        let lost: Vec<(Uuid, Uuid)> =
            self.oracle.on_server.iter().filter(|(_, write)| !there.contains(write)).copied().collect();
        // What had come back from an earlier restore is judged anew.
        let oracle = &mut self.oracle;
        oracle.wanted_back.retain(|wanted| !oracle.on_server.contains(&(wanted.record, wanted.write)));
        let lost_writes: BTreeSet<Uuid> = lost.iter().map(|(_, write)| *write).collect();
        for (record, write) in lost {
            self.oracle.on_server.remove(&(record, write));
            self.oracle.verdicts.remove(&write);
            let Some((yard, holders)) = held.get(&write).filter(|(_, holders)| !holders.is_empty()) else { continue };
            self.oracle.wanted_back.push(WantedBack { record, write, yard: *yard, holders: holders.clone() });
        }
        let oracle = &mut self.oracle;
        // What its writer still has pending is looked for there; the rest is wanted back, or nobody has it.
        oracle.saved.retain(|_, saved| !lost_writes.contains(&saved.write) || there.contains(&saved.write));
        oracle.losers.retain(|loser| there.contains(&loser.write) && there.contains(&loser.winner));
        oracle.restored.retain(|restored| there.contains(&restored.write));
        oracle.newest.clear();
        (0..self.devices.len()).try_for_each(|device| self.saved_again(device))
    }

    /// Who had it answered, and not heard of it, has it pending still. A device that is closed then is asked when it is
    /// opened: until then nobody knows whether it had heard.
    pub(crate) fn saved_again(&mut self, device: usize) -> Run {
        if self.host.life == 0 {
            return Ok(());
        }
        // Photos are looked after by themselves.
        let photos = self.oracle.photos.judged.clone();
        for held in self.held_by(device)?.into_iter().filter(|held| waits(held) && !photos.contains(&held.id)) {
            if self.oracle.tenants.contains_key(&held.id) {
                self.oracle.saved.entry((device, held.id)).or_insert_with(|| super::Saved::of(&held));
            }
        }
        Ok(())
    }

    /// The device has acted on an answer that the server gave in that life. What it let go for an answer from before a
    /// restore, when it could not know of one, it cannot give back.
    pub(crate) fn heard_of_life(&mut self, device: usize, life: u32) -> Run {
        if life == self.host.life {
            return Ok(());
        }
        let held: BTreeSet<Uuid> = self.held_by(device)?.into_iter().map(|held| held.write_id).collect();
        for wanted in self.oracle.wanted_back.iter_mut().filter(|wanted| !held.contains(&wanted.write)) {
            wanted.holders.retain(|holder| *holder != device);
        }
        Ok(())
    }

    /// What devices hold as the version in force: by write, in which yard, on which devices of that yard.
    fn held_everywhere(&mut self) -> Run<BTreeMap<Uuid, (Uuid, Vec<usize>)>> {
        let mut everywhere: BTreeMap<Uuid, (Uuid, Vec<usize>)> = BTreeMap::new();
        for device in 0..self.devices.len() {
            let yards: Vec<Uuid> = self.devices[device].yards.iter().copied().map(yard_id).collect();
            for held in self.held_by(device)?.into_iter().filter(|held| !held.pending) {
                let is_fields = held.content.known_kind().is_some_and(|kind: Kind| kind.writer() == Writer::Field);
                if let Some(yard) = held.content.yard_id.filter(|yard| is_fields && yards.contains(yard)) {
                    everywhere.entry(held.write_id).or_insert((yard, Vec::new())).1.push(device);
                }
            }
        }
        Ok(everywhere)
    }

    /// What devices held when the server lost it is there again.
    pub(super) fn check_back(&mut self) -> Run {
        for wanted in self.oracle.wanted_back.clone() {
            if wanted.holders.is_empty() {
                continue;
            }
            let is_back = self.audit(wanted.record).iter().any(|entry| entry.write_id == wanted.write);
            self.hold(Invariant::NothingLost, is_back, |story| {
                format!(
                    "{} of {} was lost with the restore, devices {:?} held it, and it has not come back",
                    story.write(wanted.write),
                    story.record(wanted.record),
                    wanted.holders
                )
            })?;
        }
        Ok(())
    }
}

/// Whether something that was entered there waits for the server.
fn waits(held: &HeldRecord) -> bool {
    held.pending && !held.untouched
}
