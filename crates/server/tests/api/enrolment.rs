//! How devices join and leave.

use gatebook_server::Bounds;
use gatebook_sync::wire::{ApiErrorCode, EnrolRequest, EnrolResponse};
use jiff::SignedDuration;
use reqwest::Response;
use uuid::Uuid;

use crate::support::{TestServer, api_error, client, counted};

async fn enrol(yard: &TestServer, code: &str, device_id: Uuid) -> Response {
    let request = EnrolRequest { code: code.to_owned(), device_name: "Kiosk".to_owned(), device_id };
    client().post(format!("{}/v1/enrol", yard.base)).json(&request).send().await.unwrap()
}

async fn joined(yard: &TestServer, code: &str, device_id: Uuid) -> EnrolResponse {
    let response = enrol(yard, code, device_id).await;
    assert!(response.status().is_success());
    response.json().await.unwrap()
}

async fn refused(yard: &TestServer, code: &str, device_id: Uuid) -> (u16, ApiErrorCode) {
    let (status, error) = api_error(enrol(yard, code, device_id).await).await;
    (status, error.code)
}

const REFUSED: (u16, ApiErrorCode) = (403, ApiErrorCode::CodeRefused);

#[tokio::test]
async fn a_code_makes_one_device() {
    let yard = TestServer::start().await;
    let code = &yard.seeded.codes[0].code;
    let answer = joined(&yard, code, counted(1, 1)).await;
    assert_eq!(answer.tenant_name, "Puente Logistics");
    assert_eq!(answer.yard_ids.len(), 2);
    assert_eq!(yard.server.device(&answer.token).unwrap().id(), counted(1, 1));
    assert_eq!(refused(&yard, code, counted(1, 2)).await, REFUSED);
}

#[tokio::test]
async fn a_repeat_after_a_lost_answer_is_the_same_device_with_a_new_token() {
    let yard = TestServer::start().await;
    let code = &yard.seeded.codes[0].code;
    let lost = joined(&yard, code, counted(1, 1)).await;
    let again = joined(&yard, code, counted(1, 1)).await;
    assert_eq!((again.device_id, &again.yard_ids), (lost.device_id, &lost.yard_ids));
    assert_eq!(yard.server.device(&lost.token).unwrap_err().code, ApiErrorCode::Unauthenticated);
    assert!(yard.server.device(&again.token).is_ok());
}

#[tokio::test]
async fn a_code_is_taken_however_it_is_typed() {
    let yard = TestServer::start().await;
    let code = yard.seeded.codes[0].code.to_lowercase().replace('-', "  ");
    joined(&yard, &code, counted(1, 1)).await;
}

#[tokio::test]
async fn a_wrong_an_expired_and_an_empty_code_are_refused_alike() {
    let yard = TestServer::start().await;
    assert_eq!(refused(&yard, "AAAAA-AAAAA", counted(1, 1)).await, REFUSED);
    assert_eq!(refused(&yard, "", counted(1, 1)).await, REFUSED);
    yard.clock_steps(SignedDuration::from_hours(73));
    assert_eq!(refused(&yard, &yard.seeded.codes[0].code, counted(1, 1)).await, REFUSED);
}

#[tokio::test]
async fn a_code_that_was_used_does_not_undo_a_revocation_but_a_new_one_does() {
    let yard = TestServer::start().await;
    let code = &yard.seeded.codes[0].code;
    let answer = joined(&yard, code, counted(1, 1)).await;
    yard.server.revoke(&answer.device_id.to_string()).unwrap();
    assert_eq!(refused(&yard, code, counted(1, 1)).await, REFUSED);
    let second = &yard.seeded.codes[1].code;
    let again = joined(&yard, second, counted(1, 1)).await;
    assert!(yard.server.device(&again.token).is_ok());
    // Whatever codes it came by, none brings it back.
    let third = yard.server.enrolment_code(None, &[yard.laredo()], 72).unwrap();
    joined(&yard, &third, counted(1, 1)).await;
    yard.server.revoke(&answer.device_id.to_string()).unwrap();
    for code in [code, second, &third] {
        assert_eq!(refused(&yard, code, counted(1, 1)).await, REFUSED);
    }
}

#[tokio::test]
async fn strangers_are_not_listened_to_for_long() {
    let yard = TestServer::start().await;
    let (status, error) = api_error(enrol(&yard, &"A".repeat(20_000), counted(1, 1)).await).await;
    assert_eq!((status, error.code), (413, ApiErrorCode::TooLarge));
}

#[tokio::test]
async fn codes_cannot_be_guessed_at_speed() {
    let yard = TestServer::bounded(Bounds { enrolment_burst: 5, ..Bounds::default() }).await;
    for _ in 0..5 {
        assert_eq!(refused(&yard, "GUESS", counted(1, 1)).await, REFUSED);
    }
    assert_eq!(refused(&yard, &yard.seeded.codes[0].code, counted(1, 1)).await, (503, ApiErrorCode::Busy));
    yard.clock_steps(SignedDuration::from_mins(1));
    joined(&yard, &yard.seeded.codes[0].code, counted(1, 1)).await;
}

#[tokio::test]
async fn a_device_has_a_name() {
    let yard = TestServer::start().await;
    for name in ["", "  ", "a\nb", &"x".repeat(81)] {
        let code = yard.seeded.codes[0].code.clone();
        let request = EnrolRequest { code, device_name: name.to_owned(), device_id: counted(1, 1) };
        assert_eq!(yard.server.enrol(&request).unwrap_err().code, ApiErrorCode::Malformed);
    }
}

#[tokio::test]
async fn a_code_is_only_for_yards_there_are() {
    let yard = TestServer::start().await;
    for not_a_yard in [Uuid::from_u128(1), yard.seeded.operators[0].id] {
        assert!(yard.server.enrolment_code(None, &[not_a_yard], 72).is_err());
    }
    assert!(yard.server.revoke("nobody").is_err());
}

#[tokio::test]
async fn loading_the_demonstration_again_changes_nothing() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let before = a.pull().await.len();
    let again = yard.server.seed().unwrap();
    assert_eq!(again.tenant_id, yard.seeded.tenant_id);
    assert_ne!(again.codes[0].code, yard.seeded.codes[0].code);
    assert_eq!(a.pull().await.len(), 0);
    assert_eq!(before, 59 + 8);
}
