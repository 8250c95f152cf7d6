//! The device's own scheduler on bad networks.

use std::sync::Arc;

use gatebook_client::view::SyncProblemCode;
use jiff::Timestamp;

use crate::support::{FixedClock, Fuse, Holds, Impostor, TestDevice, TestYard};

/// Its scheduler runs a round, which ends with that problem.
async fn fails_with(device: &TestDevice, code: SyncProblemCode) -> String {
    device.asks_for_a_sync();
    let status = device
        .scheduler_shows("its round has failed", |status| {
            !status.running && status.problem.as_ref().is_some_and(|problem| problem.code == code)
        })
        .await;
    status.problem.unwrap().message
}

#[tokio::test]
async fn a_guest_networks_sign_in_page_is_recognised_and_changes_nothing() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("in at lane 4");
    let before = device.held(id);
    for page in ["<html>Welcome to Truck Stop Wi-Fi</html>", "{}", r#"{"verdicts":[]}"#] {
        let portal = Impostor::with_page(page).await;
        device.link.lead_to(portal.address);
        let told = fails_with(&device, SyncProblemCode::CaptivePortal).await;
        assert!(told.contains("sign-in page"), "{told}");
        let held = device.held(id);
        assert!(held.pending);
        assert_eq!(held.write_id, before.write_id);
    }
    device.link.lead_to(yard.address);
    device.asks_for_a_sync();
    device.until("the record is with the server", || device.pending() == 0).await;
    assert_eq!(yard.audit(id).len(), 1);
}

#[tokio::test]
async fn without_a_way_to_the_server_the_operator_is_told_that_everything_is_safe() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    device.records("in at lane 4");
    let told = fails_with(&device, SyncProblemCode::Offline).await;
    assert!(told.contains("safe"), "{told}");
    assert_eq!(device.pending(), 1);
}

#[tokio::test]
async fn a_busy_server_is_left_alone_for_as_long_as_it_asks() {
    let yard = TestYard::open().await;
    let now: Timestamp = "2026-03-04T15:00:00Z".parse().unwrap();
    let device = yard.new_device_at("phone", Arc::new(FixedClock(now))).await;
    device.joins(&yard.code()).await;
    device.goes_offline().await;
    let busy = yard.served_without_places().await;
    device.link.lead_to(busy);
    fails_with(&device, SyncProblemCode::ServerTrouble).await;

    let asked = busy_for(&device).await;
    let next: Timestamp = serde_json::from_value(device.setting("attempts")["next_attempt_at"].clone()).unwrap();
    assert!(next.duration_since(now).as_secs() >= asked, "{next} is sooner than {asked} s");
}

#[tokio::test]
async fn a_busy_server_makes_no_page_smaller() {
    use gatebook_client::HttpTransport;
    use gatebook_client::sync_round::{self, PageSize};
    use gatebook_sync::wire::Limits;

    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    device.records("in at lane 4");
    let busy = yard.served_without_places().await;
    let way = HttpTransport::new(&format!("http://{busy}"), &device.token()).unwrap();
    let mut size = PageSize::new(Limits::default());
    sync_round::run(device.device.store(), &way, &mut size, "1.0.0", |_| ()).await.unwrap_err();
    assert_eq!(size.limits(None), Limits::default());
    assert_eq!(device.pending(), 1);
}

/// What the busy server asks for, in seconds.
async fn busy_for(device: &TestDevice) -> i64 {
    use gatebook_client::{HttpTransport, TransportError};
    let way = HttpTransport::new(&format!("http://{}", device.link.address), &device.token()).unwrap();
    match device.syncs_over(&way).await {
        Err(gatebook_client::sync_round::RoundError::Transport(TransportError::Refused { retry_after, .. })) => {
            i64::try_from(retry_after.expect("a busy server says when to come again").as_secs()).unwrap()
        }
        other => panic!("a refusal expected: {other:?}"),
    }
}

#[tokio::test]
async fn a_connection_that_died_since_the_last_round_costs_no_attempt() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    device.link.lead_to(yard.address);
    device.records("in at lane 3");
    device.asks_for_a_sync();
    device.until("the record is with the server", || device.pending() == 0).await;
    device.link.forgets();
    let id = device.records("in at lane 4");
    device.asks_for_a_sync();
    device.until("the record is with the server", || device.pending() == 0).await;
    assert_eq!(device.setting("attempts")["failures"], 0);
    assert_eq!(yard.audit(id).len(), 1);
}

#[tokio::test]
async fn a_save_is_sent_by_itself() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    device.link.lead_to(yard.address);
    let before = device.device.sync_status().borrow().last_success_at;
    device.asks_for_a_sync();
    device.scheduler_shows("a round has ended well", |status| status.last_success_at != before).await;
    let id = device.records("in at lane 4");
    device.until("the record is with the server", || device.pending() == 0).await;
    assert_eq!(yard.audit(id).len(), 1);
}

#[tokio::test]
async fn what_the_operator_asks_for_during_a_round_that_fails_is_done_at_once_after_it() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("in at lane 4");
    fails_with(&device, SyncProblemCode::Offline).await;
    // After one failure more it would come again by itself in minutes.
    let sql = "UPDATE settings SET value = json_set(value, '$.failures', 9) WHERE name = 'attempts'";
    assert_eq!(device.database().execute(sql, []).unwrap(), 1);
    let stuck = Fuse::to(yard.address, Holds::Asked(0)).await;
    device.link.lead_to(stuck.address);
    device.asks_for_a_sync();
    stuck.stopped().await;
    device.asks_for_a_sync();
    // This breaks off what stands still.
    device.link.lead_to(yard.address);
    device.until("the record is with the server", || device.pending() == 0).await;
    assert_eq!(yard.audit(id).len(), 1);
}
