//! One run of what others are measured by, in lines of JSON for `cargo xtask bench peers`.

use std::time::Duration;

use serde_json::json;

use crate::ROUND_TRIP;
use crate::alone::Rows;
use crate::save;
use crate::sync::there_and_back;
use crate::yard::Yard;

pub(crate) fn measure() {
    let (save, insert) = Yard::open().joined("saver", save::taken_in_turn).1;
    flow(10_000, None, [save, insert]);
    flow(2_000, Some(ROUND_TRIP), [save, insert]);
}

/// Prints a flow and, where no link is in the way, what a database takes for the same rows with nothing around it.
fn flow(records: usize, round_trip: Option<Duration>, [save, insert]: [f64; 2]) {
    let mut alone = Vec::new();
    let [push, pull] = there_and_back(records, round_trip, |receiver| {
        if round_trip.is_none() {
            let rows = Rows::of(&receiver.folder);
            alone = vec![("the same rows, inserted", rows.as_held()), ("the same rows, leanest table", rows.leanest())];
        }
    });
    let round_trip_ms = round_trip.map(|time| time.as_secs_f64() * 1e3);
    let ours = json!({
        "who": "Gatebook",
        "records": records,
        "round_trip_ms": round_trip_ms,
        "saved_per_s": 1e6 / save,
        "push_ms": push,
        "pull_ms": pull,
        "note": "SQLite at all three; saved one by one, each on the disk when it returns",
    });
    println!("{ours}");
    for (who, took) in alone {
        let line = json!({
            "who": who,
            "records": records,
            "saved_per_s": 1e6 / insert,
            "pull_ms": took.as_secs_f64() * 1e3,
            "note": "SQLite alone, no network, durable; saves are bare inserts",
        });
        println!("{line}");
    }
}
