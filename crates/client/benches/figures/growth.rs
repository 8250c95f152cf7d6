//! What a device costs that has let go of much, beside one that has let go of nothing: all in one run, each in turn, so that
//! the figures are ratios and whatever else the machine does strikes all of them.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gatebook_client::sync_round::{self, PageSize};
use gatebook_client::{Device, DeviceConfig, HttpTransport, Store};
use gatebook_domain::{Body, RecordState};
use gatebook_sync::wire::{Limits, Repaired, ScopePage, SyncResponse};
use gatebook_sync::{Canonical, Content, Epoch, Fingerprint, PROTOCOL, Receipt, Scope};
use jiff::Timestamp;
use serde_json::value::RawValue;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::table::median;
use crate::yard::{Yard, captured, database, event};

/// Records that the devices have let go of.
const LET_GO: [usize; 3] = [0, 100_000, 1_000_000];
/// Records that each of them holds.
const HELD: usize = 300;
/// Each is measured so often, in turn.
const TURNS: usize = 60;
/// Records that an answer brings.
const BROUGHT: usize = 20;
/// No more than this, beside the device that has let go of nothing.
const AIM: f64 = 1.5;

/// What is measured of each device.
const MEASURED: [&str; 4] = ["state()", "work_list()", "a save", "an answer of 20 records settled"];

pub(crate) fn measure() {
    let base = TempDir::new().expect("a folder");
    synced(base.path());
    let devices: Vec<Grown> = LET_GO.iter().map(|let_go| Grown::open(base.path(), *let_go)).collect();
    let mut times = vec![vec![Vec::new(); LET_GO.len()]; MEASURED.len()];
    for turn in 0..TURNS {
        for (at, device) in devices.iter().enumerate() {
            for (measured, time) in times.iter_mut().zip(device.takes(turn)) {
                measured[at].push(time.as_secs_f64() * 1e6);
            }
        }
    }
    print(&times);
    upgrade();
}

/// Medians in microseconds, and how many times the smallest device's each is.
fn print(times: &[Vec<Vec<f64>>]) {
    println!("\n{:<34} {:>12} {:>12} {:>12} {:>8} {:>8}", "records let go", LET_GO[0], LET_GO[1], LET_GO[2], "", "aim");
    for (what, times) in MEASURED.iter().zip(times) {
        let medians: Vec<f64> = times.iter().map(|times| median(times)).collect();
        let ratio = medians[2] / medians[0];
        let met = if ratio <= AIM { "met" } else { "missed" };
        let [none, some, many] = [medians[0], medians[1], medians[2]].map(|median| format!("{median:.0} µs"));
        println!("{what:<34} {none:>12} {some:>12} {many:>12} {ratio:>6.2} x {AIM:>6.1} x  {met}");
    }
}

/// Leaves a device's database there that has joined and sent what it captured, and is closed.
fn synced(base: &Path) {
    let yard = Yard::open();
    let (joined, ()) = yard.joined("grown", |device, _| {
        for at in 0..HELD {
            captured(device, at);
        }
    });
    {
        let store = joined.store();
        let transport = HttpTransport::new(&format!("http://{}", yard.address), &joined.token).expect("a transport");
        let mut size = PageSize::new(Limits::default());
        let round = sync_round::run(&store, &transport, &mut size, "bench", |_| ());
        yard.runtime.block_on(round).expect("a round");
    }
    // From now on nobody answers: what is made below the app is not known to any server.
    let nowhere =
        "UPDATE settings SET value = json_set(value, '$.server_url', 'http://127.0.0.1:9') WHERE name = 'enrolment'";
    let database = database(&joined.folder);
    database.execute(nowhere, []).expect("it has joined");
    database.close().expect("it is written back");
    copy(&joined.folder, base);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for file in ["gatebook.sqlite", "gatebook.sqlite-wal"] {
        if from.join(file).exists() {
            std::fs::copy(from.join(file), to.join(file)).expect("a copy");
        }
    }
}

/// An open device that has let go of so many records.
struct Grown {
    _folder: TempDir,
    runtime: Runtime,
    device: Device,
    yard: Uuid,
    /// Records that are edited in turn.
    edited: Vec<Uuid>,
}

impl Grown {
    fn open(base: &Path, let_go: usize) -> Self {
        let folder = TempDir::new().expect("a folder");
        copy(base, folder.path());
        let yard: Uuid = database(folder.path())
            .query_row("SELECT yard_id FROM records WHERE kind = 'gate_event' LIMIT 1", [], |row| row.get(0))
            .expect("it holds some");
        fill(folder.path(), yard, let_go);
        let runtime = Runtime::new().expect("a runtime");
        let opened = Instant::now();
        let (device, edited) = runtime.block_on(async {
            let device = Device::open(DeviceConfig::new(folder.path().to_owned(), "bench")).expect("a device");
            (device.clone(), (0..10).map(|at| captured(&device, at)).collect())
        });
        println!("{let_go} records let go: opened in {} ms", opened.elapsed().as_millis());
        Self { _folder: folder, runtime, device, yard, edited }
    }

