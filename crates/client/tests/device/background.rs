//! Rounds that the operating system asks for, with no app around them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gatebook_client::background::{Deadline, Outcome, background_round};
use gatebook_client::{Device, DeviceConfig, Surroundings};
use rusqlite::Connection;

use crate::support::{Fuse, Holds, TestDevice, TestYard, VERSION};

/// Long enough for anything that works.
const PLENTY: Duration = Duration::from_secs(60);
/// Long enough to see that a round is kept waiting, which lasts for as long as the test wants.
const A_MOMENT: Duration = Duration::from_millis(300);

/// A round in this process, off the test's own thread.
async fn round(folder: &Path, deadline: Deadline) -> Outcome {
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || background_round(&folder, Surroundings::default(), &deadline)).await.unwrap()
}

fn pending(folder: &Path) -> u32 {
    let database = Connection::open(folder.join("gatebook.sqlite")).unwrap();
    database.query_row("SELECT count(*) FROM records WHERE pending_sync", [], |row| row.get(0)).unwrap()
}

/// A device on which one record waits, put away; its rounds go that way.
async fn put_away(yard: &TestYard, name: &'static str, way: SocketAddr) -> (TestDevice, uuid::Uuid, PathBuf) {
    let device = yard.device(name, "María Torres").await;
    let id = device.records("in at lane 4");
    let folder = device.put_away(way);
    (device, id, folder)
}

/// Where a process started by [`in_another_process`] finds its data; no test sets it for itself.
const FOLDER: &str = "GATEBOOK_TEST_BACKGROUND_FOLDER";

fn in_another_process(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "background::the_other_process_runs_one_round", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn the_other_process_runs_one_round() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let outcome = background_round(Path::new(&folder), Surroundings::default(), &Deadline::within(PLENTY));
        assert_eq!(outcome, Outcome::Success);
    }
}

#[tokio::test]
async fn what_waits_is_sent_and_what_is_new_fetched_with_no_app_open() {
    let yard = TestYard::open().await;
    let (_device, id, folder) = put_away(&yard, "phone", yard.address).await;
    assert_eq!(round(&folder, Deadline::within(PLENTY)).await, Outcome::Success);
    assert_eq!((pending(&folder), yard.audit(id).len()), (0, 1));
    assert_eq!(round(&folder, Deadline::within(PLENTY)).await, Outcome::NothingToDo);
}

#[tokio::test]
async fn killed_anywhere_it_loses_nothing_doubles_nothing_and_stands_in_nobodys_way() {
    let yard = TestYard::open().await;
    let points = [
        ("connecting", Holds::Asked(0)),
        ("asking", Holds::Asked(150)),
        ("hearing nothing", Holds::Answered(0)),
        ("hearing the start", Holds::Answered(20)),
        ("hearing the middle", Holds::Answered(400)),
    ];
    for (point, holds) in points {
        let fuse = Fuse::to(yard.address, holds).await;
        let (device, id, folder) = put_away(&yard, point, fuse.address).await;
        let mut other = in_another_process(&folder);
        fuse.stopped().await;
        other.kill().unwrap();
        other.wait().unwrap();
        assert_eq!(pending(&folder), 1, "{point}");

        let folder = led_to(&folder, yard.address);
        assert_eq!(round(&folder, Deadline::within(PLENTY)).await, Outcome::Success, "{point}");
        assert_eq!((pending(&folder), yard.audit(id).len()), (0, 1), "{point}");
        drop(device);
    }
}

/// The same data with another way to the server.
fn led_to(folder: &Path, way: SocketAddr) -> PathBuf {
    let database = Connection::open(folder.join("gatebook.sqlite")).unwrap();
    let sql = "UPDATE settings SET value = json_set(value, '$.server_url', ?1) WHERE name = 'enrolment'";
    assert_eq!(database.execute(sql, [format!("http://{way}")]).unwrap(), 1);
    folder.to_owned()
}

#[tokio::test]
async fn of_two_at_once_one_does_the_work_and_the_other_waits_for_it() {
    let yard = TestYard::open().await;
    let fuse = Fuse::to(yard.address, Holds::Answered(0)).await;
    let (_device, id, folder) = put_away(&yard, "phone", fuse.address).await;
    let mut first = in_another_process(&folder);
    fuse.stopped().await;
    assert_eq!(round(&folder, Deadline::within(A_MOMENT)).await, Outcome::Retry);
    assert_eq!(fuse.connections(), 1, "the second did not go to the server");

    let second = tokio::spawn({
        let folder = folder.clone();
        async move { round(&folder, Deadline::within(PLENTY)).await }
    });
    fuse.release();
    assert_eq!(second.await.unwrap(), Outcome::NothingToDo);
    assert!(tokio::task::spawn_blocking(move || first.wait()).await.unwrap().unwrap().success());
    assert_eq!((pending(&folder), yard.audit(id).len()), (0, 1));
}

#[tokio::test]
async fn beside_a_round_of_the_app_it_waits_its_turn() {
    let yard = TestYard::open().await;
    let fuse = Fuse::to(yard.address, Holds::Answered(0)).await;
    let (_device, id, folder) = put_away(&yard, "phone", fuse.address).await;
    let app = Device::open(DeviceConfig::new(folder.clone(), VERSION)).unwrap();
    fuse.stopped().await;
    assert_eq!(round(&folder, Deadline::within(A_MOMENT)).await, Outcome::Retry);
    assert_eq!(fuse.connections(), 1);
    fuse.release();
    assert_ne!(round(&folder, Deadline::within(PLENTY)).await, Outcome::Retry);
    assert_eq!((app.store().pending_count().unwrap(), yard.audit(id).len()), (0, 1));
}

