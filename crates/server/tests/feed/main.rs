//! Nothing is ever missed in the feed: twelve write at once, each holding its transactions open for random times, while
//! readers follow with their cursors. The same is done with the feed that everybody builds first, a cursor over a
//! `bigserial`, which must miss rows: so it is known that this test can fail.
#![cfg(unix)]

mod naive;
mod ours;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use gatebook_postgres_fixture::Cluster;
use uuid::Uuid;

use naive::Naive;
use ours::Ours;

const WRITERS: usize = 12;
const READERS: usize = 3;
const PAGES: usize = 15;
/// Between two looks of a reader that found nothing: the writers need the processor as well.
const PAUSE: Duration = Duration::from_millis(2);

/// A feed under test.
trait Feed: Sync {
    /// Writes one page as that writer and returns what is in force then: record and version. Holds it open for as long
    /// as `chance` says.
    fn write(&self, writer: usize, chance: &mut Chance) -> Vec<(Uuid, u64)>;
    /// Somebody who starts at the beginning and remembers how far they came; each call brings what is new.
    fn reader(&self, reader: usize) -> Box<dyn FnMut() -> Vec<(Uuid, u64)> + Send + '_>;
}

/// What became of the records in one run.
#[derive(Debug)]
struct Seen {
    written: usize,
    /// By reader: how many records it never saw in the version that was in force in the end.
    missed: Vec<usize>,
}

fn run(feed: &impl Feed) -> Seen {
    let is_written = AtomicBool::new(false);
    let (written, read) = thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|reader| {
                let (mut news, is_written) = (feed.reader(reader), &is_written);
                scope.spawn(move || follow(&mut news, is_written))
            })
            .collect();
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn(move || {
                    let mut chance = Chance(writer as u64 + 1);
                    (0..PAGES).flat_map(|_| feed.write(writer, &mut chance)).collect::<Vec<_>>()
                })
            })
            .collect();
        let written: Vec<_> = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
        is_written.store(true, Ordering::SeqCst);
        (written, readers.into_iter().map(|reader| reader.join().unwrap()).collect::<Vec<_>>())
    });
    let written = newest(written);
    let missed = read.iter().map(|read| written.iter().filter(|(id, version)| read.get(id) != Some(version)).count());
    Seen { written: written.len(), missed: missed.collect() }
}

/// Reads until everything was written and nothing is left.
fn follow(news: &mut dyn FnMut() -> Vec<(Uuid, u64)>, is_written: &AtomicBool) -> HashMap<Uuid, u64> {
    let mut seen = Vec::new();
    loop {
        // Asked before the last look, so that the last look comes after the last write.
        let is_last = is_written.load(Ordering::SeqCst);
        let page = news();
        if page.is_empty() {
            if is_last {
                return newest(seen);
            }
            thread::sleep(PAUSE);
        }
        seen.extend(page);
    }
}

fn newest(states: Vec<(Uuid, u64)>) -> HashMap<Uuid, u64> {
    let mut newest = HashMap::new();
    for (id, version) in states {
        let known = newest.entry(id).or_insert(version);
        *known = version.max(*known);
    }
    newest
}

/// Chance that is the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn hold(&mut self, most: Duration) {
        let most = u64::try_from(most.as_micros()).unwrap();
        thread::sleep(Duration::from_micros(self.below(most)));
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { written, missed } = self;
        write!(f, "{WRITERS} writers, {READERS} readers, {written} records; each reader missed {missed:?}")
    }
}

#[test]
fn nothing_is_missed_on_the_embedded_database() {
    let seen = run(&Ours::embedded());
    println!("embedded database: {seen}");
    assert_eq!(seen.missed, [0; READERS], "of {} records", seen.written);
}

#[test]
fn nothing_is_missed_on_postgresql_with_several_servers() {
    let cluster = Cluster::start(true);
    let seen = run(&Ours::on_postgresql(&cluster.database()));
    println!("PostgreSQL, several servers: {seen}");
    assert_eq!(seen.missed, [0; READERS], "of {} records", seen.written);
}

#[test]
fn a_cursor_over_a_bigserial_misses_rows() {
    let cluster = Cluster::start(true);
    let seen = run(&Naive::new(&cluster.database()));
    println!("a cursor over a bigserial: {seen}");
    assert!(seen.missed.iter().all(|missed| *missed > 0), "{seen:?}");
}
