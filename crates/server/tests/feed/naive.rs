//! The feed that everybody builds first: rows numbered as they are inserted, and read behind the greatest number seen.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gatebook_postgres_fixture::Database;
use postgres::{Client, NoTls};
use uuid::Uuid;

use super::{Chance, Feed, READERS, WRITERS};

const HOLD: Duration = Duration::from_millis(8);

pub(super) struct Naive {
    url: String,
    writers: Vec<Mutex<Client>>,
    /// How far each reader came.
    cursors: [AtomicI64; READERS],
    /// Pages begun.
    begun: AtomicUsize,
}

impl Naive {
    pub(super) fn new(database: &Database) -> Self {
        database.sql("CREATE TABLE feed (seq bigserial PRIMARY KEY, id uuid NOT NULL)");
        let url = database.url();
        let connect = |_| Mutex::new(Client::connect(&url, NoTls).unwrap());
        let writers = (0..WRITERS).map(connect).collect();
        Self { url, writers, cursors: Default::default(), begun: AtomicUsize::new(0) }
    }

    /// Until every reader is past that row: then it can no longer be seen.
    fn hold_until_passed(&self, seq: i64) {
        let begun = Instant::now();
        while self.cursors.iter().any(|cursor| cursor.load(Ordering::SeqCst) <= seq) {
            assert!(begun.elapsed() < Duration::from_secs(60), "the readers stand still");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Feed for Naive {
    fn write(&self, writer: usize, chance: &mut Chance) -> Vec<(Uuid, u64)> {
        let ids = [(); 4].map(|()| Uuid::now_v7());
        let mut client = self.writers[writer].lock().unwrap();
        let mut transaction = client.transaction().unwrap();
        let sql = "INSERT INTO feed (id) SELECT unnest($1::uuid[]) RETURNING seq";
        let seq: i64 = transaction.query(sql, &[&ids.as_slice()]).unwrap()[0].get(0);
        // One page is sure to be held for long enough; the others by chance, as those of our own feed.
        if self.begun.fetch_add(1, Ordering::SeqCst) == 0 {
            self.hold_until_passed(seq);
        }
        chance.hold(HOLD);
        transaction.commit().unwrap();
        ids.map(|id| (id, 1)).to_vec()
    }

    fn reader(&self, reader: usize) -> Box<dyn FnMut() -> Vec<(Uuid, u64)> + Send + '_> {
        let mut client = Client::connect(&self.url, NoTls).unwrap();
        let cursor = &self.cursors[reader];
        Box::new(move || {
            let sql = "SELECT seq, id FROM feed WHERE seq > $1 ORDER BY seq";
            let rows = client.query(sql, &[&cursor.load(Ordering::SeqCst)]).unwrap();
            if let Some(last) = rows.last() {
                cursor.store(last.get(0), Ordering::SeqCst);
            }
            rows.iter().map(|row| (row.get(1), 1)).collect()
        })
    }
}
