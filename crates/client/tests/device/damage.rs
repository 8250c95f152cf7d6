//! A damaged database is set aside, never deleted; what was pending is carried over and exported, and the operator is
//! told.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

use crate::support::TestYard;

/// Overwrites the first page of a table or index with what no database holds.
pub(crate) fn damage(folder: &Path, name: &str) {
    let path = folder.join("gatebook.sqlite");
    let database = Connection::open(&path).unwrap();
    let page: u64 =
        database.query_row("SELECT rootpage FROM sqlite_master WHERE name = ?1", [name], |row| row.get(0)).unwrap();
    let size: u64 = database.pragma_query_value(None, "page_size", |row| row.get(0)).unwrap();
    drop(database);
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start((page - 1) * size)).unwrap();
    file.write_all(&vec![0xAB; usize::try_from(size).unwrap()]).unwrap();
}

#[tokio::test]
async fn what_was_pending_is_carried_over_and_sent_and_the_operator_is_told() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let synced = device.records("synced");
    device.syncs().await;
    let new = device.records("never sent");
    device.remarks(synced, "changed since");

    let device = device.closed_and_reopened(|folder| damage(folder, "records_listed"));
    assert_eq!(device.event(new).remarks, "never sent");
    assert_eq!(device.event(synced).remarks, "changed since");
    assert_eq!(device.pending(), 2);
    let told = device.device.state().unwrap().salvage.unwrap();
    assert!(told.contains("2 records") && told.contains("damaged-1.sqlite"), "{told}");

    assert_eq!(device.syncs().await.settled.conflicts, 0);
    assert_eq!(device.pending(), 0);
    assert_eq!((yard.audit(new).len(), yard.audit(synced).len()), (1, 2));
    device.device.dismiss_salvage().unwrap();
    assert_eq!(device.device.state().unwrap().salvage, None);
}

#[tokio::test]
async fn the_damaged_file_is_kept_and_what_was_pending_is_exported_beside_it() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("never sent");
    let device = device.closed_and_reopened(|folder| damage(folder, "records_listed"));
    assert!(device.folder.join("damaged-1.sqlite").exists());
    let exported = std::fs::read(device.folder.join("damaged-1.pending.json")).unwrap();
    let exported: Value = serde_json::from_slice(&exported).unwrap();
    assert_eq!(exported[0]["id"], id.to_string());
    assert_eq!(exported[0]["content"]["body"]["remarks"], "never sent");
}

#[tokio::test]
async fn the_device_is_still_enrolled_and_gets_everything_else_back_from_the_server() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let synced = device.records("synced");
    device.syncs().await;
    device.device.keep_place(Some("/inbox")).unwrap();
    let device = device.closed_and_reopened(|folder| damage(folder, "cursors"));
    let state = device.device.state().unwrap();
    assert!(state.enrolment.is_some());
    assert_eq!(state.place.as_deref(), Some("/inbox"));
    assert!(device.device.operators().unwrap().is_empty());
    device.syncs().await;
    assert_eq!(device.event(synced).remarks, "synced");
    assert_eq!(device.device.state().unwrap().operator.unwrap().name, "María Torres");
}

#[tokio::test]
async fn a_file_that_is_no_database_at_all_does_not_keep_the_app_from_opening() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    device.records("lost with the disk");
    let device =
        device.closed_and_reopened(|folder| std::fs::write(folder.join("gatebook.sqlite"), vec![7; 50_000]).unwrap());
    let state = device.device.state().unwrap();
    assert!(state.salvage.is_some());
    assert_eq!(state.enrolment, None);
    assert_eq!(std::fs::read(device.folder.join("damaged-1.sqlite")).unwrap(), vec![7; 50_000]);
}

#[tokio::test]
async fn a_second_damaged_database_does_not_replace_the_first() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let device = device.closed_and_reopened(|folder| {
        std::fs::write(folder.join("damaged-1.sqlite"), "the first").unwrap();
        damage(folder, "records_listed");
    });
    assert_eq!(std::fs::read(device.folder.join("damaged-1.sqlite")).unwrap(), b"the first");
    assert!(device.folder.join("damaged-2.sqlite").exists());
}
