//! Restarts, backups, and servers that lost something.

use gatebook_domain::RecordState;
use gatebook_sync::wire::{AuditOutcome, CanonicalState, SyncRequest};
use gatebook_sync::{Canonical, Kept, Receipt, RejectionCode, Verdict};
use jiff::Timestamp;

use crate::support::{TestServer, api_error, client, gate_event, refused, restore_backup};

pub(crate) fn now() -> Timestamp {
    "2026-03-04T16:00:00Z".parse().unwrap()
}

/// Takes a backup, lets `meanwhile` happen, and starts again from the backup in a new epoch.
pub(crate) async fn lost(yard: TestServer, meanwhile: impl AsyncFnOnce(&TestServer)) -> TestServer {
    let backup = yard.place.join("backup");
    yard.backup(&backup);
    meanwhile(&yard).await;
    yard.restarted(|place| restore_backup(place, &backup, now())).await
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await;
    let second = a.push(gate_event("second").of_record(first.accepted(1).id)).await.won(2);
    let (epoch, before) = (yard.server.epoch().unwrap(), a.sees(second.id).await.unwrap());
    let yard = yard.restarted(|_| {}).await;
    a.finds(&yard.base);
    assert_eq!(yard.server.epoch().unwrap(), epoch);
    assert_eq!(a.pull().await.len(), 0, "cursors still hold");
    assert_eq!(a.sees(second.id).await.unwrap().receipt, before.receipt);
    assert_eq!(a.send(first.push.clone()).await.verdict(), &Verdict::Accepted);
    assert_eq!(yard.audit(second.id).await.len(), 2);
}

#[tokio::test]
async fn a_restored_backup_begins_a_new_epoch() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let epoch = yard.server.epoch().unwrap();
    a.pull().await;
    let yard = lost(yard, async |_| drop(a.push(gate_event("lost")).await)).await;
    a.finds(&yard.base);
    assert!(yard.server.epoch().unwrap() > epoch);
    assert_eq!(a.pull().await.len(), 59 + 8, "cursors start again");

    // Restoring once more, however the clock stands, is again a new epoch.
    let epoch = yard.server.epoch().unwrap();
    let backup = yard.place.join("backup");
    let long_ago = "2020-01-01T00:00:00Z".parse().unwrap();
    let yard = yard.restarted(|place| restore_backup(place, &backup, long_ago)).await;
    assert!(yard.server.epoch().unwrap() > epoch);
}

#[tokio::test]
async fn a_state_the_server_lost_is_put_back_by_its_receipt() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await.accepted(1);
    let mut held = Vec::new();
    let yard = lost(yard, async |_| {
        held.push(a.push(gate_event("second").of_record(first.id).on(&first.receipt)).await.accepted(2));
        held.push(a.push(gate_event("new")).await.accepted(1));
    })
    .await;
    a.finds(&yard.base);
    let answer = a.reoffer(held.clone()).await;
    for (judged, held) in answer.verdicts.iter().zip(&held) {
        assert_eq!(judged.verdict, Verdict::Accepted);
        let Some(CanonicalState::AsSent(receipt)) = &judged.canonical else { panic!("{judged:?}") };
        assert_eq!(receipt.received_at, held.receipt.received_at, "it keeps its time");
        assert_eq!((receipt.epoch, receipt.version), (yard.server.epoch().unwrap(), held.receipt.version + 1));
    }
    // Another device has the same to offer: nothing more happens.
    let b = yard.device("B").await;
    assert!(b.reoffer(held.clone()).await.verdicts.iter().all(|judged| judged.verdict == Verdict::Accepted));
    assert_eq!(yard.audit(first.id).await.len(), 2);
}

#[tokio::test]
async fn what_the_office_wrote_is_put_back_as_well() {
    let yard = TestServer::start().await;
    let (a, operator) = (yard.device("A").await, yard.operator("María Torres"));
    let mut held = None;
    let yard = lost(yard, async |yard| {
        let mut content = a.sees(operator).await.unwrap().content;
        let body = content.body.get().replace("Inspector", "Chief inspector");
        content.body = serde_json::value::RawValue::from_string(body).unwrap();
        yard.server.put_record(None, operator, content).unwrap();
        held = a.sees(operator).await;
    })
    .await;
    a.finds(&yard.base);
    let answer = a.reoffer(held.into_iter().collect()).await;
    assert_eq!(answer.verdicts[0].verdict, Verdict::Accepted);
    assert!(a.sees(operator).await.unwrap().content.body.get().contains("Chief"));
}

