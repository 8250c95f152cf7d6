//! What one person enters comes as one version after the other: of their bodies only the last is kept, and nothing that
//! somebody else had a part in is merged.

use gatebook_domain::RecordState;
use gatebook_sync::wire::{ApiErrorCode, AuditEntry, AuditOutcome};
use gatebook_sync::{Canonical, RejectionCode, Verdict};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::epoch::lost;
use super::reports::report;
use crate::support::{Draft, TestDevice, TestServer, api_error, gate_event, inspection};

/// The audit list's writes that lost their bodies, each with the one that is kept in its stead.
async fn merged(yard: &TestServer, id: Uuid) -> Vec<(Uuid, Uuid)> {
    let audit = yard.audit(id).await;
    let is_sound = |entry: &AuditEntry| entry.merged_into.is_some() == (entry.content.body.get() == "null");
    assert!(audit.iter().all(is_sound), "what is merged has no body, and everything else has: {audit:?}");
    audit.iter().filter_map(|entry| Some((entry.write_id, entry.merged_into?))).collect()
}

/// One more change to what is held.
async fn types_on(device: &TestDevice, held: &Canonical, draft: Draft) -> Canonical {
    let next = draft.of_record(held.id).on(&held.receipt);
    device.push(next).await.accepted(held.receipt.version + 1)
}

#[tokio::test]
async fn an_inspection_filled_in_by_a_hundred_taps_leaves_two_bodies() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = inspection("tap 1").written_on(&a);
    let mut held = a.send(vec![first.clone()]).await.accepted(1);
    for tap in 2..=100 {
        held = types_on(&a, &held, inspection(&format!("tap {tap}"))).await;
    }
    let last = held.write_id;
    let held = types_on(&a, &held, report("tap 100")).await;

    let audit = yard.audit(held.id).await;
    assert_eq!(audit.len(), 101, "every write stays in the ledger");
    let kept: Vec<_> = audit.iter().filter(|entry| entry.merged_into.is_none()).map(|entry| entry.write_id).collect();
    assert_eq!(kept, [last, held.write_id]);
    let next = audit.iter().skip(1).map(|entry| Some(entry.write_id));
    assert!(audit.iter().map(|entry| entry.merged_into).zip(next).take(99).all(|(into, next)| into == next));
    assert_eq!(merged(&yard, held.id).await.len(), 99);

    // Its answer was lost: the very first tap comes once more.
    let again = a.send(vec![first]).await;
    assert_eq!((again.verdict(), again.held().write_id), (&Verdict::Accepted, held.write_id));
}

#[tokio::test]
async fn a_repeat_of_what_was_merged_is_known_however_it_is_written_and_other_words_are_refused() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let mut first = gate_event("first").written_on(&a);
    let held = a.send(vec![first.clone()]).await.accepted(1);
    let second = types_on(&a, &held, gate_event("second")).await;
    assert_eq!(merged(&yard, held.id).await, [(first.write_id, second.write_id)]);

    let respelled = format!(" {}", first.content.body.get().replacen(':', ": ", 1));
    first.content.body = serde_json::value::RawValue::from_string(respelled.trim().to_owned()).unwrap();
    assert_eq!(a.send(vec![first.clone()]).await.verdict(), &Verdict::Accepted);
    first.content.body = gate_event("other words").written_on(&a).content.body;
    a.send(vec![first]).await.rejected(RejectionCode::Invalid);
    assert!(a.sees(held.id).await.unwrap().content.body.get().contains("second"));
}

#[tokio::test]
async fn what_somebody_else_wrote_is_never_merged() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let hector = yard.operator("Héctor Salinas");
    let mine = a.push(gate_event("mine")).await.accepted(1);
    let theirs = types_on(&b, &mine, gate_event("on another device")).await;
    let another = types_on(&b, &theirs, gate_event("by another person").by(hector)).await;
    let moved = types_on(&a, &another, gate_event("mine again")).await;
    yard.sets(moved.id, "close").await;
    yard.sets(moved.id, "reopen").await;
    let seen = a.sees(moved.id).await.unwrap();
    types_on(&a, &seen, gate_event("after the office")).await;
    assert_eq!(merged(&yard, mine.id).await, []);
}