#[tokio::test]
async fn the_app_waits_for_a_background_round_and_shows_what_it_brought() {
    let yard = TestYard::open().await;
    let fuse = Fuse::to(yard.address, Holds::Answered(0)).await;
    let (_device, id, folder) = put_away(&yard, "phone", fuse.address).await;
    let mut background = in_another_process(&folder);
    fuse.stopped().await;
    let app = Device::open(DeviceConfig::new(folder.clone(), VERSION)).unwrap();
    let mut changes = app.changes();
    // It comes back to the lock again and again; in a round of its own it would stay.
    for _ in 0..2 {
        let tried = last_attempt(&folder);
        while last_attempt(&folder) == tried {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    assert_eq!(fuse.connections(), 1, "the app did not go to the server");
    fuse.release();
    assert!(tokio::task::spawn_blocking(move || background.wait()).await.unwrap().unwrap().success());
    tokio::time::timeout(PLENTY, changes.changed()).await.unwrap().unwrap();
    assert!(!app.store().held(id).unwrap().unwrap().pending);
    assert_eq!(yard.audit(id).len(), 1);
}

fn last_attempt(folder: &Path) -> String {
    let database = Connection::open(folder.join("gatebook.sqlite")).unwrap();
    let sql = "SELECT value ->> '$.last_attempt_at' FROM settings WHERE name = 'attempts'";
    database.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn with_no_network_it_asks_to_be_tried_again_and_the_failure_counts() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    device.records("in at lane 4");
    let folder = device.put_away(device.link.address);
    let failures = |folder: &Path| -> u32 {
        let database = Connection::open(folder.join("gatebook.sqlite")).unwrap();
        let sql = "SELECT value ->> '$.failures' FROM settings WHERE name = 'attempts'";
        database.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let before = failures(&folder);
    assert_eq!(round(&folder, Deadline::within(PLENTY)).await, Outcome::Retry);
    assert_eq!((pending(&folder), failures(&folder)), (1, before + 1));
}

#[tokio::test]
async fn a_server_that_asked_for_patience_is_left_alone_and_the_job_comes_again() {
    let yard = TestYard::open().await;
    let fuse = Fuse::to(yard.address, Holds::Asked(usize::MAX)).await;
    let (_device, _, folder) = put_away(&yard, "phone", fuse.address).await;
    let database = Connection::open(folder.join("gatebook.sqlite")).unwrap();
    let in_a_minute = jiff::Timestamp::now() + Duration::from_secs(60);
    let sql = "UPDATE settings SET value = json_set(value, '$.not_before', ?1) WHERE name = 'attempts'";
    assert_eq!(database.execute(sql, [in_a_minute.to_string()]).unwrap(), 1);
    assert_eq!(round(&folder, Deadline::within(PLENTY)).await, Outcome::Retry);
    assert_eq!((fuse.connections(), pending(&folder)), (0, 1));
}

#[tokio::test]
async fn past_its_deadline_it_touches_nothing() {
    let yard = TestYard::open().await;
    let fuse = Fuse::to(yard.address, Holds::Asked(usize::MAX)).await;
    let (_device, _, folder) = put_away(&yard, "phone", fuse.address).await;
    assert_eq!(round(&folder, Deadline::within(Duration::ZERO)).await, Outcome::Retry);
    assert_eq!((fuse.connections(), pending(&folder)), (0, 1));
    assert!(!folder.join("round.lock").exists());
}

#[tokio::test]
async fn a_round_whose_time_is_up_or_called_in_stops_and_leaves_the_way_free() {
    let yard = TestYard::open().await;
    let fuse = Fuse::to(yard.address, Holds::Answered(0)).await;
    let (_device, id, folder) = put_away(&yard, "phone", fuse.address).await;
    assert_eq!(round(&folder, Deadline::within(A_MOMENT)).await, Outcome::Retry);

    let deadline = Deadline::within(PLENTY);
    let running = tokio::spawn({
        let (folder, deadline) = (folder.clone(), deadline.clone());
        async move { round(&folder, deadline).await }
    });
    fuse.stopped().await;
    deadline.call();
    assert_eq!(running.await.unwrap(), Outcome::Retry);

    let folder = led_to(&folder, yard.address);
    assert_eq!(round(&folder, Deadline::within(PLENTY)).await, Outcome::Success);
    assert_eq!((pending(&folder), yard.audit(id).len()), (0, 1));
}

#[tokio::test]
async fn a_device_that_nobody_enrolled_or_that_the_office_has_signed_out_has_nothing_to_do() {
    let yard = TestYard::open().await;
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(round(empty.path(), Deadline::within(PLENTY)).await, Outcome::NothingToDo);
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0, "nothing was made");

    let (_device, _, folder) = put_away(&yard, "phone", yard.address).await;
    yard.server.revoke(None, "phone").unwrap();
    for _ in 0..2 {
        assert_eq!(round(&folder, Deadline::within(PLENTY)).await, Outcome::NothingToDo);
        assert_eq!(pending(&folder), 1, "what waits stays for whoever enrols it again");
    }
}

#[tokio::test]
async fn a_device_that_a_server_does_not_recognize_tries_again() {
    let (yard, empty) = (TestYard::open().await, TestYard::open().await);
    let (_device, id, folder) = put_away(&yard, "phone", empty.address).await;
    assert_eq!(round(&folder, Deadline::within(PLENTY)).await, Outcome::Retry);
    let folder = led_to(&folder, yard.address);
    assert_eq!(round(&folder, Deadline::within(PLENTY)).await, Outcome::Success);
    assert_eq!((pending(&folder), yard.audit(id).len()), (0, 1));
}
