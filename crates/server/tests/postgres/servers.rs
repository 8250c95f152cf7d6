//! Several servers on one database: whatever meets there is judged once, one after the other.

use std::collections::BTreeSet;
use std::thread;

use gatebook_server::{Bounds, Device, Server};
use gatebook_sync::Verdict;
use gatebook_sync::wire::{EnrolRequest, Push, SyncRequest, SyncResponse, Take};
use uuid::Uuid;

use crate::support::{TestServer, gate_event};

const SERVERS: usize = 3;

/// Further servers on the yard's database, with its clock.
fn open(yard: &TestServer) -> Vec<Server> {
    (0..SERVERS).map(|_| yard.place.open(Bounds::default(), &yard.environment)).collect()
}

fn request(push: Vec<Push>) -> SyncRequest {
    let take = Take { records: 100, bytes: 1 << 20 };
    SyncRequest {
        protocol: gatebook_sync::PROTOCOL,
        app: "tests".to_owned(),
        epoch: None,
        cursors: std::collections::BTreeMap::new(),
        push,
        reoffer: Vec::new(),
        repair: gatebook_sync::wire::Repair::default(),
        mark: None,
        take,
        server: None,
    }
}

fn send(server: &Server, device: &Device, push: Vec<Push>) -> SyncResponse {
    server.sync(device, request(push)).unwrap()
}

/// Does it on all servers at the same moment, `times` on each.
fn at_once<T: Send>(servers: &[Server], times: usize, act: impl Fn(&Server, usize) -> T + Sync) -> Vec<T> {
    let ready = std::sync::Barrier::new(servers.len() * times);
    thread::scope(|scope| {
        let acting: Vec<_> = (0..servers.len() * times)
            .map(|at| {
                let (act, ready, server) = (&act, &ready, &servers[at % servers.len()]);
                scope.spawn(move || {
                    ready.wait();
                    act(server, at)
                })
            })
            .collect();
        acting.into_iter().map(|acting| acting.join().unwrap()).collect()
    })
}

