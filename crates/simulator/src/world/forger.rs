//! Somebody who has a device's token and what it holds, and would like the server to believe more.

use gatebook_client::HeldRecord;
use gatebook_domain::Kind;
use gatebook_domain::record::Writer;
use gatebook_sync::wire::{AuditOutcome, Push, Repair, SyncRequest, Take};
use gatebook_sync::{Canonical, Content, Epoch, Receipt, Verdict};
use jiff::SignedDuration;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{Run, World};
use crate::clock::SECOND;
use crate::dice::Dice;
use crate::tally::Invariant;

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
            push.push(Push { id: record.id, write_id, base: Some(forged), content });
        }
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
        self.tally.fault("receipt forged");
        self.story.tell(self.time.now(), || format!("somebody forges a receipt of {}", self.story.record(record.id)));
        let answer = self.on_server(SECOND, |server| {
            let device = server.device(&token)?;
            server.sync(&device, request)
        })?;
        let Some(Ok(answer)) = answer else { return Ok(()) };
        let refused = answer.verdicts.iter().all(|judged| matches!(judged.verdict, Verdict::Rejected(_)));
        let after = self.audit(record.id);
        let in_force = |audit: &[gatebook_sync::wire::AuditEntry]| {
            audit.iter().find(|entry| entry.outcome == AuditOutcome::Canonical).map(|entry| entry.write_id)
        };
        let unchanged = in_force(&before) == in_force(&after);
        self.hold(Invariant::Apart, refused && unchanged, |story| {
            format!("the server believed a forged receipt of {}", story.record(record.id))
        })
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
