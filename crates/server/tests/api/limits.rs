//! What nobody may take from the others: places, connections, memory, the server's patience.

use std::time::Duration;

use gatebook_server::Bounds;
use gatebook_sync::wire::{ApiError, ApiErrorCode, SyncRequest, SyncResponse};
use gatebook_sync::{RejectionCode, Verdict};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Draft, TestDevice, TestServer, Wire, api_error, gate_event, within};

const MOMENT: Duration = Duration::from_millis(50);
const AGES: Duration = Duration::from_secs(60 * 60);
/// By this a sender learns that its body is being read.
const READS: &str = "100 Continue";

/// The head of a sync with so long a body.
fn head(device: &TestDevice, length: usize) -> String {
    let token = &device.token;
    format!(
        "POST /v1/sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n\
         Expect: 100-continue\r\n\r\n"
    )
}

/// A device that has sent half of a sync, which the server reads.
async fn half_a_sync(yard: &TestServer, device: &TestDevice) -> (Wire, Vec<u8>) {
    let body = serde_json::to_vec(&device.request()).unwrap();
    let mut wire = Wire::to(yard).await;
    wire.says(head(device, body.len())).await;
    wire.hears(READS).await;
    wire.says(&body[..body.len() / 2]).await;
    (wire, body[body.len() / 2..].to_vec())
}

/// Whether a sync goes through now.
async fn syncs(device: &TestDevice) -> StatusCode {
    within(device.post(serde_json::to_vec(&device.request()).unwrap())).await.status()
}

/// Syncs until it is let in: the server may not have noticed yet that somebody is gone.
async fn syncs_in_the_end(device: &TestDevice) {
    within(async { while syncs(device).await != StatusCode::OK {} }).await;
}

/// Records of 3 MB, and a connection over which a device has asked for them and reads the answer's beginning only.
async fn unread_answer(yard: &TestServer, device: &TestDevice) -> Wire {
    let page = (0..15).map(|at| {
        let mut body: Value = serde_json::from_str(gate_event("x").written_on(device).content.body.get()).unwrap();
        body["of_a_newer_app"] = json!(format!("{at:02}").repeat(100_000));
        Draft::raw("gate_event", body.to_string())
    });
    let answer = device.push_all(page).await;
    assert!(answer.verdicts().iter().all(|verdict| **verdict == Verdict::Accepted));
    let body = serde_json::to_vec(&device.request()).unwrap();
    let mut wire = Wire::to(yard).await;
    wire.says(head(device, body.len())).await;
    wire.says(body).await;
    wire.hears("HTTP/1.1 200 OK").await;
    wire
}

