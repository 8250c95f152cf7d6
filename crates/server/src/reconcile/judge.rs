//! Step 3: the decision on each record, in order. Nothing is written yet; the book says what will be.

use std::collections::{HashMap, HashSet};

use gatebook_domain::{Body, Kind};
use gatebook_sync::deliberate;
use gatebook_sync::{
    Authorship, Content, Decision, Epoch, Existing, Incoming, Offer, Receipt, Rejection, RejectionCode, Said, Sequence,
    Verdict, VersionId, decide,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::check::{another_kind, elsewhere};
use super::drafts::{self, Draft};
use super::earlier::{Earlier, has_seen_all, marked_receipt};
use super::lineage::Lineage;
use super::notices::{Conflict, Happened, NewState, Side, Standing as Notice};
use super::references::References;
use super::{Ground, Offered, proved};
use crate::error::ServerError;
use crate::photos::is_same_but_for_marks;
use crate::receipt::Key;
use crate::storage::{Ancestor, Attribution, BodyRoom, Device, Filing, Held, LedgerEntry, Merged, Outcome, Writing};

/// Filed with what is given back by a receipt from before receipts told who wrote.
const AUTHOR_UNKNOWN: &str = "given back after a restore of the server; which device wrote it can no longer be proved";

/// The page's working state.
pub(super) struct Book<'a> {
    pub key: &'a Key,
    pub device: &'a Device,
    pub epoch: Epoch,
    pub references: References,
    /// The canonical state of each record of the page, as it stands after what was judged so far.
    pub standing: HashMap<Uuid, Standing>,
    /// What is known of each write of the page.
    pub ledger: HashMap<Uuid, Known>,
    /// What the devices are called that wrote what others offer again.
    pub writers: HashMap<Uuid, String>,
    /// What the records of re-offers have been through.
    pub lineage: Lineage,
    /// Writes of the page before which a later one of the same device was judged.
    pub followed: HashSet<Uuid>,
    /// What is to be remembered of that: each write with the later one.
    pub followed_now: Vec<(Uuid, Uuid)>,
    /// What records said in the states that writes of the page were made on.
    pub earlier: Earlier,
    /// What bodies may still be kept for this page.
    pub room: BodyRoom,
    /// What will be filed, in order.
    pub filings: Vec<Filing>,
    /// What becomes of writes that are canonical in the database until now.
    pub displaced: HashMap<Uuid, Outcome>,
    /// What happened that somebody has to be told.
    pub happened: Happened,
    /// The newest time of receipt that a genuine receipt of this page shows: nothing is received before it any more.
    pub newest_proof: Timestamp,
}

/// A canonical state: in the database, or among the filings.
pub(super) enum Standing {
    Stored(Box<Held>),
    Filed(usize),
}

/// A judged write: in the ledger, or among the filings.
pub(super) enum Known {
    Stored(Box<LedgerEntry>),
    Filed(usize),
}

/// What is answered about a write.
pub(super) struct Word {
    pub id: Uuid,
    pub write_id: Uuid,
    pub verdict: Verdict,
    /// If the canonical state is this write, it is just what was sent.
    pub as_sent: bool,
}

