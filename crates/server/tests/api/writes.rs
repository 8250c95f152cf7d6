//! First writes, updates, and pages of them.

use gatebook_sync::wire::CanonicalState;
use gatebook_sync::{Kept, Verdict};

use crate::support::{DraftKind, TestServer, gate_event, inspection};

#[tokio::test]
async fn a_first_write_becomes_version_1_and_reaches_the_other_device() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    for write in [gate_event as DraftKind, inspection] {
        let held = a.push(write("first")).await.accepted(1);
        let seen = b.sees(held.id).await.unwrap();
        assert_eq!(seen.receipt, held.receipt);
        assert_eq!(seen.device_id, Some(a.id));
        assert_eq!(seen.content.body.get(), held.content.body.get());
    }
}

#[tokio::test]
async fn what_is_taken_as_sent_is_not_sent_back() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    a.pull().await;
    let answer = a.push(gate_event("first")).await;
    assert!(matches!(answer.response.verdicts[0].canonical, Some(CanonicalState::AsSent(_))));
    assert!(answer.response.scopes.iter().all(|page| page.records.is_empty()));
    let laredo = answer.response.scopes.iter().find(|page| page.scope.yard_id() == Some(yard.laredo())).unwrap();
    assert_eq!(laredo.cursor, answer.receipts()[0].seq, "the cursor moves past it");
}

#[tokio::test]
async fn an_update_on_the_current_version_follows_it() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let first = a.push(gate_event("first")).await.accepted(1);
    let second = b.push(gate_event("second").of_record(first.id).on(&first.receipt)).await.accepted(2);
    a.push(gate_event("third").of_record(first.id).on(&second.receipt)).await.accepted(3);
    assert_eq!(yard.audit(first.id).await.len(), 3);
}

#[tokio::test]
async fn the_same_said_without_knowing_needs_no_new_version() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let first = a.push(gate_event("both saw it")).await.accepted(1);
    let same = b.push(gate_event("both saw it").of_record(first.id)).await.accepted(1);
    assert_eq!(same.write_id, first.write_id, "the first one's stays, with its receipt");
    assert_eq!(yard.audit(first.id).await.len(), 2);
}

#[tokio::test]
async fn bodies_are_kept_byte_for_byte_with_fields_of_a_newer_schema() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let mut draft = gate_event("first");
    draft.body = draft.body.replacen('{', "{ \"new_field\" : 1.10,\n", 1);
    let sent = draft.body.clone();
    let held = a.push(draft).await.accepted(1);
    assert_eq!(b.sees(held.id).await.unwrap().content.body.get(), sent);
}

#[tokio::test]
async fn a_record_twice_in_a_page_is_judged_in_order() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let id = a.new_id();
    let answer = a.push_all([gate_event("first").of_record(id), gate_event("second").of_record(id)]).await;
    assert_eq!(answer.verdicts(), [&Verdict::Accepted, &Verdict::Conflict { kept: Kept::Incoming }]);
    let held = a.sees(id).await.unwrap();
    assert!(held.content.body.get().contains("second"));
    assert_eq!(held.receipt.version, 2);
    // The first verdict, too, comes with the state as the page left it.
    let Some(CanonicalState::Record(canonical)) = &answer.response.verdicts[0].canonical else { panic!() };
    assert_eq!(canonical.receipt, held.receipt);
}

#[tokio::test]
async fn a_record_that_moves_to_another_yard_travels_there_from_then_on() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let there = yard.device_of("There", &[yard.nuevo_laredo()]).await;
    let first = a.push(gate_event("in Laredo")).await.accepted(1);
    assert!(there.sees(first.id).await.is_none());
    let moved = gate_event("across").of_record(first.id).on(&first.receipt).at(yard.nuevo_laredo());
    a.push(moved).await.accepted(2);
    assert!(there.sees(first.id).await.is_some());
}

#[tokio::test]
async fn any_time_of_capture_is_taken() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    for time in ["1970-01-01T00:00:00Z", "2016-03-04T00:00:00.123456789Z", "9999-12-30T00:00:00Z"] {
        let held = a.push(gate_event(time).captured(time)).await.accepted(1);
        assert_eq!(a.sees(held.id).await.unwrap().content.captured_at, time.parse().unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_write_at_once_all_count_and_all_end_up_with_the_same() {
    const DEVICES: u64 = 6;
    const ROUNDS: u64 = 5;
    let yard = TestServer::start().await;
    let mut devices = Vec::new();
    for at in 0..DEVICES {
        devices.push(yard.device(&format!("device {at}")).await);
    }
    let id = devices[0].new_id();
    let writing = devices.into_iter().enumerate().map(|(at, device)| {
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                device.push_all([gate_event(&format!("{at} in {round}")).of_record(id), gate_event("own")]).await;
                device.pull().await;
            }
            device
        })
    });
    let writing: Vec<_> = writing.collect();
    let mut devices = Vec::new();
    for device in writing {
        devices.push(device.await.unwrap());
    }
    let mut held = Vec::new();
    for device in devices {
        device.pull().await;
        held.push(device.sees(id).await.unwrap().receipt);
    }
    assert_eq!(held[0].version, DEVICES * ROUNDS);
    assert!(held.windows(2).all(|pair| pair[0] == pair[1]));
    let audit = yard.audit(id).await;
    assert_eq!(audit.len() as u64, DEVICES * ROUNDS);
    assert!(audit.windows(2).all(|pair| pair[0].received_at < pair[1].received_at));
}
