//! What only the embedded database can do: backups by the server itself, and a folder that is looked after.

use gatebook_server::{ServerError, restore_backup};
use jiff::Timestamp;

use super::command_line::{run, says};
use crate::support::{TestServer, gate_event};

fn now() -> Timestamp {
    "2026-03-04T16:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn a_backup_is_put_in_place_once_the_server_has_stopped_and_the_old_database_is_set_aside() {
    let mut yard = TestServer::embedded().await;
    let backup = yard.place.join("backup.sqlite");
    let backup = backup.to_str().unwrap();
    says(&yard.place, &["backup", "--to", backup]);
    let output = run(&yard.place, &["restore", "--from", backup]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("stop it first"));
    yard.stop().await;
    let yard = yard.restarted(|place| assert!(says(place, &["restore", "--from", backup]).contains("epoch"))).await;
    let a = yard.device("A").await;
    a.push(gate_event("after")).await.accepted(1);
    let aside = |name: &str| name.starts_with("before-restore-");
    let files = std::fs::read_dir(yard.place.join("")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| aside(name) && name.ends_with(".sqlite")).count(), 1);
}

#[tokio::test]
async fn nothing_is_replaced_under_a_running_server_or_by_something_else() {
    let yard = TestServer::embedded().await;
    let backup = yard.place.join("backup");
    yard.backup(&backup);
    assert!(yard.server.backup(&backup).is_err(), "no backup is overwritten");
    assert!(matches!(restore_backup(&yard.place.join(""), &backup, now()), Err(ServerError::InUse(_))));

    let other = tempfile::tempdir().unwrap();
    let not_ours = other.path().join("notes.txt");
    std::fs::write(&not_ours, "milk").unwrap();
    assert!(matches!(restore_backup(other.path(), &not_ours, now()), Err(ServerError::NotOurs(_))));
    let empty = other.path().join("empty.sqlite");
    std::fs::write(&empty, "").unwrap();
    assert!(matches!(restore_backup(other.path(), &empty, now()), Err(ServerError::NotOurs(_))));
}