impl Book<'_> {
    /// Whether there is nothing to write.
    pub(super) const fn is_unchanged(&self) -> bool {
        self.filings.is_empty()
    }

    /// Judges one record.
    pub(super) fn judge(&mut self, writing: &dyn Writing, offered: &Offered) -> Result<Word, ServerError> {
        let (id, write_id) = (offered.id, offered.write_id);
        if let (true, Some(rejection)) = (offered.is_unreadable, &offered.refusal) {
            return self.reject_aside(writing, offered, rejection.clone());
        }
        if let Some((record_id, verdict, filed)) = self.known(write_id).filter(|_| !deliberate!(ForgetLedger)) {
            if record_id != id || !filed.says_the_same_as(&offered.content) {
                let rejection = match offered.ground {
                    Ground::Write { .. } => reused(),
                    Ground::Reoffer { .. } => forged(),
                };
                return self.reject_aside(writing, offered, rejection);
            }
            let as_sent = filed.is_verbatim(&offered.content);
            return Ok(Word { id, write_id, verdict: verdict.clone(), as_sent });
        }
        let refusal = self.refusal(offered);
        if let (Some(rejection), Ground::Reoffer { .. }) = (&refusal, &offered.ground) {
            return self.reject_aside(writing, offered, rejection.clone());
        }
        let seen = self.effective_base(offered);
        let existing = self.existing(id);
        let incoming = Incoming {
            offer: match &offered.ground {
                Ground::Write { base, withdraws, .. } => Offer::Write {
                    base: seen.as_ref().or(base.as_ref()),
                    sequence: self.sequence(offered),
                    withdraws: *withdraws,
                },
                Ground::Reoffer { receipt, .. } => {
                    Offer::Reoffer { receipt, overtaken: self.lineage.is_overtaken(id, receipt.version_id(), write_id) }
                }
            },
            content: &offered.content,
            may_reopen: self.may_reopen(offered),
            refusal: refusal.as_ref(),
        };
        let existing = existing.as_ref().map(|standing| Existing {
            receipt: &standing.receipt,
            content: standing.content,
            put_back_from: standing.put_back_from,
            filed_at: standing.filed_at,
        });
        let decision = decide(self.epoch, existing, incoming);
        let verdict = decision.verdict();
        self.carry_out(offered, &decision)?;
        Ok(Word { id, write_id, verdict, as_sent: true })
    }

    fn may_reopen(&self, offered: &Offered) -> bool {
        offered.authorship().is_some_and(Authorship::may_reopen)
            || deliberate!(BelieveNamedOperator) && self.references.is_supervisor(offered.content.operator_id)
    }

    /// Whose it is, by what people and devices are called now.
    fn attribution(&self, offered: &Offered) -> Attribution {
        let device_name = match &offered.ground {
            Ground::Write { .. } => self.device.name.clone(),
            Ground::Reoffer { .. } => {
                offered.proved_writer().and_then(|id| self.writers.get(&id)).cloned().unwrap_or_default()
            }
        };
        let operator_name = self.references.operator_name(offered.content.operator_id);
        Attribution { operator_name, device_name, authorship: offered.authorship() }
    }

    fn known(&self, write_id: Uuid) -> Option<(Uuid, &Verdict, Filed<'_>)> {
        Some(match self.ledger.get(&write_id)? {
            Known::Stored(entry) => {
                let filed = Filed { content: &entry.content, merged: entry.merged.as_ref() };
                (entry.record_id, &entry.verdict, filed)
            }
            Known::Filed(at) => {
                let filing = &self.filings[*at];
                (filing.record_id, &filing.verdict, Filed { content: &filing.content, merged: None })
            }
        })
    }

    fn existing(&self, id: Uuid) -> Option<InForce<'_>> {
        let (mut receipt, write_id, content, put_back_from, filed) = match self.standing.get(&id)? {
            Standing::Stored(held) => (held.receipt(), held.write_id, &held.content, held.put_back_from, held.filed),
            Standing::Filed(at) => {
                let filing = &self.filings[*at];
                (filing.receipt()?, filing.write_id, &filing.content, filing.put_back_from(), filing.filed)
            }
        };
        Key::mark(&mut receipt, write_id, content);
        let filed_at = filed.map_or(receipt.received_at, |filed| filed.at);
        Some(InForce { receipt, content, put_back_from, filed_at })
    }

    /// The receipt of what is held, if the writer has seen every word of it though the base is older. Whoever went on from
    /// a write of their own that was taken had that before their eyes, and not what it was made on.
    fn effective_base(&self, offered: &Offered) -> Option<Receipt> {
        let (Ground::Write { base, follows, .. }, Some(Standing::Stored(held))) =
            (&offered.ground, self.standing.get(&offered.id))
        else {
            return None;
        };
        if self.sequence(offered) == Sequence::AfterHeld {
            // What it goes on from is what is held.
            return None;
        }
        let taken = |(record, verdict, content): (Uuid, &Verdict, _)| {
            (record == offered.id && verdict.is_taken()).then_some(content)
        };
        match follows.iter().rev().find_map(|write| self.known(*write).and_then(taken)) {
            Some(seen) => seen.holds_all(&held.content).then(|| marked_receipt(held)),
            None => self.earlier.effective_base(held, base.as_ref()?),
        }
    }

    /// How a write stands to those of its device that had no answer yet when it was made.
    fn sequence(&self, offered: &Offered) -> Sequence {
        let Ground::Write { follows, .. } = &offered.ground else { return Sequence::Alone };
        if self.followed.contains(&offered.write_id) {
            return Sequence::BeforeJudged;
        }
        let Some((held, content)) = self.standing.get(&offered.id).map(|standing| match standing {
            Standing::Stored(held) => (held.write_id, &held.content),
            Standing::Filed(at) => (self.filings[*at].write_id, &self.filings[*at].content),
        }) else {
            return Sequence::Alone;
        };
        let is_held = |write: &Uuid| {
            let marked = || self.known(*write).is_some_and(|(_, _, then)| is_same_but_for_marks(then.content, content));
            *write == held || marked()
        };
        if follows.iter().any(is_held) { Sequence::AfterHeld } else { Sequence::Alone }
    }

    /// Why the record is not taken, as far as `decide` cannot see it. Notes what its receipt proves.
    fn refusal(&mut self, offered: &Offered) -> Option<Rejection> {
        if let Some(rejection) = &offered.refusal {
            return Some(rejection.clone());
        }
        let existing = self.existing(offered.id);
        if let Some(InForce { content: held, .. }) = &existing {
            // What was canonical once needs no leave to be so again: whoever has its receipt may bring it.
            if matches!(offered.ground, Ground::Write { .. }) && !self.device.sees(held.yard_id) {
                return Some(elsewhere());
            }
            if let Some(rejection) = another_kind(held, &offered.content) {
                return Some(rejection);
            }
        }
        let tenant = self.device.tenant.id;
        let (proof, is_genuine) = match &offered.ground {
            Ground::Write { base: None, .. } => return None,
            Ground::Write { base: Some(base), .. } => {
                let is_held = existing.is_some_and(|held| held.receipt.is_same_state(base));
                (base, is_held || self.key.gave(tenant, offered.id, base))
            }
            Ground::Reoffer { receipt, .. } => {
                let given = self.key.gave_for(tenant, offered.id, offered.write_id, receipt, &offered.content);
                (receipt, given)
            }
        };
        if is_genuine || deliberate!(TrustAnyReceipt) {
            self.newest_proof = self.newest_proof.max(proof.received_at);
            return None;
        }
        Some(forged())
    }

    /// Enters into the book what the decision says.
    fn carry_out(&mut self, offered: &Offered, decision: &Decision) -> Result<(), ServerError> {
        let &Offered { id, write_id, ref ground, ref content, .. } = offered;
        let is_forgotten = deliberate!(ForgetLedger) && self.ledger.contains_key(&write_id);
        let write_id = if is_forgotten { Uuid::new_v5(&write_id, content.kind.as_bytes()) } else { write_id };
        let (said, base, original) = match ground {
            Ground::Write { base, .. } => {
                let base = match self.sequence(offered) {
                    Sequence::AfterHeld => self.standing_version(id),
                    Sequence::Alone | Sequence::BeforeJudged => base.as_ref().map(Receipt::version_id),
                };
                let said = Said { device_id: Some(self.device.id), filed: None };
                (Some(said), base, None)
            }
            Ground::Reoffer { receipt, told } => {
                (proved(receipt, *told), Some(receipt.version_id()), Some(receipt.received_at))
            }
        };
        let reason = if said.is_none() { AUTHOR_UNKNOWN.to_owned() } else { String::new() };
        let Said { device_id, filed } = said.unwrap_or_default();
        let (outcome, version, received_at) = match decision {
            Decision::Reject(_) => (Outcome::Rejected, None, None),
            Decision::Unchanged => (Outcome::Unchanged, None, original),
            Decision::Overtaken => (Outcome::Superseded, None, original),
            Decision::SetAside => (Outcome::SetAside { to: self.canonical_write(id) }, None, original),
            Decision::Take { version, received_at, .. } => (Outcome::Canonical, Some(*version), *received_at),
        };
        // What is given back brings back itself.
        let restores = (version.is_some() && original.is_some()).then_some(write_id);
        if let Some(version) = version {
            self.lineage.add(Ancestor { record_id: id, version, write_id, base });
        }
        if let (Ground::Write { follows, .. }, false) = (ground, matches!(outcome, Outcome::Rejected)) {
            self.followed.extend(follows);
            self.followed_now.extend(follows.iter().map(|earlier| (*earlier, write_id)));
        }
        let is_draft = matches!(ground, Ground::Write { withdraws: false, .. })
            && matches!(decision, Decision::Take { displaces: false, .. })
            && drafts::is_draft(content);
        let at = self.filings.len();
        self.room.take(content)?;
        self.filings.push(Filing {
            write_id,
            record_id: id,
            content: content.clone(),
            device_id,
            attribution: self.attribution(offered),
            base,
            restores,
            reason,
            verdict: decision.verdict(),
            outcome,
            version,
            seq: None,
            received_at,
            filed,
            is_draft,
        });
        self.ledger.insert(write_id, Known::Filed(at));
        match decision {
            Decision::Take { displaces, .. } => self.displace(id, at, *displaces, offered),
            Decision::SetAside => {
                self.keep(id);
                let (kept, set_aside) = (self.side_of_standing(id), self.side_of_filing(at));
                self.note_conflict(id, kept, Some(set_aside), false, offered)
            }
            Decision::Reject(_) | Decision::Unchanged | Decision::Overtaken => Ok(()),
        }
    }

    /// The filing at `at` becomes the record's canonical state.
    fn displace(&mut self, id: Uuid, at: usize, is_conflict: bool, offered: &Offered) -> Result<(), ServerError> {
        let winner = self.filings[at].write_id;
        let is_conflict = is_conflict && !deliberate!(DropTheLoser);
        if is_conflict {
            let (kept, set_aside) = (self.side_of_filing(at), self.side_of_standing(id));
            self.note_conflict(id, Some(kept), set_aside, true, offered)?;
        } else if self.happened.concerns(id) {
            let made = self.side_of_filing(at);
            let followed = self.side_of_standing(id).and_then(|side| side.operator());
            let is_given_back = self.filings[at].put_back_from().is_some();
            self.room.take(made.content())?;
            self.happened.state(NewState { record_id: id, made, followed, is_given_back });
        }
        let outcome = if is_conflict {
            Outcome::SetAside { to: winner }
        } else {
            self.merged(id, &self.filings[at]).map_or(Outcome::Superseded, Outcome::Merged)
        };
        match self.standing.insert(id, Standing::Filed(at)) {
            Some(Standing::Stored(held)) => drop(self.displaced.insert(held.write_id, outcome)),
            Some(Standing::Filed(earlier)) => self.filings[earlier].outcome = outcome,
            None => {}
        }
        Ok(())
    }

    /// What remains of what is held, if the next change of whoever wrote it is kept in its stead.
    fn merged(&self, id: Uuid, next: &Filing) -> Option<Merged> {
        match self.standing.get(&id)? {
            Standing::Stored(held) => drafts::merged(&Draft::from(&**held), next),
            Standing::Filed(at) => drafts::merged(&Draft::from(&self.filings[*at]), next),
        }
    }

    /// What is held was kept in a conflict: whoever looks into that wants to see what it said.
    fn keep(&mut self, id: Uuid) {
        match self.standing.get_mut(&id) {
            Some(Standing::Stored(held)) if held.is_draft => {
                held.is_draft = false;
                self.displaced.insert(held.write_id, Outcome::Canonical);
            }
            Some(Standing::Filed(at)) => self.filings[*at].is_draft = false,
            _ => {}
        }
    }

    fn canonical_write(&self, id: Uuid) -> Uuid {
        match self.standing.get(&id) {
            Some(Standing::Stored(held)) => held.write_id,
            Some(Standing::Filed(at)) => self.filings[*at].write_id,
            None => unreachable!("only what meets another state is set aside"),
        }
    }

    fn standing_version(&self, id: Uuid) -> Option<VersionId> {
        match self.standing.get(&id)? {
            Standing::Stored(held) => Some(held.version),
            Standing::Filed(at) => self.filings[*at].version,
        }
    }

    fn side_of_standing(&self, id: Uuid) -> Option<Side> {
        Some(match self.standing.get(&id)? {
            Standing::Stored(held) => Side::stored(held),
            Standing::Filed(at) => self.side_of_filing(*at),
        })
    }

    fn side_of_filing(&self, at: usize) -> Side {
        Side::filed(at, &self.filings[at])
    }

    fn note_conflict(
        &mut self,
        id: Uuid,
        kept: Option<Side>,
        set_aside: Option<Side>,
        is_new: bool,
        offered: &Offered,
    ) -> Result<(), ServerError> {
        if let (Some(kept), Some(set_aside), Some(body)) = (kept, set_aside, offered.body()) {
            // Both sides, and what the notices tell of them.
            for content in [kept.content(), set_aside.content()] {
                self.room.take(content)?;
            }
            let conflict = Conflict::new(id, kept, set_aside, is_new, &body);
            self.room.take_bytes(2 * conflict.told_bytes())?;
            self.happened.conflict(conflict);
        }
        Ok(())
    }

    /// The notices about records of the page, and those that the page gave back, as they stand now.
    pub(super) fn notices(&self) -> HashMap<Uuid, Notice> {
        let given_back = self.given_back().map(|(id, _)| id);
        let standing = |id: Uuid| {
            let notice = match self.standing.get(&id)? {
                Standing::Stored(held) => Notice::stored(held),
                Standing::Filed(at) => Notice::filed(&self.filings[*at])?,
            };
            Some((id, notice))
        };
        self.happened.known_notices().chain(given_back).filter_map(standing).collect()
    }

    /// Notices that this page gave back, each with what is in force of its record.
    pub(super) fn notices_given_back(&self) -> Vec<(Uuid, Side)> {
        self.given_back().filter_map(|(id, record_id)| Some((id, self.side_of_standing(record_id)?))).collect()
    }

    fn given_back(&self) -> impl Iterator<Item = (Uuid, Uuid)> {
        self.filings.iter().filter(|filing| filing.outcome == Outcome::Canonical).filter_map(|filing| {
            let is_notice = filing.content.kind == Kind::Notice.as_str() && !deliberate!(LeaveNoticesBehind);
            match is_notice.then(|| Body::from_json(Kind::Notice, filing.content.body.get())) {
                Some(Ok(Body::Notice(notice))) => Some((filing.record_id, notice.record_id)),
                _ => None,
            }
        })
    }

    /// Rejects what must not count as the judged write of its id: a write id that came before with something else (no app
    /// does that), or a re-offer that is not believed, while the genuine one may still come from elsewhere. It is filed
    /// under an id of its own, so that the payload is kept and a repeat finds it.
    fn reject_aside(
        &mut self,
        writing: &dyn Writing,
        offered: &Offered,
        rejection: Rejection,
    ) -> Result<Word, ServerError> {
        let &Offered { id, write_id, ref content, .. } = offered;
        let verdict = Verdict::Rejected(rejection);
        let filed_as = Uuid::new_v5(&write_id, &[id.as_bytes(), content.body.get().as_bytes()].concat());
        let is_filed =
            self.ledger.contains_key(&filed_as) || !writing.ledger(self.device.tenant, &[filed_as])?.is_empty();
        if !is_filed {
            self.room.take(content)?;
            self.ledger.insert(filed_as, Known::Filed(self.filings.len()));
            self.filings.push(Filing {
                write_id: filed_as,
                record_id: id,
                content: content.clone(),
                device_id: Some(self.device.id),
                attribution: Attribution {
                    device_name: self.device.name.clone(),
                    authorship: Some(Authorship::Claimed),
                    ..self.attribution(offered)
                },
                base: None,
                restores: None,
                reason: String::new(),
                verdict: verdict.clone(),
                outcome: Outcome::Rejected,
                version: None,
                seq: None,
                received_at: None,
                filed: None,
                is_draft: false,
            });
        }
        Ok(Word { id, write_id, verdict, as_sent: false })
    }
}

