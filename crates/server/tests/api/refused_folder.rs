//! A data folder that a server cannot work on: every command says what is wrong and what to do, ends, and leaves each byte
//! in the folder as it was.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::command_line::{gatebook, run, says};
use crate::support::{Place, TestServer, gate_event};

const SOME: &str = "0195f2a0-0000-7000-8000-000000000001";
const DATABASE: &str = "gatebook-server.sqlite";

/// Every command that opens the folder.
const COMMANDS: [&[&str]; 11] = [
    &["serve", "--listen", "127.0.0.1:0"],
    &["seed"],
    &["enrolment-code", "--yard", SOME],
    &["admin-token"],
    &["revoke", "--device", "kiosk"],
    &["audit", "list", SOME],
    &["audit", "conflicts"],
    &["audit", "restore", SOME],
    &["photos", "sweep"],
    &["backup", "--to", "/nowhere/backup.sqlite"],
    &["new-epoch"],
];

/// All files below the folder, to the byte.
fn bytes(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(bytes(&path));
            found.insert(path, None);
        } else {
            let content = std::fs::read(&path).unwrap();
            found.insert(path, Some(content));
        }
    }
    found
}

/// A process that does not outlive its test.
struct Started(Option<Child>);

impl Started {
    fn output(mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

/// The process, started, and the line in which it says where it serves; none if it ended without.
fn started(mut command: Command) -> (Started, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Started(Some(child)), line)
}

/// The command ends with that sentence.
#[track_caller]
fn ends(command: Command, told: &str) {
    let what = format!("{command:?}");
    let (started, line) = started(command);
    assert!(!line.contains("listens"), "{what} serves");
    let output = started.output();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && error.contains(told), "{what}: {error}");
}

/// The command ends with that sentence, and nothing in the folder has changed.
#[track_caller]
fn is_refused(place: &Place, command: Command, told: &str) {
    let what = format!("{command:?}");
    let before = bytes(&place.join(""));
    ends(command, told);
    let after = bytes(&place.join(""));
    let changed: Vec<_> =
        before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path)).collect();
    assert!(changed.is_empty(), "{what} changed {changed:?}");
}

#[track_caller]
fn all_are_refused(place: &Place, told: &str) {
    for arguments in COMMANDS {
        is_refused(place, gatebook(place, arguments), told);
    }
}

/// A folder in which a server has taken something, as it lies when the server has stopped.
async fn stopped() -> Place {
    let mut yard = TestServer::embedded().await;
    yard.device("A").await.push(gate_event("in")).await.accepted(1);
    yard.stop().await;
    let TestServer { server, place, .. } = yard;
    drop(server);
    assert!(!place.join(&format!("{DATABASE}-wal")).exists());
    place
}

/// The same as it lies after the power was cut, with what was taken in the log alone.
async fn crashed() -> Place {
    let yard = TestServer::embedded().await;
    yard.device("A").await.push(gate_event("in")).await.accepted(1);
    let place = Place::embedded();
    for file in [DATABASE, "gatebook-server.sqlite-wal", "gatebook-server.sqlite-shm"] {
        std::fs::copy(yard.place.join(file), place.join(file)).unwrap();
    }
    place
}

#[tokio::test]
async fn with_another_key_nothing_starts() {
    for place in [stopped().await, crashed().await] {
        std::fs::write(place.join("server.key"), [8; 32]).unwrap();
        all_are_refused(&place, "is not the key of this database; use the key file of the other servers on it");
        std::fs::write(place.join("server.key"), [7; 32]).unwrap();
        says(&place, &["seed"]);
    }
}

#[tokio::test]
async fn without_its_key_nothing_starts_and_none_is_made() {
    for place in [stopped().await, crashed().await] {
        std::fs::remove_file(place.join("server.key")).unwrap();
        all_are_refused(&place, "is not there; copy the key file");
        assert!(!place.join("server.key").exists());
    }
}

#[tokio::test]
async fn a_database_from_before_keys_were_told_apart_takes_the_key_that_is_there_and_asks_for_one_that_is_not() {
    let place = stopped().await;
    let forget = || {
        let database = Connection::open(place.join(DATABASE)).unwrap();
        database.execute("UPDATE server SET key_check = NULL", []).unwrap();
    };
    forget();
    std::fs::remove_file(place.join("server.key")).unwrap();
    all_are_refused(&place, "is not there; copy the key file");

    std::fs::write(place.join("server.key"), [7; 32]).unwrap();
    says(&place, &["seed"]);
    std::fs::write(place.join("server.key"), [8; 32]).unwrap();
    all_are_refused(&place, "is not the key of this database");
}

#[tokio::test]
async fn a_damaged_key_is_not_replaced_and_nothing_begins_beside_it() {
    let place = stopped().await;
    std::fs::write(place.join("server.key"), "short").unwrap();
    let told = "does not hold a server key; put the right file back";
    all_are_refused(&place, told);

    let empty = Place::embedded();
    std::fs::write(empty.join("server.key"), "short").unwrap();
    for arguments in [&["serve", "--init", "--listen", "127.0.0.1:0"][..], &["seed"]] {
        is_refused(&empty, gatebook(&empty, arguments), told);
    }
}

/// Starts the server under the key that is there, or under one of its own making, and kills it.
fn takes_a_new_key(place: &Place) {
    let (_serving, line) = started(gatebook(place, &["serve", "--new-key", "--listen", "127.0.0.1:0"]));
    assert!(line.contains("listens"), "{line}");
}

