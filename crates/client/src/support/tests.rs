use std::io::{Cursor, Read as _, Write as _};

use gatebook_domain::Body;
use gatebook_domain::attachment::AttachmentRole;
use gatebook_domain::gate_event::{Direction, GateEvent};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::photos::{About, Origin, Source};
use crate::store::{DATABASE, Enrolment, settings};
use crate::{Device, DeviceConfig};

const TOKEN: &str = "gbd_token-that-nobody-may-see";
const VERIFIER: &str = "$argon2id$v=19$verifier-that-nobody-may-see";
const PASSWORD: &str = "password-that-nobody-may-see";
const LATER: &str = "key-of-a-later-version";
const SECRETS: [&str; 4] = [TOKEN, VERIFIER, PASSWORD, LATER];

/// A device that holds every secret there is, two records that wait, and a photo.
struct Desk {
    folder: TempDir,
    device: Device,
    event: Uuid,
}

impl Desk {
    /// Must be called within a runtime.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let device = Device::open(DeviceConfig::new(folder.path().to_owned(), "0.1.0")).unwrap();
        let enrolment = Enrolment {
            server_url: format!("http://me:{PASSWORD}@127.0.0.1:9"),
            tenant_id: Some(Uuid::from_u128(7)),
            tenant_name: "Rio Grande Yards".to_owned(),
            device_id: Uuid::from_u128(0xd),
            device_name: "Gate 2 kiosk".to_owned(),
            token: TOKEN.to_owned(),
            revoked: false,
            device_key: None,
            server: None,
            pin: None,
        };
        device.store().set(&settings::ENROLMENT, Some(&enrolment)).unwrap();
        device.choose_operator(Some(Uuid::from_u128(0xe))).unwrap();
        let event = recorded(&device, "the seal was broken");
        let raw = Connection::open(folder.path().join(DATABASE)).unwrap();
        let operator = format!(r#"{{"name":"Ana","role":"operator","yard_ids":[],"pin_verifier":"{VERIFIER}"}}"#);
        let state = |kind| format!(r#"{{"content":{{"kind":"{kind}","body":{operator}}}}}"#);
        raw.execute(
            "INSERT INTO records (id, kind, schema, state, state_reason, captured_at, zone, body, write_id, epoch, version, \
             seq, received_at, mac, pending_sync, title, stage, changed_at) VALUES (randomblob(16), 'operator', 1, 'live', \
             '', '2026-03-04T15:00:00Z', 'UTC', ?1, randomblob(16), 1, 1, 1, '2026-03-04T15:00:00Z', 'm', 0, 'Ana', 'open', \
             '2026-03-04T15:00:00Z')",
            [&operator],
        )
        .unwrap();
        raw.execute("INSERT INTO unconfirmed SELECT id FROM records WHERE kind = 'operator'", []).unwrap();
        for state in [state("operator"), state("gate_event").replace(VERIFIER, "open"), "spoilt".to_owned()] {
            raw.execute("INSERT INTO displaced VALUES (randomblob(16), randomblob(16), ?1, 'old')", [&state]).unwrap();
        }
        raw.execute("INSERT INTO settings VALUES ('push_key', ?1)", [format!("\"{LATER}\"")]).unwrap();
        let mut log = LogFile::open(folder.path()).unwrap();
        writeln!(log, "a round began; somebody logged Bearer {TOKEN}").unwrap();
        Self { folder, device, event }
    }

    async fn photo(&self, color: u8) -> String {
        let picture = image::RgbImage::from_pixel(60, 40, image::Rgb([color, 90, 20]));
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        let about = About {
            parent_id: self.event,
            role: AttachmentRole::Photo,
            part: String::new(),
            origin: Origin::Camera,
            position: None,
            stamp: Vec::new(),
        };
        let id = self.device.capture_photo(Source::Bytes(bytes.into_inner()), about).await.unwrap();
        self.device.store().attachment(id).unwrap().sha256
    }

    fn export(&self) -> (Exported, Files) {
        let mut out = Vec::new();
        let exported = self.device.export_pending(&mut out).unwrap();
        (exported, files(out))
    }
}

fn recorded(device: &Device, remarks: &str) -> Uuid {
    let mut event = GateEvent::new(Direction::In);
    remarks.clone_into(&mut event.remarks);
    let start = crate::view::Start::GateEvent { direction: Direction::In };
    let begun = device.start(start).unwrap();
    let id = begun.id;
    device.save(id, Body::GateEvent(event), begun.write_id).unwrap();
    id
}

type Files = Vec<(String, Vec<u8>)>;

/// What an archive holds, unfolded.
fn files(archive: Vec<u8>) -> Files {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    (0..archive.len())
        .map(|at| {
            let mut file = archive.by_index(at).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (file.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

fn text<'a>(files: &'a Files, name: &str) -> &'a str {
    let (_, bytes) = files.iter().find(|(file, _)| file == name).expect("it is there");
    std::str::from_utf8(bytes).unwrap()
}

fn assert_no_secret(what: &str, bytes: &[u8]) {
    for secret in SECRETS {
        let holds = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!holds, "{what} holds {secret}");
    }
}

#[tokio::test]
async fn an_export_holds_each_record_and_photo_that_waits() {
    let desk = Desk::new();
    let (one, other) = (desk.photo(1).await, desk.photo(2).await);
    std::fs::write(desk.folder.path().join(format!("photos/{other}.jpg")), "spoilt").unwrap();
    let (exported, files) = desk.export();
    // The gate event and both attachments.
    assert_eq!(exported, Exported { records: 3, offered: 1, photos: 1, missing: 1 });
    let records: Vec<Value> =
        text(&files, "records.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let event = records.iter().find(|record| record["id"] == desk.event.to_string()).expect("the gate event");
    assert_eq!(event["content"]["body"]["remarks"], "the seal was broken");
    assert!(event["write_id"].is_string() && event["base"].is_null());
    let (_, bytes) = files.iter().find(|(name, _)| *name == format!("photos/{one}.jpg")).expect("the photo");
    assert_eq!(*bytes, std::fs::read(desk.folder.path().join(format!("photos/{one}.jpg"))).unwrap());
    let manifest: Value = serde_json::from_str(text(&files, "manifest.json")).unwrap();
    assert_eq!((&manifest["records"], &manifest["device"]["name"]), (&3.into(), &"Gate 2 kiosk".into()));
    let whole = |sha256: &str| {
        let listed = manifest["photos"].as_array().unwrap().iter().find(|photo| photo["sha256"] == sha256);
        listed.expect("every photo is listed")["whole"].clone()
    };
    assert_eq!((whole(&one), whole(&other)), (true.into(), false.into()));
    assert_eq!(files.last().unwrap().0, "manifest.json", "what is cut short has no manifest");
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_exported_as_it_lies_there_and_keeps_no_other_back() {
    let desk = Desk::new();
    let spoilt = recorded(&desk.device, "spoilt later");
    let raw = Connection::open(desk.folder.path().join(DATABASE)).unwrap();
    raw.execute("UPDATE records SET captured_at = 'yesterday' WHERE id = ?1", [spoilt]).unwrap();
    let (exported, files) = desk.export();
    assert_eq!(exported.records, 2);
    let lines = text(&files, "records.jsonl");
    assert!(lines.contains("the seal was broken") && lines.contains("spoilt later"), "{lines}");
}

#[tokio::test]
async fn no_secret_is_in_an_export() {
    let desk = Desk::new();
    desk.photo(1).await;
    for (name, bytes) in desk.export().1 {
        assert_no_secret(&name, &bytes);
    }
}

#[tokio::test]
async fn no_secret_is_in_the_diagnostics_and_what_support_asks_first_is() {
    let desk = Desk::new();
    let mut out = Vec::new();
    let surroundings = Surroundings { webview: "WebKit".to_owned(), background: Value::Null };
    let diagnosed = desk.device.export_diagnostics(&surroundings, &mut out).unwrap();
    assert!(diagnosed.log_bytes > 0);
    let files = files(out);
    for (name, bytes) in &files {
        assert_no_secret(name, bytes);
    }
    let facts: Value = serde_json::from_str(text(&files, "diagnostics.json")).unwrap();
    assert_eq!(facts["store"]["counts"]["waiting"], 1);
    assert_eq!(facts["store"]["settings"]["enrolment"]["device_name"], "Gate 2 kiosk");
    assert_eq!(facts["database"]["schema"], crate::store::SCHEMA);
    assert_eq!(facts["system"]["webview"], "WebKit");
    assert!(text(&files, "logs/gatebook.log").contains("a round began"));
}

#[tokio::test]
async fn who_takes_no_more_bytes_makes_an_export_fail_with_a_sentence() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let desk = Desk::new();
    let error = desk.device.export_pending(Full).unwrap_err();
    assert!(error.message.contains("no room"), "{}", error.message);
}

#[tokio::test]
async fn no_secret_is_in_a_snapshot_and_what_waits_is() {
    let desk = Desk::new();
    let snapshot = desk.device.snapshot().unwrap();
    assert_no_secret("the snapshot", &std::fs::read(snapshot.path()).unwrap());
    let copy = Connection::open_with_flags(snapshot.path(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let row = "SELECT id || ' ' || (body ->> '$.remarks') FROM records WHERE pending_sync = 1";
    let row: String = copy.query_row(row, [], |row| row.get(0)).unwrap();
    assert_eq!(row, format!("{} the seal was broken", desk.event));
    let operator = "SELECT body ->> '$.name' FROM records WHERE kind = 'operator'";
    assert_eq!(copy.query_row(operator, [], |row| row.get::<_, String>(0)).unwrap(), "Ana");
    assert_eq!(snapshot.tables()[0], SnapshotTable { name: "records".to_owned(), rows: 2 });
}

#[tokio::test]
async fn somebody_has_decided_about_every_table_of_the_store() {
    let desk = Desk::new();
    let live = Connection::open(desk.folder.path().join(DATABASE)).unwrap();
    let mut names = live.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let snapshot = desk.device.snapshot().unwrap();
    let mut copied: Vec<_> = snapshot.tables().iter().map(|table| table.name.clone()).collect();
    copied.sort();
    assert_eq!(copied, names, "a new table is named in `TABLES`, or here if it stays hidden");
}

#[tokio::test]
async fn a_snapshot_is_gone_when_nobody_needs_it_and_after_a_crash_at_the_next_start() {
    let desk = Desk::new();
    let snapshot = desk.device.snapshot().unwrap();
    let path = snapshot.path().to_owned();
    drop(snapshot);
    assert!(!path.exists());
    std::fs::write(&path, "left behind").unwrap();
    let again = Device::open(DeviceConfig::new(desk.folder.path().to_owned(), "0.1.0")).unwrap();
    assert!(!path.exists());
    again.snapshot().unwrap();
}

#[tokio::test]
async fn a_snapshot_is_only_read() {
    let desk = Desk::new();
    let snapshot = desk.device.snapshot().unwrap();
    for reads in [
        "SELECT 1",
        "SELECT * FROM (SELECT id, count(*) OVER () FROM records) LIMIT 501;",
        "WITH RECURSIVE n (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < 9) SELECT sum(at) FROM n -- all",
        "SELECT name FROM sqlite_master",
        "SELECT body ->> '$.name', datetime('now') FROM records JOIN json_each('[1]')",
        "SELECT name FROM pragma_table_info('records')",
    ] {
        assert_eq!(snapshot.check(reads), Ok(()), "{reads}");
    }
    let live = desk.folder.path().join(DATABASE);
    let attach = format!("ATTACH DATABASE '{}' AS live", live.display());
    let into = format!("VACUUM INTO '{}'", desk.folder.path().join("copy.sqlite").display());
    for refused in [
        "INSERT INTO settings VALUES ('a', 'b')",
        "UPDATE records SET title = ''",
        "DELETE FROM records",
        "WITH gone AS (SELECT id FROM records) DELETE FROM records WHERE id IN gone",
        "PRAGMA query_only = OFF",
        "PRAGMA writable_schema = ON",
        "PRAGMA user_version",
        "CREATE TEMP TABLE kept (a)",
        "CREATE TABLE kept (a)",
        "DROP TABLE records",
        "BEGIN IMMEDIATE",
        "REINDEX",
        "SELECT load_extension('evil')",
        "EXPLAIN DELETE FROM records",
        attach.as_str(),
        into.as_str(),
        "DETACH DATABASE main",
    ] {
        assert_eq!(snapshot.check(refused), Err(Refused::NotReading), "{refused}");
    }
    assert_eq!(snapshot.check(&format!("SELECT 1; {attach}")), Err(Refused::NotReading));
    for not_one in ["", " -- nothing", "SELECT 1; SELECT 2", "SELECT 1\0; SELECT 2"] {
        assert_eq!(snapshot.check(not_one), Err(Refused::NotOne), "{not_one}");
    }
    assert_eq!(snapshot.check("SELECT colour FROM records"), Err(Refused::Wrong("no such column: colour".to_owned())));
}
