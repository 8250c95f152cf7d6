//! The server's clock may do what it likes.

use jiff::SignedDuration;

use crate::support::{TestServer, gate_event};

#[tokio::test]
async fn received_at_never_runs_backwards() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let mut received = Vec::new();
    for hours in [0, -1, -24 * 365 * 10, 5, 24 * 365 * 20, -24 * 365 * 20] {
        yard.clock_steps(SignedDuration::from_hours(hours));
        let receipts = a.push_all((0..3).map(|_| gate_event("tick"))).await.receipts();
        received.extend(receipts.into_iter().map(|receipt| (receipt.received_at, receipt.seq)));
    }
    assert!(received.windows(2).all(|pair| pair[0] < pair[1]), "{received:?}");
}

#[tokio::test]
async fn the_later_receipt_wins_whatever_the_clocks_say() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let first = a.push(gate_event("first").captured("2036-01-01T00:00:00Z")).await.accepted(1);
    yard.clock_steps(SignedDuration::from_hours(-24));
    let last = gate_event("last").of_record(first.id).captured("2016-01-01T00:00:00Z");
    let won = b.push(last).await.won(2);
    assert!(won.receipt.received_at > first.receipt.received_at);
    assert!(a.sees(first.id).await.unwrap().content.body.get().contains("last"));
}
