//! Exactly once in effect: whatever is sent again changes nothing.

use gatebook_sync::wire::CanonicalState;
use gatebook_sync::{RejectionCode, Verdict};
use proptest::prelude::*;

use crate::support::{Draft, TestServer, gate_event};

#[tokio::test]
async fn a_repeat_after_a_lost_answer_is_told_the_same() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let answer = a.push(gate_event("first")).await;
    let held = answer.accepted(1);
    let again = a.send(answer.push.clone()).await;
    assert_eq!(again.accepted(1).receipt, held.receipt);
    assert!(matches!(again.response.verdicts[0].canonical, Some(CanonicalState::AsSent(_))));
    assert_eq!(yard.audit(held.id).await.len(), 1);
}

#[tokio::test]
async fn a_repeat_after_somebody_elses_win_is_told_the_same_with_todays_state() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let mine = a.push(gate_event("mine")).await;
    let theirs = b.push(gate_event("theirs").of_record(mine.accepted(1).id)).await.won(2);
    let audit = yard.audit(theirs.id).await.len();

    let again = a.send(mine.push.clone()).await;
    assert_eq!(again.verdict(), &Verdict::Accepted);
    assert_eq!(again.held().receipt, theirs.receipt);
    assert!(again.held().content.body.get().contains("theirs"));
    assert_eq!(yard.audit(theirs.id).await.len(), audit);
}

#[tokio::test]
async fn a_rejection_is_repeated_as_well() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let rejected = a.push(Draft::raw("gate_event", "{}")).await;
    rejected.rejected(RejectionCode::Invalid);
    let again = a.send(rejected.push.clone()).await;
    assert_eq!(again.verdict(), rejected.verdict());
    assert_eq!(yard.audit(rejected.push[0].id).await.len(), 1);
}

#[tokio::test]
async fn a_write_twice_in_a_page_counts_once() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let push = gate_event("first").written_on(&a);
    let answer = a.send(vec![push.clone(), push.clone()]).await;
    assert_eq!(answer.verdicts(), [&Verdict::Accepted, &Verdict::Accepted]);
    assert_eq!(yard.audit(push.id).await.len(), 1);
}

#[tokio::test]
async fn a_write_id_that_comes_again_with_something_else_never_passes_as_judged() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = gate_event("first").written_on(&a);
    a.send(vec![first.clone()]).await.accepted(1);
    let mut other = gate_event("other").of_record(first.id).written_on(&a);
    other.write_id = first.write_id;
    for _ in 0..2 {
        a.send(vec![other.clone()]).await.rejected(RejectionCode::Invalid);
    }
    let audit = yard.audit(first.id).await;
    assert_eq!(audit.len(), 2, "the payload is kept, once");
    assert!(audit[1].content.body.get().contains("other"));
    assert!(a.sees(first.id).await.unwrap().content.body.get().contains("first"));

    // The same under another record: nothing of it was judged either.
    let mut elsewhere = first.clone();
    elsewhere.id = a.new_id();
    a.send(vec![elsewhere]).await.rejected(RejectionCode::Invalid);
}

/// What one record of a page does, small enough that pages meet.
fn acts() -> impl Strategy<Value = Vec<(u8, u8, bool, u8)>> {
    // Which of four records, which of three bodies, on the first known state or on none, which sort of content.
    prop::collection::vec((0..4_u8, 0..3_u8, any::<bool>(), 0..6_u8), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn repeating_any_page_changes_nothing(pages in prop::collection::vec(acts(), 1..4)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let yard = TestServer::start().await;
            let devices = [yard.device("A").await, yard.device("B").await];
            let ids: Vec<_> = (0..4).map(|_| devices[0].new_id()).collect();
            let mut receipts = vec![None; ids.len()];
            for (at, page) in pages.iter().enumerate() {
                let device = &devices[at % 2];
                let push = page.iter().map(|&(record, body, is_based, sort)| {
                    let draft = match sort {
                        0 => Draft::raw("gate_event", "{}"),
                        1 => Draft::raw("unheard_of", "{}"),
                        _ => gate_event(&format!("body {body}")),
                    };
                    let record = usize::from(record);
                    let draft = draft.of_record(ids[record]);
                    match &receipts[record] {
                        Some(receipt) if is_based => draft.on(receipt),
                        _ => draft,
                    }
                    .written_on(device)
                });
                let answer = device.send(push.collect()).await;
                let audit = || ids.iter().map(|id| yard.server.audit(*id).map_or(0, |entries| entries.len()));
                let before: Vec<_> = audit().collect();
                let again = device.send(answer.push.clone()).await;
                let told = |answer: &crate::support::Answer| serde_json::to_string(&answer.response.verdicts).unwrap();
                prop_assert_eq!(told(&again), told(&answer));
                prop_assert_eq!(audit().collect::<Vec<_>>(), before);
                for judged in &answer.response.verdicts {
                    let at = ids.iter().position(|id| *id == judged.id).unwrap();
                    if receipts[at].is_none() {
                        receipts[at] = judged.canonical.as_ref().map(|canonical| canonical.receipt().clone());
                    }
                }
            }
            Ok(())
        })?;
    }
}
