//! What the server made of a request, checked against what it held before: exactly once, last received wins, losers are
//! kept, nothing of others is shown.

use std::collections::{BTreeMap, BTreeSet};

use gatebook_domain::record::Writer;
use gatebook_domain::{Kind, RecordState};
use gatebook_sync::wire::{ApiError, AuditEntry, AuditOutcome, Push, SyncRequest, SyncResponse};
use gatebook_sync::{Canonical, Receipt, RejectionCode, Scope, Verdict, has_seen_every_word};
use jiff::SignedDuration;
use uuid::Uuid;

use super::Loser;
use crate::clock::Instant;
use crate::tally::Invariant;
use crate::templates::yard_id;
use crate::world::{Run, World};

type Audits = BTreeMap<Uuid, Vec<AuditEntry>>;

impl World<'_> {
    /// Has the server handle a request; `None` if it was killed in it.
    pub(crate) fn handle(
        &mut self,
        device: usize,
        (token, nonce): (&str, &str),
        request: SyncRequest,
        down: Instant,
    ) -> Run<Option<Result<SyncResponse, ApiError>>> {
        self.tally.requests += 1;
        let (push, offered) = (request.push.clone(), request.reoffer.clone());
        if !push.is_empty() || !offered.is_empty() {
            self.last_change = self.time.now();
        }
        let ids: BTreeSet<Uuid> = push.iter().map(|push| push.id).chain(offered.iter().map(|state| state.id)).collect();
        let before: Audits = ids.iter().map(|id| (*id, self.audit(*id))).collect();
        let answer = self.on_server(down, |server| {
            let device = server.admit(token, Some(nonce))?;
            server.sync(&device, request)
        })?;
        let after: Audits = ids.iter().map(|id| (*id, self.audit(*id))).collect();
        for push in &push {
            self.check_judged(device, push, &before[&push.id], &after[&push.id])?;
        }
        for state in &offered {
            self.check_offered(device, state, &before[&state.id], &after[&state.id])?;
        }
        if let Some(answer) = &answer {
            self.check_admitted(device, token, answer)?;
        }
        if let Some(Ok(response)) = &answer {
            let sent =
                push.iter().map(|push| push.write_id).chain(offered.iter().map(|state| state.write_id)).collect();
            self.check_answer(device, &sent, response)?;
        }
        Ok(answer)
    }

    fn check_judged(&mut self, device: usize, push: &Push, before: &[AuditEntry], after: &[AuditEntry]) -> Run {
        let tenant = self.devices[device].tenant;
        let was_judged = before.iter().any(|entry| entry.write_id == push.write_id);
        if was_judged {
            let same = before.len() == after.len()
                && before.iter().zip(after).all(|(a, b)| a.write_id == b.write_id && a.outcome == b.outcome);
            return self.hold(Invariant::ExactlyOnce, same, |story| {
                format!(
                    "{} of {} had been judged, and its repeat changed something",
                    story.write(push.write_id),
                    story.record(push.id)
                )
            });
        }
        let mine: Vec<&AuditEntry> = after.iter().filter(|entry| entry.write_id == push.write_id).collect();
        let is_photo = push.content.known_kind() == Some(Kind::Attachment);
        // The server may add what it holds of a photo.
        let marks = if is_photo { after[before.len()..].iter().filter(|entry| is_mark(entry)).count() } else { 0 };
        let news = after.len() - before.len() - marks;
        self.hold(Invariant::ExactlyOnce, mine.len() == news && news <= 1, |story| {
            format!(
                "{} of {} is {} times in the audit table, which grew by {news}",
                story.write(push.write_id),
                story.record(push.id),
                mine.len()
            )
        })?;
        let Some(mine) = mine.first() else { return Ok(()) };
        let is_entered = !self.oracle.started.contains(&push.write_id);
        self.hold(Invariant::LosersTold, is_entered, |story| {
            format!(
                "{} of {} says only what starting it made, and was sent",
                story.write(push.write_id),
                story.record(push.id)
            )
        })?;
        self.oracle.on_server.insert((push.id, push.write_id));
        self.oracle.words.insert(push.write_id, push.content.clone());
        self.oracle.tenants.entry(push.id).or_insert(tenant);
        if is_photo {
            self.oracle.photos.judged.insert(push.id);
        }
        let verdict = match &mine.outcome {
            AuditOutcome::Rejected(_) => "rejected",
            AuditOutcome::SetAside { .. } => "conflict, the other kept",
            AuditOutcome::Unchanged => "accepted, nothing new",
            AuditOutcome::Canonical | AuditOutcome::Superseded => "taken",
        };
        *self.tally.verdicts.entry(verdict).or_default() += 1;
        self.story.tell(self.time.now(), || {
            format!(
                "the server judges {} of {}: {verdict}",
                self.story.write(push.write_id),
                self.story.record(push.id)
            )
        });
        if !matches!(mine.outcome, AuditOutcome::Rejected(_)) {
            self.check_followed(push)?;
        }
        self.check_merged(push.id, before, after)?;
        self.check_received(tenant, mine)?;
        match canonical(before) {
            // Nobody but its own device changes an attachment.
            _ if is_photo => Ok(()),
            None => {
                let taken = matches!(mine.outcome, AuditOutcome::Canonical | AuditOutcome::Rejected(_));
                self.hold(Invariant::LosersTold, taken, |story| {
                    format!("{} is the first of its record and was not taken", story.write(push.write_id))
                })
            }
            Some(held) => self.check_against(tenant, push, mine, held, after),
        }
    }

    /// A state offered again after a restore: the order of receipt still decides, and none is lost.
    fn check_offered(&mut self, device: usize, state: &Canonical, before: &[AuditEntry], after: &[AuditEntry]) -> Run {
        let tenant = self.devices[device].tenant;
        let is_fields = state.content.known_kind().is_some_and(|kind| kind.writer() == Writer::Field);
        if is_fields {
            self.oracle.tenants.entry(state.id).or_insert(tenant);
        }
        for entry in after.iter().filter(|entry| before.iter().all(|known| known.write_id != entry.write_id)) {
            if !matches!(entry.outcome, AuditOutcome::Rejected(_)) {
                self.check_author(state.id, entry)?;
            }
            self.oracle.on_server.insert((state.id, entry.write_id));
            *self.tally.verdicts.entry("taken back after a restore").or_default() += 1;
            self.story.tell(self.time.now(), || {
                format!(
                    "the server files {} of {} again",
                    self.story.write(entry.write_id),
                    self.story.record(state.id)
                )
            });
        }
        let (was, is) = (canonical(before), canonical(after));
        let in_order = match (was, is) {
            (Some(was), Some(is)) => was.received_at <= is.received_at,
            (Some(_), None) => false,
            (None, _) => true,
        };
        self.hold(Invariant::LosersTold, in_order, |story| {
            format!("{} gave way to what was received before it", story.record(state.id))
        })?;
        match (was, is) {
            // Of what the server itself said of a photo nobody need be told.
            (Some(was), Some(_)) if is_mark(was) && was.content.known_kind() == Some(Kind::Attachment) => Ok(()),
            (Some(was), Some(is))
                if is_fields && was.write_id != is.write_id && !was.content.says_the_same_as(&is.content) =>
            {
                let is_told = after.iter().any(|it| it.write_id == was.write_id && is_set_aside(it, is));
                let has_seen = is_in_line(was, &state.receipt)
                    || self.oracle.saw(is.write_id, was.write_id)
                    || self.saw_its_words(is.write_id, was, after);
                if is_told || !has_seen {
                    return self.lost(tenant, state.id, was, is, after);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A version gives up its body only to the next of the same person on the same device, when nobody has submitted it and
    /// nobody's version lost to it.
    fn check_merged(&mut self, record: Uuid, before: &[AuditEntry], after: &[AuditEntry]) -> Run {
        let of = |audit: &[AuditEntry], write: Uuid| audit.iter().find(|entry| entry.write_id == write).cloned();
        for entry in after {
            let (Some(into), Some(was)) = (entry.merged_into, of(before, entry.write_id)) else { continue };
            if was.merged_into.is_some() {
                continue;
            }
            let next = of(after, into);
            let is_one_persons = self.oracle.same_device(entry.write_id, into)
                && next.is_some_and(|next| next.content.operator_id == was.content.operator_id);
            let is_told_of = after.iter().any(|it| it.outcome == AuditOutcome::SetAside { to: entry.write_id });
            let may_go = entry.outcome == AuditOutcome::Superseded
                && is_one_persons
                && !was.content.is_submitted()
                && !is_told_of;
            *self.tally.verdicts.entry("merged into the next").or_default() += 1;
            self.hold(Invariant::LosersTold, may_go, |story| {
                format!(
                    "{} of {} was merged into {}, and its words are wanted",
                    story.write(entry.write_id),
                    story.record(record),
                    story.write(into)
                )
            })?;
        }
        Ok(())
    }

    /// Times of receipt never run backwards, whatever the server's clock does.
    fn check_received(&mut self, tenant: usize, mine: &AuditEntry) -> Run {
        let last = self.oracle.newest.insert(tenant, mine.received_at);
        self.hold(Invariant::LosersTold, last.is_none_or(|last| last < mine.received_at), |story| {
            format!("{} was received at {}, before {last:?}", story.write(mine.write_id), mine.received_at)
        })?;
        // What people read is what the server's clock showed, whatever it had shown before.
        let now = gatebook_server::Environment::now(&*self.host.machine);
        self.hold(Invariant::TimesTold, mine.filed_at == Some(now), |story| {
            format!("{} was filed at {now}, and people read {:?}", story.write(mine.write_id), mine.filed_at)
        })?;
        let is_ahead = mine.content.captured_at.duration_since(now) > SignedDuration::from_mins(5);
        self.hold(Invariant::TimesTold, mine.time_doubtful || !is_ahead, |story| {
            format!("{} is of a later time than it was filed at, and nobody is told", story.write(mine.write_id))
        })
    }

    /// What is filed of a write is under the device that made it, whoever gave it back. A server that was restored may
    /// have lost that the device ever joined, and then it names nobody; never somebody else.
    pub(crate) fn check_author(&mut self, record: Uuid, entry: &AuditEntry) -> Run {
        let Some(device) = self.oracle.written_on.get(&entry.write_id) else { return Ok(()) };
        let wrote = self.devices[*device].name;
        let is_unknown = entry.device_name.is_empty() && self.may_be_forgotten(*device);
        self.hold(Invariant::Apart, entry.device_name == wrote || is_unknown, |story| {
            format!(
                "{} of {} was written on {wrote}, and is filed under {:?}",
                story.write(entry.write_id),
                story.record(record),
                entry.device_name
            )
        })
    }

    /// A write against what the server held when it came.
    fn check_against(
        &mut self,
        tenant: usize,
        push: &Push,
        mine: &AuditEntry,
        held: &AuditEntry,
        after: &[AuditEntry],
    ) -> Run {
        let now = canonical(after).map(|entry| entry.write_id);
        let told = |story: &crate::story::Story, what: &str| {
            format!(
                "{} of {} met {}: {what}",
                story.write(push.write_id),
                story.record(push.id),
                story.write(held.write_id)
            )
        };
        if let AuditOutcome::Rejected(rejection) = &mine.outcome {
            // Final is what the office has closed, and a void for whoever knew of it; all else is a conflict.
            let is_final = match held.content.state {
                RecordState::Closed => true,
                RecordState::Voided => self.oracle.saw(push.write_id, held.write_id),
                RecordState::Live => false,
            };
            let is_justified = is_final || rejection.code != RejectionCode::Final;
            self.hold(Invariant::LosersTold, is_justified, |story| told(story, "it was rejected as final"))?;
            return self.hold(Invariant::LosersTold, now == Some(held.write_id), |story| {
                told(story, "a rejected write changed the record")
            });
        }
        if held.content.says_the_same_as(&push.content) {
            return Ok(());
        }
        if self.was_overtaken(push, after) {
            // A later write of the same device was judged before it arrived.
            let takes_nothing_back = push.withdraws && mine.outcome == AuditOutcome::Unchanged;
            let is_passed_over = takes_nothing_back || mine.outcome == AuditOutcome::Superseded;
            let stands = now == Some(held.write_id) && is_passed_over;
            return self.hold(Invariant::LosersTold, stands || self.host.life > 0, |story| {
                told(story, "it was made before what its device wrote later, and displaced something")
            });
        }
        if push.withdraws && !push.follows.contains(&held.write_id) {
            return self.hold(Invariant::LosersTold, now == Some(held.write_id), |story| {
                told(story, "it only takes back what is not there, and displaced something")
            });
        }
        self.hold(Invariant::OfficeDecides, !is_the_offices(held, push.base.as_ref()), |story| {
            told(story, "a device changed what only the office opens again")
        })?;
        let had_seen = self.oracle.had_seen(push.write_id, held.write_id);
        let saw_it = self.oracle.saw(push.write_id, held.write_id);
        let is_void = held.content.state == RecordState::Voided;
        if is_void && !had_seen && push.content.state != RecordState::Voided {
            // Whoever took a void back on the device after it had reached the server may find that it stands.
            let stands = now == Some(held.write_id);
            self.hold(Invariant::LosersTold, stands || saw_it, |story| {
                told(story, "it brought a voided record back by accident")
            })?;
            if stands {
                return self.lost(tenant, push.id, mine, held, after);
            }
        }
        let is_draft = held.content.is_submitted() && !push.content.is_submitted();
        if is_draft && !had_seen && now == Some(held.write_id) {
            return self.lost(tenant, push.id, mine, held, after);
        }
        // A restored server may have lost that the office had put a draft in force, which its writer went on from.
        let went_on_from_lost = push.base.as_ref().is_some_and(|base| base.received_at > held.received_at);
        // Who took what somebody else wrote may have put a draft in place of their own report.
        let has_chosen = self.oracle.made_on.get(&push.write_id).is_some_and(|made_on| made_on.len() > 1);
        let is_meant = push.withdraws || has_chosen || self.oracle.had_taken_back(push.write_id, held.write_id);
        let is_taken_back = is_draft && had_seen && push.content.state == RecordState::Live;
        self.hold(Invariant::LosersTold, !is_taken_back || is_meant || went_on_from_lost, |story| {
            told(story, "a report was taken back by a correction that nobody has submitted")
        })?;
        let is_in_line = push.base.as_ref().is_some_and(|base| is_in_line(held, base));
        self.hold(Invariant::LosersTold, !is_draft || saw_it || is_in_line, |story| {
            told(story, "nobody has submitted it, and it displaced a report that its writer had not seen")
        })?;
        self.hold(Invariant::LosersTold, now == Some(push.write_id), |story| {
            told(story, "it was received last and did not win")
        })?;
        let is_in_conflict = after.iter().any(|it| it.write_id == held.write_id && is_set_aside(it, mine));
        self.hold(Invariant::LosersTold, !(had_seen && is_in_conflict) || self.host.life > 0, |story| {
            told(story, "its writer went on from that, and is told of a conflict")
        })?;
        if saw_it || is_in_line || self.saw_its_words(push.write_id, held, after) {
            Ok(())
        } else {
            self.lost(tenant, push.id, held, mine, after)
        }
    }

    /// Whether what the writer saw said what is held, be it another version: then nobody's words are lost.
    fn saw_its_words(&self, write: Uuid, held: &AuditEntry, audit: &[AuditEntry]) -> bool {
        let mut seen = write;
        while let Some(before) = self.oracle.made_on.get(&seen).and_then(|made_on| made_on.first()) {
            if let Some(entry) = audit.iter().find(|entry| entry.write_id == *before && entry.version.is_some()) {
                // Of what was merged since the server itself has only a digest.
                let seen = self.oracle.words.get(before).unwrap_or(&entry.content);
                return has_seen_every_word(seen, &held.content);
            }
            seen = *before;
        }
        false
    }

    /// Whether a later write of the same device was judged before it.
    fn was_overtaken(&self, push: &Push, after: &[AuditEntry]) -> bool {
        let mut earlier = after.iter().take_while(|entry| entry.write_id != push.write_id);
        let later = self.oracle.followed_by.get(&push.write_id);
        earlier.any(|entry| later.is_some_and(|later| later.contains(&entry.write_id)))
    }

    /// What a write follows was written on its device before it; from now on it is too late for that.
    fn check_followed(&mut self, push: &Push) -> Run {
        for earlier in &push.follows {
            // Of a save that a kill cut off nobody may know.
            let is_known = self.oracle.written_on.contains_key(earlier);
            let is_its_devices = !is_known || self.oracle.same_device(*earlier, push.write_id);
            self.hold(Invariant::LosersTold, is_its_devices, |story| {
                format!("{} names {} as its device's", story.write(push.write_id), story.write(*earlier))
            })?;
            self.oracle.followed_by.entry(*earlier).or_default().insert(push.write_id);
        }
        Ok(())
    }

    /// `loser` lost to `winner`: the audit table says so. That both were told is looked at in the end.
    fn lost(
        &mut self,
        tenant: usize,
        record: Uuid,
        loser: &AuditEntry,
        winner: &AuditEntry,
        after: &[AuditEntry],
    ) -> Run {
        *self.tally.verdicts.entry("conflict").or_default() += 1;
        let entry = after.iter().find(|entry| entry.write_id == loser.write_id);
        let is_marked = entry.is_some_and(|entry| is_set_aside(entry, winner));
        self.hold(Invariant::LosersTold, is_marked, |story| {
            format!(
                "{} of {} lost to {}, and the audit table does not say so",
                story.write(loser.write_id),
                story.record(record),
                story.write(winner.write_id)
            )
        })?;
        self.oracle.lost_to.insert(loser.write_id, winner.write_id);
        let people = [loser, winner].iter().filter_map(|entry| entry.content.operator_id).collect();
        self.oracle.losers.push(Loser { record, write: loser.write_id, winner: winner.write_id, people, tenant });
        Ok(())
    }

    /// Verdicts are the same each time, and nothing comes that the device may not see.
    fn check_answer(&mut self, device: usize, sent: &BTreeSet<Uuid>, response: &SyncResponse) -> Run {
        for judged in &response.verdicts {
            let first = self.oracle.verdicts.entry(judged.write_id).or_insert_with(|| judged.verdict.clone()).clone();
            self.hold(Invariant::ExactlyOnce, first == judged.verdict, |story| {
                format!(
                    "{} was answered {first:?} at first and {:?} later",
                    story.write(judged.write_id),
                    judged.verdict
                )
            })?;
        }
        let each = sent.iter().all(|write| response.verdicts.iter().any(|judged| judged.write_id == *write));
        self.hold(Invariant::Liveness, each, |_| "a write was not judged, and its page was answered".to_owned())?;
        let sim = &self.devices[device];
        let (tenant, name) = (sim.tenant, sim.name);
        let yards: Vec<Uuid> = sim.yards.iter().copied().map(yard_id).collect();
        let sees = |yard: Option<Uuid>| yard.is_none_or(|yard| yards.contains(&yard));
        for record in &response.repaired.records {
            self.hold(Invariant::Apart, sees(record.content.yard_id), |story| {
                format!("{} came as a repair to {name}, which may not see it", story.record(record.id))
            })?;
        }
        for page in &response.scopes {
            for record in &page.records {
                let owner = self.oracle.tenant_of(record.id);
                let fits = sees(record.content.yard_id)
                    && Scope::of(record.content.yard_id) == page.scope
                    && owner.is_none_or(|owner| owner == tenant);
                self.hold(Invariant::Apart, fits, |story| {
                    format!("{} was sent to {name}, which may not see it", story.record(record.id))
                })?;
            }
        }
        for judged in &response.verdicts {
            if let Some(gatebook_sync::wire::CanonicalState::Record(record)) = &judged.canonical {
                self.hold(Invariant::Apart, sees(record.content.yard_id), |story| {
                    format!("{} came with a verdict to {name}, which may not see it", story.record(record.id))
                })?;
            }
            let is_mine = sent.contains(&judged.write_id);
            self.hold(Invariant::ExactlyOnce, is_mine, |_| "a verdict on a write that was not sent".to_owned())?;
            if matches!(judged.verdict, Verdict::Rejected(_)) {
                *self.tally.verdicts.entry("answered: rejected").or_default() += 1;
            }
        }
        Ok(())
    }
}

fn is_set_aside(loser: &AuditEntry, winner: &AuditEntry) -> bool {
    loser.outcome == AuditOutcome::SetAside { to: winner.write_id }
}

/// By all its numbers and times the state with that receipt was made of the earlier one. Where a restore went unnoticed for
/// a while and the server's clock stood still, that may be wrong, and no server can know better.
fn is_in_line(earlier: &AuditEntry, receipt: &Receipt) -> bool {
    let was_put_back = earlier.restores == Some(earlier.write_id);
    let is_numbered_before = earlier.version.is_some_and(|version| version < receipt.version);
    !was_put_back && is_numbered_before && earlier.received_at < receipt.received_at
}

/// Whether a write of a device on that base must leave it as it is: it is closed, or voided and the write knows that. Who
/// closed it was followed by somebody at the office if the base is of later.
fn is_the_offices(held: &AuditEntry, base: Option<&Receipt>) -> bool {
    match held.content.state {
        RecordState::Closed => base.is_none_or(|base| base.received_at <= held.received_at),
        RecordState::Voided => {
            base.is_some_and(|base| base.received_at == held.received_at && Some(base.version) == held.version)
        }
        RecordState::Live => false,
    }
}

/// Whether it is the server's own word on a photo.
fn is_mark(entry: &AuditEntry) -> bool {
    entry.device_name.is_empty()
}

/// The version in force.
pub(super) fn canonical(audit: &[AuditEntry]) -> Option<&AuditEntry> {
    audit.iter().find(|entry| entry.outcome == AuditOutcome::Canonical)
}