#[tokio::test]
async fn a_void_is_never_merged() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await.accepted(1);
    let voided = types_on(&a, &first, gate_event("first").voided("begun by mistake")).await;
    assert_eq!(voided.content.state, RecordState::Voided);
    assert_eq!(merged(&yard, first.id).await, []);
}

#[tokio::test]
async fn both_sides_of_a_conflict_keep_what_they_said_whoever_won() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let first = a.push(gate_event("first")).await.accepted(1);
    let lost = types_on(&a, &first, gate_event("lost")).await;
    let won = b.push(gate_event("won").of_record(first.id).on(&first.receipt)).await.won(3);
    let next = types_on(&b, &won, gate_event("typed on")).await;
    let last = types_on(&b, &next, gate_event("and on")).await;
    let expected = [(first.write_id, lost.write_id), (next.write_id, last.write_id)];
    assert_eq!(merged(&yard, first.id).await, expected);

    // What nobody submitted does not displace what somebody has.
    let report = report("signed");
    let signed = b.push(report).await.accepted(1);
    let refused = a.push(inspection("a draft").of_record(signed.id)).await;
    assert_eq!(refused.held().write_id, signed.write_id);
    assert_eq!(merged(&yard, signed.id).await, []);
}

#[tokio::test]
async fn a_draft_that_was_kept_in_a_conflict_keeps_what_it_said() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let first = a.push(gate_event("first")).await.accepted(1);
    let mut held = Vec::new();
    let yard = lost(yard, async |_| held.push(types_on(&a, &first, gate_event("lost")).await)).await;
    a.finds(&yard.base);
    b.finds(&yard.base);
    yard.clock_steps(jiff::SignedDuration::from_hours(2));
    let kept = b.push(gate_event("kept").of_record(first.id).on(&first.receipt)).await.accepted(2);
    // What the server lost comes back, older than what was kept; then its writer types on.
    a.reoffer(held).await;
    types_on(&b, &kept, gate_event("typed on")).await;
    let audit = yard.audit(first.id).await;
    assert!(audit.iter().any(|entry| entry.outcome == AuditOutcome::SetAside { to: kept.write_id }));
    assert_eq!(merged(&yard, first.id).await, []);
}

#[tokio::test]
async fn the_office_is_told_which_version_to_restore_instead() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let first = a.push(gate_event("first")).await.accepted(1);
    let second = types_on(&a, &first, gate_event("second")).await;
    types_on(&b, &second, gate_event("another's")).await;
    let (path, body) = (format!("/v1/records/{}/restore", first.id), json!({"write_id": first.write_id}));
    let (status, error) = api_error(yard.admin(Method::POST, &path, Some(body)).await).await;
    assert_eq!((status, error.code), (400, ApiErrorCode::Malformed));
    assert!(error.message.contains(&second.write_id.to_string()), "{}", error.message);
    yard.restores(first.id, second.write_id).await;
    assert!(a.sees(first.id).await.unwrap().content.body.get().contains("second"));
}

#[tokio::test]
async fn who_saw_what_was_merged_has_seen_it_when_it_is_said_again() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let first = a.push(gate_event("first")).await.accepted(1);
    let typo = types_on(&a, &first, gate_event("typo")).await;
    b.push(gate_event("unseen").of_record(first.id).on(&first.receipt)).await.won(3);

    let first = a.push(gate_event("first")).await.accepted(1);
    let again = types_on(&a, &types_on(&a, &first, gate_event("typo")).await, gate_event("first")).await;
    assert_eq!(merged(&yard, first.id).await.len(), 2);
    b.push(gate_event("seen").of_record(first.id).on(&first.receipt)).await.accepted(again.receipt.version + 1);
    assert_eq!(typo.receipt.version, 2);
}

#[tokio::test]
async fn changes_of_one_page_are_merged_alike() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = gate_event("first").written_on(&a);
    let second = gate_event("second").of_record(first.id).after(&[&first]).written_on(&a);
    let third = gate_event("third").of_record(first.id).after(&[&first, &second]).written_on(&a);
    let answer = a.send(vec![first.clone(), second.clone(), third.clone()]).await;
    assert_eq!(answer.verdicts(), [&Verdict::Accepted; 3]);
    let expected = [(first.write_id, second.write_id), (second.write_id, third.write_id)];
    assert_eq!(merged(&yard, first.id).await, expected);
    assert!(a.sees(first.id).await.unwrap().content.body.get().contains("third"));
}
