//! What a page costs in statements: as many whatever it holds, since each is a way to the database and back, and other
//! pages wait for some of them.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use gatebook_server::{Config, Device, Server};
use gatebook_sync::wire::{Push, SyncRequest, SyncResponse, Take};
use gatebook_sync::{Receipt, Verdict};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::database;
use crate::support::{Draft, TestDevice, TestServer, gate_event};

/// A way to the database that counts the statements that are run over it.
struct Counting {
    url: String,
    statements: Arc<AtomicUsize>,
}

impl Counting {
    /// `folder` is where it listens.
    fn before(url: &str, folder: &Path) -> Self {
        let (host, name) = url.strip_prefix("postgres://postgres@").unwrap().split_once('/').unwrap();
        let socket = PathBuf::from(host.replace("%2F", "/")).join(".s.PGSQL.5432");
        let listener = UnixListener::bind(folder.join(".s.PGSQL.5432")).unwrap();
        let statements = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&statements);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = UnixStream::connect(&socket).unwrap();
                let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let counted = Arc::clone(&counted);
                thread::spawn(move || forward(client, server, &counted));
                thread::spawn(move || io::copy(&mut answers, &mut back));
            }
        });
        let host = folder.to_str().unwrap().replace('/', "%2F");
        Self { url: format!("postgres://postgres@{host}/{name}?sslmode=disable"), statements }
    }

    fn of<T>(&self, work: impl FnOnce() -> T) -> (usize, T) {
        let before = self.statements.load(Ordering::SeqCst);
        let done = work();
        (self.statements.load(Ordering::SeqCst) - before, done)
    }
}

/// Passes messages on. All but the first begin with a letter: `E` runs a statement.
fn forward(mut from: UnixStream, mut to: UnixStream, statements: &AtomicUsize) -> io::Result<()> {
    let mut is_first = true;
    loop {
        let mut letter = [0_u8; 1];
        if !is_first {
            from.read_exact(&mut letter)?;
            if letter[0] == b'E' {
                statements.fetch_add(1, Ordering::SeqCst);
            }
            to.write_all(&letter)?;
        }
        is_first = false;
        let mut length = [0_u8; 4];
        from.read_exact(&mut length)?;
        to.write_all(&length)?;
        io::copy(&mut (&mut from).take(u64::from(u32::from_be_bytes(length)) - 4), &mut to)?;
    }
}

fn hash(at: usize) -> String {
    format!("{:x}", Sha256::digest(at.to_be_bytes()))
}

fn photo(at: usize, about: &str) -> Draft {
    let body = serde_json::json!({
        "parent_id": Uuid::nil(), "role": "photo", "sha256": hash(at), "size": 1_000, "media_type": "image/jpeg",
        "about": about,
    });
    Draft::raw("attachment", body.to_string())
}

fn send(server: &Server, device: &Device, a: &TestDevice, push: Vec<Push>) -> SyncResponse {
    let answer = server.sync(device, SyncRequest { push, ..a.request() }).unwrap();
    assert!(answer.verdicts.iter().all(|judged| judged.verdict == Verdict::Accepted));
    answer
}

#[tokio::test]
async fn a_page_of_many_photos_takes_as_many_statements_as_a_page_of_one() {
    const PHOTOS: usize = 40;
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let folder = tempfile::tempdir().unwrap();
    let counting = Counting::before(&database(&yard.place).url(), folder.path());
    let server = Server::open(Config { database: Some(counting.url.clone()), ..yard.place.config() }).unwrap();
    let device = server.device(&a.token).unwrap();
    // The server has the bytes already, so that it says so of each.
    for at in 0..=PHOTOS {
        let (hash, name) = (hash(at), format!("there/{at}"));
        database(&yard.place).sql(&format!(
            "INSERT INTO blobs (tenant, sha256, size, media_type, name, stored_at, wanted_at)
             SELECT key, decode('{hash}', 'hex'), 1000, 'image/jpeg', '{name}', 1, 1 FROM tenants"
        ));
    }
    let mut costs = Vec::new();
    for page in [0..1, 1..PHOTOS + 1] {
        let push: Vec<_> = page.clone().map(|at| photo(at, "").written_on(&a)).collect();
        let (new, answer) = counting.of(|| send(&server, &device, &a, push.clone()));
        // Changed by who has not heard the server's word.
        let receipt = |of: &Push| -> Receipt {
            let judged = answer.verdicts.iter().find(|judged| judged.id == of.id).unwrap();
            judged.canonical.as_ref().unwrap().receipt().clone()
        };
        let edits: Vec<_> = page
            .zip(&push)
            .map(|(at, new)| photo(at, "/items/tires").of_record(new.id).on(&receipt(new)).written_on(&a))
            .collect();
        let (edited, _) = counting.of(|| send(&server, &device, &a, edits));
        costs.push((new, edited));
        for push in &push {
            assert_eq!(yard.server.audit(push.id).unwrap().len(), 4, "each write, and the server's word on it");
        }
    }
    assert_eq!(costs[0], costs[1]);
}