    /// How long each of what is measured takes.
    fn takes(&self, turn: usize) -> [Duration; 4] {
        let _within = self.runtime.enter();
        let state = timed(|| self.device.state().expect("a state"));
        let work_list = timed(|| self.device.work_list().expect("a list"));
        let id = self.edited[turn % self.edited.len()];
        let shown = self.device.record(id).expect("it is here").write_id;
        let save = timed(|| self.device.save(id, Body::GateEvent(event(1_000 + turn)), shown).expect("it is saved"));
        let answer = self.answer();
        let settle = timed(|| self.device.store().settle(&[], answer).expect("it is settled"));
        assert_eq!(self.device.store().repairs().expect("a number"), 0, "device and answer agree");
        [state, work_list, save, settle]
    }

    /// What a server would answer that has had some records from others, with its tally of the yard.
    fn answer(&self) -> SyncResponse {
        let store = self.device.store();
        let page = store.push_page(None, Limits::default()).expect("a page");
        let records: Vec<Canonical> = (0..BROUGHT).map(|at| theirs(self.yard, page.epoch, at)).collect();
        let scopes = page.cursors.iter().map(|(scope, cursor)| {
            let records = if *scope == Scope::Yard(self.yard) { records.clone() } else { Vec::new() };
            let brought = records.iter().map(|it| Fingerprint::of(it.id, &it.receipt)).collect();
            let tally = Some(store.tally(*scope).expect("a tally").plus(brought));
            ScopePage { scope: *scope, records, left: Vec::new(), cursor: *cursor, tally }
        });
        SyncResponse {
            protocol: PROTOCOL,
            epoch: page.epoch.expect("it has synced"),
            server_time: Timestamp::now(),
            time_doubtful: false,
            verdicts: Vec::new(),
            scopes: scopes.collect(),
            more: false,
            mark: page.mark,
            repaired: Repaired::default(),
            limits: Limits::default(),
            server: page.server,
            membership: None,
            unread: Vec::new(),
        }
    }
}

/// A gate event of somebody else's, new to the device.
fn theirs(yard: Uuid, epoch: Option<Epoch>, at: usize) -> Canonical {
    let (id, now) = (Uuid::now_v7(), Timestamp::now());
    let receipt = Receipt {
        epoch: epoch.expect("it has synced"),
        version: 1,
        seq: 1_000_000,
        received_at: now,
        mac: String::from("a device does not look"),
    };
    let content = Content {
        kind: String::from("gate_event"),
        yard_id: Some(yard),
        schema: 1,
        state: RecordState::Live,
        state_reason: String::new(),
        captured_at: now,
        zone: String::from("America/Chicago"),
        operator_id: None,
        body: RawValue::from_string(Body::GateEvent(event(at)).to_json()).expect("a body is JSON"),
    };
    Canonical { id, receipt, write_id: Uuid::now_v7(), device_id: None, content }
}

fn timed<T>(what: impl FnOnce() -> T) -> Duration {
    let begun = Instant::now();
    drop(what());
    begun.elapsed()
}

/// Records of months ago, each third an attachment of the one before it.
fn fill(folder: &Path, yard: Uuid, count: usize) {
    let mut database = database(folder);
    database.pragma_update(None, "synchronous", "OFF").expect("it may be made anew");
    let transaction = database.transaction().expect("a transaction");
    let mut parent = None;
    for at in 0..count {
        let millis = 1_700_000_000_000 + 30_000 * at as u64;
        let number = (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let id = uuid::Builder::from_unix_timestamp_millis(
            millis,
            &number.to_be_bytes().repeat(2)[..10].try_into().expect("ten"),
        )
        .into_uuid();
        let fingerprint = number.rotate_left(17).cast_signed();
        let row = (id, yard, fingerprint, parent.filter(|_| at % 3 == 2));
        transaction
            .prepare_cached("INSERT INTO let_go (id, yard_id, fingerprint, parent_id) VALUES (?1, ?2, ?3, ?4)")
            .and_then(|mut insert| insert.execute(row))
            .expect("a row");
        parent = Some(id);
    }
    transaction.commit().expect("all are stored");
    database.close().expect("it is written back");
}

/// What opening the database of the first version takes that has let go of so many, and opening it again: the difference is
/// the upgrade's, which is one transaction.
fn upgrade() {
    println!("\n{:<34} {:>16} {:>16}", "a database of the first version", "upgraded in", "opened again in");
    for let_go in LET_GO {
        let folder = TempDir::new().expect("a folder");
        std::fs::write(folder.path().join("gatebook.sqlite"), of_the_first_version()).expect("a database");
        fill(folder.path(), Uuid::from_u128(0xa), let_go);
        let [first, again] = [(); 2].map(|()| timed(|| Store::open(folder.path()).expect("the store")));
        let [first, again] = [first, again].map(|time| format!("{} ms", time.as_millis()));
        println!("{let_go:<34} {first:>16} {again:>16}");
    }
}

/// The device's database that the first version left on a disk.
fn of_the_first_version() -> Vec<u8> {
    let kept = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/versions/0.1.0-first/embedded/device.zip");
    let mut archive = zip::ZipArchive::new(std::fs::File::open(kept).expect("it is kept")).expect("an archive");
    let mut database = Vec::new();
    archive.by_name("gatebook.sqlite").expect("its database").read_to_end(&mut database).expect("it can be read");
    database
}
