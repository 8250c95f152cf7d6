//! Fields of a newer app survive an older app's edit, a conflict, a restore and being discarded.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Phone, Yard};

fn body(phone: &Phone, id: Uuid) -> Value {
    serde_json::from_str(phone.held(id).content.body.get()).unwrap()
}

/// A newer app writes fields that this one does not know.
async fn newer(yard: &Yard, phone: &Phone) -> Uuid {
    let id = phone.records("from a newer app");
    let mut newer = body(phone, id);
    newer["weather"] = json!({"sky": "clear"});
    newer["equipment"][0]["reefer_c"] = json!(-18);
    phone
        .database()
        .execute("UPDATE records SET body = ?2, schema = 7 WHERE id = ?1", (id, newer.to_string()))
        .unwrap();
    phone.syncs(yard).await;
    id
}

fn keeps_all(phone: &Phone, id: Uuid) {
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
