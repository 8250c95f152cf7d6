//! A server with the demonstration organisation, and devices that have joined it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gatebook_client::view::Start;
use gatebook_client::{Device, DeviceConfig, Store};
use gatebook_domain::Body;
use gatebook_domain::equipment::{EquipmentClass, EquipmentRef, Load};
use gatebook_domain::gate_event::{Direction, GateEvent};
use gatebook_server::{Config, Server};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

/// A yard of one server.
pub(crate) struct Yard {
    folder: TempDir,
    server: Server,
    pub(crate) address: SocketAddr,
    pub(crate) runtime: Runtime,
}

/// A device that has joined and has its reference data; its app is closed.
pub(crate) struct Joined {
    pub(crate) folder: PathBuf,
    pub(crate) token: String,
}

impl Yard {
    pub(crate) fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let runtime = Runtime::new().expect("a runtime");
        let server = Server::open(Config::new(folder.path().join("server"))).expect("a server");
        server.seed().expect("a seed");
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("its address");
        let serving = server.clone();
        runtime.spawn(async move { serving.serve(listener, std::future::pending()).await });
        Self { folder, server, address, runtime }
    }

    /// Photos that the server holds, and their bytes.
    pub(crate) fn photos(&self) -> (u64, u64) {
        fn below(folder: &Path) -> (u64, u64) {
            let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("a file").path());
            entries.fold((0, 0), |(files, bytes), path| {
                let (more, size) =
                    if path.is_dir() { below(&path) } else { (1, std::fs::metadata(&path).expect("a file").len()) };
                (files + more, bytes + size)
            })
        }
        below(&self.folder.path().join("server/photos/blobs"))
    }

    /// Lets a device join and fetch its reference data. `with` does what has to be done while its app is open.
    pub(crate) fn joined<T>(&self, name: &str, with: impl FnOnce(&Device, &Path) -> T) -> (Joined, T) {
        let folder = self.folder.path().join(name);
        let code = self.server.seed().expect("a seed").codes[0].code.clone();
        // A runtime of its own: when it ends, the device's scheduler has ended.
        let app = Runtime::new().expect("a runtime");
        let done = app.block_on(async {
            let device = Device::open(DeviceConfig::new(folder.clone(), "bench")).expect("a device");
            let mut changes = device.changes();
            device.enrol(&format!("http://{}", self.address), &code, name).await.expect("it joins");
            while device.operators().expect("operators").is_empty() {
                changes.changed().await.expect("the store is open");
            }
            let mut status = device.sync_status();
            status.wait_for(|status| !status.running).await.expect("the scheduler runs");
            let yard = device.state().expect("a state").yard_id.expect("a yard");
            let mut operators = device.operators().expect("operators").into_iter();
            let operator = operators.find(|operator| operator.yard_ids.contains(&yard)).expect("somebody works here");
            device.choose_operator(Some(operator.id)).expect("it is chosen");
            with(&device, &folder)
        });
        drop(app);
        let enrolment: String = database(&folder)
            .query_row("SELECT value FROM settings WHERE name = 'enrolment'", [], |row| row.get(0))
            .expect("it has joined");
        let enrolment: serde_json::Value = serde_json::from_str(&enrolment).expect("settings are JSON");
        let token = enrolment["token"].as_str().expect("a token").to_owned();
        (Joined { folder, token }, done)
    }
}

impl Joined {
    pub(crate) fn store(&self) -> Arc<Store> {
        Arc::new(Store::open(&self.folder).expect("the store"))
    }

    /// Makes copies of a pending record, each with a body, an id and a write of its own, until `count` wait.
    pub(crate) fn multiply(&self, record: Uuid, count: usize) {
        let mut database = database(&self.folder);
        let transaction = database.transaction().expect("a transaction");
        transaction.execute("CREATE TEMP TABLE copied AS SELECT * FROM records WHERE id = ?1", [record]).expect("it");
        for at in 1..count {
            let body = Body::GateEvent(event(at)).to_json();
            let (id, write_id) = (Uuid::now_v7(), Uuid::now_v7());
            transaction
                .prepare_cached("UPDATE copied SET id = ?1, write_id = ?2, body = ?3")
                .and_then(|mut update| update.execute((id, write_id, body)))
                .expect("a copy");
            transaction
                .prepare_cached("INSERT INTO records SELECT * FROM copied")
                .and_then(|mut insert| insert.execute([]))
                .expect("it is stored");
        }
        transaction.commit().expect("all are stored");
    }
}

/// The device's database, beneath the app.
pub(crate) fn database(folder: &Path) -> Connection {
    Connection::open(folder.join("gatebook.sqlite")).expect("the device's database")
}

/// Begins and saves a gate event.
pub(crate) fn captured(device: &Device, at: usize) -> Uuid {
    let record = device.start(Start::GateEvent { direction: Direction::In }).expect("a new record");
    device.save(record.id, Body::GateEvent(event(at)), record.write_id).expect("it is saved");
    record.id
}

/// A gate event of about 450 bytes; no two are alike.
pub(crate) fn event(at: usize) -> GateEvent {
    let number = at.wrapping_mul(2_654_435_761);
    let mut event = GateEvent::new(Direction::In);
    event.lane = format!("{}", number % 12);
    event.equipment = vec![
        EquipmentRef::new(EquipmentClass::IsoContainer, format!("CSQU{:07}", number % 10_000_000)),
        EquipmentRef::new(EquipmentClass::Tractor, format!("T-{}", number % 997)),
    ];
    event.load = Some(Load::Loaded);
    event.driver.name = format!("{} {}", FIRST[number % FIRST.len()], LAST[number / 7 % LAST.len()]);
    event.carrier.name = String::from("Puente Logistics");
    event.reference = format!("BK-{number:016}");
    event.remarks =
        format!("Waited at lane {} for {} minutes, papers {number:x} seen at the window.", number % 12, at % 60);
    event
}

const FIRST: [&str; 8] = ["Ana", "Bruno", "Carmen", "Diego", "Elena", "Fausto", "Graciela", "Hugo"];
const LAST: [&str; 6] = ["Arriaga", "Benavides", "Cantú", "Domínguez", "Escamilla", "Farías"];
