//! Invariant 1: every write that an operator saw saved is canonical, in the audit table, or still on its device.

use gatebook_sync::Content;
use gatebook_sync::wire::AuditEntry;
use uuid::Uuid;

use super::Saved;
use crate::tally::Invariant;
use crate::world::{Run, World, says};

impl World<'_> {
    /// An operator saw that something was saved, where `before` had been to be seen.
    pub(crate) fn noted(&mut self, device: usize, record: Uuid, before: Option<Uuid>, told: &str) -> Run {
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        let held = open.device.store().held(record);
        let Some(held) = self.works("reading a record", held)? else {
            // Given up, and not the device's any more.
            self.oracle.saved.remove(&(device, record));
            return Ok(());
        };
        let tenant = self.devices[device].tenant;
        self.oracle.tenants.entry(record).or_insert(tenant);
        self.devices[device].uncertain = None;
        let name = self.devices[device].name;
        if held.untouched {
            // Nothing has been entered that could be lost.
            return Ok(());
        }
        if let Some((write, content)) = &held.correction {
            let words: Box<str> = content.body.get().into();
            let earlier = self.oracle.corrections.insert((device, record), (*write, words));
            if earlier.is_none_or(|(earlier, _)| earlier != *write) {
                self.story.tell(self.time.now(), || {
                    let (record, write) = (self.story.record(record), self.story.write(*write));
                    format!("{name} {told} {record} as the correction {write}")
                });
                self.oracle.written_on.insert(*write, device);
                self.made_on(*write, before);
            }
        } else {
            self.oracle.corrections.remove(&(device, record));
        }
        let is_beneath = held.correction.is_some();
        let known = self.oracle.saved.get(&(device, record)).map(|saved| saved.write);
        if !held.pending {
            // Given up, or opened as it is.
            if self.oracle.saved.get(&(device, record)).is_some_and(|saved| !saved.is_on_server) {
                self.story.tell(self.time.now(), || format!("{name} {told} {}", self.story.record(record)));
                self.check_one(device, record, Some(held.write_id))?;
                self.oracle.saved.remove(&(device, record));
            }
            return Ok(());
        }
        // Beneath a correction there may be a change that waits, and what somebody chose may have made it another.
        if known == Some(held.write_id) || is_beneath && known.is_none() {
            return Ok(());
        }
        self.story.tell(self.time.now(), || {
            format!(
                "{name} {told} {} as {}{}",
                self.story.record(record),
                self.story.write(held.write_id),
                if held.content.state == gatebook_domain::RecordState::Live { "" } else { ", struck out" }
            )
        });
        self.oracle.written_on.insert(held.write_id, device);
        self.made_on(held.write_id, before);
        self.oracle.saved.insert((device, record), Saved::of(&held));
        Ok(())
    }

    fn made_on(&mut self, write: Uuid, before: Option<Uuid>) {
        if let Some(before) = before.filter(|before| *before != write) {
            self.oracle.made_on.entry(write).or_default().push(before);
        }
    }

    /// Corrections stay on their device until they are submitted or given up. One whose record leaves the device becomes
    /// a change like any other.
    fn check_corrections(&mut self, device: usize) -> Run {
        let of_device = (device, Uuid::nil())..=(device, Uuid::max());
        let kept: Vec<_> =
            self.oracle.corrections.range(of_device).map(|((_, record), kept)| (*record, kept.clone())).collect();
        for (record, (write, words)) in kept {
            let Some(open) = &self.devices[device].open else { return Ok(()) };
            let held = open.device.store().held(record);
            let held = self.works("reading a record", held)?;
            let is_it = |content: &Content| content.body.get() == &*words;
            let is_beside = held.as_ref().and_then(|held| held.correction.as_ref()).is_some_and(|(_, it)| is_it(it));
            let pending = held.filter(|held| held.pending && held.write_id == write && is_it(&held.content));
            if let Some(held) = &pending {
                self.oracle.corrections.remove(&(device, record));
                self.oracle.saved.insert((device, record), Saved::of(held));
            }
            let name = self.devices[device].name;
            self.hold(Invariant::NothingLost, is_beside || pending.is_some(), |story| {
                format!("the correction {} of {} is gone from {name}", story.write(write), story.record(record))
            })?;
        }
        Ok(())
    }

    /// What was typed is what the device now holds.
    pub(crate) fn check_typed(&mut self, device: usize, record: Uuid, typed: &str) -> Run {
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        let held = open.device.store().held(record);
        let held = self.works("reading a record", held)?;
        let is_held = held.is_some_and(|held| says(&held).body.get() == typed);
        let name = self.devices[device].name;
        self.hold(Invariant::NothingLost, is_held, |story| {
            format!("{name} was shown {} as saved, and does not hold what was typed", story.record(record))
        })
    }

    /// A save that a kill cut off may have been kept: then it has taken the place of the one before.
    pub(crate) fn settle_uncertain(&mut self, device: usize) -> Run {
        let Some((record, before)) = self.devices[device].uncertain else { return Ok(()) };
        self.noted(device, record, before, "finds saved after the kill")
    }

    /// Whoever gives a change up sees what they go back to; and a change that the server has put in force is taken back
    /// there, or it would come back to them.
    pub(crate) fn check_given_up(&mut self, device: usize, record: Uuid) -> Run {
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        let held = open.device.store().held(record);
        let Some(held) = self.works("reading a record", held)? else { return Ok(()) };
        let audit = self.audit(record);
        if held.pending {
            self.oracle.withdrawals.insert(held.write_id);
            let is_base = |entry: &&AuditEntry| {
                let base = held.base.as_ref();
                base.is_some_and(|base| entry.version == Some(base.version) && entry.received_at == base.received_at)
            };
            if let Some(gone_back_to) = audit.iter().find(is_base) {
                self.made_on(held.write_id, Some(gone_back_to.write_id));
            }
            return Ok(());
        }
        let Some(in_force) = super::judged::canonical(&audit).map(|entry| entry.write_id) else { return Ok(()) };
        let is_its_own = self.oracle.written_on.get(&in_force) == Some(&device);
        let is_known = self.oracle.had_seen_it_lose(held.write_id, in_force);
        let name = self.devices[device].name;
        self.hold(Invariant::NothingLost, !is_its_own || is_known, |story| {
            let (record, write) = (story.record(record), story.write(in_force));
            format!("a change to {record} was given up on {name}, and nothing takes {write} back at the server")
        })
    }

    /// Checks what this device's operators saw saved, as far as the server has not been seen to hold it.
    pub(crate) fn check_saved(&mut self, device: usize) -> Run {
        if self.devices[device].open.is_none() {
            return Ok(());
        }
        self.check_corrections(device)?;
        let open: Vec<Uuid> = self
            .oracle
            .saved
            .range((device, Uuid::nil())..=(device, Uuid::max()))
            .filter(|(_, saved)| !saved.is_on_server)
            .map(|((_, record), _)| *record)
            .collect();
        open.into_iter().try_for_each(|record| self.check_one(device, record, None))
    }

    fn oracle_yard(&mut self, device: usize, record: Uuid) -> Run<Option<Uuid>> {
        let Some(open) = &self.devices[device].open else { return Ok(None) };
        let held = open.device.store().held(record);
        Ok(self.works("reading a record", held)?.and_then(|held| held.content.yard_id))
    }

    /// `given_up_for`: the operator went back to that version.
    fn check_one(&mut self, device: usize, record: Uuid, given_up_for: Option<Uuid>) -> Run {
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        let Some(saved) = self.oracle.saved.get(&(device, record)).cloned() else { return Ok(()) };
        let held = open.device.store().held(record);
        let held = self.works("reading a record", held)?;
        let says_it = |content: &Content| content.body.get() == &*saved.words;
        let beside = held.as_ref().and_then(|held| held.correction.as_ref());
        if beside.is_some_and(|(write, content)| *write == saved.write && says_it(content)) {
            // The report that it corrects has come back to the device.
            self.oracle.corrections.insert((device, record), (saved.write, saved.words));
            self.oracle.saved.remove(&(device, record));
            return Ok(());
        }
        let is_synced = held.as_ref().is_some_and(|held| !held.pending && held.write_id == saved.write);
        // Of what said nothing new the server made no version: its own says the same.
        let is_said_anyway = held.as_ref().is_some_and(|held| !held.pending && says_it(&held.content));
        let is_here = held.is_some_and(|held| held.pending && held.write_id == saved.write && says_it(&held.content));
        let mut audit = self.audit(record).into_iter();
        let is_on_server = !is_here && audit.any(|entry| entry.write_id == saved.write && says_it(&entry.content));
        if is_on_server {
            self.oracle.on_server.insert((record, saved.write));
            if let Some(saved) = self.oracle.saved.get_mut(&(device, record)) {
                saved.is_on_server = true;
            }
        }
        let yard = self.oracle_yard(device, record)?;
        if let (true, false, Some(yard)) = (is_synced && self.host.life > 0, is_on_server, yard) {
            // The server took it, answered, and was restored before the answer came.
            let holders = vec![device];
            self.oracle.wanted_back.push(super::WantedBack { record, write: saved.write, yard, holders });
            self.oracle.saved.remove(&(device, record));
            return Ok(());
        }
        let is_gone = self.host.life > 0 && !is_here && !is_on_server;
        if is_gone && (is_said_anyway || self.oracle.lost_to.contains_key(&saved.write)) {
            // It was filed as a losing version, or as one that said nothing new, and went with the server's disk while the
            // answer was on its way.
            self.oracle.saved.remove(&(device, record));
            return Ok(());
        }
        let name = self.devices[device].name;
        self.hold(Invariant::NothingLost, is_here || is_on_server || given_up_for.is_some(), |story| {
            format!(
                "{} of {}, saved on {name}, is neither on that device nor with the server",
                story.write(saved.write),
                story.record(record)
            )
        })
    }
}
