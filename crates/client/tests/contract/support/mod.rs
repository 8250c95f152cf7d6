//! The vocabulary of the tests: a yard whose server can be restored, phones that sync when told to, and ways to the
//! server on which something happens.

mod phone;
mod way;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use gatebook_server::{Bounds, Config, Environment, Seeded, Server, restore_backup};
use gatebook_sync::wire::{AuditEntry, EnrolRequest, EnrolResponse};
use gatebook_sync::{Canonical, Content, Epoch};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) use phone::Phone;
pub(crate) use way::{Bad, Way};

const DATABASE: &str = "gatebook-server.sqlite";

/// A clock that ticks a millisecond each time it is looked at.
#[derive(Default)]
pub(crate) struct Clock {
    passed: AtomicI64,
    wrong_by: AtomicI64,
}

impl Clock {
    pub(crate) fn step(&self, by: SignedDuration) {
        self.passed.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// It is set wrong, or right again.
    pub(crate) fn is_wrong_by(&self, by: SignedDuration) {
        self.wrong_by.store(i64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

impl Environment for Clock {
    fn now(&self) -> Timestamp {
        let ticks = self.passed.fetch_add(1, Ordering::Relaxed) + self.wrong_by.load(Ordering::Relaxed);
        Timestamp::from_millisecond(1_772_636_400_000 + ticks).unwrap()
    }

    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn uptime(&self) -> Option<std::time::Duration> {
        u64::try_from(self.passed.load(Ordering::Relaxed)).ok().map(std::time::Duration::from_millis)
    }
}

/// A yard with its server.
pub(crate) struct Yard {
    folder: TempDir,
    pub(crate) clock: Arc<Clock>,
    bounds: Bounds,
    server: Option<Server>,
    pub(crate) seeded: Seeded,
    devices: AtomicU64,
    backups: AtomicU64,
}

/// A backup of the server.
pub(crate) struct Backup(PathBuf);

impl Yard {
    pub(crate) fn open() -> Self {
        Self::bounded(&Bounds::default())
    }

    pub(crate) fn bounded(bounds: &Bounds) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Clock::default());
        let server = open(&folder, &clock, bounds);
        let seeded = server.seed().unwrap();
        let (devices, backups) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { folder, clock, bounds: *bounds, server: Some(server), seeded, devices, backups }
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    pub(crate) fn laredo(&self) -> Uuid {
        self.seeded.yards[0].id
    }

    pub(crate) fn nuevo_laredo(&self) -> Uuid {
        self.seeded.yards[1].id
    }

    pub(crate) fn operator(&self, name: &str) -> Uuid {
        self.seeded.operators.iter().find(|operator| operator.name == name).unwrap().id
    }

    /// A device of both yards that has synced once.
    pub(crate) async fn phone(&self, operator: &str) -> Phone {
        self.phone_of(operator, &[self.laredo(), self.nuevo_laredo()]).await
    }

    pub(crate) async fn phone_of(&self, operator: &str, yards: &[Uuid]) -> Phone {
        let at = self.devices.fetch_add(1, Ordering::Relaxed);
        let phone = Phone::open(self.folder.path().join(format!("phone-{at}")), &self.enrolled(yards));
        phone.syncs(self).await;
        phone.device.choose_operator(Some(self.operator(operator))).unwrap();
        phone.device.choose_yard(yards[0]).unwrap();
        phone
    }

    /// A device joins.
    pub(crate) fn enrolled(&self, yards: &[Uuid]) -> EnrolResponse {
        let code = self.server().enrolment_code(None, yards, 72).unwrap();
        let request = EnrolRequest::new(code, "phone");
        self.server().enrol(&request).unwrap()
    }

    pub(crate) fn audit(&self, id: Uuid) -> Vec<AuditEntry> {
        self.server().audit(id).unwrap_or_default()
    }

    /// What the audit table has of a record, in remarks.
    pub(crate) fn audited(&self, id: Uuid) -> Vec<String> {
        self.audit(id).into_iter().map(|entry| support_remarks(&entry.content)).collect()
    }

    /// The device under which each write to a record is filed, oldest first; none: the office or nobody known.
    pub(crate) fn written_by(&self, id: Uuid) -> Vec<Option<Uuid>> {
        let database = self.database();
        let mut statement =
            database.prepare("SELECT device_id FROM versions WHERE record_id = ?1 ORDER BY key").unwrap();
        statement.query_map([id], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// The office writes the record as it is, in another yard.
    pub(crate) fn moves(&self, state: &Canonical, to: Uuid) {
        let content = Content { yard_id: Some(to), ..state.content.clone() };
        self.server().put_record(None, state.id, content).unwrap();
    }

    pub(crate) fn backup(&self) -> Backup {
        let at = self.backups.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.path().join(format!("backup-{at}.sqlite"));
        self.server().backup(&path).unwrap();
        Backup(path)
    }

    /// The server is restored as it should be: with a new epoch.
    pub(crate) fn restores(&mut self, backup: &Backup) -> Epoch {
        self.server = None;
        let epoch = restore_backup(&self.data(), &backup.0, self.clock.now()).unwrap();
        self.server = Some(open(&self.folder, &self.clock, &self.bounds));
        epoch
    }

    /// Somebody puts the backup in place of the database and says nothing.
    pub(crate) fn swaps_in(&mut self, backup: &Backup) {
        self.server = None;
        for suffix in ["-wal", "-shm"] {
            let log = self.data().join(format!("{DATABASE}{suffix}"));
            if log.exists() {
                std::fs::remove_file(log).unwrap();
            }
        }
        std::fs::copy(&backup.0, self.data().join(DATABASE)).unwrap();
        self.server = Some(open(&self.folder, &self.clock, &self.bounds));
    }

    /// The server's key is lost for good, and the office has the server go on with a new one. What it was is returned.
    pub(crate) fn loses_its_key(&mut self) -> Vec<u8> {
        self.server = None;
        let key = std::fs::read(self.data().join("server.key")).unwrap();
        std::fs::remove_file(self.data().join("server.key")).unwrap();
        self.opens_under_the_key_that_is_there();
        key
    }

    /// The right key is put back.
    pub(crate) fn finds_its_key(&mut self, key: &[u8]) {
        self.server = None;
        std::fs::write(self.data().join("server.key"), key).unwrap();
        self.opens_under_the_key_that_is_there();
    }

    fn opens_under_the_key_that_is_there(&mut self) {
        let config = Config { new_key: true, ..config(&self.folder, &self.clock, &self.bounds) };
        self.server = Some(Server::open(config).unwrap());
    }

    /// The server's database, seen from outside.
    pub(crate) fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.data().join(DATABASE)).unwrap()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("server")
    }
}

fn open(folder: &TempDir, clock: &Arc<Clock>, bounds: &Bounds) -> Server {
    Server::open(config(folder, clock, bounds)).unwrap()
}

fn config(folder: &TempDir, clock: &Arc<Clock>, bounds: &Bounds) -> Config {
    let environment = Arc::clone(clock) as Arc<dyn Environment>;
    Config { bounds: *bounds, environment, ..Config::new(folder.path().join("server")) }
}

/// The remark of a gate event.
pub(crate) fn support_remarks(content: &Content) -> String {
    let body: serde_json::Value = serde_json::from_str(content.body.get()).unwrap();
    body["remarks"].as_str().unwrap_or_default().to_owned()
}
