//! A device as a test handles it: what a person enters on it, what it holds, and its rounds.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gatebook_client::scheduler::Event;
use gatebook_client::sync_round::{self, PageSize, Report, RoundError};
use gatebook_client::view::{RecordView, Start, SyncStatus};
use gatebook_client::{Device, DeviceConfig, Environment, HeldRecord, HttpTransport, Transport};
use gatebook_domain::Body;
use gatebook_domain::equipment::{EquipmentClass, EquipmentRef};
use gatebook_domain::gate_event::{Direction, GateEvent};
use gatebook_sync::wire::Limits;
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::Value;
use uuid::Uuid;

use super::Link;

pub(crate) const VERSION: &str = "1.0.0";

/// How long a test waits for what takes milliseconds before it says that it does not come.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct TestDevice {
    pub(crate) name: &'static str,
    pub(crate) folder: PathBuf,
    pub(crate) device: Device,
    /// The way of the device's own scheduler.
    pub(crate) link: Link,
    /// Where the rounds of a test go.
    pub(crate) server: SocketAddr,
}

impl TestDevice {
    pub(crate) async fn joins(&self, code: &str) {
        let url = format!("http://{}", self.link.address);
        self.device.enrol(&url, code, self.name).await.unwrap();
        self.until("its reference data is there", || !self.device.operators().unwrap().is_empty()).await;
    }

    pub(crate) async fn goes_offline(&self) {
        self.scheduler_shows("no round is under way", |status| !status.running).await;
        self.link.cut();
    }

    /// Waits until the device itself shows that.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let mut changes = self.device.changes();
        let waited = tokio::time::timeout(PATIENCE, async {
            while !holds() {
                changes.changed().await.unwrap();
            }
        });
        waited.await.unwrap_or_else(|_| panic!("{}: waited in vain until {what}", self.name));
    }

    /// Waits until its scheduler shows that.
    pub(crate) async fn scheduler_shows(&self, what: &str, holds: impl Fn(&SyncStatus) -> bool) -> SyncStatus {
        let mut status = self.device.sync_status();
        let shown = tokio::time::timeout(PATIENCE, status.wait_for(|status| holds(status))).await;
        shown.unwrap_or_else(|_| panic!("{}: waited in vain until {what}", self.name)).unwrap().clone()
    }

    /// Its own scheduler is told to sync.
    pub(crate) fn asks_for_a_sync(&self) {
        self.device.notify(Event::Manual);
    }

    /// The real way to the server.
    pub(crate) fn way(&self) -> HttpTransport {
        HttpTransport::new(&format!("http://{}", self.server), &self.token()).unwrap()
    }

    /// One round over the real way.
    pub(crate) async fn syncs(&self) -> Report {
        self.syncs_over(&self.way()).await.unwrap()
    }

    pub(crate) async fn syncs_over(&self, way: &dyn Transport) -> Result<Report, RoundError> {
        sync_round::run(self.device.store(), way, &mut PageSize::new(Limits::default()), VERSION, |_| ()).await
    }

    /// A gate event is recorded with that remark.
    pub(crate) fn records(&self, remarks: &str) -> Uuid {
        let id = self.device.start(Start::GateEvent { direction: Direction::In }).unwrap().id;
        self.changes(id, |event| {
            event.equipment = vec![EquipmentRef::new(EquipmentClass::IsoContainer, "CSQU3054383")];
            remarks.clone_into(&mut event.remarks);
        });
        id
    }

    /// The remark of a gate event is changed.
    pub(crate) fn remarks(&self, id: Uuid, remarks: &str) {
        self.changes(id, |event| remarks.clone_into(&mut event.remarks));
    }

    pub(crate) fn changes(&self, id: Uuid, change: impl FnOnce(&mut GateEvent)) {
        let mut event = self.event(id);
        change(&mut event);
        self.device.save(id, Body::GateEvent(event), self.shows(id).write_id).unwrap();
    }

    pub(crate) fn shows(&self, id: Uuid) -> RecordView {
        self.device.record(id).unwrap()
    }

    pub(crate) fn event(&self, id: Uuid) -> GateEvent {
        match self.shows(id).body {
            Body::GateEvent(event) => event,
            other => panic!("a gate event expected: {other:?}"),
        }
    }

    pub(crate) fn held(&self, id: Uuid) -> HeldRecord {
        self.device.store().held(id).unwrap().unwrap()
    }

    pub(crate) fn pending(&self) -> u32 {
        self.device.store().pending_count().unwrap()
    }

    /// What lies in its database, seen from outside.
    pub(crate) fn database(&self) -> Connection {
        Connection::open(self.folder.join("gatebook.sqlite")).unwrap()
    }

    pub(crate) fn setting(&self, name: &str) -> Value {
        let sql = "SELECT value FROM settings WHERE name = ?1";
        let text: String = self.database().query_row(sql, [name], |row| row.get(0)).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) fn has_setting(&self, name: &str) -> bool {
        let sql = "SELECT EXISTS (SELECT 1 FROM settings WHERE name = ?1)";
        self.database().query_row(sql, [name], |row| row.get(0)).unwrap()
    }

    pub(crate) fn token(&self) -> String {
        self.setting("enrolment")["token"].as_str().unwrap().to_owned()
    }

    /// The process is killed at this instant, without a warning, and the app is opened again: on the files as they lie
    /// on the disk right now, with nothing written back or closed.
    pub(crate) fn killed_and_reopened(self) -> Self {
        let folder = self.folder.with_extension("killed");
        std::fs::create_dir_all(&folder).unwrap();
        self.copied_to(&folder);
        self.opened_in(folder)
    }

    /// The app is closed; `meanwhile` does something to its folder; the app is opened again.
    pub(crate) fn closed_and_reopened(self, meanwhile: impl FnOnce(&Path)) -> Self {
        self.device.suspend();
        // The scheduler ends some time after the app's last handle, so the files are taken from under it.
        let folder = self.folder.with_extension("closed");
        std::fs::create_dir_all(&folder).unwrap();
        self.copied_to(&folder);
        written_back(&folder);
        meanwhile(&folder);
        self.opened_in(folder)
    }

    /// The files as they lie on the disk right now.
    fn copied_to(&self, folder: &Path) {
        for file in ["gatebook.sqlite", "gatebook.sqlite-wal"] {
            std::fs::copy(self.folder.join(file), folder.join(file)).unwrap();
        }
    }

    /// The folder of this device as it lies on the disk now, without an app, syncing over that way.
    pub(crate) fn put_away(&self, way: SocketAddr) -> PathBuf {
        self.device.suspend();
        let folder = self.folder.with_extension("away");
        std::fs::create_dir_all(&folder).unwrap();
        self.copied_to(&folder);
        written_back(&folder);
        let database = Connection::open(folder.join("gatebook.sqlite")).unwrap();
        let sql = "UPDATE settings SET value = json_set(value, '$.server_url', ?1) WHERE name = 'enrolment'";
        assert_eq!(database.execute(sql, [format!("http://{way}")]).unwrap(), 1);
        folder
    }

    fn opened_in(self, folder: PathBuf) -> Self {
        let Self { name, link, server, .. } = self;
        let device = Device::open(DeviceConfig::new(folder.clone(), VERSION)).unwrap();
        Self { name, folder, device, link, server }
    }
}

/// As the app's last handle leaves them: with nothing in the log.
fn written_back(folder: &Path) {
    let database = Connection::open(folder.join("gatebook.sqlite")).unwrap();
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}

/// A clock that stands still.
pub(crate) struct FixedClock(pub(crate) Timestamp);

impl Environment for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}