#[tokio::test]
async fn a_page_that_reaches_several_servers_at_once_is_judged_once() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let (servers, device) = (open(&yard), yard.server.device(&a.token).unwrap());
    for round in 0..5 {
        let page: Vec<Push> = (0..20).map(|at| gate_event(&format!("{round} {at}")).written_on(&a)).collect();
        let answers = at_once(&servers, 2, |server, _| send(server, &device, page.clone()).verdicts);
        for answer in &answers {
            assert!(answer.iter().all(|judged| judged.verdict == Verdict::Accepted));
            assert_eq!(serde_json::to_string(answer).unwrap(), serde_json::to_string(&answers[0]).unwrap());
        }
        for push in &page {
            assert_eq!(yard.server.audit(push.id).unwrap().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_record_made_by_many_at_once_has_one_first_version_and_loses_nobodys() {
    let yard = TestServer::start().await;
    let mut devices = Vec::new();
    for at in 0..SERVERS * 2 {
        devices.push(yard.device(&format!("device {at}")).await);
    }
    let known: Vec<Device> = devices.iter().map(|device| yard.server.device(&device.token).unwrap()).collect();
    let servers = open(&yard);
    for round in 0..5 {
        // Two records, which some send in the one order and some in the other.
        let mut ids = vec![devices[0].new_id(), devices[0].new_id()];
        let pages: Vec<Vec<Push>> = devices
            .iter()
            .map(|device| {
                ids.reverse();
                ids.iter().map(|id| gate_event(&device.id.to_string()).of_record(*id).written_on(device)).collect()
            })
            .collect();
        at_once(&servers, 2, |server, at| send(server, &known[at], pages[at].clone()));
        for id in &ids {
            let audit = yard.server.audit(*id).unwrap();
            let versions: Vec<_> = audit.iter().map(|entry| entry.version.unwrap()).collect();
            assert_eq!(versions, (1..=devices.len() as u64).collect::<Vec<_>>(), "round {round}");
            let written: BTreeSet<_> = audit.iter().map(|entry| entry.content.body.get()).collect();
            assert_eq!(written.len(), devices.len());
        }
    }
    let stamps = yard.place.stamps();
    assert!(stamps.windows(2).all(|pair| pair[0].1 < pair[1].1), "received one after the other");
    let seqs: Vec<u64> = stamps.iter().filter_map(|(seq, _)| *seq).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "in dense places");
}

#[tokio::test]
async fn a_code_lets_in_one_device_however_many_try_at_once() {
    let yard = TestServer::start().await;
    let servers = open(&yard);
    for _ in 0..5 {
        let code = yard.server.enrolment_code(None, &[yard.laredo()], 1).unwrap();
        let let_in = at_once(&servers, 2, |server, _| {
            let request = EnrolRequest::new(&*code, "kiosk");
            server.enrol(&request).is_ok()
        });
        assert_eq!(let_in.iter().filter(|let_in| **let_in).count(), 1);
    }
}

#[tokio::test]
async fn the_office_and_a_device_change_a_record_at_once_and_both_count() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let (servers, device) = (open(&yard), yard.server.device(&a.token).unwrap());
    let held = a.push(gate_event("first")).await.accepted(1);
    let push: Vec<Push> = (0..6).map(|at| gate_event(&format!("{at}")).of_record(held.id).written_on(&a)).collect();
    at_once(&servers, 2, |server, at| {
        if at % 2 == 0 {
            drop(send(server, &device, vec![push[at].clone()]));
        } else {
            // Whoever is first makes it the version in force, and then there is nothing to bring back.
            drop(server.restore_version(held.write_id, "it was right"));
        }
    });
    let audit = yard.server.audit(held.id).unwrap();
    let versions: Vec<u64> = audit.iter().map(|entry| entry.version.unwrap()).collect();
    assert_eq!(versions, (1..=audit.len() as u64).collect::<Vec<_>>());
    assert_eq!(audit.iter().filter(|entry| entry.restores.is_none()).count(), 1 + 3);
}

/// Pages that write records and pages that give their notices back lock both, and in one order.
#[tokio::test]
async fn records_and_their_notices_are_claimed_in_one_order_by_everybody() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let (servers, device) = (open(&yard), yard.server.device(&a.token).unwrap());
    let mut ids = Vec::new();
    for _ in 0..4 {
        let id = a.push(gate_event("first")).await.accepted(1).id;
        a.push(gate_event("second").of_record(id)).await.won(2);
        ids.push(id);
    }
    let notices: Vec<_> = a.sees_all().await.into_iter().filter(|it| it.content.kind == "notice").collect();
    assert_eq!(notices.len(), ids.len());
    for round in 0..10 {
        at_once(&servers, 2, |server, at| {
            if at % 2 == 0 {
                let write = |id: &Uuid| gate_event(&format!("{round} {at}")).of_record(*id).written_on(&a);
                drop(send(server, &device, ids.iter().map(write).collect()));
            } else {
                let reoffer = notices.clone();
                server.sync(&device, SyncRequest { reoffer, ..request(Vec::new()) }).unwrap();
            }
        });
    }
    drop(servers);
    let deadlocks = crate::database(&yard.place)
        .sql("SELECT pg_stat_clear_snapshot(), deadlocks FROM pg_stat_database WHERE datname = current_database()");
    assert_eq!(deadlocks.trim(), "|0");
}

#[tokio::test]
async fn a_new_epoch_holds_on_every_server() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let (servers, device) = (open(&yard), yard.server.device(&a.token).unwrap());
    let epoch = servers[0].begin_epoch(None, None).unwrap();
    for server in &servers {
        let answer = send(server, &device, vec![gate_event("after").written_on(&a)]);
        assert_eq!(answer.epoch, epoch);
        assert_eq!(answer.verdicts[0].canonical.as_ref().unwrap().receipt().epoch, epoch);
    }
}