/// What was filed of a write.
struct Filed<'a> {
    content: &'a Content,
    merged: Option<&'a Merged>,
}

impl Filed<'_> {
    fn says_the_same_as(&self, offered: &Content) -> bool {
        match self.merged {
            Some(merged) => merged.said(self.content, offered),
            None => self.content.says_the_same_as(offered),
        }
    }

    /// Whether whoever saw it has seen every word of `now`.
    fn holds_all(&self, now: &Content) -> bool {
        match self.merged {
            Some(merged) => merged.said(self.content, now),
            None => has_seen_all(self.content, now),
        }
    }

    /// Whether both are the same to the byte, so that a receipt of the one proves the other. Of what was merged nobody
    /// wants to know: it is not in force.
    fn is_verbatim(&self, offered: &Content) -> bool {
        self.merged.is_none() && is_verbatim(self.content, offered)
    }
}

/// What the server holds of a record.
struct InForce<'a> {
    receipt: Receipt,
    content: &'a Content,
    put_back_from: Option<VersionId>,
    filed_at: Timestamp,
}

fn reused() -> Rejection {
    Rejection::new(
        RejectionCode::Invalid,
        "This change came under the number of another change. Save the record again.",
    )
}

fn forged() -> Rejection {
    Rejection::new(
        RejectionCode::ForgedReceipt,
        "This record came with a proof that this server never gave; its key may have been replaced. What you entered is \
         kept: open the record and send it again, and tell the office.",
    )
}

/// Whether both are the same to the byte, so that a receipt of the one proves the other.
fn is_verbatim(a: &Content, b: &Content) -> bool {
    a.says_the_same_as(b)
        && a.body.get() == b.body.get()
        && (a.schema, a.captured_at, a.operator_id) == (b.schema, b.captured_at, b.operator_id)
        && a.zone == b.zone
}
