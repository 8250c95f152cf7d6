//! How devices join and leave.

use base64::Engine as _;
use gatebook_server::Bounds;
use gatebook_sync::wire::{ApiErrorCode, EnrolRequest, EnrolResponse, HaveRequest, HaveResponse, Previous};
use jiff::SignedDuration;
use reqwest::Response;
use serde_json::json;
use uuid::Uuid;

use crate::support::{Place, TestServer, api_error, client, gate_event};

async fn enrol(yard: &TestServer, request: &EnrolRequest) -> Response {
    client().post(format!("{}/v1/enrol", yard.base)).json(request).send().await.unwrap()
}

async fn joined(yard: &TestServer, request: &EnrolRequest) -> EnrolResponse {
    let response = enrol(yard, request).await;
    assert!(response.status().is_success());
    response.json().await.unwrap()
}

async fn refused(yard: &TestServer, request: &EnrolRequest) -> (u16, ApiErrorCode) {
    let (status, error) = api_error(enrol(yard, request).await).await;
    (status, error.code)
}

fn kiosk(code: &str) -> EnrolRequest {
    EnrolRequest::new(code, "Kiosk")
}

/// The same, of a device that keeps a secret.
fn secretly(code: &str, letter: &str) -> EnrolRequest {
    EnrolRequest { secret: Some(letter.repeat(43)), ..kiosk(code) }
}

const REFUSED: (u16, ApiErrorCode) = (403, ApiErrorCode::CodeRefused);

#[tokio::test]
async fn a_code_makes_one_device() {
    let yard = TestServer::start().await;
    let code = &yard.seeded.codes[0].code;
    let answer = joined(&yard, &secretly(code, "a")).await;
    assert_eq!(answer.tenant_name, "Puente Logistics");
    assert_eq!(answer.yard_ids.len(), 2);
    assert_eq!(yard.server.device(&answer.token).unwrap().id(), answer.device_id);
    assert_eq!(refused(&yard, &secretly(code, "b")).await, REFUSED);
    assert_eq!(refused(&yard, &kiosk(code)).await, REFUSED);
}

#[tokio::test]
async fn no_code_takes_over_a_device_that_is_there_whatever_id_comes_with_it() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    // As apps of before ask, which chose the id themselves.
    let code = yard.server.enrolment_code(None, &[yard.laredo()], 72).unwrap();
    let body = json!({"code": code, "device_name": "Thief", "device_id": a.id});
    let response = client().post(format!("{}/v1/enrol", yard.base)).json(&body).send().await.unwrap();
    let other: EnrolResponse = response.json().await.unwrap();
    assert_ne!(other.device_id, a.id);
    assert_eq!(yard.server.device(&a.token).unwrap().name(), "A");
    a.push(gate_event("still in")).await.accepted(1);
}

#[tokio::test]
async fn a_repeat_after_a_lost_answer_gets_the_answer_of_the_first() {
    let yard = TestServer::start().await;
    let request = secretly(&yard.seeded.codes[0].code, "a");
    let lost = joined(&yard, &request).await;
    // The name may have been corrected meanwhile; the device is the same.
    let again = joined(&yard, &EnrolRequest { device_name: "Kiosk 2".to_owned(), ..request }).await;
    assert_eq!(serde_json::to_value(&again).unwrap(), serde_json::to_value(&lost).unwrap());
    assert!(yard.server.device(&lost.token).is_ok(), "a late copy of the request signs nobody out");
}

#[tokio::test]
async fn a_repeat_is_answered_for_minutes_and_only_to_whoever_knows_the_secret() {
    let yard = TestServer::start().await;
    let code = &yard.seeded.codes[0].code;
    joined(&yard, &secretly(code, "a")).await;
    yard.clock_steps(SignedDuration::from_mins(14));
    assert_eq!(refused(&yard, &secretly(code, "b")).await, REFUSED);
    joined(&yard, &secretly(code, "a")).await;
    yard.clock_steps(SignedDuration::from_mins(2));
    assert_eq!(refused(&yard, &secretly(code, "a")).await, REFUSED);
}

#[tokio::test]
async fn without_a_secret_a_lost_answer_costs_a_new_code() {
    let yard = TestServer::start().await;
    let code = &yard.seeded.codes[0].code;
    joined(&yard, &kiosk(code)).await;
    assert_eq!(refused(&yard, &kiosk(code)).await, REFUSED);
    assert_eq!(refused(&yard, &secretly(code, "a")).await, REFUSED);
}

