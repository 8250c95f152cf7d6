//! What an admin does with a record.

use gatebook_domain::RecordState;
use gatebook_sync::RejectionCode;
use gatebook_sync::wire::{ApiErrorCode, AuditOutcome};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::support::{Draft, TestServer, api_error, gate_event};

#[tokio::test]
async fn a_losing_version_is_brought_back_and_that_is_undone_again() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let lost = a.push(gate_event("lost")).await.accepted(1);
    let won = b.push(gate_event("won").of_record(lost.id)).await.won(2);

    let restored = yard.restores(lost.id, lost.write_id).await;
    assert_eq!(restored.version, 3);
    for device in [&a, &b] {
        let seen = device.sees(lost.id).await.unwrap();
        assert_eq!((seen.write_id, seen.device_id), (restored.write_id, None));
        assert_eq!(seen.content.body.get(), lost.content.body.get());
    }
    let undone = yard.restores(lost.id, won.write_id).await;
    assert_eq!(undone.version, 4);
    assert_eq!(a.sees(lost.id).await.unwrap().content.body.get(), won.content.body.get());

    let audit = yard.audit(lost.id).await;
    let told: Vec<_> = audit.iter().map(|entry| (entry.outcome.clone(), entry.restores)).collect();
    assert_eq!(
        told,
        [
            (AuditOutcome::SetAside { to: won.write_id }, None),
            (AuditOutcome::Superseded, None),
            (AuditOutcome::Superseded, Some(lost.write_id)),
            (AuditOutcome::Canonical, Some(won.write_id)),
        ]
    );
}

#[tokio::test]
async fn a_device_goes_on_from_what_was_brought_back() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let lost = a.push(gate_event("lost")).await.accepted(1);
    let won = a.push(gate_event("won").of_record(lost.id)).await.won(2);
    yard.restores(lost.id, lost.write_id).await;
    let seen = a.sees(lost.id).await.unwrap();
    a.push(gate_event("next").of_record(lost.id).on(&seen.receipt)).await.accepted(4);
    // Whoever had not seen it meets a conflict, as with any version.
    a.push(gate_event("late").of_record(lost.id).on(&won.receipt)).await.won(5);
}

#[tokio::test]
async fn what_is_in_force_or_not_there_cannot_be_brought_back() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let (held, other) = (a.push(gate_event("held")).await.accepted(1), a.push(gate_event("other")).await.accepted(1));
    let path = format!("/v1/records/{}/restore", held.id);
    for (write_id, refused) in [
        (held.write_id, (400, ApiErrorCode::Malformed)),
        (other.write_id, (404, ApiErrorCode::NotFound)),
        (Uuid::from_u128(1), (404, ApiErrorCode::NotFound)),
    ] {
        let body = json!({"write_id": write_id, "reason": ""});
        let (status, error) = api_error(yard.admin(Method::POST, &path, Some(body)).await).await;
        assert_eq!((status, error.code), refused);
    }
}

#[tokio::test]
async fn a_rejected_write_can_be_let_in_if_it_can_be_read() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let james = yard.operator("James Whitfield");
    let rejected = a.push(gate_event("abroad").by(james).at(yard.nuevo_laredo())).await;
    rejected.rejected(RejectionCode::NotPermitted);
    let push = &rejected.push[0];
    assert_eq!(yard.restores(push.id, push.write_id).await.version, 1);
    assert!(a.sees(push.id).await.is_some());

    let unreadable = a.push(Draft::raw("gate_event", "{}")).await;
    let push = &unreadable.push[0];
    let (path, body) = (format!("/v1/records/{}/restore", push.id), json!({"write_id": push.write_id}));
    let (status, error) = api_error(yard.admin(Method::POST, &path, Some(body)).await).await;
    assert_eq!((status, error.code), (400, ApiErrorCode::Malformed));
}

#[tokio::test]
async fn a_reason_that_could_not_be_kept_or_offered_again_is_refused() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await.accepted(1);
    for reason in ["x".repeat(2_001), "a\0b".to_owned()] {
        for act in ["close", "restore"] {
            let body = json!({"write_id": Uuid::nil(), "reason": reason});
            let path = format!("/v1/records/{}/{act}", first.id);
            let (status, error) = api_error(yard.admin(Method::POST, &path, Some(body)).await).await;
            assert_eq!((status, error.code), (400, ApiErrorCode::Malformed), "{act}");
            assert!(error.message.contains("reason"), "{}", error.message);
        }
    }
    assert_eq!(a.sees(first.id).await.unwrap().content.state, RecordState::Live);
}

#[tokio::test]
async fn closing_reopening_and_voiding_are_versions_that_travel() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await.accepted(1);
    for (version, act, state) in [
        (2, "close", RecordState::Closed),
        (3, "reopen", RecordState::Live),
        (4, "void", RecordState::Voided),
        (5, "reopen", RecordState::Live),
    ] {
        assert_eq!(yard.sets(first.id, act).await.version, version);
        let seen = a.sees(first.id).await.unwrap();
        assert_eq!((seen.content.state, seen.content.state_reason.as_str()), (state, "office"));
        assert_eq!(seen.content.body.get(), first.content.body.get());
    }
    assert_eq!(yard.sets(first.id, "reopen").await.version, 5, "it is open already");
}

#[tokio::test]
async fn what_the_office_closed_the_field_cannot_change() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await.accepted(1);
    yard.sets(first.id, "close").await;
    a.push(gate_event("late").of_record(first.id).on(&first.receipt)).await.rejected(RejectionCode::Final);
}
