//! What must be true of the whole world once it is calm.

use std::collections::{BTreeMap, BTreeSet};

use gatebook_client::HeldRecord;
use gatebook_domain::notice::Notice;
use gatebook_domain::record::Writer;
use gatebook_domain::{Body, Kind, RecordState};
use gatebook_sync::wire::{AuditOutcome, Repair, SyncRequest, Take};
use gatebook_sync::{Canonical, Content, Scope, Tally};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::judged::canonical;
use crate::tally::Invariant;
use crate::templates::yard_id;
use crate::world::{Run, World, give_up};

/// For how long a device keeps what is finished.
const HISTORY: SignedDuration = SignedDuration::from_hours(30 * 24);

type Feed = BTreeMap<Uuid, Canonical>;
type Tallies = BTreeMap<Scope, Tally>;

impl World<'_> {
    pub(crate) fn check_whole(&mut self) -> Run {
        self.check_nothing_lost()?;
        self.check_back()?;
        self.check_audits()?;
        let (feeds, tallies): (Vec<Feed>, Vec<Tallies>) =
            (0..2).map(|tenant| self.feed(tenant)).collect::<Run<Vec<_>>>()?.into_iter().unzip();
        self.check_feed(&feeds)?;
        self.check_restored(&feeds)?;
        self.check_repairs()?;
        for device in 0..self.devices.len() {
            let tenant = self.devices[device].tenant;
            self.check_apart(device)?;
            self.check_tallies(device, &tallies[tenant])?;
            self.check_equal(device, &feeds[tenant])?;
            self.give_up_rejected(device)?;
            self.check_equal(device, &feeds[tenant])?;
        }
        self.check_notices(&feeds)
    }

    /// What the server was ever seen to hold, it holds.
    fn check_nothing_lost(&mut self) -> Run {
        for (record, write) in self.oracle.on_server.clone() {
            let is_there = self.audit(record).iter().any(|entry| entry.write_id == write);
            self.hold(Invariant::NothingLost, is_there, |story| {
                format!("{} of {} is gone from the audit table", story.write(write), story.record(record))
            })?;
        }
        for device in 0..self.devices.len() {
            self.check_saved(device)?;
        }
        Ok(())
    }

    /// Device and server were never found to differ, unless the server was restored.
    fn check_repairs(&mut self) -> Run {
        for device in 0..self.devices.len() {
            let Some(open) = &self.devices[device].open else { continue };
            let repairs = open.device.store().repairs();
            let (repairs, name) = (self.works("reading the repairs", repairs)?, self.devices[device].name);
            self.hold(Invariant::Equal, repairs == 0 || self.host.life > 0, |_| {
                format!("{name} and the server were found to differ {repairs} times")
            })?;
        }
        Ok(())
    }

    /// Each record has one version in force, and each version a number of its own.
    fn check_audits(&mut self) -> Run {
        let records: Vec<Uuid> = self.oracle.tenants.keys().copied().collect();
        for record in records {
            let audit = self.audit(record);
            let in_force = audit.iter().filter(|entry| entry.outcome == AuditOutcome::Canonical).count();
            let numbers: Vec<u64> = audit.iter().filter_map(|entry| entry.version).collect();
            let is_sound = in_force == usize::from(!numbers.is_empty())
                && numbers.windows(2).all(|pair| pair[0] < pair[1])
                && canonical(&audit).is_none_or(|entry| entry.version == numbers.last().copied());
            self.hold(Invariant::ExactlyOnce, is_sound, |story| {
                format!("the versions of {} are {numbers:?}, of which {in_force} in force", story.record(record))
            })?;
        }
        Ok(())
    }

    /// Everything the organisation has, as a device that works everywhere would get it from nothing.
    fn feed(&mut self, tenant: usize) -> Run<(Feed, Tallies)> {
        let server = self.host.server();
        let auditor = server.device(&self.templates.auditors[tenant]);
        let auditor = self.works("letting the auditor in", auditor)?;
        let (mut feed, mut tallies, mut cursors, mut epoch) = (Feed::new(), Tallies::new(), BTreeMap::new(), None);
        loop {
            let request = SyncRequest {
                server: None,
                protocol: gatebook_sync::PROTOCOL,
                app: "auditor".to_owned(),
                epoch,
                cursors: std::mem::take(&mut cursors),
                push: Vec::new(),
                reoffer: Vec::new(),
                mark: None,
                repair: Repair::default(),
                take: Take { records: 10_000, bytes: u32::MAX },
            };
            let answer = server.sync(&auditor, request);
            let answer = self.works("the auditor's request", answer)?;
            for page in answer.scopes {
                cursors.insert(page.scope, page.cursor);
                tallies.extend(page.tally.map(|tally| (page.scope, tally)));
                feed.extend(page.records.into_iter().map(|record| (record.id, record)));
            }
            epoch = Some(answer.epoch);
            if !answer.more {
                return Ok((feed, tallies));
            }
        }
    }

    /// The feed has just what the audit table calls canonical.
    fn check_feed(&mut self, feeds: &[Feed]) -> Run {
        let records: Vec<(Uuid, usize)> =
            self.oracle.tenants.iter().map(|(record, tenant)| (*record, *tenant)).collect();
        for (record, tenant) in records {
            let audit = self.audit(record);
            let in_force = canonical(&audit).map(|entry| entry.write_id);
            let in_feed = feeds[tenant].get(&record).map(|canonical| canonical.write_id);
            self.hold(Invariant::Equal, in_force == in_feed, |story| {
                format!("the feed does not have {} as it is in force", story.record(record))
            })?;
        }
        Ok(())
    }

    fn check_restored(&mut self, feeds: &[Feed]) -> Run {
        for restored in self.oracle.restored.clone() {
            let Some(now) = feeds[0].get(&restored.record) else { continue };
            if now.write_id != restored.write {
                let audit = self.audit(restored.record);
                let version = audit.iter().find(|entry| entry.write_id == restored.write).and_then(|it| it.version);
                let is_newer = version.is_some_and(|version| now.receipt.version > version);
                self.hold(Invariant::RestoresArrive, is_newer, |story| {
                    let record = story.record(restored.record);
                    format!("{record} was restored as version {version:?}, and {} is in force", now.receipt.version)
                })?;
                continue;
            }
            let says = now.content.says_the_same_as(&restored.content);
            self.hold(Invariant::RestoresArrive, says, |story| {
                format!("{} was restored and says something else", story.record(restored.record))
            })?;
            let wanted = now.clone();
            for device in 0..self.devices.len() {
                let sim = &self.devices[device];
                let works_there =
                    sim.yards.iter().any(|yard| Some(yard_id(*yard)) == wanted.content.yard_id) && sim.tenant == 0;
                let (Some(open), true) = (&sim.open, works_there) else { continue };
                let name = sim.name;
                let held = open.device.store().held(restored.record);
                let held = self.works("reading a record", held)?;
                let has_it = held.map_or_else(
                    || self.may_be_let_go(&wanted),
                    |held| held.pending && !held.untouched || held.write_id == restored.write,
                );
                self.hold(Invariant::RestoresArrive, has_it, |story| {
                    format!("the restored version of {} has not reached {name}", story.record(restored.record))
                })?;
            }
        }
        Ok(())
    }

    pub(crate) fn held_by(&mut self, device: usize) -> Run<Vec<HeldRecord>> {
        let Some(open) = &self.devices[device].open else { return Ok(Vec::new()) };
        let store = open.device.store().clone();
        let mut held = Vec::new();
        for kind in Kind::ALL {
            let of_kind = store.held_of_kind(kind);
            held.extend(self.works("reading records", of_kind)?);
        }
        Ok(held)
    }

    /// Nothing of another yard or organisation is there, but what was written there and not taken.
    fn check_apart(&mut self, device: usize) -> Run {
        let sim = &self.devices[device];
        let (tenant, name) = (sim.tenant, sim.name);
        let yards: Vec<Uuid> = sim.yards.iter().copied().map(yard_id).collect();
        for held in self.held_by(device)? {
            let mine = held.content.yard_id.is_none_or(|yard| yards.contains(&yard));
            let ours = self.oracle.tenant_of(held.id).is_none_or(|owner| owner == tenant);
            self.hold(Invariant::Apart, ours && (mine || held.pending), |story| {
                format!("{name} holds {}, which it may not see", story.record(held.id))
            })?;
        }
        Ok(())
    }

    /// The sums that the device compares with the server's are the server's.
    fn check_tallies(&mut self, device: usize, tallies: &Tallies) -> Run {
        let sim = &self.devices[device];
        let Some(open) = &sim.open else { return Ok(()) };
        let (name, store) = (sim.name, open.device.store().clone());
        let yards: Vec<Uuid> = sim.yards.iter().copied().map(yard_id).collect();
        for (scope, theirs) in tallies.iter().filter(|(scope, _)| scope.yard_id().is_none_or(|it| yards.contains(&it)))
        {
            let mine = store.tally(*scope);
            let mine = self.works("reading a tally", mine)?;
            self.hold(Invariant::Equal, mine == *theirs, |_| {
                format!("{name} counts {mine:?} in {scope}, the server {theirs:?}")
            })?;
        }
        Ok(())
    }

    /// The device has just what the server has of its scopes, apart from changes that were not taken.
    fn check_equal(&mut self, device: usize, feed: &Feed) -> Run {
        let sim = &self.devices[device];
        let name = sim.name;
        let yards: Vec<Uuid> = sim.yards.iter().copied().map(yard_id).collect();
        let held: BTreeMap<Uuid, HeldRecord> = self.held_by(device)?.into_iter().map(|held| (held.id, held)).collect();
        let wanted = feed.values().filter(|it| it.content.yard_id.is_none_or(|yard| yards.contains(&yard)));
        for wanted in wanted {
            let equal = held.get(&wanted.id).map_or_else(
                || self.may_be_let_go(wanted) || self.photo_may_be_let_go(wanted, &held),
                |held| held.pending && !held.untouched || equals(held, wanted),
            );
            self.hold(Invariant::Equal, equal, |story| {
                let there = held.get(&wanted.id).map(|held| story.write(held.write_id));
                format!(
                    "{name} has {} ({}) as {there:?}, the server as {}",
                    story.record(wanted.id),
                    wanted.content.kind,
                    story.write(wanted.write_id)
                )
            })?;
        }
        for held in held.values().filter(|held| !held.pending) {
            self.hold(Invariant::Equal, feed.contains_key(&held.id), |story| {
                format!("{name} holds {}, of which the server knows nothing", story.record(held.id))
            })?;
        }
        Ok(())
    }

    /// Whether it is so old by the server's clock, and so finished, that a device need not keep it.
    fn may_be_let_go(&self, wanted: &Canonical) -> bool {
        let kept_from = self.host.latest.checked_sub(HISTORY).unwrap_or(Timestamp::MIN);
        wanted.receipt.filed_at() < kept_from
            && match wanted.content.known_kind() {
                Some(Kind::Notice) => true,
                Some(Kind::Attachment) => false,
                Some(kind) if kind.writer() == Writer::Field => {
                    wanted.content.state != RecordState::Live || wanted.content.body.get().contains("\"submitted\"")
                }
                _ => false,
            }
    }

    /// Whether it is the attachment of a record that the device does not keep, and as old.
    fn photo_may_be_let_go(&self, wanted: &Canonical, held: &BTreeMap<Uuid, HeldRecord>) -> bool {
        let kept_from = self.host.latest.checked_sub(HISTORY).unwrap_or(Timestamp::MIN);
        let is_old = wanted.receipt.filed_at() < kept_from;
        is_old
            && match Body::from_json(Kind::Attachment, wanted.content.body.get()) {
                Ok(Body::Attachment(attachment)) => !held.contains_key(&attachment.parent_id),
                _ => false,
            }
    }

    /// Whoever gives up a change that was not taken has the server's version.
    fn give_up_rejected(&mut self, device: usize) -> Run {
        for held in self.held_by(device)?.into_iter().filter(|held| held.rejection.is_some()) {
            if let Some(done) = self.on_device(device, |open| give_up(&open.device, held.id))? {
                let done = done.map_err(|error| error.message);
                self.works("giving up a change", done)?;
            }
        }
        Ok(())
    }

    /// Everybody who was on a side of a conflict has a notice of it.
    fn check_notices(&mut self, feeds: &[Feed]) -> Run {
        let notices: Vec<BTreeMap<(Uuid, Uuid), u32>> = feeds
            .iter()
            .map(|feed| {
                feed.values()
                    .filter_map(|it| notice(&it.content))
                    .map(|notice| ((notice.record_id, notice.addressee_id), notice.count))
                    .collect()
            })
            .collect();
        let mut lost: BTreeMap<(Uuid, Uuid), BTreeSet<Uuid>> = BTreeMap::new();
        for loser in self.oracle.losers.clone() {
            for person in loser.people {
                let about = (loser.record, person);
                // A conflict that devices bring back after a restore is the same one.
                let conflicts = lost.entry(about).or_default();
                conflicts.insert(loser.write);
                let counts_it = |count: &u32| *count as usize >= conflicts.len();
                let told = notices[loser.tenant].get(&about).is_some_and(counts_it);
                self.hold(Invariant::LosersTold, told, |story| {
                    format!(
                        "{} of {} lost to {}, and an operator has no notice of it, or one of an earlier conflict",
                        story.write(loser.write),
                        story.record(loser.record),
                        story.write(loser.winner)
                    )
                })?;
            }
        }
        self.check_notices_are_true(feeds)
    }

    /// No open notice names a version as the one in force that is not.
    fn check_notices_are_true(&mut self, feeds: &[Feed]) -> Run {
        for feed in feeds {
            let open =
                feed.values().filter(|it| it.content.state == RecordState::Live).filter_map(|it| notice(&it.content));
            for notice in open {
                // Of what the server itself says of a photo nobody need be told.
                let about = feed.get(&notice.record_id).filter(|_| notice.record_kind != Kind::Attachment);
                let named = notice.now_in_force().write_id;
                let is_true = about.is_none_or(|about| about.write_id == named);
                self.hold(Invariant::LosersTold, is_true, |story| {
                    format!(
                        "a notice about {} calls {} the version in force, and it is not",
                        story.record(notice.record_id),
                        story.write(named)
                    )
                })?;
            }
        }
        Ok(())
    }
}

fn notice(content: &Content) -> Option<Notice> {
    if content.known_kind() != Some(Kind::Notice) {
        return None;
    }
    match Body::from_json(Kind::Notice, content.body.get()) {
        Ok(Body::Notice(notice)) => Some(notice),
        _ => None,
    }
}

fn equals(held: &HeldRecord, wanted: &Canonical) -> bool {
    let receipt = held.base.as_ref();
    held.write_id == wanted.write_id
        && receipt.is_some_and(|receipt| receipt.is_same_state(&wanted.receipt))
        && held.content.says_the_same_as(&wanted.content)
        && held.content.body.get() == wanted.content.body.get()
        && held.content.schema == wanted.content.schema
}
