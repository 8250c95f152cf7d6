//! `gatebook-server`, as the office calls it.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use gatebook_server::Bounds;
use serde_json::Value;

use crate::support::{Place, TestEnvironment, TestServer, client, gate_event, within};

pub(crate) fn gatebook(place: &Place, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatebook-server"));
    command.args(arguments).envs(place.variables());
    command
}

pub(crate) fn run(place: &Place, arguments: &[&str]) -> Output {
    gatebook(place, arguments).output().unwrap()
}

#[track_caller]
pub(crate) fn says(place: &Place, arguments: &[&str]) -> String {
    let output = run(place, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_demonstration_is_loaded_once_however_often_it_is_asked_for() {
    let place = Place::new();
    let seeded = || -> Value { serde_json::from_str(&says(&place, &["seed", "--json"])).unwrap() };
    let (first, again) = (seeded(), seeded());
    for part in ["tenant_id", "yards", "operators", "templates", "carriers", "equipment"] {
        assert_eq!(first[part], again[part], "{part}");
    }
    let ids = |seeded: &Value| -> Vec<Value> {
        seeded["assignments"].as_array().unwrap().iter().map(|record| record["id"].clone()).collect()
    };
    assert_eq!((ids(&first).len(), ids(&first)), (8, ids(&again)));
    assert_eq!(first["codes"].as_array().unwrap().len(), 2);

    let yard = first["yards"][0]["id"].as_str().unwrap();
    let code = says(&place, &["enrolment-code", "--yard", yard, "--valid-hours", "1"]);
    assert_eq!(code.trim().len(), 11);
    assert_eq!(says(&place, &["admin-token"]).trim().len(), 43);
}

#[test]
fn what_cannot_be_done_is_said_in_words() {
    let place = Place::new();
    drop(place.open(Bounds::default(), &Arc::new(TestEnvironment::new())));
    for (arguments, told) in [
        (vec!["admin-token"], "no such organisation"),
        (vec!["revoke", "--device", "kiosk"], "no device kiosk"),
        (vec!["audit", "list", "0195f2a0-0000-7000-8000-000000000001"], "no record 0195f2a0"),
        (vec!["audit", "restore", "0195f2a0-0000-7000-8000-000000000001"], "no write 0195f2a0"),
    ] {
        let output = run(&place, &arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(told), "{arguments:?}: {error}");
    }
}

#[test]
fn where_there_is_no_database_nothing_begins_unless_it_is_asked_for() {
    let place = Place::new();
    let yard = "0195f2a0-0000-7000-8000-000000000001";
    for arguments in [
        vec!["serve", "--listen", "127.0.0.1:0"],
        vec!["admin-token"],
        vec!["revoke", "--device", "kiosk"],
        vec!["enrolment-code", "--yard", yard],
        vec!["audit", "list", yard],
    ] {
        let output = run(&place, &arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains("serve --init"), "{arguments:?}: {error}");
    }
    let files = std::fs::read_dir(place.join("")).unwrap().map(|file| file.unwrap().file_name());
    assert_eq!(files.collect::<Vec<_>>(), ["server.key"], "nothing was made");
    says(&place, &["seed", "--json"]);
    says(&place, &["admin-token"]);
}

#[tokio::test]
async fn the_history_of_a_record_is_told_in_words_and_can_be_turned_back() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("Gate 1").await, yard.device("Gate 2").await);
    let lost = a.push(gate_event("no damage")).await.accepted(1);
    let lucia = yard.operator("Lucía Garza");
    let won = b.push(gate_event("dent at the left door").of_record(lost.id).by(lucia)).await.won(2);

    let id = lost.id.to_string();
    let told = says(&yard.place, &["audit", "list", &id]);
    super::golden::matches("the_history_of_a_record_is_told_in_words_and_can_be_turned_back", &told);
    let entries: Value = serde_json::from_str(&says(&yard.place, &["audit", "list", &id, "--json"])).unwrap();
    assert_eq!(entries[1]["write_id"], won.write_id.to_string());

    let write = lost.write_id.to_string();
    says(&yard.place, &["audit", "restore", &write, "--reason", "the dent is old"]);
    assert!(a.sees(lost.id).await.unwrap().content.body.get().contains("no damage"));
    assert!(says(&yard.place, &["audit", "list", &id]).contains("reason: the dent is old"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_tells_its_address_and_stops_when_it_is_told_to() {
    let place = Place::new();
    let mut command = gatebook(&place, &["serve", "--init", "--listen", "127.0.0.1:0", "--log-format", "json"]);
    let mut serving = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(serving.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit(' ').next().unwrap();
    let health = client().get(format!("{address}/health")).send().await.unwrap();
    assert!(health.status().is_success());

    let told = Command::new("kill").args(["-TERM", &serving.id().to_string()]).status().unwrap();
    assert!(told.success());
    let output = serving.wait_with_output().unwrap();
    assert!(output.status.success());
    let log = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered = lines.iter().find(|line| line["fields"]["message"] == "answered").unwrap();
    assert_eq!((&answered["fields"]["status"], &answered["span"]["path"]), (&200.into(), &"/health".into()));
    assert_eq!(lines.last().unwrap()["fields"]["message"], "stopped");
}

/// The operating system lets a process have few file handles until it asks for more.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn idle_connections_keep_nobody_out() {
    let place = Place::new();
    let program = env!("CARGO_BIN_EXE_gatebook-server");
    let serve = format!("ulimit -Sn 100; exec {program} serve --init --listen 127.0.0.1:0");
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", &serve]).envs(place.variables()).kill_on_drop(true);
    let mut serving = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(serving.stdout.take().unwrap()));
    let line = within(lines.next_line()).await.unwrap().expect("its address");
    let address = line.trim().rsplit(' ').next().unwrap();
    let mut idle = Vec::new();
    for _ in 0..150 {
        idle.push(within(tokio::net::TcpStream::connect(address.trim_start_matches("http://"))).await.unwrap());
    }
    let health = client().get(format!("{address}/health")).timeout(std::time::Duration::from_secs(20));
    assert!(health.send().await.unwrap().status().is_success());
    serving.kill().await.unwrap();
}
