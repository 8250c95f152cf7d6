//! A report that was submitted stays in force until its correction is submitted too.

use gatebook_client::view::RecordView;
use gatebook_domain::inspection::Inspection;
use gatebook_domain::{Body, Stage};
use gatebook_sync::wire::AuditOutcome;
use gatebook_testbed::capture;
use uuid::Uuid;

use crate::support::{TestDevice, TestYard};

/// An inspection is filled in, signed and submitted.
fn reported(device: &TestDevice) -> Uuid {
    let assignment = device.device.work_list().unwrap().assigned[0].assignment_id.unwrap();
    capture::inspection(&device.device, assignment, false).unwrap().id
}

fn changed(device: &TestDevice, id: Uuid, change: impl FnOnce(&mut Inspection)) -> RecordView {
    let view = device.shows(id);
    let Body::Inspection(mut inspection) = view.body else { panic!("an inspection expected") };
    change(&mut inspection);
    device.device.save(id, Body::Inspection(inspection), view.write_id).unwrap()
}

fn remark(device: &TestDevice, id: Uuid, remarks: &str) -> RecordView {
    changed(device, id, |inspection| remarks.clone_into(&mut inspection.remarks))
}

fn is_submitted(content: &gatebook_sync::Content) -> bool {
    content.is_submitted()
}

/// The correction is signed again and submitted.
fn signed_and_submitted(device: &TestDevice, id: Uuid) {
    let person = device.device.state().unwrap().operator.unwrap();
    changed(device, id, |inspection| {
        let role = gatebook_domain::signature::SignatureRole::AuthorDriver;
        inspection.signatures = vec![gatebook_domain::signature::Signature {
            role,
            name: person.name,
            operator_id: Some(person.id),
            signed_at: "2026-03-04T16:00:00Z".parse().unwrap(),
            strokes: vec![vec![1, 2, 3, 4]],
        }];
    });
    let outcome = device.device.submit(id, device.shows(id).write_id).unwrap();
    assert!(outcome.submitted, "{:?}", outcome.record.missing);
}

#[tokio::test]
async fn a_report_stays_in_force_while_it_is_corrected() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = reported(&device);
    device.syncs().await;
    let judged = yard.audit(id).len();

    let view = remark(&device, id, "a word more");
    assert!(view.correcting && view.stage != Stage::Submitted && view.can_discard);
    device.syncs().await;
    assert_eq!(yard.audit(id).len(), judged, "nothing goes before it is submitted");
    assert!(is_submitted(&device.held(id).content));
    let listed = device.device.work_list().unwrap().in_progress;
    assert!(listed.iter().any(|item| item.record_id == id && item.correcting));

    signed_and_submitted(&device, id);
    assert!(!device.shows(id).correcting);
    let report = device.syncs().await;
    assert_eq!((report.settled.accepted, report.settled.conflicts), (1, 0));
    let audit = yard.audit(id);
    assert!(audit.iter().filter(|entry| entry.version.is_some()).all(|entry| is_submitted(&entry.content)));
    assert!(audit.last().unwrap().content.body.get().contains("a word more"));
}

#[tokio::test]
async fn a_report_that_was_not_sent_yet_is_sent_while_its_correction_waits() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = reported(&device);
    remark(&device, id, "a word more");
    device.syncs().await;
    assert!(is_submitted(&yard.audit(id).pop().unwrap().content));
    assert!(device.shows(id).correcting);
}

#[tokio::test]
async fn a_correction_survives_a_kill_and_can_be_given_up() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = reported(&device);
    device.syncs().await;
    remark(&device, id, "a word more");
    let device = device.killed_and_reopened();
    let Body::Inspection(inspection) = device.shows(id).body else { panic!("an inspection expected") };
    assert_eq!(inspection.remarks, "a word more");
    device.device.discard_change(id).unwrap();
    let view = device.shows(id);
    assert!(!view.correcting && view.stage == Stage::Submitted);
    assert_eq!(device.pending(), 0);
}

#[tokio::test]
async fn a_correction_of_a_report_that_somebody_has_replaced_is_a_conflict() {
    let yard = TestYard::open().await;
    let maria = yard.device("phone", "María Torres").await;
    let hector = yard.device("kiosk", "Héctor Salinas").await;
    let id = reported(&maria);
    maria.syncs().await;
    hector.syncs().await;
    remark(&maria, id, "María corrects");
    remark(&hector, id, "Héctor corrects");
    signed_and_submitted(&hector, id);
    hector.syncs().await;
    maria.syncs().await;
    signed_and_submitted(&maria, id);
    let report = maria.syncs().await;
    assert_eq!((report.settled.accepted, report.settled.conflicts), (0, 1));
    let set_aside = |entry: &gatebook_sync::wire::AuditEntry| matches!(entry.outcome, AuditOutcome::SetAside { .. });
    assert!(yard.audit(id).iter().any(|entry| set_aside(entry) && entry.content.body.get().contains("Héctor")));
}

