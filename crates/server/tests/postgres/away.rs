//! A database that is away for a while: devices are told to come again, and the server goes on by itself.

use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gatebook_postgres_fixture::Cluster;
use gatebook_server::{Bounds, PhotoBounds};
use gatebook_sync::Verdict;
use reqwest::Method;
use sha2::{Digest as _, Sha256};
use tokio_postgres::NoTls;

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
async fn an_upload_is_carried_on_where_it_was_when_the_database_comes_back() {
    let cluster = Cluster::start(false);
    let mut place = Place::embedded();
    place.database = Some(cluster.database());
    // The database may take long to come back on a busy machine.
    let photos = PhotoBounds { patience: Duration::from_secs(300), ..PhotoBounds::default() };
    let yard = TestServer::at(place, Bounds { photos, ..Bounds::default() }).await;
    let a = yard.device("A").await;
    let request = |method, address: &str| {
        let request = client().request(method, format!("{}{address}", yard.base));
        request.bearer_auth(&a.token).header("Tus-Resumable", "1.0.0")
    };
    let chunk = |address: &str, offset: &'static str| {
        let request = request(Method::PATCH, address).header("Upload-Offset", offset);
        request.header("Content-Type", "application/offset+octet-stream").body("12345").send()
    };
    let named = [
        ("sha256", format!("{:x}", Sha256::digest("1234512345"))),
        ("media_type", "image/jpeg".to_owned()),
        ("record_id", a.new_id().to_string()),
    ];
    let metadata = named.map(|(name, value)| format!("{name} {}", BASE64.encode(value))).join(",");
    let begins = request(Method::POST, "/v1/uploads").header("Upload-Length", 10).header("Upload-Metadata", metadata);
    let begun = begins.send().await.unwrap();
    let address = begun.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(chunk(&address, "0").await.unwrap().status(), 204);
    cluster.stop();
    let refused = chunk(&address, "5").await.unwrap();
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let asked = tokio::spawn(request(Method::HEAD, &address).send());
    cluster.restart();
    let told = asked.await.unwrap().unwrap();
    assert_eq!((told.status().as_u16(), &told.headers()["upload-offset"]), (200, &"5".parse().unwrap()));
    assert_eq!(chunk(&address, "5").await.unwrap().status(), 204);
}

#[tokio::test]
async fn that_the_database_hangs_is_told_before_it_answers() {
    let yard = TestServer::start().await;
    let (holder, connection) = tokio_postgres::connect(&database(&yard.place).url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    holder.batch_execute("BEGIN; LOCK TABLE server IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let health = || client().get(format!("{}/health", yard.base)).send();
    let waits = async || {
        let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'server'::regclass";
        holder.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) > 0
    };
    let answer = tokio::spawn(health());
    while !waits().await {}
    assert_eq!(answer.await.unwrap().unwrap().status(), 503);
    assert!(waits().await, "the database has not answered yet");
    holder.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(health().await.unwrap().status(), 200);
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
