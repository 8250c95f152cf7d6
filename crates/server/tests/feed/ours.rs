//! The server's feed: pages pushed by devices through several servers, pulled by others with their cursors.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gatebook_domain::equipment::{EquipmentClass, EquipmentRef};
use gatebook_domain::gate_event::{Direction, GateEvent};
use gatebook_domain::{Body, RecordState};
use gatebook_postgres_fixture::Database;
use gatebook_server::{Config, Device, Environment, Server};
use gatebook_sync::wire::{EnrolRequest, Push, SyncRequest, Take};
use gatebook_sync::{Content, Epoch, PROTOCOL, Scope};
use jiff::Timestamp;
use serde_json::value::RawValue;
use tempfile::TempDir;
use uuid::Uuid;

use super::{Chance, Feed, READERS, WRITERS};

/// Servers on one PostgreSQL database.
const SERVERS: usize = 3;
/// Records that everybody changes.
const SHARED: u64 = 4;
/// The longest a transaction is held open each time it asks for the time: before it has locked anything, and with records
/// locked and the counter taken.
const HOLD: Duration = Duration::from_millis(4);

pub(super) struct Ours {
    servers: Vec<Server>,
    devices: Vec<Device>,
    operator: Uuid,
    _folder: TempDir,
}

impl Ours {
    pub(super) fn embedded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::of(vec![open(Config::new(folder.path()))], folder)
    }

    pub(super) fn on_postgresql(database: &Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = || Config {
            database: Some(database.url()),
            key_file: Some(folder.path().join("server.key")),
            ..Config::new(folder.path())
        };
        Self::of((0..SERVERS).map(|_| open(config())).collect(), folder)
    }

    fn of(servers: Vec<Server>, folder: TempDir) -> Self {
        let seeded = servers[0].seed().unwrap();
        let yards: Vec<Uuid> = seeded.yards.iter().map(|yard| yard.id).collect();
        let device = |at| {
            let code = servers[0].enrolment_code(None, &yards, 1).unwrap();
            let request = EnrolRequest::new(code, format!("device {at}"));
            servers[0].device(&servers[0].enrol(&request).unwrap().token).unwrap()
        };
        let devices = (0..WRITERS + READERS).map(device).collect();
        let operator = seeded.operators.iter().find(|operator| operator.name == "María Torres").unwrap().id;
        Self { servers, devices, operator, _folder: folder }
    }

    fn push(&self, device: &Device, id: Uuid, chance: &mut Chance) -> Push {
        let mut event = GateEvent::new(Direction::In);
        event.equipment = vec![EquipmentRef::new(EquipmentClass::IsoContainer, "CSQU3054383")];
        event.remarks = format!("seen {} times", chance.below(1 << 30));
        Push {
            id,
            write_id: Uuid::now_v7(),
            base: None,
            follows: Vec::new(),
            withdraws: false,
            content: Content {
                kind: "gate_event".to_owned(),
                yard_id: Some(device.yards()[0]),
                schema: 1,
                state: RecordState::Live,
                state_reason: String::new(),
                captured_at: Timestamp::now(),
                zone: "America/Chicago".to_owned(),
                operator_id: Some(self.operator),
                body: RawValue::from_string(Body::GateEvent(event).to_json()).unwrap(),
            },
        }
    }
}

impl Feed for Ours {
    fn write(&self, writer: usize, chance: &mut Chance) -> Vec<(Uuid, u64)> {
        let device = &self.devices[writer];
        // In any order, so that the servers have to find one in which they do not wait for each other.
        let mut push: Vec<Push> = (0..3).map(|_| self.push(device, Uuid::now_v7(), chance)).collect();
        for _ in 0..2 {
            let shared = Uuid::from_u128(0x0195_f2a0_0000_7000_8000_0000_0000_0000 + u128::from(chance.below(SHARED)));
            push.push(self.push(device, shared, chance));
        }
        let server = &self.servers[writer % self.servers.len()];
        let request = SyncRequest { push, ..request(1) };
        let answer = server.sync(device, request).unwrap();
        let in_force = |judged: &gatebook_sync::wire::Judged| {
            let receipt = judged.canonical.as_ref().unwrap().receipt();
            (judged.id, receipt.version)
        };
        answer.verdicts.iter().map(in_force).collect()
    }

    fn reader(&self, reader: usize) -> Box<dyn FnMut() -> Vec<(Uuid, u64)> + Send + '_> {
        let device = &self.devices[WRITERS + reader];
        let mut known: (Option<Epoch>, BTreeMap<Scope, u64>) = (None, BTreeMap::new());
        let mut polls = reader;
        Box::new(move || {
            // Each time from another server.
            polls += 1;
            let server = &self.servers[polls % self.servers.len()];
            let asked = SyncRequest { epoch: known.0, cursors: known.1.clone(), ..request(100) };
            let answer = server.sync(device, asked).unwrap();
            for page in &answer.scopes {
                let seqs: Vec<u64> = page.records.iter().map(|record| record.receipt.seq).collect();
                assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "out of order: {seqs:?}");
                let before = known.1.get(&page.scope).copied().unwrap_or(0);
                assert!(seqs.iter().all(|seq| *seq > before), "again, behind {before}: {seqs:?}");
            }
            known = (Some(answer.epoch), answer.scopes.iter().map(|page| (page.scope, page.cursor)).collect());
            answer
                .scopes
                .iter()
                .flat_map(|page| &page.records)
                .map(|record| (record.id, record.receipt.version))
                .collect()
        })
    }
}

fn request(records: u32) -> SyncRequest {
    SyncRequest {
        server: None,
        protocol: PROTOCOL,
        app: "stress".to_owned(),
        epoch: None,
        cursors: BTreeMap::new(),
        push: Vec::new(),
        reoffer: Vec::new(),
        repair: gatebook_sync::wire::Repair::default(),
        mark: None,
        take: Take { records, bytes: u32::MAX },
    }
}

fn open(config: Config) -> Server {
    // Each server's clock is off by another second, as those of several machines are.
    static SERVERS: AtomicU64 = AtomicU64::new(0);
    let ahead = SERVERS.fetch_add(1, Ordering::Relaxed);
    let clock = Holding { chance: Mutex::new(Chance(ahead + 77)), ahead: Duration::from_secs(ahead) };
    Server::open(Config { environment: Arc::new(clock), ..config }).unwrap()
}

/// The real clock, which takes its time.
struct Holding {
    chance: Mutex<Chance>,
    ahead: Duration,
}

impl Environment for Holding {
    fn now(&self) -> Timestamp {
        let most = u64::try_from(HOLD.as_micros()).unwrap();
        let hold = self.chance.lock().unwrap().below(most);
        std::thread::sleep(Duration::from_micros(hold));
        Timestamp::now() + self.ahead
    }

    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}
