//! What a page costs the server: `cargo bench -p gatebook-server`.

use std::hint::black_box;

use gatebook_domain::Body;
use gatebook_domain::equipment::{EquipmentClass, EquipmentRef};
use gatebook_domain::gate_event::{Direction, GateEvent};
use gatebook_server::{Config, Device, Server};
use gatebook_sync::wire::{EnrolRequest, Push, Repair, SyncRequest, Take};
use gatebook_sync::{Content, PROTOCOL};
use serde_json::value::RawValue;
use tempfile::TempDir;
use uuid::Uuid;

fn main() {
    divan::main();
}

struct Bench {
    _folder: TempDir,
    server: Server,
    token: String,
    device: Device,
    operator: Uuid,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let server = Server::open(Config::new(folder.path())).expect("a server");
        let seeded = server.seed().expect("a seed");
        let code = seeded.codes[0].code.clone();
        let request = EnrolRequest::new(code, "Bench");
        let enrolled = server.enrol(&request).expect("a device");
        let device = server.device(&enrolled.token).expect("the device");
        Self { _folder: folder, server, token: enrolled.token, device, operator: seeded.operators[0].id }
    }

    /// Gate events of about 450 bytes.
    fn page(&self, records: usize) -> Vec<Push> {
        let yard_id = Some(self.device.yards()[0]);
        (0..records)
            .map(|at| {
                let mut event = GateEvent::new(Direction::In);
                event.equipment = vec![EquipmentRef::new(EquipmentClass::IsoContainer, "CSQU3054383")];
                event.reference = format!("BK-{at}");
                event.remarks = "waited at the gate for the second driver ".repeat(4);
                let body = Body::GateEvent(event).to_json();
                Push {
                    id: Uuid::now_v7(),
                    write_id: Uuid::now_v7(),
                    base: None,
                    follows: Vec::new(),
                    withdraws: false,
                    content: Content {
                        kind: "gate_event".to_owned(),
                        yard_id,
                        schema: 1,
                        state: gatebook_domain::RecordState::Live,
                        state_reason: String::new(),
                        captured_at: jiff::Timestamp::now(),
                        zone: "America/Chicago".to_owned(),
                        operator_id: Some(self.operator),
                        body: RawValue::from_string(body).expect("a body is JSON"),
                    },
                }
            })
            .collect()
    }

    fn sync(&self, push: Vec<Push>, take: u32) -> usize {
        let response = self.server.sync(&self.device, request(push, take)).expect("an answer");
        assert!(response.verdicts.iter().all(|judged| judged.verdict == gatebook_sync::Verdict::Accepted));
        response.scopes.iter().map(|page| page.records.len()).sum()
    }
}

fn request(push: Vec<Push>, take: u32) -> SyncRequest {
    SyncRequest {
        server: None,
        protocol: PROTOCOL,
        app: "bench".to_owned(),
        epoch: None,
        cursors: std::collections::BTreeMap::new(),
        push,
        reoffer: Vec::new(),
        mark: None,
        repair: Repair::default(),
        take: Take { records: take, bytes: u32::MAX },
    }
}

/// A full page of new records; the bound is 120 ms.
#[divan::bench(sample_count = 20)]
fn push_2500(bencher: divan::Bencher<'_, '_>) {
    let bench = Bench::new();
    bencher.with_inputs(|| bench.page(2_500)).bench_values(|push| bench.sync(push, 1));
}

/// The same page once more, as after a lost answer.
#[divan::bench(sample_count = 20)]
fn repeat_2500(bencher: divan::Bencher<'_, '_>) {
    let bench = Bench::new();
    let page = bench.page(2_500);
    bench.sync(page.clone(), 1);
    bencher.with_inputs(|| page.clone()).bench_values(|push| bench.sync(push, 1));
}

/// A page in which every record meets another state: 2,500 conflicts, and as many notices.
#[divan::bench(sample_count = 5)]
fn conflict_2500(bencher: divan::Bencher<'_, '_>) {
    let bench = Bench::new();
    bencher
        .with_inputs(|| {
            let page = bench.page(2_500);
            bench.sync(page.clone(), 1);
            let mut other = bench.page(2_500);
            for (mine, theirs) in other.iter_mut().zip(&page) {
                mine.id = theirs.id;
                let changed = mine.content.body.get().replace("second", "third");
                mine.content.body = RawValue::from_string(changed).expect("still JSON");
            }
            other
        })
        .bench_values(|push| black_box(bench.server.sync(&bench.device, request(push, 1)).expect("an answer")));
}

/// 10,000 records pushed in full pages; the bound is 300 ms.
#[divan::bench(sample_count = 5)]
fn push_10000(bencher: divan::Bencher<'_, '_>) {
    let bench = Bench::new();
    bencher.with_inputs(|| [(); 4].map(|()| bench.page(2_500))).bench_values(|pages| {
        for push in pages {
            bench.sync(push, 1);
        }
    });
}

/// 10,000 records pulled at once; the bound is 300 ms.
#[divan::bench(sample_count = 10)]
fn pull_10000(bencher: divan::Bencher<'_, '_>) {
    let bench = Bench::new();
    for _ in 0..4 {
        bench.sync(bench.page(2_500), 1);
    }
    bencher.bench(|| assert_eq!(bench.sync(Vec::new(), 10_000), 10_000));
}

/// A device with nothing to say and nothing to hear, but for the first of the organisation's records.
#[divan::bench]
fn nothing_new(bencher: divan::Bencher<'_, '_>) {
    let bench = Bench::new();
    bencher.bench(|| {
        let device = bench.server.device(&bench.token).expect("the device");
        bench.server.sync(&device, request(Vec::new(), 1)).expect("an answer")
    });
}