#[tokio::test]
async fn a_reoffer_older_than_what_was_taken_since_goes_to_the_audit_table() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let first = a.push(gate_event("first")).await.accepted(1);
    let mut held = Vec::new();
    let yard = lost(yard, async |_| {
        held.push(a.push(gate_event("lost").of_record(first.id).on(&first.receipt)).await.accepted(2));
    })
    .await;
    a.finds(&yard.base);
    b.finds(&yard.base);
    yard.clock_steps(jiff::SignedDuration::from_hours(2));
    let since = b.push(gate_event("since").of_record(first.id).on(&first.receipt)).await.accepted(2);

    let answer = a.reoffer(held.clone()).await;
    assert_eq!(answer.verdicts[0].verdict, Verdict::Conflict { kept: Kept::Existing });
    let audit = yard.audit(first.id).await;
    assert_eq!(audit[2].outcome, AuditOutcome::SetAside { to: since.write_id });
    assert_eq!(audit[2].received_at, held[0].receipt.received_at);
    assert!(a.sees(first.id).await.unwrap().content.body.get().contains("since"));
    assert!(a.pull().await.is_empty());
}

#[tokio::test]
async fn a_write_on_a_lost_base_is_accepted_while_nobody_else_came_between() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await.accepted(1);
    let mut lost_base: Option<Canonical> = None;
    let yard = lost(yard, async |_| {
        lost_base = Some(a.push(gate_event("second").of_record(first.id).on(&first.receipt)).await.accepted(2));
    })
    .await;
    a.finds(&yard.base);
    let third = gate_event("third").of_record(first.id).on(&lost_base.unwrap().receipt);
    assert!(a.push(third).await.accepted(3).receipt.epoch == yard.server.epoch().unwrap());
}

#[tokio::test]
async fn a_reoffer_that_was_altered_is_not_believed() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let held = a.push(gate_event("first")).await.accepted(1);
    let mut forged = vec![held.clone(); 3];
    forged[0].content.body = gate_event("better").written_on(&a).content.body;
    forged[1].receipt.received_at = "2027-01-01T00:00:00Z".parse().unwrap();
    forged[2].id = a.new_id();
    for forged in &mut forged {
        forged.write_id = if forged.id == held.id { a.new_id() } else { forged.write_id };
    }
    for judged in a.reoffer(forged).await.verdicts {
        let code = refused(&judged.verdict).map(|(code, ..)| code);
        assert!(matches!(code, Some(RejectionCode::ForgedReceipt | RejectionCode::Invalid)), "{judged:?}");
    }
    assert_eq!(a.sees(held.id).await.unwrap().receipt, held.receipt);
}

#[tokio::test]
async fn a_reoffer_that_is_not_believed_does_not_stand_in_the_way_of_the_genuine_one() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let mut held = None;
    let yard = lost(yard, async |_| held = Some(a.push(gate_event("lost")).await.accepted(1))).await;
    a.finds(&yard.base);
    b.finds(&yard.base);
    let genuine = held.unwrap();
    let forged = Canonical { content: gate_event("forged").written_on(&a).content, ..genuine.clone() };
    for _ in 0..2 {
        let answer = a.reoffer(vec![forged.clone()]).await;
        assert_eq!(refused(&answer.verdicts[0].verdict).unwrap().0, RejectionCode::ForgedReceipt);
    }
    assert_eq!(b.reoffer(vec![genuine.clone()]).await.verdicts[0].verdict, Verdict::Accepted);
    let answer = a.reoffer(vec![forged]).await;
    assert_eq!(refused(&answer.verdicts[0].verdict).unwrap().0, RejectionCode::ForgedReceipt);
    assert!(a.sees(genuine.id).await.unwrap().content.body.get().contains("lost"));
    assert_eq!(yard.audit(genuine.id).await.len(), 2, "the forged one is kept for the admin, once");
}

