//! Requests that are no requests: each is refused with a status, a code and a sentence, and changes nothing.

use gatebook_server::Bounds;
use gatebook_sync::wire::{ApiErrorCode, EnrolRequest, Limits, SyncRequest};
use reqwest::{Method, StatusCode};
use serde_json::json;
use uuid::Uuid;

use crate::support::{TestServer, api_error, client, gate_event};

#[tokio::test]
async fn malformed_json_is_told_where_it_breaks_off() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    for (body, told) in [
        ("", "line 1 column 0"),
        ("{", "line 1 column 1"),
        ("{\"protocol\":1,\n \"take\": 7}", "line 2 column 10, in /take"),
        (r#"{"protocol":1,"take":{"records":1}}"#, "missing field `bytes`"),
        (r#"{"protocol":1,"take":{"records":-1,"bytes":1}}"#, "/take/records"),
        (r#"{"protocol":1,"take":{"records":1,"bytes":1},"push":[{"id":"x"}]}"#, "/push/0/id"),
        (r#"{"protocol":1,"take":{"records":1,"bytes":1},"cursors":{"all":1}}"#, "\"all\" is not a scope"),
        ("{\"protocol\":1,\"app\":\"a\u{0}b\"}", "control character"),
    ] {
        let (status, error) = api_error(a.post(body).await).await;
        assert_eq!((status, error.code), (400, ApiErrorCode::Malformed), "{body}");
        assert!(error.message.contains(told), "{body}: {}", error.message);
        assert!(!error.retry);
    }
    let (status, error) = api_error(a.post(vec![0xff, 0xfe]).await).await;
    assert_eq!((status, error.code), (400, ApiErrorCode::Malformed));
}

#[tokio::test]
async fn another_protocol_is_refused_and_changes_nothing() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let push = gate_event("future").written_on(&a);
    let request = SyncRequest { protocol: 2, push: vec![push.clone()], ..a.request() };
    let (status, error) = api_error(a.post(serde_json::to_vec(&request).unwrap()).await).await;
    assert_eq!((status, error.code), (400, ApiErrorCode::ProtocolUnsupported));
    a.send(vec![push]).await.accepted(1);
}

#[tokio::test]
async fn a_page_of_more_records_than_allowed_is_too_large() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let push = (0..10_000).map(|_| gate_event("x").written_on(&a)).collect::<Vec<_>>();
    let first = push[0].clone();
    let packed = zstd::bulk::compress(&serde_json::to_vec(&SyncRequest { push, ..a.request() }).unwrap(), 1).unwrap();
    let (status, error) = api_error(send(&yard, &a.token, "zstd", packed).await).await;
    assert_eq!((status, error.code), (413, ApiErrorCode::TooLarge));
    assert!(error.message.contains("2500"), "{}", error.message);
    a.send(vec![first]).await.accepted(1);
}

#[tokio::test]
async fn a_body_over_the_limit_is_too_large_packed_or_plain() {
    let limits = Limits { page_bytes: 10_000, ..Limits::default() };
    let bounds = Bounds { limits, unpacked_bytes: 20_000, ..Bounds::default() };
    let yard = TestServer::bounded(bounds).await;
    let a = yard.device("A").await;
    let too_large = Some((413, ApiErrorCode::TooLarge));
    let spaces = |bytes: usize| {
        let request = serde_json::to_string(&a.request()).unwrap();
        format!("{request}{}", " ".repeat(bytes - request.len()))
    };
    let packed = |bytes: usize| zstd::bulk::compress(spaces(bytes).as_bytes(), 3).unwrap();
    for (coding, body, refused) in [
        ("identity", spaces(10_000).into_bytes(), None),
        ("identity", spaces(10_001).into_bytes(), too_large),
        ("Identity", spaces(10_000).into_bytes(), None),
        ("zstd", packed(20_000), None),
        ("ZSTD", packed(20_000), None),
        ("zstd", packed(20_001), too_large),
        ("zstd", packed(200_000_000), too_large),
        ("zstd", b"not zstd at all".to_vec(), Some((400, ApiErrorCode::Malformed))),
        ("zstd", packed(20_000)[..40].to_vec(), Some((400, ApiErrorCode::Malformed))),
        ("gzip", spaces(10_000).into_bytes(), Some((400, ApiErrorCode::Malformed))),
    ] {
        let (what, response) = (format!("{coding}, {}", body.len()), send(&yard, &a.token, coding, body).await);
        match refused {
            None => assert_eq!(response.status(), StatusCode::OK, "{what}"),
            Some(refused) => {
                let (status, error) = api_error(response).await;
                assert_eq!((status, error.code), refused, "{what}: {}", error.message);
            }
        }
    }
}

#[tokio::test]
async fn answers_are_packed_for_those_who_take_it() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let body = serde_json::to_vec(&a.request()).unwrap();
    let plain = send(&yard, &a.token, "identity", body.clone()).await;
    assert!(!plain.headers().contains_key("content-encoding"));
    let plain: serde_json::Value = plain.json().await.unwrap();

    let url = format!("{}/v1/sync", yard.base);
    let request = client().post(url).bearer_auth(&a.token).header("accept-encoding", "gzip, zstd").body(body);
    let packed = request.send().await.unwrap();
    assert_eq!(packed.headers()["content-encoding"], "zstd");
    let packed = zstd::decode_all(&*packed.bytes().await.unwrap()).unwrap();
    let packed: serde_json::Value = serde_json::from_slice(&packed).unwrap();
    assert_eq!(packed["scopes"], plain["scopes"]);
}

