//! Two who work on one record: what was received last is in force, nothing is lost, and both are told.

use gatebook_client::view::{InboxItem, InboxWhat};
use gatebook_sync::wire::AuditOutcome;

use crate::support::{TestDevice, TestYard};

fn only_item(device: &TestDevice) -> InboxItem {
    let mut inbox = device.device.inbox().unwrap();
    assert_eq!(inbox.len(), 1, "{inbox:#?}");
    inbox.remove(0)
}

/// María and Héctor have changed the same record offline; María synced first, then both again.
async fn both_changed(yard: &TestYard) -> (TestDevice, TestDevice, uuid::Uuid) {
    let maria = yard.device("phone", "María Torres").await;
    let hector = yard.device("kiosk", "Héctor Salinas").await;
    let id = maria.records("first");
    maria.syncs().await;
    hector.syncs().await;
    maria.remarks(id, "María's word");
    hector.changes(id, |event| {
        event.remarks = String::from("Héctor's word");
        event.lane = String::from("7");
    });
    maria.syncs().await;
    assert_eq!(hector.syncs().await.settled.conflicts, 1);
    maria.syncs().await;
    (maria, hector, id)
}

#[tokio::test]
async fn the_version_received_last_is_in_force_on_both_devices_and_the_other_is_in_the_audit_table() {
    let yard = TestYard::open().await;
    let (maria, hector, id) = both_changed(&yard).await;
    for device in [&maria, &hector] {
        assert_eq!(device.event(id).remarks, "Héctor's word");
        assert_eq!(device.pending(), 0);
    }
    let (here, there) = (maria.held(id), hector.held(id));
    assert_eq!(here.base, there.base);
    assert_eq!(here.content.body.get(), there.content.body.get());

    let audit = yard.audit(id);
    let lost = audit.iter().find(|entry| matches!(entry.outcome, AuditOutcome::SetAside { .. })).unwrap();
    assert_eq!(lost.operator_name, "María Torres");
    assert!(lost.content.body.get().contains("María's word"));
}

#[tokio::test]
async fn both_are_told_who_changed_what_and_what_the_server_kept() {
    let yard = TestYard::open().await;
    let (maria, hector, id) = both_changed(&yard).await;
    let (hers, his) = (only_item(&maria), only_item(&hector));
    assert_eq!((hers.what, his.what), (InboxWhat::ConflictSetAside, InboxWhat::ConflictKept));
    assert!(hers.headline.starts_with("Héctor Salinas’s version was kept"), "{}", hers.headline);
    assert!(his.headline.starts_with("Your version was kept"), "{}", his.headline);
    assert!(his.explanation.contains("María Torres"), "{}", his.explanation);
    for item in [&hers, &his] {
        assert_eq!(item.record_id, id);
        assert!(item.unread);
        assert!(item.explanation.contains("audit table"));
        let mut told: Vec<_> =
            item.differences.iter().map(|it| (it.label.as_str(), it.kept.as_str(), it.set_aside.as_str())).collect();
        told.sort_unstable();
        assert_eq!(told[1], ("Remarks", "Héctor's word", "María's word"));
        assert_eq!((told[0].0, told[0].1, told.len()), ("Lane or lot", "7", 2));
    }
}

#[tokio::test]
async fn a_notice_that_was_read_is_unread_again_when_it_happens_again() {
    let yard = TestYard::open().await;
    let (maria, hector, id) = both_changed(&yard).await;
    maria.device.mark_read(only_item(&maria).id).unwrap();
    assert!(!only_item(&maria).unread);
    maria.remarks(id, "María again");
    hector.remarks(id, "Héctor again");
    hector.syncs().await;
    maria.syncs().await;
    let item = only_item(&maria);
    assert!(item.unread);
    assert!(item.explanation.contains("2 times"), "{}", item.explanation);
}

#[tokio::test]
async fn two_who_say_the_same_are_no_conflict() {
    let yard = TestYard::open().await;
    let maria = yard.device("phone", "María Torres").await;
    let hector = yard.device("kiosk", "Héctor Salinas").await;
    let id = maria.records("first");
    maria.syncs().await;
    hector.syncs().await;
    for device in [&maria, &hector] {
        device.remarks(id, "seal checked");
    }
    for device in [&maria, &hector, &maria] {
        assert_eq!(device.syncs().await.settled.conflicts, 0);
        assert!(device.device.inbox().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_version_that_an_admin_brings_back_reaches_both() {
    let yard = TestYard::open().await;
    let (maria, hector, id) = both_changed(&yard).await;
    let audit = yard.audit(id);
    let lost = audit.iter().find(|entry| matches!(entry.outcome, AuditOutcome::SetAside { .. })).unwrap();
    yard.server.restore_version(lost.write_id, "María was right").unwrap();
    for device in [&maria, &hector] {
        device.syncs().await;
        assert_eq!(device.event(id).remarks, "María's word");
        assert_eq!(device.pending(), 0);
    }
}