#[test]
fn a_range_of_ids_is_read_by_an_index_of_its_scope() {
    let place = crate::support::Place::new();
    drop(Server::open(place.config()).unwrap());
    let sql = include_str!("../../src/storage/postgres/consistency/range.sql");
    let plan = database(&place).sql(&format!(
        "SET plan_cache_mode = force_generic_plan;
         SET enable_seqscan = off;
         PREPARE range (bigint, uuid, uuid, uuid, bigint) AS {sql};
         EXPLAIN EXECUTE range (1, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 10)"
    ));
    assert!(plan.contains("Index Scan using records_by_id") && !plan.contains("Sort"), "{plan}");
}

#[test]
fn notices_about_records_and_what_the_office_lost_are_found_by_their_indexes() {
    let place = crate::support::Place::new();
    drop(Server::open(place.config()).unwrap());
    let about = include_str!("../../src/storage/postgres/records/notices_about.sql");
    let lost = include_str!("../../src/storage/postgres/versions/lost_by_office.sql");
    let plan = database(&place).sql(&format!(
        "SET plan_cache_mode = force_generic_plan;
         SET enable_seqscan = off;
         PREPARE about (bigint, uuid[]) AS {about};
         EXPLAIN EXECUTE about (1, array[gen_random_uuid()]);
         PREPARE lost (bigint, bigint) AS {lost};
         EXPLAIN EXECUTE lost (1, 10)"
    ));
    for index in ["versions_of_notices", "versions_of_office", "versions_of_record"] {
        assert!(plan.contains(index), "{plan}");
    }
}

#[tokio::test]
async fn a_page_looks_for_the_notices_of_many_records_as_often_as_for_those_of_one() {
    const RECORDS: usize = 40;
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let folder = tempfile::tempdir().unwrap();
    let counting = Counting::before(&database(&yard.place).url(), folder.path());
    let server = Server::open(Config { database: Some(counting.url.clone()), ..yard.place.config() }).unwrap();
    let device = server.device(&a.token).unwrap();
    let mut costs = Vec::new();
    for many in [1, RECORDS] {
        let push: Vec<_> = (0..many).map(|at| gate_event(&format!("{at}")).written_on(&a)).collect();
        send(&server, &device, &a, push.clone());
        // Each is in conflict first, so that each has a notice, and is then changed by somebody who has seen it.
        let conflicts = push.iter().map(|push| gate_event("María's").of_record(push.id).written_on(&a)).collect();
        let won = server.sync(&device, SyncRequest { push: conflicts, ..a.request() }).unwrap();
        let edits = won.verdicts.iter().map(|judged| {
            let receipt = judged.canonical.as_ref().unwrap().receipt();
            gate_event("next").of_record(judged.id).on(receipt).written_on(&a)
        });
        let edits: Vec<_> = edits.collect();
        // Without much of a feed, which is read in parts.
        let request = SyncRequest { push: edits, take: Take { records: 1, bytes: 1 << 20 }, ..a.request() };
        let (cost, answer) = counting.of(|| server.sync(&device, request).unwrap());
        assert!(answer.verdicts.iter().all(|judged| judged.verdict == Verdict::Accepted));
        costs.push(cost);
    }
    assert_eq!(costs[0], costs[1]);
}
