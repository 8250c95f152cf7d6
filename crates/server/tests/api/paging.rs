//! Cursors: everything comes exactly once, in order, in whatever pages, to those it is for.

use std::collections::BTreeSet;

use gatebook_sync::wire::{SyncRequest, Take};
use gatebook_sync::{Canonical, Scope};
use uuid::Uuid;

use crate::support::{TestServer, gate_event};

fn seqs(pulled: &[Canonical]) -> Vec<u64> {
    pulled.iter().map(|canonical| canonical.receipt.seq).collect()
}

#[tokio::test]
async fn everything_comes_once_whatever_the_size_of_the_pages() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    a.push_all((0..23).map(|at| gate_event(&format!("event {at}")))).await;
    let whole = a.pull().await;
    assert_eq!(whole.len(), 59 + 8 + 23);
    for (at, size) in [1, 2, 7, 90, 91].into_iter().enumerate() {
        let other = yard.device(&format!("other {at}")).await;
        assert_eq!(seqs(&other.pull_by(size).await), seqs(&whole), "by {size}");
        assert_eq!(other.pull_by(size).await.len(), 0);
    }
}

#[tokio::test]
async fn an_answer_keeps_to_the_bytes_the_device_takes_but_always_brings_one() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    a.push_all((0..9).map(|_| gate_event(&"long ".repeat(300)))).await;
    let org = a.pull().await.iter().map(|canonical| canonical.receipt.seq).max().unwrap();
    let body = gate_event(&"long ".repeat(300)).body.len();
    let b = yard.device("B").await;
    for (bytes, records) in [(0, 1), (body, 1), (2 * body - 1, 1), (3 * body, 3), (20 * body, 9)] {
        let bytes = u32::try_from(bytes).unwrap();
        let cursors =
            [(Scope::Org, org), (Scope::Yard(yard.laredo()), org - 9), (Scope::Yard(yard.nuevo_laredo()), org)];
        let epoch = Some(yard.server.epoch().unwrap());
        let take = Take { records: 1_000, bytes };
        let answer = b.sync(SyncRequest { cursors: cursors.into(), epoch, take, ..b.request() }).await;
        let came: usize = answer.scopes.iter().map(|page| page.records.len()).sum();
        assert_eq!((came, answer.more), (records, records < 9), "{bytes} bytes");
    }
}

#[tokio::test]
async fn a_record_that_changed_comes_again_at_its_new_place_only() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let first = a.push(gate_event("first")).await.accepted(1);
    let other = a.push(gate_event("other")).await.accepted(1);
    let second = a.push(gate_event("second").of_record(first.id).on(&first.receipt)).await.accepted(2);
    let events: Vec<_> = b.pull().await.into_iter().filter(|record| record.content.kind == "gate_event").collect();
    assert_eq!(seqs(&events), [other.receipt.seq, second.receipt.seq]);
}

#[tokio::test]
async fn places_in_the_feed_are_dense_and_received_at_orders_as_they_do() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let id = a.new_id();
    for remarks in ["one", "two", "three"] {
        a.push_all([gate_event(remarks).of_record(id), gate_event("new"), gate_event("bad").at(None)]).await;
        b.push(gate_event(&format!("B's {remarks}")).of_record(id)).await;
    }
    let stamps = yard.place.stamps();
    assert!(stamps.windows(2).all(|pair| pair[0].1 < pair[1].1));
    let seqs: Vec<u64> = stamps.iter().filter_map(|(seq, _)| *seq).collect();
    assert_eq!(seqs, (1..=u64::try_from(seqs.len()).unwrap()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_device_receives_its_scopes_and_no_others() {
    let yard = TestServer::start().await;
    let (a, there) = (yard.device("A").await, yard.device_of("There", &[yard.nuevo_laredo()]).await);
    let laredo = a.push(gate_event("north")).await.accepted(1);
    let nuevo = a.push(gate_event("south").at(yard.nuevo_laredo())).await.accepted(1);
    let ids: BTreeSet<Uuid> = there.pull().await.into_iter().map(|canonical| canonical.id).collect();
    assert!(ids.contains(&nuevo.id) && !ids.contains(&laredo.id));
    let scopes = |answer: gatebook_sync::wire::SyncResponse| -> Vec<Scope> {
        answer.scopes.iter().map(|page| page.scope).collect()
    };
    assert_eq!(scopes(there.sync(there.request()).await), [Scope::Org, Scope::Yard(yard.nuevo_laredo())]);

    // A yard gained starts at the beginning; one lost is no longer named, whatever cursor the device still has.
    yard.server.set_device_yards(there.id, &[yard.laredo()]).unwrap();
    assert_eq!(scopes(there.sync(there.request()).await), [Scope::Org, Scope::Yard(yard.laredo())]);
    assert!(there.pull().await.iter().any(|canonical| canonical.id == laredo.id));
}

#[tokio::test]
async fn what_the_verdicts_bring_is_left_out_of_the_pages() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    b.pull().await;
    let first = a.push(gate_event("first")).await.accepted(1);
    let between = a.push(gate_event("between")).await.accepted(1);
    // B says the same as A did: the verdict brings A's state, the page only what lies between.
    let answer = b.push(gate_event("first").of_record(first.id)).await;
    let came: Vec<Uuid> =
        answer.response.scopes.iter().flat_map(|page| &page.records).map(|record| record.id).collect();
    assert_eq!(came, [between.id]);
    assert_eq!(answer.held().receipt, first.receipt);
}
