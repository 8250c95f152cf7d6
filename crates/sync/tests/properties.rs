//! What must hold for any history, not only for the rows of the tables.

mod common;

use common::{EPOCH, content, receipt, submitted, voided};
use gatebook_sync::{
    Change, Content, Decision, Epoch, Existing, Incoming, Kept, LocalHead, Offer, Receipt, Rejection, RejectionCode,
    Sequence, Verdict, VersionId, apply_canonical, apply_verdict, decide,
};
use proptest::prelude::*;
use uuid::Uuid;

/// A server that does what `decide` says, as small as can be: one record, its ledger, its audit list.
#[derive(Default, Clone)]
struct TinyServer {
    canonical: Option<(Receipt, Content)>,
    ledger: Vec<(Uuid, Verdict)>,
    audit: Vec<String>,
    clock: i64,
}

impl TinyServer {
    fn judge(&mut self, write_id: Uuid, base: Option<&Receipt>, content: &Content) -> Verdict {
        let stored = self.ledger.iter().find(|(id, _)| *id == write_id).map(|(_, verdict)| verdict.clone());
        let held = self.canonical.clone();
        let existing = held.as_ref().map(|(receipt, content)| Existing {
            receipt,
            content,
            put_back_from: None,
            filed_at: receipt.filed_at(),
        });
        let incoming = Incoming {
            offer: Offer::Write { base, sequence: Sequence::Alone, withdraws: false },
            content,
            may_reopen: false,
            refusal: None,
        };
        if let Some(verdict) = stored {
            return verdict;
        }
        let decision = decide(EPOCH, existing, incoming);
        let verdict = decision.verdict();
        if let Decision::Take { version, .. } = decision {
            self.clock += 1;
            self.canonical = Some((receipt(version.epoch, version.version, self.clock), content.clone()));
        }
        self.audit.push(content.body.get().to_owned());
        self.ledger.push((write_id, verdict.clone()));
        verdict
    }

    fn state(&self) -> (Option<VersionId>, usize, usize) {
        (self.canonical.as_ref().map(|(receipt, _)| receipt.version_id()), self.ledger.len(), self.audit.len())
    }
}

#[derive(Debug, Clone)]
struct Step {
    device: usize,
    text: u8,
    void: bool,
    submit: bool,
    sees_the_answer: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..3_usize, 0..4_u8, prop::bool::weighted(0.1), prop::bool::weighted(0.3), any::<bool>())
        .prop_map(|(device, text, void, submit, sees_the_answer)| Step { device, text, void, submit, sees_the_answer });
    prop::collection::vec(step, 1..40)
}

/// Plays the steps; calls `after` with the server and the write just judged.
fn play(steps: &[Step], mut after: impl FnMut(&TinyServer, Uuid, Option<&Receipt>, &Content)) -> TinyServer {
    let mut server = TinyServer::default();
    let mut known: [Option<Receipt>; 3] = [None, None, None];
    for (at, step) in steps.iter().enumerate() {
        let text = step.text.to_string();
        let written = match (step.void, step.submit) {
            (true, _) => voided(&text),
            (false, true) => submitted(&text),
            (false, false) => content(&text),
        };
        let write_id = Uuid::from_u128(at as u128 + 1);
        let base = known[step.device].clone();
        server.judge(write_id, base.as_ref(), &written);
        after(&server, write_id, base.as_ref(), &written);
        if step.sees_the_answer {
            known[step.device] = server.canonical.as_ref().map(|(receipt, _)| receipt.clone());
        }
    }
    server
}