#[tokio::test]
async fn a_secret_that_can_be_guessed_is_none() {
    let yard = TestServer::start().await;
    let request = EnrolRequest { secret: Some("1234".to_owned()), ..kiosk(&yard.seeded.codes[0].code) };
    assert_eq!(refused(&yard, &request).await, (400, ApiErrorCode::Malformed));
}

#[tokio::test]
async fn what_a_device_had_begun_to_upload_goes_on_if_it_proves_that_it_was_that_device() {
    let yard = TestServer::start().await;
    let before = joined(&yard, &kiosk(&yard.seeded.codes[0].code)).await;
    let bytes = b"the first half of a photo";
    let sha256 = "ab".repeat(32);
    begins_an_upload(&yard, &before.token, &sha256, bytes).await;

    let anew = |proof: String| {
        let code = yard.server.enrolment_code(None, &[yard.laredo()], 72).unwrap();
        let previous = Some(Previous { device_id: before.device_id, proof });
        EnrolRequest { previous, ..secretly(&code, "a") }
    };
    let forger = joined(&yard, &anew("forged".to_owned())).await;
    assert_eq!(unfinished(&yard, &forger.token, &sha256).await, None);
    let key = before.device_key.unwrap();
    let after = joined(&yard, &anew(key.succession(before.device_id, &"a".repeat(43)))).await;
    assert_ne!(after.device_id, before.device_id);
    assert_eq!(unfinished(&yard, &after.token, &sha256).await, Some(bytes.len() as u64));
    assert_eq!(unfinished(&yard, &before.token, &sha256).await, None);
}

async fn begins_an_upload(yard: &TestServer, token: &str, sha256: &str, bytes: &'static [u8]) {
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let record = Uuid::from_u128(9).to_string();
    let named = [("sha256", sha256), ("record_id", &record), ("media_type", "image/jpeg")];
    let metadata = named.map(|(name, value)| format!("{name} {}", base64(value))).join(",");
    let request = client()
        .post(format!("{}/v1/uploads", yard.base))
        .bearer_auth(token)
        .header("tus-resumable", "1.0.0")
        .header("upload-length", "1000")
        .header("upload-metadata", metadata)
        .header("content-type", "application/offset+octet-stream")
        .body(bytes);
    let response = request.send().await.unwrap();
    assert_eq!(response.status().as_u16(), 201, "{}", response.text().await.unwrap());
}

/// How far an upload of that device stands.
async fn unfinished(yard: &TestServer, token: &str, sha256: &str) -> Option<u64> {
    let request = client().post(format!("{}/v1/photos/have", yard.base)).bearer_auth(token);
    let asked = HaveRequest { sha256: vec![sha256.to_owned()], before_letting_go: false };
    let answer: HaveResponse = request.json(&asked).send().await.unwrap().json().await.unwrap();
    answer.unfinished.first().map(|unfinished| unfinished.offset)
}

#[tokio::test]
async fn a_code_is_taken_however_it_is_typed() {
    let yard = TestServer::start().await;
    let code = yard.seeded.codes[0].code.to_lowercase().replace('-', "  ");
    joined(&yard, &kiosk(&code)).await;
}

#[tokio::test]
async fn a_wrong_an_expired_and_an_empty_code_are_refused_alike() {
    let yard = TestServer::start().await;
    assert_eq!(refused(&yard, &kiosk("AAAAA-AAAAA")).await, REFUSED);
    assert_eq!(refused(&yard, &kiosk("")).await, REFUSED);
    yard.clock_steps(SignedDuration::from_hours(73));
    assert_eq!(refused(&yard, &kiosk(&yard.seeded.codes[0].code)).await, REFUSED);
}

#[tokio::test]
async fn a_code_that_was_used_does_not_undo_a_revocation_and_a_new_one_makes_a_new_device() {
    let yard = TestServer::start().await;
    let request = secretly(&yard.seeded.codes[0].code, "a");
    let answer = joined(&yard, &request).await;
    yard.server.revoke(None, &answer.device_id.to_string()).unwrap();
    assert_eq!(refused(&yard, &request).await, REFUSED);
    let again = joined(&yard, &secretly(&yard.seeded.codes[1].code, "a")).await;
    assert_ne!(again.device_id, answer.device_id);
    assert!(yard.server.device(&again.token).is_ok());
    assert_eq!(yard.server.device(&answer.token).unwrap_err().code, ApiErrorCode::Revoked);
}

