//! A backlog on its way: from one device to the server, and from there to another device.

use std::time::{Duration, Instant};

use gatebook_client::sync_round::{self, PageSize, Report};
use gatebook_client::{HttpTransport, Transport as _};
use gatebook_sync::PROTOCOL;
use gatebook_sync::wire::{Limits, Repair, SyncRequest, Take};

use crate::link::delayed;
use crate::table::Table;
use crate::yard::{Joined, Yard, captured};

/// Measures both ways; `aims` are milliseconds for there and back.
pub(crate) fn measure(table: &mut Table, runs: usize, records: usize, round_trip: Option<Duration>, aims: [u32; 2]) {
    let measured: Vec<[f64; 2]> = (0..runs).map(|_| there_and_back(records, round_trip, |_| ())).collect();
    let way = round_trip.map_or_else(|| "loopback".to_owned(), |time| format!("a {} ms link", time.as_millis()));
    for (at, what) in ["to the server", "to another device"].into_iter().enumerate() {
        let runs = measured.iter().map(|run| run[at]).collect();
        table.add(format!("{records} records {what}, {way}"), "ms", runs, Some(f64::from(aims[at])));
    }
}

/// Milliseconds to the server and to another device, which `arrived` may look at then.
pub(crate) fn there_and_back(records: usize, round_trip: Option<Duration>, arrived: impl FnOnce(&Joined)) -> [f64; 2] {
    let yard = Yard::open();
    // Captured within the seconds before the app would send it by itself.
    let (sender, captured) = yard.joined("sender", |device, _| captured(device, 0));
    sender.multiply(captured, records);
    let (receiver, ()) = yard.joined("receiver", |_, _| ());
    let address = match round_trip {
        None => yard.address,
        Some(time) => yard.runtime.block_on(delayed(yard.address, time / 2)),
    };
    let url = format!("http://{address}");
    let (pushed, push) = round(&yard, &sender, &url);
    assert_eq!(pushed.settled.accepted as usize, records, "everything has arrived");
    let (pulled, pull) = round(&yard, &receiver, &url);
    assert_eq!(pulled.settled.pulled as usize, records, "everything has come");
    arrived(&receiver);
    [push, pull].map(|time| time.as_secs_f64() * 1e3)
}

/// One round, over a connection that is up.
fn round(yard: &Yard, device: &Joined, url: &str) -> (Report, Duration) {
    let store = device.store();
    let transport = HttpTransport::new(url, &device.token).expect("a transport");
    yard.runtime.block_on(async {
        transport.sync(&nothing()).await.expect("the server answers");
        let begun = Instant::now();
        let mut size = PageSize::new(Limits::default());
        let report = sync_round::run(&store, &transport, &mut size, "bench", |_| ()).await.expect("a round");
        (report, begun.elapsed())
    })
}

/// Asks for next to nothing.
fn nothing() -> SyncRequest {
    SyncRequest {
        server: None,
        protocol: PROTOCOL,
        app: "bench".to_owned(),
        epoch: None,
        cursors: std::collections::BTreeMap::new(),
        push: Vec::new(),
        reoffer: Vec::new(),
        mark: None,
        repair: Repair::default(),
        take: Take { records: 1, bytes: 1 },
    }
}
