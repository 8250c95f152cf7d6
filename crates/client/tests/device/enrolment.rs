//! Joining, and being signed out by the office.

use gatebook_client::view::{ErrorCode, SyncProblemCode};
use gatebook_sync::wire::EnrolRequest;
use uuid::Uuid;

use crate::support::{TestDevice, TestYard};

async fn refused(device: &TestDevice, code: &str) -> (ErrorCode, String) {
    let url = format!("http://{}", device.link.address);
    let error = device.device.enrol(&url, code, device.name).await.unwrap_err();
    (error.code, error.message)
}

#[tokio::test]
async fn a_wrong_code_is_refused_with_what_to_do_and_the_device_stays_nobodys() {
    let yard = TestYard::open().await;
    let device = yard.new_device("phone").await;
    let (code, message) = refused(&device, "WRONG-CODE").await;
    assert_eq!(code, ErrorCode::Refused);
    assert!(message.contains("ask the office"), "{message}");
    assert_eq!(device.device.state().unwrap().enrolment, None);
}

#[tokio::test]
async fn what_one_organisations_device_holds_is_never_offered_to_another() {
    let (own, foreign) = (TestYard::open().await, TestYard::open().await);
    let device = own.device("phone", "María Torres").await;
    let id = device.records("in at lane 4");
    let other = Uuid::from_u128(0x07e5);
    foreign.server.put_tenant(other, "Otra Carga").unwrap();
    device.link.lead_to(foreign.address);
    let (code, message) = refused(&device, &foreign.server.enrolment_code(Some(other), &[], 72).unwrap()).await;
    assert_eq!(code, ErrorCode::Refused);
    assert!(message.contains("Puente Logistics") && message.contains("Otra Carga"), "{message}");
    device.link.lead_to(own.address);
    device.asks_for_a_sync();
    device.until("the record is with its own organisation", || device.pending() == 0).await;
    assert_eq!(own.audit(id).len(), 1);
}

#[tokio::test]
async fn a_code_takes_in_one_device_only() {
    let yard = TestYard::open().await;
    let code = yard.code();
    yard.new_device("phone").await.joins(&code).await;
    let second = yard.new_device("kiosk").await;
    assert_eq!(refused(&second, &code).await.0, ErrorCode::Refused);
    assert_eq!(second.device.state().unwrap().enrolment, None);
}

#[tokio::test]
async fn a_device_that_never_heard_the_answer_tries_the_same_code_again_and_is_the_same_device() {
    let yard = TestYard::open().await;
    let device = yard.new_device("phone").await;
    let code = yard.code();
    // Its first try does not get through; what it keeps is its secret.
    device.link.cut();
    assert_eq!(refused(&device, &code).await.0, ErrorCode::Offline);
    let secret = device.setting("joining_secret").as_str().unwrap().to_owned();
    // The second is taken by the server; the answer is lost, and the app is killed.
    let taken = EnrolRequest { secret: Some(secret), ..EnrolRequest::new(&*code, "phone") };
    let lost = yard.server.enrol(&taken).unwrap();

    let device = device.killed_and_reopened();
    device.link.lead_to(yard.address);
    device.joins(&code).await;
    assert_eq!(device.device.state().unwrap().enrolment.unwrap().device_id, lost.device_id);
    assert_eq!(device.token(), lost.token);
    assert!(!device.has_setting("joining_secret"), "the next code goes with another");
}

#[tokio::test]
async fn with_a_new_code_a_device_is_another_one_and_what_waited_is_filed_as_its_own() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let (sent, waits) = (device.records("sent before"), device.records("waits"));
    let before = device.device.state().unwrap().enrolment.unwrap().device_id;
    device.syncs().await;
    device.remarks(waits, "waits still");

    device.link.lead_to(yard.address);
    let url = format!("http://{}", device.link.address);
    device.device.enrol(&url, &yard.code(), "Gate 2 kiosk").await.unwrap();
    device.until("everything is with the server", || device.pending() == 0).await;
    let after = device.device.state().unwrap().enrolment.unwrap().device_id;
    assert_ne!(after, before);
    let sql = "SELECT device_id FROM records WHERE id = ?1";
    let here: Uuid = device.database().query_row(sql, [waits], |row| row.get(0)).unwrap();
    assert_eq!(here, after, "device and server say the same of who wrote it");
    let by = |id| yard.audit(id).into_iter().map(|entry| entry.device_name).collect::<Vec<_>>();
    assert_eq!((by(sent), by(waits)), (vec!["phone".to_owned()], vec!["phone".to_owned(), "Gate 2 kiosk".to_owned()]));
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_told_apart_from_a_refusal() {
    let yard = TestYard::open().await;
    let device = yard.new_device("phone").await;
    device.link.cut();
    let (code, message) = refused(&device, &yard.code()).await;
    assert_eq!(code, ErrorCode::Offline);
    assert!(message.contains("signal"), "{message}");
}

