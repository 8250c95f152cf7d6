//! Joining, and being signed out by the office.

use gatebook_client::view::{ErrorCode, SyncProblemCode};
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
    // Its first try does not get through; what it keeps is the id it chose.
    device.link.cut();
    assert_eq!(refused(&device, &code).await.0, ErrorCode::Offline);
    let chosen: Uuid = serde_json::from_value(device.setting("device_id")).unwrap();
    // The second is taken by the server; the answer is lost.
    let request =
        gatebook_sync::wire::EnrolRequest { code: code.clone(), device_name: "phone".to_owned(), device_id: chosen };
    yard.server.enrol(&request).unwrap();

    device.link.lead_to(yard.address);
    device.joins(&code).await;
    assert_eq!(device.device.state().unwrap().enrolment.unwrap().device_id, chosen);
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
    yard.server.revoke(&enrolment.device_id.to_string()).unwrap();
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
