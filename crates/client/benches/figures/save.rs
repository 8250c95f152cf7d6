//! One durable save through the app's own API, beside one bare insert of a row of the same size with the same pragmas.

use std::path::Path;
use std::time::{Duration, Instant};

use gatebook_client::Device;
use gatebook_domain::Body;
use rusqlite::Connection;
use uuid::Uuid;

use crate::table::{Table, median};
use crate::yard::{Yard, captured, database, event};

/// Saves of each sort in a run, taken in turn.
const PAIRS: usize = 200;
/// Records that are edited in turn.
const RECORDS: usize = 20;

pub(crate) fn measure(table: &mut Table, runs: usize) {
    let yard = Yard::open();
    let (mut saves, mut inserts, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..runs {
        let (_, (save, insert)) = yard.joined(&format!("device-{run}"), taken_in_turn);
        ratios.push(save / insert);
        saves.push(save);
        inserts.push(insert);
    }
    table.add(format!("a bare insert, durable (medians of {PAIRS})"), "µs", inserts, None);
    table.add(format!("a save by the app's API (medians of {PAIRS})"), "µs", saves, None);
    table.add("the save, in bare inserts", "x", ratios, Some(1.5));
}

/// Medians of a save and of a bare insert, in microseconds.
pub(crate) fn taken_in_turn(device: &Device, folder: &Path) -> (f64, f64) {
    let records: Vec<Uuid> = (0..RECORDS).map(|at| captured(device, at)).collect();
    let mut bare = Bare::open(folder, row_bytes(folder, records[0]));
    let (mut saves, mut inserts) = (Vec::new(), Vec::new());
    for at in 0..PAIRS {
        let body = Body::GateEvent(event(1_000_000 + at));
        let id = records[at % RECORDS];
        let shown = device.record(id).expect("it is here").write_id;
        let begun = Instant::now();
        device.save(id, body, shown).expect("it is saved");
        saves.push(microseconds(begun.elapsed()));
        let begun = Instant::now();
        bare.insert();
        inserts.push(microseconds(begun.elapsed()));
    }
    (median(&saves), median(&inserts))
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Bytes of all that the record's row holds.
fn row_bytes(folder: &Path, id: Uuid) -> usize {
    let sql = "SELECT length(kind) + length(zone) + length(body) + length(title) + length(stage) + length(state) \
               + length(captured_at) + length(changed_at) + 5 * 16 FROM records WHERE id = ?1";
    database(folder).query_row(sql, [id], |row| row.get(0)).expect("the record is there")
}

/// A database that does nothing but insert.
struct Bare {
    connection: Connection,
    row: String,
}

impl Bare {
    fn open(folder: &Path, bytes: usize) -> Self {
        let connection = Connection::open(folder.join("bare.sqlite")).expect("a database");
        connection.pragma_update(None, "journal_mode", "WAL").expect("a log");
        connection.pragma_update(None, "synchronous", "FULL").expect("each commit is on the disk");
        connection.pragma_update(None, "wal_autocheckpoint", 4_000).expect("as seldom as the app");
        let made = "CREATE TABLE bare (id BLOB NOT NULL PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID";
        connection.execute(made, []).expect("a table");
        Self { connection, row: "x".repeat(bytes) }
    }

    fn insert(&mut self) {
        let transaction = self.connection.transaction().expect("a transaction");
        transaction
            .prepare_cached("INSERT INTO bare (id, row) VALUES (?1, ?2)")
            .and_then(|mut insert| insert.execute((Uuid::now_v7(), &self.row)))
            .expect("a row");
        transaction.commit().expect("it is on the disk");
    }
}
