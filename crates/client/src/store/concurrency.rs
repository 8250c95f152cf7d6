//! The app and a round in the background, with one store open in both: nothing that either committed is lost.

use std::path::Path;

use gatebook_sqlite_stress::{Party, Side, in_one_process, in_two_processes};
use rusqlite::Connection;
use uuid::Uuid;

use super::testing::{YARD, event, remarks, shown, somebody};
use super::{Store, lock};

struct Opened(Store);

/// The record that each of the two writes.
fn record_of(side: Side) -> Uuid {
    Uuid::from_u128(if side == Side::First { 1 } else { 2 })
}

impl Party for Opened {
    fn on_writer(&self, work: &mut dyn FnMut(&Connection)) {
        work(&lock(&self.0.writer));
    }

    fn save(&self, side: Side, turn: u32) {
        let (id, body) = (record_of(side), event(&turn.to_string()));
        if self.0.held(id).unwrap().is_some() {
            let shown = shown(&self.0, id);
            self.0.save(id, shown, body, &somebody()).unwrap();
        } else {
            self.0.create(id, body, Some(YARD), "America/Chicago", &somebody()).unwrap();
        }
    }

    fn saved(&self, side: Side) -> u32 {
        remarks(&self.0, record_of(side)).parse().unwrap()
    }
}

/// The app first, then a round beside it.
fn open(folder: &Path, side: Side) -> Opened {
    Opened(match side {
        Side::First => Store::open(folder).unwrap(),
        Side::Second => Store::open_beside_the_app(folder).unwrap(),
    })
}

#[test]
fn app_and_round_in_one_process_lose_nothing_of_each_other() {
    in_one_process(open);
}

#[test]
fn app_and_round_in_two_processes_lose_nothing_of_each_other() {
    in_two_processes("store::concurrency::app_and_round_in_two_processes_lose_nothing_of_each_other", open);
}