#[tokio::test]
async fn nothing_can_be_recorded_before_the_device_belongs_to_somebody() {
    let yard = TestYard::open().await;
    let device = yard.new_device("phone").await;
    let start = gatebook_client::view::Start::GateEvent { direction: gatebook_domain::gate_event::Direction::In };
    assert_eq!(device.device.start(start).unwrap_err().code, ErrorCode::NotEnrolled);
}

/// A device that the office has signed out, with something on it that was never sent.
async fn signed_out(yard: &TestYard) -> (TestDevice, Uuid) {
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("before");
    device.syncs().await;
    device.remarks(id, "never sent");
    let enrolment = device.device.state().unwrap().enrolment.unwrap();
    yard.server.revoke(None, &enrolment.device_id.to_string()).unwrap();
    device.link.lead_to(yard.address);
    device.asks_for_a_sync();
    device
        .scheduler_shows("it is told that it was signed out", |status| {
            status.problem.as_ref().is_some_and(|problem| problem.code == SyncProblemCode::Revoked)
        })
        .await;
    (device, id)
}

#[tokio::test]
async fn a_revoked_device_says_so_and_leaves_everything_readable_and_editable() {
    let yard = TestYard::open().await;
    let (device, id) = signed_out(&yard).await;
    let state = device.device.state().unwrap();
    assert!(state.enrolment.unwrap().revoked);
    let told = state.sync.problem.unwrap().message;
    assert!(told.contains("signed this device out") && told.contains("safe"), "{told}");

    assert_eq!(device.event(id).remarks, "never sent");
    device.remarks(id, "still writing");
    let new = device.records("and capturing");
    assert_eq!(device.pending(), 2);
    assert!(!device.device.work_list().unwrap().assigned.is_empty());

    let device = device.killed_and_reopened();
    assert_eq!(device.event(id).remarks, "still writing");
    assert_eq!(device.event(new).remarks, "and capturing");
}

#[tokio::test]
async fn with_a_new_code_a_revoked_device_sends_what_was_written_meanwhile() {
    let yard = TestYard::open().await;
    let (device, id) = signed_out(&yard).await;
    let new = device.records("written while signed out");
    device.joins(&yard.code()).await;
    device.until("everything is with the server", || device.pending() == 0).await;
    assert!(!device.device.state().unwrap().enrolment.unwrap().revoked);
    assert_eq!((yard.audit(id).len(), yard.audit(new).len()), (2, 1));
}

async fn told(device: &TestDevice, code: SyncProblemCode) -> String {
    device.asks_for_a_sync();
    let shown = device.scheduler_shows("it tells what keeps it from syncing", |status| {
        status.problem.as_ref().is_some_and(|problem| problem.code == code)
    });
    shown.await.problem.unwrap().message
}

#[tokio::test]
async fn a_server_started_on_an_empty_folder_signs_nobody_out() {
    let (yard, empty) = (TestYard::open().await, TestYard::open().await);
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("never lost");
    device.link.lead_to(empty.address);
    let message = told(&device, SyncProblemCode::NotRecognized).await;
    assert!(message.contains("safe on it") && message.contains("by itself"), "{message}");
    assert!(!device.device.state().unwrap().enrolment.unwrap().revoked);
    assert!(!device.setting("attempts")["next_attempt_at"].is_null(), "it tries again by itself");
    let device = device.killed_and_reopened();
    assert!(!device.device.state().unwrap().enrolment.unwrap().revoked);

    device.link.lead_to(yard.address);
    device.asks_for_a_sync();
    device.until("the record is with its own server", || device.pending() == 0).await;
    assert_eq!(yard.audit(id).len(), 1);
}

#[tokio::test]
async fn only_its_own_server_signs_a_device_out() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.device.state().unwrap().enrolment.unwrap().device_id;
    yard.server.revoke(None, &id.to_string()).unwrap();
    // The same data under another key: it says the same, and cannot prove it.
    device.link.lead_to(yard.served_with_another_key().await);
    told(&device, SyncProblemCode::NotRecognized).await;
    assert!(!device.device.state().unwrap().enrolment.unwrap().revoked);
    device.link.lead_to(yard.address);
    told(&device, SyncProblemCode::Revoked).await;
    assert!(device.device.state().unwrap().enrolment.unwrap().revoked);
}

#[tokio::test]
async fn with_a_server_under_another_key_nothing_is_exchanged() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("for its own server");
    device.link.lead_to(yard.served_with_another_key().await);
    let message = told(&device, SyncProblemCode::OtherServer).await;
    assert!(message.contains("Another server") && message.contains("tell the office"), "{message}");
    assert_eq!((device.pending(), yard.server.audit(id).is_err()), (1, true));
    device.link.lead_to(yard.address);
    device.asks_for_a_sync();
    device.until("the record is with its own server", || device.pending() == 0).await;
    assert_eq!(yard.audit(id).len(), 1);
}