#[tokio::test]
async fn a_state_whose_successor_was_put_back_first_is_filed_without_a_conflict() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let mut held = Vec::new();
    let yard = lost(yard, async |_| {
        held.push(a.push(gate_event("first")).await.accepted(1));
        held.push(a.push(gate_event("second").of_record(held[0].id).on(&held[0].receipt)).await.accepted(2));
    })
    .await;
    a.finds(&yard.base);
    for state in held.iter().rev() {
        assert_eq!(a.reoffer(vec![state.clone()]).await.verdicts[0].verdict, Verdict::Accepted);
    }
    let outcomes: Vec<_> = yard.audit(held[0].id).await.into_iter().map(|entry| entry.outcome).collect();
    assert_eq!(outcomes, [AuditOutcome::Canonical, AuditOutcome::Superseded]);
    assert!(a.pull().await.iter().all(|state| state.content.kind != "notice"));
}

#[tokio::test]
async fn a_lost_state_is_taken_from_a_device_that_no_longer_works_for_its_yard_and_not_shown_to_it() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let mut held = Vec::new();
    let yard = lost(yard, async |_| held.push(a.push(gate_event("lost")).await.accepted(1))).await;
    a.finds(&yard.base);
    yard.server.set_device_yards(a.id, &[yard.nuevo_laredo()]).unwrap();
    let judged = a.reoffer(held.clone()).await.verdicts.remove(0);
    assert_eq!((judged.verdict, judged.canonical.is_none()), (Verdict::Accepted, true));
    assert_eq!(yard.audit(held[0].id).await.len(), 1);
}

#[tokio::test]
async fn what_is_taken_after_a_restore_was_received_after_all_that_was_lost_whatever_the_clock_says() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await.accepted(1);
    let mut held = None;
    let yard = lost(yard, async |_| {
        held = Some(a.push(gate_event("lost").of_record(first.id).on(&first.receipt)).await.accepted(2));
    })
    .await;
    a.finds(&yard.base);
    yard.clock_steps(jiff::SignedDuration::from_hours(-24));
    let since = a.push(gate_event("since").of_record(first.id).on(&first.receipt)).await.accepted(2);
    assert!(since.receipt.received_at > held.unwrap().receipt.received_at);
}

#[tokio::test]
async fn a_void_that_is_given_back_gives_way_to_the_offices_reopening_that_is_given_back_after_it() {
    let yard = TestServer::start().await;
    let [a, b, c] = [yard.device("A").await, yard.device("B").await, yard.device("C").await];
    let first = a.push(gate_event("first")).await.accepted(1);
    let mut lost_states = Vec::new();
    let yard = lost(yard, async |yard| {
        b.push(gate_event("first").of_record(first.id).on(&first.receipt).voided("entered twice")).await.accepted(2);
        lost_states.push(a.sees(first.id).await.unwrap());
        yard.sets(first.id, "reopen").await;
        lost_states.push(a.sees(first.id).await.unwrap());
    })
    .await;
    for device in [&a, &b, &c] {
        device.finds(&yard.base);
    }
    let [void, reopening] = lost_states.try_into().unwrap();
    let since = gate_event("written since").of_record(first.id).on(&first.receipt);
    c.push(since).await.accepted(2);

    // A void stands against whoever had not seen it, and so counts as received anew. It was filed when it was.
    let answer = b.reoffer(vec![void.clone()]).await;
    assert_eq!(answer.verdicts[0].verdict, Verdict::Conflict { kept: Kept::Incoming });
    let back = a.sees(first.id).await.unwrap();
    assert_eq!((back.write_id, back.receipt.filed_at()), (void.write_id, void.receipt.filed_at()));
    assert!(back.receipt.received_at > reopening.receipt.received_at);

    let answer = a.reoffer(vec![reopening.clone()]).await;
    assert_eq!(answer.verdicts[0].verdict, Verdict::Accepted);
    let in_force = a.sees(first.id).await.unwrap();
    assert_eq!((in_force.write_id, in_force.content.state), (reopening.write_id, RecordState::Live));
}

