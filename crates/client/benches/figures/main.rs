//! The figures that Gatebook is held to: `cargo xtask bench`, or of them `save`, `sync` and `photos` by name. `peers` is
//! one run of them for `cargo xtask bench peers`, as lines of JSON.
//!
//! What takes a whole flow (a device, a server and the way between them) cannot be cut into iterations, so each figure
//! is measured over several runs and told with its median and extremes beside its aim. Both ends are real and durable:
//! SQLite files in a folder, write-ahead log, `synchronous=FULL`.

mod alone;
mod link;
mod peers;
mod photos;
mod save;
mod sync;
mod table;
mod yard;

use std::time::Duration;

use table::Table;

/// Runs of each whole flow.
const RUNS: usize = 5;
/// A round trip from a yard at the edge of the cell.
const ROUND_TRIP: Duration = Duration::from_millis(300);

fn main() {
    if photos::took_a_large_photo() {
        return;
    }
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if asked.iter().any(|asked| asked == "peers") {
        peers::measure();
        return;
    }
    let is_asked = |part: &str| asked.is_empty() || asked.iter().any(|asked| asked == part);
    let mut table = Table::default();
    if is_asked("save") {
        println!("Saving on the device, beside a bare insert …");
        save::measure(&mut table, RUNS);
    }
    if is_asked("sync") {
        println!("10,000 records over loopback …");
        sync::measure(&mut table, RUNS, 10_000, None, [500, 500]);
        println!("2,000 records over a link of {} ms …", ROUND_TRIP.as_millis());
        sync::measure(&mut table, RUNS, 2_000, Some(ROUND_TRIP), [700, 400]);
    }
    if is_asked("photos") {
        println!("Photos …");
        photos::measure(&mut table);
    }
    println!("\n{table}");
}
