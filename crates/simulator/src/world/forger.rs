//! Somebody who has a device's token and what it holds, and would like the server to believe more: that it gave receipts
//! which it never gave, or that a supervisor is at the device.

use gatebook_client::HeldRecord;
use gatebook_domain::record::Writer;
use gatebook_domain::{Kind, RecordState};
use gatebook_sync::wire::{AuditEntry, AuditOutcome, Push, Repair, SyncRequest, Take};
use gatebook_sync::{Canonical, Content, Epoch, Receipt, Verdict};
use jiff::SignedDuration;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{Run, World};
use crate::clock::SECOND;
use crate::dice::Dice;
use crate::tally::Invariant;
use crate::templates::{SUPERVISOR, person_id};

impl World<'_> {
    /// Altered receipts go to the server, as bases and as proofs of what it lost. Each is refused, and changes nothing.
    pub(crate) fn forge(&mut self, device: usize, salt: u64) -> Run {
        let sim = &self.devices[device];
        if self.host.is_down || sim.is_revoked {
            return Ok(());
        }
        let token = sim.token.clone();
        let mut dice = Dice::new(salt, 0xf0);
        let held = self.proved(device)?;
        if held.is_empty() {
            return Ok(());
        }
        let (record, receipt) = dice.pick(&held).clone();
        match dice.below(5) {
            0 => return self.usurp(&token, record, receipt, Uuid::from_u64_pair(salt, dice.next())),
            1 => return self.ascribe(device, &mut dice),
            _ => {}
        }
        let before = self.audit(record.id);
        let forged = altered(&receipt, &mut dice);
        let write_id = Uuid::from_u64_pair(salt, dice.next());
        let content = wished(record.content);
        let (mut push, mut reoffer) = (Vec::new(), Vec::new());
        let as_proof = dice.percent(50);
        if as_proof {
            // The receipt may be as it was: the words are not.
            let receipt = if dice.percent(50) { receipt } else { forged };
            reoffer.push(Canonical { id: record.id, write_id, device_id: None, receipt, content });
        } else {
            push.push(Push {
                id: record.id,
                write_id,
                base: Some(forged),
                follows: Vec::new(),
                withdraws: false,
                content,
            });
        }
        self.tally.fault("receipt forged");
        self.story.tell(self.time.now(), || format!("somebody forges a receipt of {}", self.story.record(record.id)));
        let Some(refused) = self.are_refused(&token, push, reoffer)? else { return Ok(()) };
        let unchanged = in_force(&before) == in_force(&self.audit(record.id));
        self.hold(Invariant::Apart, refused && unchanged, |story| {
            format!("the server believed a forged receipt of {}", story.record(record.id))
        })
    }

    /// A record is closed, or one that is closed or voided is opened, in the name of a supervisor who is not there, on the
    /// genuine receipt of what the device holds.
    fn usurp(&mut self, token: &str, record: HeldRecord, receipt: Receipt, write_id: Uuid) -> Run {
        let before = self.audit(record.id);
        let state = if record.content.state == RecordState::Live {
            RecordState::Closed
        } else if in_force(&before) == Some(record.write_id) {
            RecordState::Live
        } else {
            // Opened by the office since, as far as the device does not know yet: anybody may change it.
            return Ok(());
        };
        let content = Content { state, operator_id: Some(person_id(SUPERVISOR)), ..record.content };
        let push =
            vec![Push { id: record.id, write_id, base: Some(receipt), follows: Vec::new(), withdraws: false, content }];
        self.tally.fault("supervisor named who is not there");
        self.story.tell(self.time.now(), || {
            format!("somebody sets {} to {state:?} in a supervisor's name", self.story.record(record.id))
        });
        let Some(refused) = self.are_refused(token, push, Vec::new())? else { return Ok(()) };
        let unchanged = in_force(&before) == in_force(&self.audit(record.id));
        self.hold(Invariant::OfficeDecides, refused && unchanged, |story| {
            format!("the server believed that a supervisor set {} to {state:?}", story.record(record.id))
        })
    }

    /// Sends that with the device's token; whether all of it is refused. `None` if nobody answered.
    fn are_refused(&mut self, token: &str, push: Vec<Push>, reoffer: Vec<Canonical>) -> Run<Option<bool>> {
        let request = SyncRequest {
            server: None,
            protocol: gatebook_sync::PROTOCOL,
            app: "forger".to_owned(),
            epoch: None,
            cursors: std::collections::BTreeMap::new(),
            push,
            reoffer,
            mark: None,
            repair: Repair::default(),
            take: Take { records: 1, bytes: u32::MAX },
        };
        let answer = self.on_server(SECOND, |server| {
            let device = server.device(token)?;
            server.sync(&device, request)
        })?;
        let Some(Ok(answer)) = answer else { return Ok(None) };
        Ok(Some(answer.verdicts.iter().all(|judged| matches!(judged.verdict, Verdict::Rejected(_)))))
    }

    /// A state goes to the server as it is, but as if another device had written it. It is proved, and a server that lost it
    /// takes it; under the one that did write it.
    pub(super) fn ascribe(&mut self, device: usize, dice: &mut Dice) -> Run {
        let sim = &self.devices[device];
        if self.host.is_down || sim.is_revoked {
            return Ok(());
        }
        let token = sim.token.clone();
        let held = self.proved(device)?;
        let is_lost = |held: &HeldRecord| self.audit(held.id).iter().all(|entry| entry.write_id != held.write_id);
        let lost: Vec<_> = held.iter().filter(|(held, _)| is_lost(held)).cloned().collect();
        let held = if lost.is_empty() { held } else { lost };
        if held.is_empty() {
            return Ok(());
        }
        let (HeldRecord { id, write_id, content, .. }, receipt) = dice.pick(&held).clone();
        let others = (0..self.devices.len()).filter(|other| self.oracle.written_on.get(&write_id) != Some(other));
        let Some(other) = others.max() else { return Ok(()) };
        let said = Some(self.devices[other].id);
        self.tally.fault("state ascribed to another device");
        self.story.tell(self.time.now(), || format!("somebody ascribes {} to another device", self.story.record(id)));
        let reoffer = vec![Canonical { id, write_id, device_id: said, receipt, content }];
        let before = self.audit(id);
        self.are_refused(&token, Vec::new(), reoffer)?;
        for entry in self.audit(id) {
            let is_new = before.iter().all(|known| known.write_id != entry.write_id);
            if is_new && !matches!(entry.outcome, AuditOutcome::Rejected(_)) {
                self.check_author(id, &entry)?;
                self.oracle.on_server.insert((id, entry.write_id));
            }
        }
        Ok(())
    }

    /// What the device can prove: field records that it holds as the server gave them.
    fn proved(&mut self, device: usize) -> Run<Vec<(HeldRecord, Receipt)>> {
        let is_fields = |held: &HeldRecord| {
            held.content.known_kind().is_some_and(|kind: Kind| kind.writer() == Writer::Field) && !held.pending
        };
        let held = self.held_by(device)?;
        let with_receipt = |held: HeldRecord| held.base.clone().map(|receipt| (held, receipt));
        Ok(held.into_iter().filter(is_fields).filter_map(with_receipt).collect())
    }
}

/// The write in force.
fn in_force(audit: &[AuditEntry]) -> Option<Uuid> {
    audit.iter().find(|entry| entry.outcome == AuditOutcome::Canonical).map(|entry| entry.write_id)
}

/// As the forger would have it.
fn wished(content: Content) -> Content {
    let mut body: serde_json::Value = serde_json::from_str(content.body.get()).expect("bodies are JSON");
    body["remarks"] = "all is well".into();
    Content { body: RawValue::from_string(body.to_string()).expect("it is JSON"), ..content }
}

/// The receipt with one thing in it changed.
fn altered(receipt: &Receipt, dice: &mut Dice) -> Receipt {
    let mut forged = receipt.clone();
    match dice.below(4) {
        0 => forged.version += 1 + dice.below(5),
        1 => forged.epoch = Epoch(forged.epoch.0 + 1),
        2 => {
            let later = forged.received_at.checked_add(SignedDuration::from_mins(1));
            forged.received_at = later.unwrap_or(forged.received_at);
        }
        _ => {
            forged.version += 1;
            forged.mac = forged.mac.chars().rev().collect();
        }
    }
    forged
}
