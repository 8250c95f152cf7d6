//! Photos in S3-compatible storage: the real program, twice, over one database and one bucket of an S3 server that the test
//! starts.
//! `cargo xtask setup` installs that server.

use std::process::{Command, Stdio};

use gatebook_postgres_fixture::Database;
use gatebook_sync::wire::EnrolRequest;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use uuid::Uuid;

use super::lens::{Photo, Tus, stored_at};
use super::support::{TestDevice, client, python};

/// A program that ends with the test.
struct Running {
    base: String,
    _child: tokio::process::Child,
}

/// Reads lines until one names an address.
async fn address(lines: impl AsyncRead + Unpin) -> String {
    let mut lines = BufReader::new(lines).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(at) = line.find("http://127.0.0.1:") {
            return line[at..].trim().to_owned();
        }
    }
    panic!("the program ended before it told its address; if it is not installed, run `cargo xtask setup`");
}

async fn s3() -> Running {
    let mut command = tokio::process::Command::new(python());
    command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]).kill_on_drop(true);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let base = address(child.stderr.take().unwrap()).await;
    let made = client().put(format!("{base}/photos")).send().await.unwrap();
    assert!(made.status().is_success(), "{made:?}");
    Running { base, _child: child }
}

/// What the nodes share.
struct Shared {
    folder: TempDir,
    database: Database,
    s3: Running,
}

/// The names of what photos have put in the bucket. Used codes are noted there as well.
async fn names(s3: &Running) -> Vec<String> {
    let list = client().get(format!("{}/photos?list-type=2", s3.base)).send().await.unwrap().text().await.unwrap();
    list.split("<Key>")
        .skip(1)
        .map(|rest| rest.split("</Key>").next().unwrap().to_owned())
        .filter(|name| !name.starts_with("yard/revocations/"))
        .collect()
}

fn gatebook(shared: &Shared, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatebook-server"));
    let folder = shared.folder.path();
    command.args(arguments).env("GATEBOOK_DATA", folder).env("GATEBOOK_PHOTOS", "s3://photos/yard");
    command.env("GATEBOOK_DATABASE", shared.database.url()).env("GATEBOOK_KEY_FILE", folder.join("server.key"));
    for (name, value) in [
        ("AWS_ENDPOINT", shared.s3.base.as_str()),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "tests"),
        ("AWS_SECRET_ACCESS_KEY", "tests"),
        ("NO_PROXY", "127.0.0.1"),
    ] {
        command.env(name, value);
    }
    command
}

async fn node(shared: &Shared) -> Running {
    let mut command = tokio::process::Command::from(gatebook(shared, &["serve", "--listen", "127.0.0.1:0"]));
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    Running { base: address(child.stdout.take().unwrap()).await, _child: child }
}

fn says(shared: &Shared, arguments: &[&str]) -> String {
    let output = gatebook(shared, arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn two_nodes_over_one_bucket_carry_an_upload_on() {
    let shared = Shared { folder: tempfile::tempdir().unwrap(), database: Database::new(), s3: s3().await };
    let seeded: Value = serde_json::from_str(&says(&shared, &["seed", "--json"])).unwrap();
    let (first, second) = (node(&shared).await, node(&shared).await);
    let id = |of: &Value| of["id"].as_str().unwrap().parse::<Uuid>().unwrap();
    let (yard, operator) = (id(&seeded["yards"][0]), id(&seeded["operators"][0]));
    let code = says(&shared, &["enrolment-code", "--yard", &yard.to_string()]).trim().to_owned();
    let request = EnrolRequest::new(code, "A");
    let enrolled = client().post(format!("{}/v1/enrol", first.base)).json(&request).send().await.unwrap();
    let a = TestDevice::new(&first.base, 1, enrolled.json().await.unwrap(), yard, operator);
    let (one, two) = (Tus::of(&a), Tus { device: &a, base: second.base.clone() });

    // In parts from both nodes, and at once and so large that it goes to the bucket in several pieces.
    let (parts, whole) = (Photo::new(&a, 1, 300_000), Photo::new(&a, 2, 20_000_000));
    let location = one.begins(&parts).await;
    for (at, node) in [(0, &one), (100_000, &two), (200_000, &one)] {
        assert_eq!(node.offset(&location).await, at);
        assert_eq!(node.sends(&location, at, &parts.bytes[at..at + 100_000]).await, 204);
    }
    two.uploads(&whole).await;
    let mut damaged = parts.clone();
    damaged.bytes[0] ^= 1;
    let location = two.begins(&Photo { record: a.new_id(), ..Photo::new(&a, 3, 300_000) }).await;
    assert_eq!(two.sends(&location, 0, &damaged.bytes).await, 460);

    for photo in [&parts, &whole] {
        a.push(photo.draft()).await;
        assert!(stored_at(&a, photo).await.is_some());
        for node in [&one, &two] {
            assert_eq!(node.fetches(photo).await.bytes().await.unwrap(), photo.bytes);
        }
    }
    let names = names(&shared.s3).await;
    assert!(names.len() == 2 && names.iter().all(|name| name.starts_with("yard/blobs/")), "{names:?}");
    assert!(says(&shared, &["photos", "sweep"]).contains("0 are lost"));

    // The bucket loses one, and the device that still has it sends it again.
    let lost = names.iter().find(|name| name.contains(&parts.hash())).unwrap();
    // That server believes whoever says that they have signed.
    let signed =
        "AWS4-HMAC-SHA256 Credential=tests/20260304/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
    let removed = client().delete(format!("{}/photos/{lost}", shared.s3.base)).header("Authorization", signed);
    let removed = removed.send().await.unwrap();
    assert!(removed.status().is_success(), "{removed:?}");
    for node in [&one, &two] {
        assert_eq!(node.asks(&[&parts, &whole]).await.held, [whole.hash()]);
    }
    two.uploads(&parts).await;
    for node in [&one, &two] {
        assert_eq!(node.fetches(&parts).await.bytes().await.unwrap(), parts.bytes);
        assert!(node.may_go(&parts).await);
    }
    assert!(says(&shared, &["photos", "sweep"]).contains("0 are lost"));
}