#[tokio::test]
async fn a_key_that_is_lost_for_good_gives_way_only_when_the_office_says_so() {
    for place in [stopped().await, crashed().await] {
        std::fs::write(place.join("server.key"), [8; 32]).unwrap();
        is_refused(&place, gatebook(&place, &["seed"]), "Only if it is lost for good, `serve --new-key` goes on");
        takes_a_new_key(&place);
        says(&place, &["seed"]);
        std::fs::write(place.join("server.key"), [7; 32]).unwrap();
        all_are_refused(&place, "is not the key of this database");

        std::fs::remove_file(place.join("server.key")).unwrap();
        is_refused(&place, gatebook(&place, &["seed"]), "Only if it is lost for good, `serve --new-key` goes on");
        takes_a_new_key(&place);
        assert_eq!(std::fs::read(place.join("server.key")).unwrap().len(), 32);
        says(&place, &["seed"]);
    }
}

#[tokio::test]
async fn a_backup_from_before_the_key_was_lost_is_put_in_place_when_the_office_says_so() {
    let place = stopped().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let backup = elsewhere.path().join("backup.sqlite");
    let backup = backup.to_str().unwrap();
    says(&place, &["backup", "--to", backup]);
    std::fs::write(place.join("server.key"), [8; 32]).unwrap();
    takes_a_new_key(&place);
    is_refused(&place, gatebook(&place, &["restore", "--from", backup]), "put the backup in place with --new-key");
    says(&place, &["restore", "--from", backup, "--new-key"]);
    says(&place, &["seed"]);
    std::fs::write(place.join("server.key"), [7; 32]).unwrap();
    all_are_refused(&place, "is not the key of this database");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_key_that_may_not_be_read_is_said_to_be_one() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = stopped().await;
    let set = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    for (path, content) in bytes(&place.join("")) {
        set(&path, if content.is_some() { 0o666 } else { 0o777 });
    }
    set(&place.join(""), 0o777);
    set(&place.join("server.key"), 0);
    for arguments in COMMANDS {
        is_refused(&place, by_somebody_else(gatebook(&place, arguments)), "server.key cannot be read; let the user");
    }
}

#[tokio::test]
async fn a_database_of_a_newer_server_is_left_alone() {
    for place in [stopped().await, crashed().await] {
        let database = Connection::open(place.join(DATABASE)).unwrap();
        let has_log = place.join(&format!("{DATABASE}-wal")).metadata().is_ok_and(|log| log.len() > 0);
        database.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_log).unwrap();
        database.pragma_update(None, "user_version", 999).unwrap();
        drop(database);
        all_are_refused(&place, "run the newer server");
    }
}

#[tokio::test]
async fn a_backup_of_a_newer_server_or_under_another_key_is_not_put_in_place() {
    let place = stopped().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let backup = elsewhere.path().join("backup.sqlite");
    let restore = ["restore", "--from", backup.to_str().unwrap()];
    says(&place, &["backup", "--to", backup.to_str().unwrap()]);
    std::fs::write(place.join("server.key"), [8; 32]).unwrap();
    is_refused(&place, gatebook(&place, &restore), "the backup was made under another key");

    std::fs::write(place.join("server.key"), [7; 32]).unwrap();
    Connection::open(&backup).unwrap().pragma_update(None, "user_version", 999).unwrap();
    is_refused(&place, gatebook(&place, &restore), "run the newer server");
}

#[tokio::test]
async fn one_folder_is_served_by_one_server_and_commands_go_on_beside_it() {
    let place = stopped().await;
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let (serving, line) = started(gatebook(&place, &serve));
    assert!(line.contains("listens"), "{line}");
    // What lies in the folder changes all the same: the first one is at work.
    ends(gatebook(&place, &serve), "a server is running on");

    let elsewhere = tempfile::tempdir().unwrap();
    let backup = elsewhere.path().join("backup.sqlite");
    let backup = backup.to_str().unwrap();
    for beside in [&["seed"][..], &["admin-token"], &["photos", "sweep"], &["backup", "--to", backup]] {
        says(&place, beside);
    }
    let refused = run(&place, &["restore", "--from", backup]);
    assert!(String::from_utf8(refused.stderr).unwrap().contains("stop it first"));

    drop(serving);
    let (_again, line) = started(gatebook(&place, &serve));
    assert!(line.contains("listens"), "the lock dies with the process that held it");
}

/// As a user who may read everything in the folder, and write nothing.
#[cfg(unix)]
fn by_somebody_else(mut command: Command) -> Command {
    use std::os::unix::fs::MetadataExt as _;
    use std::os::unix::process::CommandExt as _;
    const NOBODY: u32 = 65_534;
    // Root may write whatever the permissions say; everybody else is held to them already.
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_read_only_folder_is_said_to_be_one() {
    use std::os::unix::fs::PermissionsExt as _;
    let set = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    for (place, folder_mode) in [(stopped().await, 0o555), (crashed().await, 0o555), (stopped().await, 0o777)] {
        for (path, content) in bytes(&place.join("")) {
            set(&path, if content.is_some() { 0o444 } else { 0o555 });
        }
        set(&place.join(""), folder_mode);
        for arguments in COMMANDS {
            is_refused(&place, by_somebody_else(gatebook(&place, arguments)), "cannot be written; let the user");
        }
        set(&place.join(""), 0o755);
    }
}