#[tokio::test]
async fn a_correction_of_a_report_that_somebody_has_replaced_is_a_conflict_though_the_yard_was_lost_for_a_while() {
    let yard = TestYard::open().await;
    let maria = yard.device("phone", "María Torres").await;
    let hector = yard.device("kiosk", "Héctor Salinas").await;
    let id = reported(&maria);
    maria.syncs().await;
    hector.syncs().await;
    remark(&maria, id, "María corrects");
    remark(&hector, id, "Héctor corrects");
    signed_and_submitted(&hector, id);
    hector.syncs().await;
    maria.syncs().await;

    let works_for = |yards: &[Uuid]| {
        let marias = maria.device.state().unwrap().enrolment.unwrap().device_id;
        yard.server.set_device_yards(marias, yards).unwrap();
    };
    let yards: Vec<Uuid> = yard.seeded.yards.iter().map(|yard| yard.id).collect();
    works_for(&yards[1..]);
    maria.syncs().await;
    works_for(&yards);
    maria.syncs().await;
    maria.syncs().await;

    assert!(maria.shows(id).correcting);
    signed_and_submitted(&maria, id);
    let report = maria.syncs().await;
    assert_eq!((report.settled.accepted, report.settled.conflicts), (0, 1));
    let set_aside = |entry: &gatebook_sync::wire::AuditEntry| matches!(entry.outcome, AuditOutcome::SetAside { .. });
    assert!(yard.audit(id).iter().any(|entry| set_aside(entry) && entry.content.body.get().contains("Héctor")));
}

#[tokio::test]
async fn a_report_cannot_be_struck_out_while_a_correction_of_it_is_open() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = reported(&device);
    remark(&device, id, "a word more");
    let refused = device.device.void_record(id, "entered twice", device.shows(id).write_id).unwrap_err();
    assert!(refused.message.contains("Submit or discard"), "{}", refused.message);
}

#[tokio::test]
async fn a_signature_that_changes_nothing_that_was_signed_goes_at_once() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = reported(&device);
    device.syncs().await;
    let view = changed(&device, id, |inspection| {
        let certifier = gatebook_domain::signature::SignatureRole::ReviewingDriver;
        let first = inspection.signatures[0].clone();
        inspection.signatures.push(gatebook_domain::signature::Signature { role: certifier, ..first });
    });
    assert!(!view.correcting && view.stage == Stage::Submitted);
    assert_eq!(device.pending(), 1);
}

#[tokio::test]
async fn a_correction_whose_report_leaves_the_device_waits_for_it_and_takes_nothing_back() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = reported(&device);
    device.syncs().await;
    remark(&device, id, "María corrects");
    let works_for = |yards: &[Uuid]| {
        let me = device.device.state().unwrap().enrolment.unwrap().device_id;
        yard.server.set_device_yards(me, yards).unwrap();
    };
    let yards: Vec<Uuid> = yard.seeded.yards.iter().map(|yard| yard.id).collect();
    works_for(&yards[1..]);
    device.syncs().await;
    let view = device.shows(id);
    let Body::Inspection(inspection) = &view.body else { panic!("an inspection expected") };
    assert_eq!(inspection.remarks, "María corrects");
    assert!(view.correcting && view.rejection.is_some(), "who corrects it is told why it waits");
    assert!(view.can_discard);
    // Neither going on nor sending it again sends what nobody has submitted, and the report is not struck out by it.
    device.device.void_record(id, "entered twice", view.write_id).unwrap_err();
    remark(&device, id, "María goes on");
    device.device.send_again(id).unwrap();
    device.syncs().await;

    works_for(&yards);
    device.syncs().await;
    device.syncs().await;
    let view = device.shows(id);
    let Body::Inspection(inspection) = &view.body else { panic!("an inspection expected") };
    assert!(view.correcting && view.rejection.is_none() && inspection.remarks == "María goes on");
    let judged = yard.audit(id);
    assert!(is_submitted(&judged.last().unwrap().content), "the report stayed in force");
    signed_and_submitted(&device, id);
    assert_eq!(device.syncs().await.settled.accepted, 1);
    let in_force = yard.audit(id).pop().unwrap().content;
    assert!(is_submitted(&in_force) && in_force.body.get().contains("María goes on"));
}