#[tokio::test]
async fn strangers_are_not_listened_to_for_long() {
    let yard = TestServer::start().await;
    let (status, error) = api_error(enrol(&yard, &kiosk(&"A".repeat(20_000))).await).await;
    assert_eq!((status, error.code), (413, ApiErrorCode::TooLarge));
}

#[tokio::test]
async fn what_strangers_send_is_unpacked_to_no_more_than_a_code_needs() {
    let yard = TestServer::start().await;
    let bomb = zstd::bulk::compress(&vec![b' '; 8 * 1024 * 1024], 19).unwrap();
    assert!(bomb.len() < 1_000);
    let request = client().post(format!("{}/v1/enrol", yard.base)).header("content-encoding", "zstd").body(bomb);
    let (status, error) = api_error(request.send().await.unwrap()).await;
    assert_eq!((status, error.code), (413, ApiErrorCode::TooLarge));
}

#[tokio::test]
async fn codes_cannot_be_guessed_at_speed() {
    let yard = TestServer::bounded(Bounds { enrolment_burst: 5, ..Bounds::default() }).await;
    for _ in 0..5 {
        assert_eq!(refused(&yard, &kiosk("GUESS")).await, REFUSED);
    }
    assert_eq!(refused(&yard, &kiosk(&yard.seeded.codes[0].code)).await, (503, ApiErrorCode::Busy));
    yard.clock_steps(SignedDuration::from_mins(1));
    joined(&yard, &kiosk(&yard.seeded.codes[0].code)).await;
}

#[tokio::test]
async fn who_may_not_guess_is_not_listened_to_and_right_codes_are_no_guesses() {
    let yard = TestServer::bounded(Bounds { enrolment_burst: 1, ..Bounds::default() }).await;
    for _ in 0..3 {
        let code = yard.server.enrolment_code(None, &[yard.laredo()], 72).unwrap();
        joined(&yard, &kiosk(&code)).await;
    }
    assert_eq!(refused(&yard, &kiosk("GUESS")).await, REFUSED);
    // Otherwise this would be too large.
    assert_eq!(refused(&yard, &kiosk(&"A".repeat(20_000))).await, (503, ApiErrorCode::Busy));
}

#[tokio::test]
async fn guesses_of_one_address_keep_nobody_else_from_joining() {
    /// What comes of a code that a proxy, or somebody who pretends to be one, hands on.
    async fn tries(yard: &TestServer, code: &str, forwarded: &str) -> u16 {
        let request = client().post(format!("{}/v1/enrol", yard.base)).header("x-forwarded-for", forwarded);
        request.json(&kiosk(code)).send().await.unwrap().status().as_u16()
    }
    let bounds = Bounds { enrolment_burst: 1, ..Bounds::default() };
    let mut place = Place::new();
    place.behind_proxy = true;
    let yard = TestServer::at(place, bounds).await;
    assert_eq!(tries(&yard, "GUESS", "198.51.100.7").await, 403);
    assert_eq!(tries(&yard, "GUESS", "203.0.113.1, 198.51.100.7").await, 503, "only the proxy's word counts");
    assert_eq!(tries(&yard, &yard.seeded.codes[0].code, "198.51.100.8").await, 200);

    let yard = TestServer::bounded(bounds).await;
    assert_eq!(tries(&yard, "GUESS", "198.51.100.7").await, 403);
    assert_eq!(tries(&yard, "GUESS", "198.51.100.8").await, 503, "without a proxy anybody may write that");
}

#[tokio::test]
async fn a_device_has_a_name() {
    let yard = TestServer::start().await;
    for name in ["", "  ", "a\nb", &"x".repeat(81)] {
        let request = EnrolRequest::new(&*yard.seeded.codes[0].code, name);
        assert_eq!(yard.server.enrol(&request).unwrap_err().code, ApiErrorCode::Malformed);
    }
}

#[tokio::test]
async fn a_code_is_only_for_yards_there_are() {
    let yard = TestServer::start().await;
    for not_a_yard in [Uuid::from_u128(1), yard.seeded.operators[0].id] {
        assert!(yard.server.enrolment_code(None, &[not_a_yard], 72).is_err());
    }
    assert!(yard.server.revoke(None, "nobody").is_err());
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