#[tokio::test]
async fn a_mark_that_this_history_does_not_hold_begins_a_new_epoch_once() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let backup = yard.place.join("backup");
    yard.backup(&backup);
    let lost = a.push(gate_event("lost")).await;
    let (known, mark) = (lost.response.epoch, lost.response.mark.clone());
    assert!(mark.is_some());
    let yard = yard.restarted(|place| place.swap(&backup)).await;
    a.finds(&yard.base);
    b.finds(&yard.base);
    // The counter passes what A knows.
    b.push_all(["one", "two", "three"].map(gate_event)).await;
    let shown = || SyncRequest { epoch: Some(known), mark: mark.clone(), ..a.request() };
    let epoch = a.sync(shown()).await.epoch;
    assert!(epoch > known);
    assert_eq!(a.sync(shown()).await.epoch, epoch, "not once more");
    let forged = SyncRequest { epoch: Some(epoch), mark, ..a.request() };
    assert_eq!(a.sync(forged).await.epoch, epoch, "a mark is good for its own epoch only");
}

#[tokio::test]
async fn a_mark_tells_two_writes_apart_that_were_given_one_place_and_one_time() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    // A clock that is behind: times of receipt count on from the last one.
    yard.clock_steps(jiff::SignedDuration::from_hours(-24));
    let backup = yard.place.join("backup");
    yard.backup(&backup);
    let lost = a.push(gate_event("lost")).await;
    let yard = yard.restarted(|place| place.swap(&backup)).await;
    a.finds(&yard.base);
    b.finds(&yard.base);
    let other = b.push(gate_event("other")).await.accepted(1);
    let gone = lost.accepted(1).receipt;
    assert_eq!((other.receipt.seq, other.receipt.received_at), (gone.seq, gone.received_at));
    let shown = SyncRequest { epoch: Some(lost.response.epoch), mark: lost.response.mark.clone(), ..a.request() };
    assert!(a.sync(shown).await.epoch > lost.response.epoch);
}

#[tokio::test]
async fn a_mark_tells_a_write_that_was_lost_from_the_same_write_given_back_at_the_very_place_it_had() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let backup = yard.place.join("backup");
    yard.backup(&backup);
    a.push(gate_event("lost first")).await.accepted(1);
    let lost = a.push(gate_event("lost second")).await;
    let second = a.sees(lost.accepted(1).id).await.unwrap();
    let shown = SyncRequest { epoch: Some(lost.response.epoch), mark: lost.response.mark.clone(), ..a.request() };
    let yard = yard.restarted(|place| place.swap(&backup)).await;
    a.finds(&yard.base);
    b.finds(&yard.base);
    // Something else takes the first's place, and the second comes back to its own.
    b.push(gate_event("taken since")).await.accepted(1);
    b.reoffer(vec![second.clone()]).await;
    let given_back = b.sees(second.id).await.unwrap();
    assert_eq!(
        (given_back.receipt.seq, given_back.receipt.received_at, given_back.write_id),
        (second.receipt.seq, second.receipt.received_at, second.write_id)
    );
    let known = shown.epoch.unwrap();
    assert!(a.sync(shown).await.epoch > known, "the first is lost, and only A can give it back");
}

#[tokio::test]
async fn a_mark_of_a_later_epoch_than_the_databases_begins_one_later_still() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let backup = yard.place.join("backup");
    yard.backup(&backup);
    let yard = yard.restarted(|place| restore_backup(place, &backup, now())).await;
    a.finds(&yard.base);
    let answer = a.push(gate_event("lost")).await.response;
    let yard = yard.restarted(|place| place.swap(&backup)).await;
    a.finds(&yard.base);
    assert!(yard.server.epoch().unwrap() < answer.epoch);
    let shown = SyncRequest { epoch: Some(answer.epoch), mark: answer.mark, ..a.request() };
    assert!(a.sync(shown).await.epoch > answer.epoch);
}

