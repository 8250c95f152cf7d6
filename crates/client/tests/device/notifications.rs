//! What the system's notifications tell, once: by the app, by a background round, across kills.

use std::path::Path;
use std::time::Duration;

use gatebook_client::background::{self, Deadline, Outcome, background_round};
use gatebook_client::{NotificationKind, Surroundings, Watched};

use crate::support::{TestDevice, TestYard};

fn told(device: &TestDevice, watched: Watched) -> Vec<NotificationKind> {
    device.device.to_tell(watched).unwrap().into_iter().map(|told| told.kind).collect()
}

/// A device on which a record was refused that says so in its text.
async fn refused(yard: &TestYard) -> TestDevice {
    let device = yard.device("phone", "María Torres").await;
    device.records(&"and so on ".repeat(500));
    assert_eq!(device.syncs().await.settled.rejected, 1);
    device
}

#[tokio::test]
async fn what_was_told_stays_told_across_a_kill() {
    let yard = TestYard::open().await;
    let device = refused(&yard).await;
    let news = device.device.to_tell(Watched::Background).unwrap();
    assert_eq!(news.len(), 1);
    assert_eq!(
        (news[0].kind, news[0].title.as_str()),
        (NotificationKind::Rejection, "The server has not taken a record")
    );
    let text = format!("{} {}", news[0].title, news[0].body);
    assert!(!text.contains("CSQU") && !text.contains("and so on"), "{text}");

    assert_eq!(told(&device, Watched::Background), []);
    let device = device.killed_and_reopened();
    assert_eq!(told(&device, Watched::Background), []);
    assert_eq!(background::to_tell(&device.folder, Watched::Background), []);
}

#[tokio::test]
async fn what_somebody_saw_come_in_is_not_told_when_the_app_is_put_away() {
    let yard = TestYard::open().await;
    let device = refused(&yard).await;
    assert_eq!(told(&device, Watched::Foreground), []);
    assert_eq!(told(&device.killed_and_reopened(), Watched::Background), []);
}

#[tokio::test]
async fn on_a_shared_kiosk_nothing_is_told_of_somebody_elses_records() {
    let yard = TestYard::open().await;
    let device = refused(&yard).await;
    device.device.choose_operator(Some(yard.operator("Héctor Salinas"))).unwrap();
    assert_eq!(told(&device, Watched::Background), []);
    device.device.choose_operator(Some(yard.operator("María Torres"))).unwrap();
    assert_eq!(told(&device, Watched::Background), [NotificationKind::Rejection]);
}

#[tokio::test]
async fn a_record_that_is_corrected_and_refused_again_is_told_again() {
    let yard = TestYard::open().await;
    let device = refused(&yard).await;
    assert_eq!(told(&device, Watched::Background), [NotificationKind::Rejection]);
    let id = device.device.inbox().unwrap()[0].record_id;
    device.remarks(id, &"and on and on ".repeat(500));
    assert_eq!(told(&device, Watched::Foreground), []);
    device.syncs().await;
    assert_eq!(told(&device, Watched::Background), [NotificationKind::Rejection]);
}

async fn round(folder: &Path) -> Outcome {
    let folder = folder.to_owned();
    let deadline = Deadline::within(Duration::from_secs(60));
    tokio::task::spawn_blocking(move || background_round(&folder, Surroundings::default(), &deadline)).await.unwrap()
}

#[tokio::test]
async fn a_round_with_no_app_open_hands_over_what_it_brought_once() {
    let yard = TestYard::open().await;
    let maria = yard.device("phone", "María Torres").await;
    let hector = yard.device("kiosk", "Héctor Salinas").await;
    let id = maria.records("first");
    maria.syncs().await;
    hector.syncs().await;
    maria.remarks(id, "María's word");
    maria.syncs().await;
    hector.remarks(id, "Héctor's word");
    hector.syncs().await;
    maria.records("what the round is run for");

    let folder = maria.put_away(yard.address);
    assert_eq!(background::to_tell(&folder, Watched::Background), []);
    assert_eq!(round(&folder).await, Outcome::Success);
    let news = background::to_tell(&folder, Watched::Background);
    assert_eq!(news.len(), 1, "{news:?}");
    assert_eq!(news[0].title, "A conflict needs your eye");
    assert_eq!(news[0].body, "Gate event. Open Gatebook to see what the server kept.");
    assert_eq!(background::to_tell(&folder, Watched::Background), []);
}

#[test]
fn of_a_folder_without_a_device_there_is_nothing_to_tell() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(background::to_tell(folder.path(), Watched::Background), []);
}