#[tokio::test]
async fn a_body_that_trickles_in_takes_no_place_from_anybody() {
    let yard = TestServer::bounded(Bounds { concurrent_syncs: 1, ..Bounds::default() }).await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let (mut trickling, rest) = half_a_sync(&yard, &a).await;
    syncs_in_the_end(&b).await;
    // Nor from its own device, whose link has died and come back.
    syncs_in_the_end(&a).await;
    trickling.says(rest).await;
    trickling.hears("HTTP/1.1 200 OK").await;
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_not_waited_for() {
    let yard = TestServer::bounded(Bounds { patience: MOMENT, ..Bounds::default() }).await;
    let a = yard.device("A").await;
    let (mut trickling, _) = half_a_sync(&yard, &a).await;
    trickling.hears("HTTP/1.1 408").await;
    trickling.hears("\"code\":\"busy\"").await;
}

#[tokio::test]
async fn a_device_has_so_many_requests_here_and_the_others_still_sync() {
    let yard = TestServer::bounded(Bounds { requests_of_device: 2, ..Bounds::default() }).await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let _first = half_a_sync(&yard, &a).await;
    let _second = half_a_sync(&yard, &a).await;
    let refused = within(a.post("{}")).await;
    assert_eq!(refused.headers()["retry-after"], "5");
    assert_eq!(api_error(refused).await.1.code, ApiErrorCode::Busy);
    assert_eq!(syncs(&b).await, StatusCode::OK);
}

#[tokio::test]
async fn a_sync_has_its_place_until_its_answer_was_read() {
    let bounds = Bounds { concurrent_syncs: 1, turn_time: MOMENT, ..Bounds::default() };
    let yard = TestServer::bounded(bounds).await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let unread = unread_answer(&yard, &a).await;
    assert_eq!(syncs(&b).await, StatusCode::SERVICE_UNAVAILABLE, "there is one place");
    assert_eq!(syncs(&a).await, StatusCode::SERVICE_UNAVAILABLE, "a device has one turn");
    let reading = tokio::spawn(unread.hears_all());
    syncs_in_the_end(&b).await;
    syncs_in_the_end(&a).await;
    reading.abort();
}

#[tokio::test]
async fn who_does_not_read_its_answer_loses_it_and_its_place() {
    let bounds = Bounds { concurrent_syncs: 1, turn_time: MOMENT, patience: MOMENT * 40, ..Bounds::default() };
    let yard = TestServer::bounded(bounds).await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let unread = unread_answer(&yard, &a).await;
    syncs_in_the_end(&b).await;
    let heard = unread.hears_all().await;
    assert!(heard.len() < 3_000_000, "not all of it was sent: {}", heard.len());
}

#[tokio::test]
async fn a_head_that_never_ends_and_a_connection_that_does_nothing_are_not_kept() {
    let yard = TestServer::bounded(Bounds { header_time: MOMENT * 10, ..Bounds::default() }).await;
    let mut half = Wire::to(&yard).await;
    half.says("GET /health HTTP/1.1\r\nHost: x\r\nX-More: ").await;
    half.hears_all().await;
    let silent = Wire::to(&yard).await;
    assert_eq!(silent.hears_all().await, "");
    let mut idle = Wire::to(&yard).await;
    idle.says("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(idle.hears_all().await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn beyond_so_many_connections_of_an_address_no_other_is_let_in() {
    let yard = TestServer::bounded(Bounds { connections_of_address: 2, ..Bounds::default() }).await;
    let asks = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut wire = Wire::to(&yard).await;
        wire.says(asks).await;
        wire.hears("HTTP/1.1 200 OK").await;
        open.push(wire);
    }
    let mut refused = Wire::to(&yard).await;
    refused.says(asks).await;
    assert_eq!(refused.hears_all().await, "");
    drop(open);
    // As soon as the server has noticed that they are gone.
    within(async {
        loop {
            let mut next = Wire::to(&yard).await;
            next.says(asks.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).await;
            if next.hears_all().await.starts_with("HTTP/1.1 200 OK") {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_that_stops_waits_for_no_half_request() {
    let mut yard = TestServer::bounded(Bounds { stopping_time: AGES, ..Bounds::default() }).await;
    let a = yard.device("A").await;
    let mut head = Wire::to(&yard).await;
    head.says("GET /health HTTP/1.1\r\nHost: x\r\nX-More: ").await;
    let (mut body, _) = half_a_sync(&yard, &a).await;
    within(yard.stop()).await;
    body.hears("HTTP/1.1 503").await;
    assert_eq!(head.hears_all().await, "");
}

#[tokio::test]
async fn a_server_that_stops_lets_an_answer_be_read_to_its_end() {
    let mut yard = TestServer::bounded(Bounds { stopping_time: AGES, ..Bounds::default() }).await;
    let a = yard.device("A").await;
    let unread = unread_answer(&yard, &a).await;
    let (heard, ()) = tokio::join!(unread.hears_all(), within(yard.stop()));
    let (_, body) = heard.rsplit_once("\r\n\r\n").unwrap();
    let answer: SyncResponse = serde_json::from_str(body).unwrap();
    assert!(answer.scopes.iter().map(|page| page.records.len()).sum::<usize>() > 15);
}

#[tokio::test]
async fn a_refusal_does_not_say_all_that_was_sent_again() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let much = "é".repeat(500_000);
    for body in [
        json!({"protocol": 1, "take": much}),
        json!({"protocol": 1, "take": {"records": 1, "bytes": 1}, "push": [{"id": much}]}),
        json!({"protocol": 1, "take": {"records": 1, "bytes": 1}, "push": [{much: 1}]}),
    ] {
        let refused = within(a.post(body.to_string())).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
        let told = refused.bytes().await.unwrap();
        assert!(told.len() < 2_000, "{}", String::from_utf8_lossy(&told[..2_000]));
        let error: ApiError = serde_json::from_slice(&told).unwrap();
        assert!(error.message.contains(", in /"), "it still says where: {}", error.message);
    }
    let much = "é".repeat(50_000);
    let push = [json!({"direction": much}), json!({"direction": {much: 1}})];
    let push = push.map(|body| Draft::raw("gate_event", body.to_string()).written_on(&a)).to_vec();
    let response = a.sync(SyncRequest { push, ..a.request() }).await;
    for judged in response.verdicts {
        let Verdict::Rejected(rejection) = judged.verdict else { panic!("a rejection expected") };
        assert_eq!(rejection.code, RejectionCode::Invalid);
        assert!(rejection.message.len() < 2_000 && rejection.path.is_none_or(|path| path.len() < 2_000));
    }
}
