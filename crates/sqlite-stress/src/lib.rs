//! Two who have one SQLite database open, write to it and write its log back into the file at the same time, in one
//! process or in two. Each says what it saved, and nothing of it may be gone afterwards.
//!
//! What is aimed at is a moment in a checkpoint: it has read how long the log is, and another connection, which finds the
//! whole log in the file already, begins the log anew and commits. SQLite before 3.51.3 went on by the old length, and
//! took what was just committed for written back when it was not. The moment lasts for as long as it takes to give up
//! the pages of the file that are mapped into memory: so the database is made large here, and all of it is mapped.
//!
//! The work is counted, not timed, and with a SQLite that keeps its promise it ends the same way each time.

mod baton;

use std::path::Path;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use tempfile::TempDir;

use baton::Baton;

/// How often they meet.
const TURNS: u32 = 400;
/// Rows of about a page each: 60 MB, which are slow to give up.
const ROWS: u32 = 15_000;
/// Rows that change in one commit, so that the log is longer than what the next commit brings.
const CHANGED: u32 = 200;
/// The saving side waits for as long as up to so many looks take, another number at each turn, so that over the turns its
/// commit falls into every part of the checkpoint.
const LOOKS: u32 = 23;
/// The environment variable by which a process knows that it is the second one.
const FOLDER: &str = "GATEBOOK_SQLITE_STRESS_FOLDER";

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Opens the database first and may make it.
    First,
    /// Opens it while the first has it open.
    Second,
}

/// One who has the database open, as the product opens it.
pub trait Party {
    /// Lets `work` have the connection that writes.
    fn on_writer(&self, work: &mut dyn FnMut(&Connection));
    /// Saves that `side` has come to that turn, in one commit of the product's own.
    fn save(&self, side: Side, turn: u32);
    /// The turn to which `side` has come.
    fn saved(&self, side: Side) -> u32;
}

/// Both in this process, on threads of their own.
///
/// # Panics
/// Something that was committed is gone.
pub fn in_one_process<P: Party>(open: impl Fn(&Path, Side) -> P + Sync) {
    let folder = folder();
    let first = prepared(folder.path(), &open);
    let (mut mine, theirs) = baton::pair();
    std::thread::scope(|scope| {
        scope.spawn(|| second(&open(folder.path(), Side::Second), theirs));
        self::first(&first, &mut mine);
    });
    drop(first);
    nothing_is_lost(&open(folder.path(), Side::First));
}

/// The second in a process of its own, which is this test binary again: `test` is the whole name of the test that calls
/// this, and there the call only does the second's part.
///
/// # Panics
/// Something that was committed is gone.
pub fn in_two_processes<P: Party>(test: &str, open: impl Fn(&Path, Side) -> P) {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return second(&open(Path::new(&folder), Side::Second), Baton::of_this_process());
    }
    let folder = folder();
    let first = prepared(folder.path(), &open);
    let mut other = Command::new(std::env::current_exe().expect("the test binary has a path"))
        .args(["--exact", test, "--nocapture"])
        .env(FOLDER, folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the test binary starts again");
    let mut baton = Baton::of_child(&mut other);
    self::first(&first, &mut baton);
    baton.hear_out();
    assert!(other.wait().expect("it ends").success(), "the other process failed");
    drop(first);
    nothing_is_lost(&open(folder.path(), Side::First));
}

/// In memory where the system has such a folder: it is about who sees which page, and a commit that waits for a disk
/// outlasts the moment that is aimed at.
fn folder() -> TempDir {
    let in_memory = Path::new("/dev/shm");
    let made = if in_memory.is_dir() { tempfile::tempdir_in(in_memory) } else { tempfile::tempdir() };
    made.expect("a folder for the database")
}

/// The first, on a database with many rows, all of them in the file.
fn prepared<P: Party>(folder: &Path, open: impl Fn(&Path, Side) -> P) -> P {
    let first = open(folder, Side::First);
    first.save(Side::First, 0);
    first.save(Side::Second, 0);
    run(&first, "CREATE TABLE stress (id INTEGER PRIMARY KEY, turn INTEGER NOT NULL, padding BLOB NOT NULL)");
    let fill = format!(
        "WITH RECURSIVE ids (id) AS (VALUES (0) UNION ALL SELECT id + 1 FROM ids WHERE id + 1 < {ROWS})
         INSERT INTO stress SELECT id, 0, zeroblob(3500) FROM ids"
    );
    run(&first, &fill);
    checkpoint(&first);
    first
}

fn first(party: &impl Party, baton: &mut Baton) {
    map_whole(party);
    for turn in 1..=TURNS {
        let (from, to) = changed_at(turn);
        run(party, &format!("UPDATE stress SET turn = {turn} WHERE id BETWEEN {from} AND {to}"));
        checkpoint(party);
        baton.give();
        for _ in 0..turn % LOOKS {
            party.on_writer(&mut |writer| drop(writer.query_row("SELECT max(id) FROM stress", [], |_| Ok(()))));
        }
        party.save(Side::First, turn);
        baton.take();
        assert_eq!(come_to(party), (turn, turn), "at turn {turn} of {TURNS} a commit was lost");
    }
}

fn second(party: &impl Party, mut baton: Baton) {
    map_whole(party);
    for turn in 1..=TURNS {
        baton.take();
        checkpoint(party);
        party.save(Side::Second, turn);
        // Touches every page, so that all of them are mapped when the next checkpoint gives them up.
        run(party, "SELECT sum(turn) FROM stress");
        baton.give();
    }
}

fn come_to(party: &impl Party) -> (u32, u32) {
    (party.saved(Side::First), party.saved(Side::Second))
}

/// Each turn changes other rows than the one before.
fn changed_at(turn: u32) -> (u32, u32) {
    let from = turn * CHANGED % ROWS;
    (from, from + CHANGED - 1)
}

/// Who opens the database afterwards finds it whole, with all that was committed in it.
fn nothing_is_lost(party: &impl Party) {
    assert_eq!(come_to(party), (TURNS, TURNS), "a commit was lost");
    let mut last = vec![0; ROWS as usize];
    for turn in 1..=TURNS {
        let (from, to) = changed_at(turn);
        last[from as usize..=to as usize].fill(turn);
    }
    party.on_writer(&mut |writer| {
        let sound: String = writer.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("it can be read");
        assert_eq!(sound, "ok");
        let mut statement = writer.prepare("SELECT turn FROM stress ORDER BY id").expect("the table is there");
        let found = statement.query_map([], |row| row.get(0)).expect("it can be read");
        let found: Vec<u32> = found.collect::<Result<_, _>>().expect("it can be read");
        assert!(found == last, "pages of a commit were lost");
    });
}

fn map_whole(party: &impl Party) {
    run(party, "PRAGMA mmap_size = 1073741824");
}

/// Writes back what is in the log, as SQLite does by itself after a commit that made it long: it waits for nobody.
fn checkpoint(party: &impl Party) {
    run(party, "PRAGMA wal_checkpoint(PASSIVE)");
}

fn run(party: &impl Party, sql: &str) {
    party.on_writer(&mut |writer| writer.execute_batch(sql).expect("SQL for the test"));
}
