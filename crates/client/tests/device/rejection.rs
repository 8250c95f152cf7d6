//! A record that the server will not take keeps its text, is explained, can be corrected, and blocks nothing.

use gatebook_client::view::InboxWhat;

use crate::support::{TestDevice, TestYard};

/// Longer than remarks may be.
fn endless() -> String {
    "and so on ".repeat(500)
}

fn rejected(device: &TestDevice, id: uuid::Uuid) -> bool {
    device.shows(id).rejection.is_some()
}

#[tokio::test]
async fn a_rejected_record_keeps_its_text_and_says_which_field_and_why() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records(&endless());
    assert_eq!(device.syncs().await.settled.rejected, 1);
    assert_eq!(device.event(id).remarks, endless());
    let told = device.shows(id).rejection.unwrap();
    assert_eq!(told.path.as_deref(), Some("/remarks"));

    let inbox = device.device.inbox().unwrap();
    assert_eq!((inbox.len(), inbox[0].what, inbox[0].record_id), (1, InboxWhat::Rejected, id));
    assert!(inbox[0].explanation.contains(&told.message), "{}", inbox[0].explanation);
    assert!(inbox[0].explanation.contains("Remarks"), "{}", inbox[0].explanation);
    assert!(inbox[0].explanation.contains("correct it"), "{}", inbox[0].explanation);
    let listed = device.device.work_list().unwrap();
    assert!(listed.in_progress.iter().any(|item| item.record_id == id && item.rejected));
}

#[tokio::test]
async fn a_rejected_record_is_not_sent_again_before_it_is_corrected_and_then_accepted() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records(&endless());
    device.syncs().await;
    assert_eq!(device.pending(), 0);
    assert_eq!(device.syncs().await.settled.rejected, 0);

    device.remarks(id, "short and good");
    assert!(!rejected(&device, id));
    assert_eq!(device.syncs().await.settled.accepted, 1);
    assert!(device.device.inbox().unwrap().is_empty());
    assert_eq!(device.held(id).base.unwrap().version, 1);
}

#[tokio::test]
async fn what_was_rejected_for_a_reason_outside_itself_goes_as_it_is_when_it_is_sent_again() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("nothing is wrong with it");
    device.device.choose_operator(Some(yard.operator("Ana Belén Cruz"))).unwrap();
    device.remarks(id, "by somebody who does not work here");
    assert_eq!(device.syncs().await.settled.rejected, 1);
    let before = device.held(id).write_id;

    device.device.send_again(id).unwrap();
    assert_ne!(device.held(id).write_id, before, "as a new write");
    assert_eq!(device.syncs().await.settled.rejected, 1, "what stands in its way still does");

    device.device.choose_operator(Some(yard.operator("María Torres"))).unwrap();
    device.device.send_again(id).unwrap();
    assert!(!rejected(&device, id));
    assert_eq!(device.syncs().await.settled.accepted, 1);
    assert_eq!(device.event(id).remarks, "by somebody who does not work here");
    let taken = device.held(id).write_id;
    device.device.send_again(id).unwrap();
    assert_eq!((device.pending(), device.held(id).write_id), (0, taken), "what was taken is not sent again");
}

#[tokio::test]
async fn a_rejected_record_does_not_block_the_others() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let (before, bad, after) = (device.records("before"), device.records(&endless()), device.records("after"));
    let report = device.syncs().await;
    assert_eq!((report.settled.accepted, report.settled.rejected), (2, 1));
    assert!(!rejected(&device, before) && rejected(&device, bad) && !rejected(&device, after));
}

#[tokio::test]
async fn a_rejected_change_can_be_given_up_for_what_the_server_holds() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("good");
    device.syncs().await;
    device.remarks(id, &endless());
    device.syncs().await;
    assert!(rejected(&device, id));
    device.device.discard_change(id).unwrap();
    assert_eq!(device.event(id).remarks, "good");
    assert!(!rejected(&device, id));
}

#[tokio::test]
async fn a_rejection_outlives_a_kill_and_news_of_the_record() {
    let yard = TestYard::open().await;
    let maria = yard.device("phone", "María Torres").await;
    let hector = yard.device("kiosk", "Héctor Salinas").await;
    let id = maria.records("first");
    maria.syncs().await;
    hector.syncs().await;
    maria.remarks(id, &endless());
    maria.syncs().await;
    hector.remarks(id, "from Héctor");
    hector.syncs().await;
    maria.syncs().await;
    let maria = maria.killed_and_reopened();
    assert_eq!(maria.event(id).remarks, endless());
    assert!(rejected(&maria, id));
    maria.device.discard_change(id).unwrap();
    assert_eq!(maria.event(id).remarks, "from Héctor");
}
