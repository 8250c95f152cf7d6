//! What is pending is cleared by the server's explicit word on that very write, and by nothing else; a repeat changes
//! nothing.

use gatebook_client::TransportError;
use gatebook_client::sync_round::RoundError;
use gatebook_sync::wire::{AuditOutcome, SyncResponse};

use crate::support::{Deaf, Editing, TestYard};

#[tokio::test]
async fn an_accepted_record_is_no_longer_pending_and_keeps_its_receipt() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("in at lane 4");
    let report = device.syncs().await;
    assert_eq!((report.settled.accepted, device.pending()), (1, 0));
    let held = device.held(id);
    assert_eq!(held.base.unwrap().version, 1);
    assert!(!held.pending);
}

#[tokio::test]
async fn an_answer_without_a_word_on_a_record_leaves_it_pending() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let (first, second) = (device.records("first"), device.records("second"));
    let silent =
        Editing(device.way(), |answer: &mut SyncResponse| answer.verdicts.retain(|judged| judged.id != second));
    device.syncs_over(&silent).await.unwrap();
    assert!(!device.held(first).pending);
    assert!(device.held(second).pending);
    device.syncs().await;
    assert!(!device.held(second).pending);
}

#[tokio::test]
async fn an_answer_about_another_write_leaves_the_record_pending() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("mine");
    let wrong = Editing(device.way(), |answer: &mut SyncResponse| {
        answer.verdicts.iter_mut().for_each(|judged| judged.write_id = uuid::Uuid::now_v7());
    });
    device.syncs_over(&wrong).await.unwrap();
    assert!(device.held(id).pending);
    assert_eq!(device.event(id).remarks, "mine");
}

#[tokio::test]
async fn a_lost_reply_changes_nothing_on_the_device_and_the_repeat_makes_no_second_version() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("in at lane 4");
    let write = device.held(id).write_id;
    let deaf = Deaf(device.way());
    for _ in 0..3 {
        let failed = device.syncs_over(&deaf).await.unwrap_err();
        assert!(matches!(failed, RoundError::Transport(TransportError::Unreachable(_))));
        assert!(device.held(id).pending && device.held(id).write_id == write);
    }
    assert_eq!(device.syncs().await.settled.accepted, 1);
    let audit = yard.audit(id);
    assert_eq!(audit.len(), 1);
    assert_eq!(audit[0].outcome, AuditOutcome::Canonical);
    assert_eq!(device.held(id).base.unwrap().version, 1);
}

#[tokio::test]
async fn the_repeat_of_a_write_that_somebody_has_since_overwritten_is_no_conflict() {
    let yard = TestYard::open().await;
    let maria = yard.device("phone", "María Torres").await;
    let hector = yard.device("kiosk", "Héctor Salinas").await;
    let id = maria.records("from María");
    maria.syncs_over(&Deaf(maria.way())).await.unwrap_err();
    hector.syncs().await;
    hector.remarks(id, "from Héctor");
    hector.syncs().await;

    let report = maria.syncs().await;
    assert_eq!((report.settled.accepted, report.settled.conflicts), (1, 0));
    assert_eq!(maria.event(id).remarks, "from Héctor");
    assert_eq!(yard.audit(id).len(), 2);
}

#[tokio::test]
async fn a_round_with_nothing_to_say_and_nothing_to_hear_is_one_round_trip_and_changes_nothing() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("in at lane 4");
    device.syncs().await;
    let before = device.held(id);
    let report = device.syncs().await;
    assert_eq!(report.pages, 1);
    assert_eq!(report.settled, gatebook_client::Settled::default());
    assert_eq!(device.held(id).base, before.base);
}
