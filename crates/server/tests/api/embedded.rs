//! What only the embedded database can do: backups by the server itself, and a folder that is looked after.

use std::path::Path;

use gatebook_server::{ServerError, restore_backup};
use gatebook_sync::Verdict;
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::command_line::{gatebook, run, says};
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

/// How many versions there are in a database that is whole.
fn versions_in(database: &Path) -> usize {
    let opened = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let sound: String = opened.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok", "{}", database.display());
    opened.query_row("SELECT count(*) FROM versions WHERE device_id IS NOT NULL", [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn nothing_is_lost_while_commands_write_and_copy_beside_a_server_that_takes_pages() {
    const ROUNDS: usize = 8;
    const PAGE: usize = 20;
    let yard = TestServer::embedded().await;
    let (a, b) = (yard.device("Gate 1").await, yard.device("Gate 2").await);
    let first = a.push(gate_event("no damage")).await.accepted(1);
    let second = b.push(gate_event("dent at the left door").of_record(first.id)).await.won(2);
    let mut pushed = Vec::new();
    for round in 0..ROUNDS {
        let write = if round % 2 == 0 { first.write_id } else { second.write_id }.to_string();
        let backup = yard.place.join(&format!("backup-{round}.sqlite"));
        let mut restoring = gatebook(&yard.place, &["audit", "restore", &write]).spawn().unwrap();
        let mut copying = gatebook(&yard.place, &["backup", "--to", backup.to_str().unwrap()]).spawn().unwrap();
        let answer = a.push_all((0..PAGE).map(|at| gate_event(&format!("{round} {at}")))).await;
        assert!(answer.response.verdicts.iter().all(|judged| judged.verdict == Verdict::Accepted));
        pushed.extend(answer.push.iter().map(|push| push.id));
        assert!(restoring.wait().unwrap().success() && copying.wait().unwrap().success());
        assert!(versions_in(&backup) >= 2 + PAGE * round, "what was taken before the copy began is in it");
    }
    assert_eq!(yard.server.audit(first.id).unwrap().len(), 2 + ROUNDS);
    assert!(pushed.iter().all(|id| yard.server.audit(*id).unwrap().len() == 1));
    assert_eq!(versions_in(&yard.place.join("gatebook-server.sqlite")), 2 + PAGE * ROUNDS);
}
