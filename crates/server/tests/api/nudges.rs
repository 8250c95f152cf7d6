//! A device that listens is told of news as it comes: of its own yards' alone, and for as long as it is let in.

use std::time::Duration;

use gatebook_server::Bounds;
use gatebook_sync::Scope;
use gatebook_sync::wire::Nudge;

use crate::support::{TestServer, gate_event};

#[tokio::test]
async fn a_device_is_told_of_what_others_write() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let mut told = a.listens().await;
    let first = b.push(gate_event("first")).await.accepted(1);
    assert_eq!(told.next().await, Some(Nudge { scope: Scope::Yard(yard.laredo()), seq: first.receipt.seq }));
    let second = b.push(gate_event("second")).await.accepted(1);
    assert_eq!(told.next().await, Some(Nudge { scope: Scope::Yard(yard.laredo()), seq: second.receipt.seq }));
}

#[tokio::test]
async fn nobody_is_told_of_another_yards_news() {
    let yard = TestServer::start().await;
    let here = yard.device_of("Laredo", &[yard.laredo()]).await;
    let everywhere = yard.device("everywhere").await;
    let mut told = here.listens().await;
    everywhere.push(gate_event("there").at(yard.nuevo_laredo())).await.accepted(1);
    let mine = everywhere.push(gate_event("here").at(yard.laredo())).await.accepted(1);
    assert_eq!(told.next().await, Some(Nudge { scope: Scope::Yard(yard.laredo()), seq: mine.receipt.seq }));
}

#[tokio::test]
async fn who_is_signed_out_is_told_nothing_any_more() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let mut told = a.listens().await;
    yard.server.revoke(None, "A").unwrap();
    assert_eq!(told.next().await, None);
}

#[tokio::test]
async fn who_is_signed_out_by_another_process_is_told_nothing_any_more_either() {
    let bounds = Bounds { revocations_every: Duration::from_millis(10), ..Bounds::default() };
    let yard = TestServer::bounded(bounds).await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let (mut told, mut other) = (a.listens().await, b.listens().await);
    // As `gatebook-server revoke` does beside a server that runs.
    yard.place.open(bounds, &yard.environment).revoke(None, "A").unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(20), told.next()).await;
    assert_eq!(ended, Ok(None));
    let written = b.push(gate_event("still here")).await.accepted(1);
    assert_eq!(other.next().await, Some(Nudge { scope: Scope::Yard(yard.laredo()), seq: written.receipt.seq }));
}

#[tokio::test]
async fn a_device_has_one_stream_and_it_ends_with_the_server() {
    let mut yard = TestServer::start().await;
    let a = yard.device("A").await;
    let mut first = a.listens().await;
    let mut second = a.listens().await;
    assert_eq!(first.next().await, None, "the newer took its place");
    yard.stop().await;
    assert_eq!(second.next().await, None);
}