proptest! {
    #[test]
    fn a_repeated_write_never_changes_anything(steps in steps(), again in 0..40_usize) {
        let mut writes = Vec::new();
        let mut server = play(&steps, |_, write_id, base, content| writes.push((write_id, base.cloned(), content.clone())));
        let (write_id, base, content) = &writes[again % writes.len()];
        let first = server.ledger[again % writes.len()].1.clone();
        let before = server.state();
        prop_assert_eq!(server.judge(*write_id, base.as_ref(), content), first);
        prop_assert_eq!(server.state(), before);
    }

    #[test]
    fn every_write_is_canonical_or_in_the_audit_list(steps in steps()) {
        let server = play(&steps, |_, _, _, _| {});
        prop_assert_eq!(server.audit.len(), steps.len());
    }

    #[test]
    fn versions_only_grow(steps in steps()) {
        let mut last = None;
        play(&steps, |server, _, _, _| {
            let now = server.state().0;
            assert!(now >= last);
            last = now;
        });
    }

    #[test]
    fn a_void_is_never_undone_by_the_field(steps in steps()) {
        let mut was_void = false;
        play(&steps, |server, _, _, _| {
            let is_void = server.canonical.as_ref()
                .is_some_and(|(_, content)| content.state == gatebook_domain::RecordState::Voided);
            assert!(is_void || !was_void);
            was_void = is_void;
        });
    }

    #[test]
    fn a_submitted_report_gives_way_to_a_draft_only_if_that_was_made_on_it(steps in steps()) {
        let mut before: Option<(Receipt, Content)> = None;
        play(&steps, |server, _, base, written| {
            let now = server.canonical.clone();
            if let (Some((held, report)), Some((receipt, _))) = (&before, &now) {
                let gave_way = receipt != held;
                let is_draft_over_report = report.is_submitted() && !written.is_submitted();
                let had_seen_it = base.is_some_and(|base| base == held);
                assert!(!(gave_way && is_draft_over_report) || had_seen_it);
            }
            before = now;
        });
    }

    #[test]
    fn a_pending_row_is_never_overwritten_by_a_pull(local in heads(), canonical in versions()) {
        prop_assume!(local.pending.is_some());
        prop_assert!(matches!(apply_canonical(Some(local), canonical), Change::Keep | Change::Shadow));
    }

    #[test]
    fn a_verdict_for_an_old_write_never_clears_a_newer_edit(
        local in heads(), verdict in verdicts(), canonical in prop::option::of(versions()), is_own in prop::bool::ANY
    ) {
        let judged = Uuid::from_u128(99);
        prop_assume!(local.pending.is_some_and(|pending| pending != judged));
        let change = apply_verdict(local, judged, &verdict, canonical, is_own);
        prop_assert!(matches!(change, Change::Keep | Change::Shadow | Change::Rebase), "{:?}", change);
    }

    #[test]
    fn a_taken_write_with_its_canonical_state_is_always_settled(
        local in heads(), canonical in versions(), kept in prop::bool::ANY, is_own in prop::bool::ANY
    ) {
        prop_assume!(local.pending.is_some());
        let verdict = if kept { Verdict::Accepted } else { Verdict::Conflict { kept: Kept::Existing } };
        let change = apply_verdict(local, local.pending.unwrap(), &verdict, Some(canonical), is_own);
        prop_assert!(matches!(change, Change::Match | Change::MatchShadow));
    }
}

fn versions() -> impl Strategy<Value = VersionId> {
    (1..3_u64, 1..6_u64).prop_map(|(epoch, version)| VersionId { epoch: Epoch(epoch), version })
}

fn heads() -> impl Strategy<Value = LocalHead> {
    let pending = prop::option::of((1..4_u128).prop_map(Uuid::from_u128));
    (prop::option::of(versions()), pending, prop::option::of(versions()))
        .prop_map(|(base, pending, shadow)| LocalHead { base, pending, shadow: shadow.filter(|_| pending.is_some()) })
}

fn verdicts() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        Just(Verdict::Accepted),
        Just(Verdict::Conflict { kept: Kept::Incoming }),
        Just(Verdict::Conflict { kept: Kept::Existing }),
        Just(Verdict::Rejected(Rejection::new(RejectionCode::Invalid, "why"))),
    ]
}
