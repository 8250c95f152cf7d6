//! Writes of one device to one record that are on their way together, or whose answers were lost.

use gatebook_sync::wire::{AuditOutcome, OfficeConflicts};
use gatebook_sync::{Kept, Verdict};
use reqwest::Method;

use crate::support::{TestServer, gate_event};

#[tokio::test]
async fn who_types_on_after_a_lost_answer_is_told_of_no_conflict() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await.accepted(1);
    let lost = gate_event("its answer is lost").of_record(first.id).on(&first.receipt).written_on(&a);
    a.send(vec![lost.clone()]).await;
    let typed_on = gate_event("typed on").of_record(first.id).on(&first.receipt).after(&[&lost]);
    a.push(typed_on).await.accepted(3);

    let outcomes: Vec<_> = yard.audit(first.id).await.into_iter().map(|entry| entry.outcome).collect();
    assert_eq!(outcomes, [AuditOutcome::Superseded, AuditOutcome::Superseded, AuditOutcome::Canonical]);
    assert!(a.pull().await.iter().all(|state| state.content.kind != "notice"));
}

#[tokio::test]
async fn any_number_of_lost_answers_counts_as_none() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = gate_event("0").written_on(&a);
    a.send(vec![first.clone()]).await;
    let mut unanswered = vec![first];
    for at in 1..6 {
        let earlier: Vec<_> = unanswered.iter().collect();
        let next = gate_event(&at.to_string()).of_record(earlier[0].id).after(&earlier).written_on(&a);
        assert_eq!(a.send(vec![next.clone()]).await.verdict(), &Verdict::Accepted);
        unanswered.push(next);
    }
    assert!(a.pull().await.iter().all(|state| state.content.kind != "notice"));
}

#[tokio::test]
async fn a_write_that_arrives_after_a_later_one_of_its_device_is_filed_and_changes_nothing() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let first = a.push(gate_event("first")).await.accepted(1);
    let late = gate_event("long on its way").of_record(first.id).on(&first.receipt).written_on(&a);
    let later = a.push(gate_event("later").of_record(first.id).on(&first.receipt).after(&[&late])).await.accepted(2);
    // Somebody builds on the later one before the earlier one arrives.
    let built = b.push(gate_event("built on it").of_record(first.id).on(&later.receipt)).await.accepted(3);

    let answer = a.send(vec![late.clone()]).await;
    assert_eq!(answer.verdict(), &Verdict::Accepted);
    assert_eq!(answer.held().write_id, built.write_id);
    let filed = yard.audit(first.id).await.into_iter().find(|entry| entry.write_id == late.write_id).unwrap();
    assert_eq!((filed.outcome, filed.version), (AuditOutcome::Superseded, None));
    // And so it is when it comes once more.
    assert_eq!(a.send(vec![late]).await.held().write_id, built.write_id);
}

#[tokio::test]
async fn what_somebody_made_of_an_unanswered_write_is_a_conflict_with_what_its_writer_typed_on() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let unanswered = gate_event("its answer is lost").written_on(&a);
    let taken = a.send(vec![unanswered.clone()]).await.accepted(1);
    b.push(gate_event("theirs").of_record(taken.id).on(&taken.receipt)).await.accepted(2);
    let answer = a.push(gate_event("typed on").of_record(taken.id).after(&[&unanswered])).await;
    assert_eq!(answer.verdict(), &Verdict::Conflict { kept: Kept::Incoming });
}

#[tokio::test]
async fn a_change_given_up_after_it_was_taken_is_taken_back() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await.accepted(1);
    let slip = gate_event("a slip").of_record(first.id).on(&first.receipt).written_on(&a);
    a.send(vec![slip.clone()]).await;
    let back = gate_event("first").of_record(first.id).on(&first.receipt).withdrawing(&[&slip]);
    a.push(back).await.accepted(3);
    assert!(a.sees(first.id).await.unwrap().content.body.get().contains("first"));
}

#[tokio::test]
async fn a_change_given_up_before_it_was_taken_stands_in_nobodys_way() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let first = a.push(gate_event("first")).await.accepted(1);
    let slip = gate_event("a slip").of_record(first.id).on(&first.receipt).written_on(&a);
    let theirs = b.push(gate_event("theirs").of_record(first.id).on(&first.receipt)).await.accepted(2);
    let back = gate_event("first").of_record(first.id).on(&first.receipt).withdrawing(&[&slip]);
    let answer = a.push(back).await;
    assert_eq!((answer.verdict(), answer.held().write_id), (&Verdict::Accepted, theirs.write_id));
    // The slip arrives at last.
    assert_eq!(a.send(vec![slip]).await.held().write_id, theirs.write_id);
}

#[tokio::test]
async fn who_goes_on_from_a_write_whose_answer_was_lost_has_not_seen_the_office_bring_back_what_that_was_made_on() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first").by(yard.operator("Héctor Salinas"))).await.accepted(1);
    let unanswered = gate_event("second").of_record(first.id).on(&first.receipt).written_on(&a);
    a.send(vec![unanswered.clone()]).await.accepted(2);
    let restored = yard.restores(first.id, first.write_id).await;
    let next = gate_event("third").of_record(first.id).on(&first.receipt).after(&[&unanswered]).written_on(&a);
    a.send(vec![next]).await.won(4);
    let found: OfficeConflicts = yard.admin(Method::GET, "/v1/conflicts", None).await.json().await.unwrap();
    let overturned: Vec<_> = found.conflicts.iter().map(|conflict| conflict.set_aside.write_id).collect();
    assert_eq!(overturned, [restored.write_id]);
}

#[tokio::test]
async fn who_goes_on_from_a_write_whose_answer_was_lost_has_seen_it_brought_back() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let first = a.push(gate_event("first")).await.accepted(1);
    let unanswered = gate_event("second").of_record(first.id).on(&first.receipt).written_on(&a);
    let second = a.send(vec![unanswered.clone()]).await.accepted(2);
    b.push(gate_event("another's").of_record(first.id).on(&second.receipt)).await.accepted(3);
    yard.restores(first.id, second.write_id).await;
    let next = gate_event("third").of_record(first.id).on(&first.receipt).after(&[&unanswered]).written_on(&a);
    a.send(vec![next]).await.accepted(5);
}
