//! Fields of a newer app survive an older app's edit, a conflict, a restore and being discarded.

use gatebook_client::view::Keep;
use gatebook_domain::signature::SignatureRole;
use gatebook_domain::{Body, Kind};
use gatebook_testbed::capture;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Phone, Yard};

fn body(phone: &Phone, id: Uuid) -> Value {
    serde_json::from_str(phone.held(id).content.body.get()).unwrap()
}

/// What no page holds: `-18.0` becomes `-18` there, `1e2` becomes `100`, and the others lose digits.
const NEWS: &str = r#""news":[-18.0,1e2,9007199254740993,123456789012345678901234567890]"#;

/// A newer app writes fields that this one does not know.
async fn newer(yard: &Yard, phone: &Phone) -> Uuid {
    let id = phone.records("from a newer app");
    let mut newer = body(phone, id);
    newer["weather"] = json!({"sky": "clear"});
    newer["equipment"][0]["reefer_c"] = json!(-18);
    let newer = newer.to_string().replacen('{', &format!("{{{NEWS},"), 1);
    phone.database().execute("UPDATE records SET body = ?2, schema = 7 WHERE id = ?1", (id, newer)).unwrap();
    phone.syncs(yard).await;
    id
}

fn keeps_all(phone: &Phone, id: Uuid) {
    assert!(phone.held(id).content.body.get().contains(NEWS), "in the very spelling");
    let body = body(phone, id);
    assert_eq!((&body["weather"], &body["equipment"][0]["reefer_c"]), (&json!({"sky": "clear"}), &json!(-18)));
    assert_eq!(phone.held(id).content.schema, 7);
}

#[tokio::test]
async fn through_an_edit_by_an_older_app_to_the_newer_one() {
    let yard = Yard::open();
    let (new, old) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let id = newer(&yard, &new).await;
    old.syncs(&yard).await;
    old.edits(id, "edited by an older app");
    old.syncs(&yard).await;
    new.syncs(&yard).await;
    keeps_all(&old, id);
    keeps_all(&new, id);
    assert_eq!(new.says(id), "edited by an older app");
}

#[tokio::test]
async fn through_the_signature_of_who_certifies_a_repair_which_leaves_the_drivers_and_the_handing_in() {
    let yard = Yard::open();
    let (new, old) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let assignment = new.device.work_list().unwrap().assigned[0].assignment_id.unwrap();
    let id = capture::inspection(&new.device, assignment, true).unwrap().id;
    let written = new
        .held(id)
        .content
        .body
        .get()
        .replace("{\"key\":", &format!("{{{NEWS},\"key\":"))
        .replace("{\"role\":", &format!("{{{NEWS},\"role\":"));
    let count = written.matches(NEWS).count();
    assert!(count > 2, "in every item and in the signature");
    new.database().execute("UPDATE records SET body = ?2, schema = 7 WHERE id = ?1", (id, &written)).unwrap();
    new.syncs(&yard).await;
    old.syncs(&yard).await;

    let view = old.device.record(id).unwrap();
    assert!(!view.body.to_json().contains("news"), "nothing of it goes to the page");
    let Body::Inspection(mut inspection) = view.body else { panic!("an inspection was handed in") };
    let mut certified = inspection.signatures[0].clone();
    certified.role = SignatureRole::RepairCertifier;
    inspection.signatures.push(certified);
    old.device.save(id, Body::Inspection(inspection), view.write_id).unwrap();

    old.syncs(&yard).await;
    new.syncs(&yard).await;
    for phone in [&old, &new] {
        let held = phone.held(id).content.body;
        let Body::Inspection(inspection) = Body::from_json(Kind::Inspection, held.get()).unwrap() else { panic!() };
        let roles: Vec<_> = inspection.signatures.iter().map(|signature| signature.role).collect();
        assert_eq!(roles, [SignatureRole::AuthorDriver, SignatureRole::RepairCertifier]);
        assert!(inspection.submitted.is_some());
        assert_eq!(held.get().matches(NEWS).count(), count, "{held}");
    }
}

#[tokio::test]
async fn through_two_changes_that_met_in_a_form() {
    let yard = Yard::open();
    let (new, old) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let id = newer(&yard, &new).await;
    old.syncs(&yard).await;
    let form = old.device.open_record(id).unwrap();
    new.changes(id, |event| event.lane = "7".to_owned());
    new.syncs(&yard).await;
    old.syncs(&yard).await;
    let Body::GateEvent(mut event) = form.body else { panic!("a gate event was recorded") };
    event.remarks = "entered in the form".to_owned();
    old.device.save(id, Body::GateEvent(event), form.write_id).unwrap();
    old.device.settle_met(id, Keep::Mine).unwrap();
    keeps_all(&old, id);
    assert_eq!((old.says(id).as_str(), &body(&old, id)["lane"]), ("entered in the form", &json!("7")));
}

#[tokio::test]
async fn through_a_conflict_and_a_restore() {
    let mut yard = Yard::open();
    let (new, old) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let backup = yard.backup();
    let id = newer(&yard, &new).await;
    old.syncs(&yard).await;
    old.edits(id, "older");
    new.edits(id, "newer");
    new.syncs(&yard).await;
    old.syncs(&yard).await;
    yard.restores(&backup);
    new.syncs(&yard).await;
    old.syncs(&yard).await;
    new.syncs(&yard).await;
    keeps_all(&old, id);
    keeps_all(&new, id);
    assert_eq!((new.says(id), old.repairs() + new.repairs()), ("older".to_owned(), 0));
}
