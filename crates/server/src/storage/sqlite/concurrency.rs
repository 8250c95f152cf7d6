//! A server and a command beside it, or two that work in one server, with the database open in both: nothing that either
//! committed is lost.

use std::path::Path;

use gatebook_sqlite_stress::{Party, Side, in_one_process, in_two_processes};
use gatebook_sync::Epoch;
use jiff::Timestamp;
use rusqlite::Connection;
use uuid::Uuid;

use super::{Database, lock};
use crate::storage::{Counter, Tenant};

struct Opened {
    database: Database,
    tenants: [Tenant; 2],
}

impl Opened {
    /// The tenant to which each of the two writes.
    fn tenant_of(&self, side: Side) -> Tenant {
        self.tenants[usize::from(side == Side::Second)]
    }
}

impl Party for Opened {
    fn on_writer(&self, work: &mut dyn FnMut(&Connection)) {
        work(&lock(&self.database.writer));
    }

    fn save(&self, side: Side, turn: u32) {
        let counter = Counter { seq: turn.into(), received_at: Timestamp::UNIX_EPOCH };
        self.database.write(|writing| writing.set_counter(self.tenant_of(side), counter)).unwrap();
    }

    fn saved(&self, side: Side) -> u32 {
        let counter = self.database.read(|reading| reading.counter(self.tenant_of(side))).unwrap();
        counter.seq.try_into().unwrap()
    }
}

fn open(folder: &Path, _side: Side) -> Opened {
    let database = Database::open(folder, Epoch(1)).unwrap();
    let tenant = |number| database.write(|writing| writing.put_tenant(Uuid::from_u128(number), "T")).unwrap();
    let tenants = [tenant(1), tenant(2)];
    Opened { database, tenants }
}

#[test]
fn two_in_one_process_lose_nothing_of_each_other() {
    in_one_process(open);
}

#[test]
fn a_server_and_a_command_beside_it_lose_nothing_of_each_other() {
    in_two_processes("storage::sqlite::concurrency::a_server_and_a_command_beside_it_lose_nothing_of_each_other", open);
}

#[test]
fn this_sqlite_keeps_what_two_connections_commit() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path(), Side::First);
    opened.on_writer(&mut |writer| {
        let version: String = writer.query_row("SELECT sqlite_version()", [], |row| row.get(0)).unwrap();
        let parts: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
        assert!(parts >= vec![3, 51, 3], "{version} has the fault that loses committed pages");
    });
}
