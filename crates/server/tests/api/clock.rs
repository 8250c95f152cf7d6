//! The server's clock may do what it likes.

use gatebook_server::Environment;
use gatebook_sync::WallTime;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;

use crate::support::{TestServer, gate_event};

#[tokio::test]
async fn received_at_never_runs_backwards() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let mut received = Vec::new();
    for hours in [0, -1, -24 * 365 * 10, 5, 24 * 365 * 20, -24 * 365 * 20] {
        yard.clock_steps(SignedDuration::from_hours(hours));
        let receipts = a.push_all((0..3).map(|_| gate_event("tick"))).await.receipts();
        received.extend(receipts.into_iter().map(|receipt| (receipt.received_at, receipt.seq)));
    }
    assert!(received.windows(2).all(|pair| pair[0] < pair[1]), "{received:?}");
}

#[tokio::test]
async fn the_later_receipt_wins_whatever_the_clocks_say() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let first = a.push(gate_event("first").captured("2036-01-01T00:00:00Z")).await.accepted(1);
    yard.clock_steps(SignedDuration::from_hours(-24));
    let last = gate_event("last").of_record(first.id).captured("2016-01-01T00:00:00Z");
    let won = b.push(last).await.won(2);
    assert!(won.receipt.received_at > first.receipt.received_at);
    assert!(a.sees(first.id).await.unwrap().content.body.get().contains("last"));
}

#[tokio::test]
async fn after_a_page_of_another_age_people_read_the_right_time_again_and_the_order_holds() {
    const AGE: SignedDuration = SignedDuration::from_hours(24 * 365 * 73);
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let first = a.push(gate_event("first")).await.accepted(1);
    yard.clock_steps(AGE);
    let wrong = a.push(gate_event("another age").of_record(first.id).on(&first.receipt)).await.accepted(2);
    yard.clock_steps(-AGE);
    let begun = Environment::now(&*yard.environment);
    let last = b.push(gate_event("last").of_record(first.id).on(&first.receipt)).await.won(3);

    assert!(wrong.receipt.received_at < last.receipt.received_at, "what decides has not run back");
    let soon = |time: Timestamp| begun <= time && time.duration_since(begun) < SignedDuration::from_secs(60);
    assert!(soon(last.receipt.filed_at()), "{last:?}");
    let audit = yard.audit(first.id).await;
    let filed: Vec<Timestamp> = audit.iter().map(|entry| entry.filed_at.unwrap()).collect();
    assert!(filed[0] < begun && filed[1] == wrong.receipt.filed_at() && soon(filed[2]), "{filed:?}");
    assert_eq!(audit.iter().map(|entry| entry.time_doubtful).collect::<Vec<_>>(), [false, true, false]);
    assert!(audit.windows(2).all(|pair| pair[0].received_at < pair[1].received_at));
    // The notice of the conflict says it as well.
    let notices = b.pull().await.into_iter().filter(|canonical| canonical.content.kind == "notice");
    let bodies: Vec<serde_json::Value> =
        notices.map(|notice| serde_json::from_str(notice.content.body.get()).unwrap()).collect();
    assert!(!bodies.is_empty());
    for body in bodies {
        assert!(soon(body["kept"]["filed_at"].as_str().unwrap().parse().unwrap()), "{body}");
        assert_eq!(body["set_aside"]["filed_at"], serde_json::json!(wrong.receipt.filed_at()));
    }
}

#[tokio::test]
async fn what_is_given_back_after_a_restore_keeps_the_time_at_which_it_was_filed() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let backup = yard.place.join("backup");
    yard.backup(&backup);
    yard.clock_steps(SignedDuration::from_hours(24 * 365 * 73));
    let lost = a.push(gate_event("lost")).await.accepted(1);
    yard.clock_steps(SignedDuration::from_hours(-24 * 365 * 73));
    let now = Environment::now(&*yard.environment);
    let yard = yard.restarted(|place| crate::support::restore_backup(place, &backup, now)).await;
    a.finds(&yard.base);
    a.reoffer(vec![lost.clone()]).await;
    let [entry] = yard.audit(lost.id).await.try_into().unwrap();
    assert_eq!((entry.filed_at, entry.time_doubtful), (Some(lost.receipt.filed_at()), true));
    assert_eq!(a.sees(lost.id).await.unwrap().receipt.said().unwrap().filed, lost.receipt.said().unwrap().filed);
    assert!(matches!(lost.receipt.said().unwrap().filed, Some(WallTime { is_doubtful: true, .. })));
}

#[tokio::test]
async fn a_write_from_the_future_and_a_clock_that_jumps_are_told() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let ahead = a.push(gate_event("ahead").captured("2026-03-04T18:00:00Z")).await.accepted(1);
    let offline = a.push(gate_event("offline for a year").captured("2025-03-04T15:00:00Z")).await.accepted(1);
    let mut doubtful = Vec::new();
    for id in [ahead.id, offline.id] {
        doubtful.extend(yard.audit(id).await.into_iter().map(|entry| entry.time_doubtful));
    }
    assert_eq!(doubtful, [true, false]);
    let clock = async || {
        let health: serde_json::Value = yard.admin(Method::GET, "/health", None).await.json().await.unwrap();
        health["clock"].as_str().unwrap().to_owned()
    };
    assert_eq!(clock().await, "trusted");
    yard.clock_steps(SignedDuration::from_hours(-1));
    assert_eq!(clock().await, "doubtful");
    yard.clock_steps(SignedDuration::from_hours(1));
    assert_eq!(clock().await, "trusted");
}

#[tokio::test]
async fn across_a_restart_the_time_that_was_filed_last_is_the_measure() {
    for (days, is_doubtful) in [(29, false), (60, true), (-1, true)] {
        let yard = TestServer::start().await;
        let a = yard.device("A").await;
        a.push(gate_event("before")).await.accepted(1);
        let environment = std::sync::Arc::clone(&yard.environment);
        let yard = yard.restarted(|_| environment.step(SignedDuration::from_hours(24 * days))).await;
        a.finds(&yard.base);
        let after = a.push(gate_event("after").captured("2026-01-01T00:00:00Z")).await.accepted(1);
        assert_eq!(yard.audit(after.id).await[0].time_doubtful, is_doubtful, "{days}");
    }
}
