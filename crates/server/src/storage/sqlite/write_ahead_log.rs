//! How long the write-ahead log may become.
//!
//! SQLite writes the log back into the database by itself, but begins it anew only at a moment at which nobody reads from
//! it. Where reads overlap without end there is no such moment, and the log grows for as long as they do. So once it is
//! long, the readers of this process are asked to wait for as long as it takes to begin it anew.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::Connection;

use super::lock;

/// Pages after which SQLite writes the log back by itself, 16 MiB: seldom within a page of records, soon enough to keep
/// the log small.
const WRITTEN_BACK_AFTER: u32 = 4_000;
/// Bytes from which on it is begun anew.
const LONG: u64 = 32 << 20;
/// Bytes that it keeps on the disk once it is empty.
const KEPT: u32 = 16 << 20;

/// Sets it up on the connection that writes.
pub(super) fn tune(writer: &Connection) -> rusqlite::Result<()> {
    writer.pragma_update(None, "wal_autocheckpoint", WRITTEN_BACK_AFTER)?;
    writer.pragma_update(None, "journal_size_limit", KEPT)
}

/// Begins the log of the database at `path` anew if it is long. Nothing that was committed depends on it: if it cannot be
/// done now, because another process reads, the next write tries again.
pub(super) fn begin_anew_if_long<const N: usize>(path: &Path, writer: &Connection, readers: &[Mutex<Connection>; N]) {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let is_long = std::fs::metadata(&log).is_ok_and(|log| log.len() > LONG);
    if is_long && let Err(error) = begin_anew(writer, readers) {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the write-ahead log is long and cannot be begun anew"
        );
    }
}

fn begin_anew<const N: usize>(writer: &Connection, readers: &[Mutex<Connection>; N]) -> rusqlite::Result<()> {
    // Each is held once its read has ended. No read waits for a write, so none waits for us.
    let waiting = readers.each_ref().map(lock);
    // Of another process it is not known for how long it reads; writers do not wait for that.
    writer.busy_timeout(Duration::ZERO)?;
    let done = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    writer.busy_timeout(super::BUSY)?;
    drop(waiting);
    done
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use gatebook_sync::Epoch;

    use super::super::{DATABASE, Database};
    use super::*;

    /// A commit of that many bytes.
    const COMMIT: usize = 1 << 20;

    #[test]
    fn while_reads_overlap_without_end_the_log_stays_short_and_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(folder.path(), Epoch(1)).unwrap();
        lock(&database.writer).execute_batch("CREATE TABLE filler (bytes BLOB)").unwrap();
        let over = AtomicBool::new(false);
        let longest = std::thread::scope(|scope| {
            for reader in [&database.readers[0], &database.readers[1]] {
                let over = &over;
                scope.spawn(move || {
                    while !over.load(Ordering::Relaxed) {
                        let reader = lock(reader);
                        let transaction = reader.unchecked_transaction().unwrap();
                        let count = "SELECT count(*), sum(length(bytes)) FROM filler";
                        transaction.query_row(count, [], |_| Ok(())).unwrap();
                        std::thread::yield_now();
                        transaction.finish().unwrap();
                    }
                });
            }
            let log = folder.path().join(format!("{DATABASE}-wal"));
            let lengths = (0..160).map(|_| {
                let writer = lock(&database.writer);
                writer.execute("INSERT INTO filler VALUES (zeroblob(?1))", [COMMIT]).unwrap();
                begin_anew_if_long(&database.path, &writer, &database.readers);
                std::fs::metadata(&log).unwrap().len()
            });
            let longest = lengths.max().unwrap();
            over.store(true, Ordering::Relaxed);
            longest
        });
        // A commit may come on top before the log is looked at.
        let most = LONG + 2 * COMMIT as u64;
        assert!(longest <= most, "{longest} bytes of log");
        let kept: u32 = lock(&database.writer).query_row("SELECT count(*) FROM filler", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, 160);
    }

    #[test]
    fn a_log_that_another_process_reads_is_begun_anew_later() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(folder.path(), Epoch(1)).unwrap();
        let writer = lock(&database.writer);
        let other = Connection::open(&database.path).unwrap();
        let length = || std::fs::metadata(folder.path().join(format!("{DATABASE}-wal"))).unwrap().len();
        writer.execute_batch("CREATE TABLE filler (bytes BLOB)").unwrap();
        let reading = other.unchecked_transaction().unwrap();
        reading.query_row("SELECT count(*) FROM filler", [], |_| Ok(())).unwrap();
        writer.execute("INSERT INTO filler VALUES (zeroblob(?1))", [LONG]).unwrap();
        begin_anew_if_long(&database.path, &writer, &database.readers);
        assert!(length() > LONG);
        reading.finish().unwrap();
        begin_anew_if_long(&database.path, &writer, &database.readers);
        assert_eq!(length(), 0);
    }
}
