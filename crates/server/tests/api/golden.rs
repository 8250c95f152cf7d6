//! Whole answers, to the byte. A change here is a change of the wire format: it needs a new protocol version, or must be
//! one that devices in the field can read.

use gatebook_sync::Canonical;
use gatebook_sync::wire::{SyncRequest, Take};
use reqwest::Method;

use crate::support::{TestServer, gate_event};

/// Everything is the same in every run: the clock, the ids and the server's key are the tests'. Only the times are
/// told apart by what happened before, and they are counted as well.
async fn answer(device: &crate::support::TestDevice, request: &SyncRequest) -> String {
    let response = device.post(serde_json::to_vec(request).unwrap()).await;
    response.text().await.unwrap()
}

/// The same on every database, so the snapshot bears no database's name.
pub(crate) fn matches(name: &str, answer: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false }, { insta::assert_snapshot!(name, answer) });
}

#[tokio::test]
async fn a_page_with_each_verdict() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    a.pull().await;
    let known = a.push(gate_event("first")).await.accepted(1);
    b.push(gate_event("B's").of_record(known.id).on(&known.receipt)).await.accepted(2);
    a.pull().await;
    let push = [
        gate_event("new"),
        gate_event("A's").of_record(known.id).on(&known.receipt).by(yard.operator("Lucía Garza")),
        gate_event("elsewhere").at(None),
    ];
    let push = push.into_iter().map(|draft| draft.written_on(&a)).collect();
    matches("a_page_with_each_verdict", &answer(&a, &SyncRequest { push, ..a.request() }).await);
}

#[tokio::test]
async fn a_first_pull_cut_short() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let take = Take { records: 2, bytes: 1 << 20 };
    matches("a_first_pull_cut_short", &answer(&a, &SyncRequest { take, ..a.request() }).await);
}

#[tokio::test]
async fn a_reoffer_with_its_receipt() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    a.pull().await;
    let held: Canonical = a.push(gate_event("first")).await.accepted(1);
    a.pull().await;
    matches("a_reoffer_with_its_receipt", &answer(&a, &SyncRequest { reoffer: vec![held], ..a.request() }).await);
}

#[tokio::test]
async fn an_audit_list() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await.accepted(1);
    a.push(gate_event("second").of_record(first.id)).await.won(2);
    yard.restores(first.id, first.write_id).await;
    let path = format!("/v1/records/{}/audit", first.id);
    matches("an_audit_list", &yard.admin(Method::GET, &path, None).await.text().await.unwrap());
}

#[tokio::test]
async fn an_error() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    matches("an_error", &a.post(r#"{"protocol":1}"#).await.text().await.unwrap());
}