#[tokio::test]
async fn strangers_are_turned_away() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let body = serde_json::to_vec(&a.request()).unwrap();
    for token in ["", "nobody's", &yard.seeded.admin_token, &"x".repeat(5_000)] {
        let (status, error) = api_error(send(&yard, token, "identity", body.clone()).await).await;
        assert_eq!((status, error.code), (401, ApiErrorCode::Unauthenticated));
    }
    let bare = client().post(format!("{}/v1/sync", yard.base)).body(body.clone()).send().await.unwrap();
    assert_eq!(api_error(bare).await.0, 401);

    yard.server.revoke(None, "A").unwrap();
    let (status, error) = api_error(a.post(body.clone()).await).await;
    assert_eq!((status, error.code), (403, ApiErrorCode::Revoked));
    b.push(gate_event("still here")).await.accepted(1);
}

#[tokio::test]
async fn only_admins_see_and_change_the_audit_table() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let held = a.push(gate_event("first")).await.accepted(1);
    for (act, token, refused) in [
        ("audit", a.token.as_str(), (403, ApiErrorCode::Forbidden)),
        ("audit", "nobody's", (401, ApiErrorCode::Unauthenticated)),
        ("restore", a.token.as_str(), (403, ApiErrorCode::Forbidden)),
        ("close", a.token.as_str(), (403, ApiErrorCode::Forbidden)),
        ("reopen", a.token.as_str(), (403, ApiErrorCode::Forbidden)),
        ("void", a.token.as_str(), (403, ApiErrorCode::Forbidden)),
    ] {
        let method = if act == "audit" { Method::GET } else { Method::POST };
        let url = format!("{}/v1/records/{}/{act}", yard.base, held.id);
        let body = json!({"reason": "mine", "write_id": held.write_id}).to_string();
        let response = client().request(method, url).bearer_auth(token).body(body).send().await.unwrap();
        let (status, error) = api_error(response).await;
        assert_eq!((status, error.code), refused, "{act}");
    }
    assert_eq!(yard.audit(held.id).await.len(), 1);
}

