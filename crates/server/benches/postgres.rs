//! What a page costs on PostgreSQL, as a ratio to what the database alone takes for the same rows in the same run:
//! `cargo bench -p gatebook-server --bench postgres`. The aim is a ratio of at least 0.5.
//!
//! The bare insert is as bare as can be: one statement a table, rows as arrays (`UNNEST`), the same tables with the same
//! indexes, one commit that waits for the disk.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gatebook_domain::equipment::{EquipmentClass, EquipmentRef};
use gatebook_domain::gate_event::{Direction, GateEvent};
use gatebook_domain::{Body, RecordState};
use gatebook_postgres_fixture::Cluster;
use gatebook_server::{Config, Device, Server};
use gatebook_sync::wire::{EnrolRequest, Push, SyncRequest, Take};
use gatebook_sync::{Content, PROTOCOL, Receipt, Verdict};
use postgres::{Client, NoTls};
use serde_json::value::RawValue;
use uuid::Uuid;

const PAGE: u32 = 2_500;
const ROUNDS: u32 = 15;
/// Rounds before the first that counts.
const WARM: u32 = 3;

const TABLES: &str = "
    CREATE TABLE bare_versions (LIKE versions INCLUDING ALL);
    CREATE TABLE bare_records (LIKE records INCLUDING ALL);
";
const VERSIONS: &str = "
    INSERT INTO bare_versions (
        tenant, write_id, record_id, kind, yard_id, schema, state, state_reason, captured_at, zone, operator_id, body,
        device_id, reason, verdict, outcome, epoch, version, seq, received_at
    )
    SELECT 1, write_id, record_id, 'gate_event', $7, 1, 'live', '', captured_at, 'America/Chicago', $8, body,
        $9, '', '\"accepted\"', 'canonical', 1, 1, seq, received_at
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
        AS rows (write_id, record_id, captured_at, body, seq, received_at)
";
const RECORDS: &str = "
    INSERT INTO bare_records (tenant, id, scope, seq, fingerprint)
    SELECT 1, id, $3, seq, seq FROM unnest($1::uuid[], $2::bigint[]) AS rows (id, seq)
";

fn main() {
    let cluster = Cluster::start(true);
    let database = cluster.database();
    let folder = tempfile::tempdir().expect("a folder");
    let key_file = Some(folder.path().join("server.key"));
    let config = Config { database: Some(database.url()), key_file, ..Config::new(folder.path()) };
    let server = Server::open(config).expect("a server");
    let seeded = server.seed().expect("a seed");
    let code = seeded.codes[0].code.clone();
    let request = EnrolRequest::new(code, "Bench");
    let device = server.device(&server.enrol(&request).expect("a device").token).expect("the device");
    let operator = seeded.operators[0].id;
    let mut bare = Client::connect(&database.url(), NoTls).expect("a connection");
    bare.batch_execute(TABLES).expect("tables");

    let (mut ours, mut theirs, mut edited) = (Vec::new(), Vec::new(), Vec::new());
    // A plan made while the tables are small is the one that goes wrong, so the slowest page of all is told as well.
    let mut pages = Vec::new();
    for round in 0..WARM + ROUNDS {
        let push = page(&device, operator);
        theirs.push(insert(&mut bare, &device, operator, &push, round));
        let (reconciled, receipts) = reconcile(&server, &device, push.clone());
        ours.push(reconciled);
        pages.push((push, receipts));
    }
    for (push, receipts) in pages {
        edited.push(reconcile(&server, &device, edit(push, receipts)).0);
    }
    println!("{PAGE} records a page, median of {ROUNDS} pages, and the slowest of all {}", WARM + ROUNDS);
    for (what, times) in [("bare insert", &theirs), ("reconcile, new", &ours), ("reconcile, edited", &edited)] {
        let slowest = times.iter().max().map_or(0.0, Duration::as_secs_f64);
        let median = median(times);
        let rows = f64::from(PAGE) / median;
        println!("  {what:<18} {:7.1} ms   {rows:7.0} rows/s   slowest {:7.1} ms", median * 1e3, slowest * 1e3);
    }
    println!("  ratio of new records to the bare insert {:.2}", median(&theirs) / median(&ours));
}

/// Gate events of about 450 bytes.
fn page(device: &Device, operator: Uuid) -> Vec<Push> {
    let event = |at: u32| {
        let mut event = GateEvent::new(Direction::In);
        event.equipment = vec![EquipmentRef::new(EquipmentClass::IsoContainer, "CSQU3054383")];
        event.reference = format!("BK-{at}");
        event.remarks = "waited at the gate for the second driver ".repeat(4);
        Push {
            id: Uuid::now_v7(),
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
                captured_at: jiff::Timestamp::now(),
                zone: "America/Chicago".to_owned(),
                operator_id: Some(operator),
                body: RawValue::from_string(Body::GateEvent(event).to_json()).expect("a body is JSON"),
            },
        }
    };
    (0..PAGE).map(event).collect()
}

/// The same records, changed by who had seen them as they are.
fn edit(push: Vec<Push>, receipts: Vec<Receipt>) -> Vec<Push> {
    let edited = |(push, receipt): (Push, Receipt)| {
        let body = push.content.body.get().replacen("BK-", "BK/", 1);
        let content = Content { body: RawValue::from_string(body).expect("a body is JSON"), ..push.content };
        Push { write_id: Uuid::now_v7(), base: Some(receipt), content, ..push }
    };
    push.into_iter().zip(receipts).map(edited).collect()
}

fn reconcile(server: &Server, device: &Device, push: Vec<Push>) -> (Duration, Vec<Receipt>) {
    let request = SyncRequest {
        server: None,
        protocol: PROTOCOL,
        app: "bench".to_owned(),
        epoch: None,
        cursors: BTreeMap::new(),
        push,
        reoffer: Vec::new(),
        repair: gatebook_sync::wire::Repair::default(),
        mark: None,
        take: Take { records: 1, bytes: u32::MAX },
    };
    let begun = Instant::now();
    let answer = server.sync(device, request).expect("an answer");
    let took = begun.elapsed();
    assert!(answer.verdicts.iter().all(|judged| judged.verdict == Verdict::Accepted));
    let receipts = answer.verdicts.iter().filter_map(|judged| Some(judged.canonical.as_ref()?.receipt().clone()));
    (took, receipts.collect())
}

fn insert(bare: &mut Client, device: &Device, operator: Uuid, push: &[Push], round: u32) -> Duration {
    let first = i64::from(round * PAGE);
    let write_ids: Vec<Uuid> = push.iter().map(|push| push.write_id).collect();
    let ids: Vec<Uuid> = push.iter().map(|push| push.id).collect();
    let captured: Vec<String> = push.iter().map(|push| push.content.captured_at.to_string()).collect();
    let bodies: Vec<&str> = push.iter().map(|push| push.content.body.get()).collect();
    let seqs: Vec<i64> = (first..).take(push.len()).collect();
    let (yard, id) = (device.yards()[0], device.id());
    let (versions, records) = (bare.prepare(VERSIONS).expect("SQL"), bare.prepare(RECORDS).expect("SQL"));
    let begun = Instant::now();
    let mut transaction = bare.transaction().expect("a transaction");
    transaction
        .execute(&versions, &[&write_ids, &ids, &captured, &bodies, &seqs, &seqs, &yard, &operator, &id])
        .expect("rows");
    transaction.execute(&records, &[&ids, &seqs, &yard]).expect("rows");
    transaction.commit().expect("a commit");
    begun.elapsed()
}

fn median(times: &[Duration]) -> f64 {
    let mut times = times[WARM as usize..].to_vec();
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}