#[tokio::test]
async fn a_restore_that_nobody_announced_shows_by_the_cursor() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let backup = yard.place.join("backup");
    yard.backup(&backup);
    a.push(gate_event("lost")).await.accepted(1);
    a.pull().await;
    let yard = yard.restarted(|place| place.swap(&backup)).await;
    a.finds(&yard.base);
    let answer = a.sync(a.request()).await;
    let laredo = answer.scopes.iter().find(|page| page.scope.yard_id() == Some(yard.laredo())).unwrap();
    assert_eq!(laredo.records.len(), 5, "that scope starts again");
}

#[tokio::test]
async fn a_device_enrolled_after_the_backup_is_let_in_and_a_stranger_is_told_that_what_it_holds_is_safe() {
    let yard = TestServer::start().await;
    let mut late = None;
    let yard = lost(yard, async |yard| late = Some(yard.device("Late").await)).await;
    let late = late.unwrap();
    late.finds(&yard.base);
    late.push(gate_event("after the restore")).await.accepted(1);
    let stranger = client().post(format!("{}/v1/sync", yard.base)).bearer_auth("given before").body("{}");
    let (status, error) = api_error(stranger.send().await.unwrap()).await;
    assert_eq!(status, 401);
    assert!(error.message.contains("what it holds is safe"));
}

#[tokio::test]
async fn who_offers_a_state_again_has_no_say_in_who_wrote_it() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let mut held = Vec::new();
    let yard = lost(yard, async |_| {
        for says in [Some(b.id), None, Some(a.new_id())] {
            let canonical = a.push(gate_event("lost")).await.accepted(1);
            held.push(Canonical { device_id: says, ..canonical });
        }
    })
    .await;
    b.finds(&yard.base);
    for judged in b.reoffer(held.clone()).await.verdicts {
        assert_eq!(judged.verdict, Verdict::Accepted, "the state itself is proved");
    }
    for held in &held {
        assert_eq!(yard.audit(held.id).await[0].device_name, "A");
        assert_eq!(b.sees(held.id).await.unwrap().device_id, Some(a.id));
        // Nobody can put another author into the receipt, or none.
        let [digest, author, tag] = *held.receipt.mac.split('.').collect::<Vec<_>>() else { panic!("{held:?}") };
        assert_ne!(author, "");
        for mac in [format!("{digest}.{tag}"), format!("{digest}..{tag}")] {
            let mut forged = held.clone();
            forged.receipt.mac = mac;
            let write = gate_event("on it").of_record(held.id).on(&forged.receipt);
            let answer = b.push(write).await;
            assert_eq!(refused(answer.verdict()).unwrap().0, RejectionCode::ForgedReceipt);
        }
    }
}

/// As it was given by a server from before receipts told who wrote: the same key, record, write and words as below.
const GIVEN_BEFORE: &str = r#"{"epoch":1772636400001,"version":1,"seq":68,"received_at":"2026-03-04T15:00:00.077Z",
    "mac":"MQnhwRfCF4IMXuLIlm-jXA.F7dgKIJDstXCuBTT5sS5WA"}"#;

#[tokio::test]
async fn a_receipt_from_before_receipts_told_who_wrote_proves_the_state_and_makes_nobody_its_author() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let mut held = None;
    let yard = lost(yard, async |_| held = Some(a.push(gate_event("first")).await.accepted(1))).await;
    a.finds(&yard.base);
    let b = yard.device("B").await;
    let receipt: Receipt = serde_json::from_str(GIVEN_BEFORE).unwrap();
    let held = Canonical { device_id: Some(b.id), ..held.unwrap() };
    assert!(receipt.is_of_same_write(&held.receipt), "the words are those of then: {held:?}");
    let held = Canonical { receipt, ..held };
    let answer = b.reoffer(vec![held.clone()]).await;
    assert_eq!(answer.verdicts[0].verdict, Verdict::Accepted);
    let audit = yard.audit(held.id).await;
    assert_eq!((audit[0].device_name.as_str(), audit[0].operator_name.as_str()), ("", "María Torres"));
    assert_eq!(audit[0].received_at, held.receipt.received_at);
    // As a base it counts as ever.
    a.push(gate_event("next").of_record(held.id).on(&held.receipt)).await.accepted(3);
}
