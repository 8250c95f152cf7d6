//! A save is on the disk before it returns, and a killed app comes back with everything.

use gatebook_client::view::{RecordView, Start};
use gatebook_domain::inspection::ItemResult;
use gatebook_domain::{Body, ProblemCode};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::support::{TestDevice, TestYard};

/// What another process reads of a record: body, whether it is pending, under which write.
fn on_disk(device: &TestDevice, id: Uuid) -> (String, bool, Uuid) {
    device
        .database()
        .query_row("SELECT body, pending_sync, write_id FROM records WHERE id = ?1", [id], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap()
}

#[tokio::test]
async fn a_save_is_in_the_database_pending_and_under_a_write_of_its_own_before_it_returns() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("first");
    let (body, is_pending, first_write) = on_disk(&device, id);
    assert!(body.contains("first") && is_pending);

    device.remarks(id, "second");
    let (body, is_pending, second_write) = on_disk(&device, id);
    assert!(body.contains("second") && is_pending);
    assert_ne!(first_write, second_write);
}

#[tokio::test]
async fn saving_what_is_there_already_changes_nothing() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("as it is");
    device.syncs().await;
    let before = on_disk(&device, id);
    device.remarks(id, "as it is");
    assert_eq!(on_disk(&device, id), before);
    assert_eq!(device.pending(), 0);
}

#[tokio::test]
async fn a_time_to_come_is_told_by_the_clock_of_the_device_with_every_answer() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("later");
    let mut view = device.device.record(id).unwrap();
    let doubts =
        |view: &RecordView| view.problems.iter().filter(|problem| problem.code == ProblemCode::TimeDoubtful).count();
    assert_eq!(doubts(&view), 0);
    let Body::GateEvent(event) = &mut view.body else { panic!("a gate event was recorded") };
    event.occurred_at = Some(Timestamp::now() + SignedDuration::from_hours(24));
    let saved = device.device.save(id, view.body, view.write_id).unwrap();
    assert_eq!([doubts(&saved), doubts(&device.device.record(id).unwrap())], [1, 1]);
}

#[tokio::test]
async fn beginning_an_assignment_twice_opens_the_same_record() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let assignment_id = device.device.work_list().unwrap().assigned[0].assignment_id.unwrap();
    let begun = device.device.start(Start::Assignment { assignment_id }).unwrap();
    let write = device.held(begun.id).write_id;
    let again = device.device.start(Start::Assignment { assignment_id }).unwrap();
    assert_eq!(again.id, begun.id);
    assert_eq!(device.held(begun.id).write_id, write);
}

#[tokio::test]
async fn an_app_killed_in_the_middle_of_an_inspection_reopens_at_the_same_step_with_everything_entered() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let assignment_id = device.device.work_list().unwrap().assigned[0].assignment_id.unwrap();
    let begun = device.device.start(Start::Assignment { assignment_id }).unwrap();
    let Body::Inspection(mut inspection) = begun.body else { panic!("an inspection was begun") };
    for at in 0..3 {
        inspection.items[at].result = Some(ItemResult::Pass);
        inspection.items[at].note = format!("looked at {at}");
        let shown = device.held(begun.id).write_id;
        device.device.save(begun.id, Body::Inspection(inspection.clone()), shown).unwrap();
        device.device.keep_place(Some(&format!("/record/{}/item/{at}", begun.id))).unwrap();
    }

    let device = device.killed_and_reopened();
    assert_eq!(device.shows(begun.id).body, Body::Inspection(inspection));
    let state = device.device.state().unwrap();
    assert_eq!(state.place, Some(format!("/record/{}/item/2", begun.id)));
    assert_eq!(state.operator.unwrap().name, "María Torres");
    assert_eq!(state.yard_id, Some(yard.seeded.yards[0].id));
    assert_eq!((state.counts.pending, device.pending()), (1, 1));
}

#[tokio::test]
async fn what_was_captured_before_a_kill_is_sent_after_it() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let ids: Vec<Uuid> = (0..5).map(|at| device.records(&format!("truck {at}"))).collect();
    let device = device.killed_and_reopened();
    assert_eq!(device.syncs().await.settled.accepted, 5);
    for id in ids {
        assert_eq!(yard.audit(id).len(), 1);
    }
}

#[tokio::test]
async fn an_app_killed_after_the_server_took_a_page_and_before_it_heard_so_sends_it_again_and_nothing_is_doubled() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("once");
    let deaf = crate::support::Deaf(device.way());
    device.syncs_over(&deaf).await.unwrap_err();
    let device = device.killed_and_reopened();
    assert_eq!(device.pending(), 1);
    device.syncs().await;
    assert_eq!((device.pending(), yard.audit(id).len()), (0, 1));
}