#[tokio::test]
async fn another_organisation_sees_and_guesses_nothing() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let mine = a.push(gate_event("ours")).await;
    let held = mine.accepted(1);

    let (others, their_yard) = (Uuid::from_u128(77), Uuid::from_u128(78));
    yard.server.put_tenant(others, "Somebody Else").unwrap();
    let mut content = held.content.clone();
    (content.kind, content.yard_id) = ("yard".to_owned(), None);
    let body = r#"{"name":"Theirs","code":"X","time_zone":"America/Chicago"}"#;
    content.body = serde_json::value::RawValue::from_string(body.to_owned()).unwrap();
    yard.server.put_record(Some(others), their_yard, content.clone()).unwrap();
    let somebody = Uuid::from_u128(79);
    let body = format!(r#"{{"name":"Nadia","role":"operator","yard_ids":["{their_yard}"]}}"#);
    content.kind = "operator".to_owned();
    content.body = serde_json::value::RawValue::from_string(body).unwrap();
    yard.server.put_record(Some(others), somebody, content).unwrap();
    let code = yard.server.enrolment_code(Some(others), &[their_yard], 72).unwrap();
    let enrolled = yard.server.enrol(&EnrolRequest::new(code, "Theirs")).unwrap();
    let theirs = crate::support::TestDevice::new(&yard.base, 0xdf, enrolled, their_yard, somebody);

    // The very same record and write ids are simply theirs.
    let mut guess = mine.push[0].clone();
    guess.content.yard_id = Some(their_yard);
    guess.content.operator_id = Some(somebody);
    guess.content.body = gate_event("theirs").written_on(&theirs).content.body;
    theirs.send(vec![guess]).await.accepted(1);
    assert!(a.sees(held.id).await.unwrap().content.body.get().contains("ours"));
    assert!(theirs.sees(held.id).await.unwrap().content.body.get().contains("theirs"));
    assert_eq!(theirs.sees(yard.laredo()).await.map(|canonical| canonical.id), None);
    assert_eq!(yard.audit(held.id).await.len(), 1);

    // Our yard, our operator and our receipt are nothing there.
    let rejected = theirs.push(gate_event("x").at(yard.laredo())).await;
    rejected.rejected(gatebook_sync::RejectionCode::UnknownScope);
    let rejected = theirs.push(gate_event("x").by(yard.operator("María Torres"))).await;
    rejected.rejected(gatebook_sync::RejectionCode::NotPermitted);
    let rejected = theirs.push(gate_event("x").on(&held.receipt)).await;
    rejected.rejected(gatebook_sync::RejectionCode::ForgedReceipt);

    // Nor does their code take over our device.
    let code = yard.server.enrolment_code(Some(others), &[their_yard], 72).unwrap();
    let request = EnrolRequest { device_id: Some(a.id), ..EnrolRequest::new(code, "Stolen") };
    assert_ne!(yard.server.enrol(&request).unwrap().device_id, a.id);
    a.push(gate_event("still ours")).await.accepted(1);
}

#[tokio::test]
async fn addresses_and_methods_that_are_none_are_told_so() {
    let yard = TestServer::start().await;
    let (status, error) = api_error(yard.admin(Method::GET, "/v1/nothing", None).await).await;
    assert_eq!((status, error.code), (404, ApiErrorCode::NotFound));
    let (status, error) = api_error(yard.admin(Method::GET, "/v1/sync", None).await).await;
    assert_eq!((status, error.code), (405, ApiErrorCode::NotFound));
    let (status, error) = api_error(yard.admin(Method::GET, "/v1/records/seven/audit", None).await).await;
    assert_eq!((status, error.code), (400, ApiErrorCode::Malformed));
    let unknown = format!("/v1/records/{}/audit", Uuid::from_u128(1));
    let (status, error) = api_error(yard.admin(Method::GET, &unknown, None).await).await;
    assert_eq!((status, error.code), (404, ApiErrorCode::NotFound));
}

#[tokio::test]
async fn when_too_many_sync_at_once_the_rest_are_told_when_to_come_again() {
    let yard = TestServer::bounded(Bounds { concurrent_syncs: 0, ..Bounds::default() }).await;
    let a = yard.device("A").await;
    let response = a.post(serde_json::to_vec(&a.request()).unwrap()).await;
    assert_eq!(response.headers()["retry-after"], "5");
    let (status, error) = api_error(response).await;
    assert_eq!((status, error.code, error.retry), (503, ApiErrorCode::Busy, true));
}

async fn send(yard: &TestServer, token: &str, coding: &str, body: Vec<u8>) -> reqwest::Response {
    let request = client().post(format!("{}/v1/sync", yard.base)).bearer_auth(token);
    request.header("content-encoding", coding).body(body).send().await.unwrap()
}
