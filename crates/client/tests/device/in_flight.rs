//! What is typed while a round is under way, and what comes from the server while something is typed.

use crate::support::{Meanwhile, TestYard};

#[tokio::test]
async fn an_edit_made_while_its_push_is_in_flight_stays_pending_on_the_new_base_and_goes_next() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("as sent");
    let typing = Meanwhile::new(device.way(), || device.remarks(id, "typed meanwhile"));
    device.syncs_over(&typing).await.unwrap();

    let held = device.held(id);
    assert!(held.pending);
    assert_eq!(device.event(id).remarks, "typed meanwhile");
    assert_eq!(held.base.unwrap().version, 1);

    let report = device.syncs().await;
    assert_eq!((report.settled.accepted, report.settled.conflicts), (1, 0));
    assert_eq!(device.held(id).base.unwrap().version, 2);
    let judged = yard.audit(id);
    assert_eq!((judged.len(), judged[0].merged_into), (2, Some(judged[1].write_id)));
    assert!(judged[1].content.body.get().contains("typed meanwhile"));
    assert_eq!(device.pending(), 0);
}

#[tokio::test]
async fn a_pull_never_overwrites_what_is_being_typed_only_its_shadow() {
    let yard = TestYard::open().await;
    let maria = yard.device("phone", "María Torres").await;
    let hector = yard.device("kiosk", "Héctor Salinas").await;
    let id = maria.records("first");
    maria.syncs().await;
    hector.syncs().await;
    hector.remarks(id, "from Héctor");
    hector.syncs().await;

    // Héctor's version is on its way while María types.
    let typing = Meanwhile::new(maria.way(), || maria.remarks(id, "María is typing"));
    maria.syncs_over(&typing).await.unwrap();
    assert_eq!(maria.event(id).remarks, "María is typing");
    assert!(maria.held(id).pending);
    assert_eq!(maria.held(id).base.unwrap().version, 1);

    let view = maria.shows(id);
    assert!(view.can_discard);
    assert_eq!(view.also_open.unwrap().operator_name, "Héctor Salinas");
}

#[tokio::test]
async fn giving_up_a_change_goes_back_to_the_newest_version_of_the_server() {
    let yard = TestYard::open().await;
    let maria = yard.device("phone", "María Torres").await;
    let hector = yard.device("kiosk", "Héctor Salinas").await;
    let id = maria.records("first");
    maria.syncs().await;
    hector.syncs().await;
    hector.remarks(id, "from Héctor");
    hector.syncs().await;
    let typing = Meanwhile::new(maria.way(), || maria.remarks(id, "María is typing"));
    maria.syncs_over(&typing).await.unwrap();

    maria.device.discard_change(id).unwrap();
    assert_eq!(maria.event(id).remarks, "from Héctor");
    let held = maria.held(id);
    assert_eq!((held.pending, held.base.unwrap().version), (false, 2));
    maria.syncs().await;
    assert_eq!(yard.audit(id).len(), 2);
}

#[tokio::test]
async fn giving_up_an_offline_edit_goes_back_to_what_was_synced_before_it() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("as synced");
    device.syncs().await;
    device.remarks(id, "a slip");
    device.remarks(id, "another slip");
    device.device.discard_change(id).unwrap();
    assert_eq!(device.event(id).remarks, "as synced");
    assert_eq!(device.pending(), 0);
}

#[tokio::test]
async fn a_record_the_server_never_had_cannot_be_given_up() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("only here");
    assert!(!device.shows(id).can_discard);
    device.device.discard_change(id).unwrap();
    assert_eq!(device.event(id).remarks, "only here");
    assert!(device.held(id).pending);
}
