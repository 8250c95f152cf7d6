//! A record that was begun and left with nothing in it is neither kept nor sent.

use gatebook_client::view::{ErrorCode, Keep, Start};
use gatebook_domain::gate_event::Direction;
use uuid::Uuid;

use crate::support::{TestDevice, TestYard};

fn begun(device: &TestDevice) -> Uuid {
    device.device.start(Start::GateEvent { direction: Direction::In }).unwrap().id
}

fn is_here(device: &TestDevice, id: Uuid) -> bool {
    let is_here = device.device.record(id).is_ok();
    assert_eq!(device.device.work_list().unwrap().in_progress.iter().any(|item| item.record_id == id), is_here);
    is_here
}

#[tokio::test]
async fn one_that_nothing_was_entered_in_goes_when_it_is_left() {
    let yard = TestYard::open().await;
    let device = yard.device("kiosk", "María Torres").await;
    let id = begun(&device);
    assert!(is_here(&device, id));
    let changes = device.device.changes();
    device.device.close_record(id).unwrap();
    assert!(!is_here(&device, id));
    assert!(changes.has_changed().unwrap(), "lists are drawn anew");
    assert_eq!(device.device.record(id).unwrap_err().code, ErrorCode::NotFound);
}

#[tokio::test]
async fn so_does_one_in_which_everything_was_emptied_again() {
    let yard = TestYard::open().await;
    let device = yard.device("kiosk", "María Torres").await;
    device.goes_offline().await;
    let id = begun(&device);
    device.remarks(id, "wrong button");
    device.remarks(id, "");
    device.device.close_record(id).unwrap();
    assert!(!is_here(&device, id));
}

#[tokio::test]
async fn what_says_anything_stays() {
    let yard = TestYard::open().await;
    let device = yard.device("kiosk", "María Torres").await;
    device.goes_offline().await;
    let id = begun(&device);
    device.remarks(id, "hold for customs");
    device.device.close_record(id).unwrap();
    assert!(is_here(&device, id));
}

#[tokio::test]
async fn what_the_server_may_have_stays() {
    let yard = TestYard::open().await;
    let device = yard.device("kiosk", "María Torres").await;
    let id = begun(&device);
    device.remarks(id, "sent");
    device.syncs().await;
    device.remarks(id, "");
    device.device.close_record(id).unwrap();
    assert!(is_here(&device, id));
}

#[tokio::test]
async fn an_assignment_that_was_only_looked_at_is_to_be_done_again() {
    let yard = TestYard::open().await;
    let device = yard.device("kiosk", "María Torres").await;
    let assigned = || device.device.work_list().unwrap().assigned;
    let before = assigned();
    let assignment_id = before[0].assignment_id.unwrap();
    let id = device.device.start(Start::Assignment { assignment_id }).unwrap().id;
    assert_eq!(assigned().len(), before.len() - 1);
    device.device.close_record(id).unwrap();
    assert_eq!(assigned(), before);
}

#[tokio::test]
async fn a_killed_app_keeps_the_one_that_it_opens_again_and_no_other() {
    let yard = TestYard::open().await;
    let device = yard.device("kiosk", "María Torres").await;
    let (first, second) = (begun(&device), begun(&device));
    device.device.keep_place(Some(&format!("gate_event/{second}/form"))).unwrap();
    let device = device.killed_and_reopened();
    assert!(!is_here(&device, first));
    assert!(is_here(&device, second));
    device.device.settle_met(second, Keep::Mine).unwrap();
    device.remarks(second, "filled in");
    assert!(is_here(&device, second));
}
