//! A database that is away for a while: devices are told to come again, and the server goes on by itself.

use std::thread;

use gatebook_postgres_fixture::Cluster;
use gatebook_server::Bounds;
use gatebook_sync::Verdict;

use crate::database;
use crate::support::{Place, TestServer, client, gate_event};

#[tokio::test]
async fn connections_that_were_cut_are_replaced() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    for round in 0..3 {
        a.push(gate_event(&format!("round {round}"))).await.accepted(1);
        database(&yard.place).cut();
    }
    assert!(a.pull().await.len() > 3);
}

#[tokio::test]
async fn while_the_database_is_away_devices_are_told_when_to_come_again() {
    let cluster = Cluster::start(false);
    let mut place = Place::embedded();
    place.database = Some(cluster.database());
    let yard = TestServer::at(place, Bounds::default()).await;
    let a = yard.device("A").await;
    let push = gate_event("during the restart").written_on(&a);
    cluster.stop();
    let request = gatebook_sync::wire::SyncRequest { push: vec![push.clone()], ..a.request() };
    let answer = a.post(serde_json::to_vec(&request).unwrap()).await;
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    let health = client().get(format!("{}/health", yard.base)).send().await.unwrap();
    assert_eq!(health.status(), 503);

    cluster.restart();
    a.send(vec![push]).await.accepted(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_cut_in_the_middle_of_pages_lose_and_double_nothing() {
    const ROUNDS: usize = 30;
    const CUTS: usize = 15;
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let (server, device) = (yard.server.clone(), yard.server.device(&a.token).unwrap());
    let pages: Vec<Vec<_>> =
        (0..ROUNDS).map(|at| (0..5).map(|_| gate_event(&format!("page {at}")).written_on(&a)).collect()).collect();
    let request = a.request();
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..CUTS {
                database(&yard.place).cut();
            }
        });
        for page in &pages {
            // As a device does: again, until there is a verdict.
            let judged = std::iter::repeat_with(|| {
                let request = gatebook_sync::wire::SyncRequest { push: page.clone(), ..request.clone() };
                server.sync(&device, request)
            })
            .find_map(Result::ok)
            .unwrap();
            assert!(judged.verdicts.iter().all(|judged| judged.verdict == Verdict::Accepted));
        }
    });
    for push in pages.iter().flatten() {
        assert_eq!(yard.server.audit(push.id).unwrap().len(), 1);
    }
}
