//! A damaged database is set aside, never deleted. What was waiting to be sent is carried into a new one and exported
//! beside it, and the operator is told.
//!
//! The app may be killed at any point of it. The damaged database stays in its place, and nothing of it is changed, until
//! the new one lies beside it, whole, on the disk and under its own name ([`READY`]). Killed before that, the next start
//! finds the damaged one as it was and does all of it again; killed after that, it only puts the new one in place
//! ([`finish`]).

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use uuid::Uuid;

use super::apart::LeavingRecord;
use super::corrections::{self, Correction};
use super::row::{COLUMNS, LATER_COLUMNS, RecordRow};
use super::{DATABASE, forms, migrate, settings};
use crate::error::StoreError;

/// What belongs to a database.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", ""];
/// The damaged database, by another name, while it is read.
const KEPT: &str = "salvaging-damaged.sqlite";
/// The new database while it is made.
const UNFINISHED: &str = "salvaging.sqlite";
/// The new database, whole.
const READY: &str = "salvaged.sqlite";

/// What could be read from a damaged database.
#[derive(Default)]
struct Rescued {
    pending: Vec<RecordRow>,
    /// Records among them.
    known: HashSet<Uuid>,
    /// Corrections that are not submitted, and the states that they were begun on.
    corrections: Vec<(Uuid, Correction)>,
    corrected: Vec<RecordRow>,
    /// Writes that may have been sent, by record, oldest first.
    unanswered: Vec<(Uuid, Uuid)>,
    /// Enrolment and choices, name and JSON.
    settings: Vec<(String, String)>,
}

/// Settings worth carrying over. Cursors are not: the new database asks for everything again.
const CARRIED: [&str; 6] = ["enrolment", "device_id", "joining_secret", "operator_id", "yard_id", "place"];

/// Sets the damaged database in `folder` aside and puts a new one with what could be rescued in its place.
pub(super) fn start_anew(folder: &Path, reason: &str) -> Result<(), StoreError> {
    Work { folder, after: &mut || Ok(()) }.start_anew(reason)
}

/// Puts a new database in place that a salvage was killed before putting there.
pub(super) fn finish(folder: &Path) -> Result<(), StoreError> {
    if is_unfinished(folder) { Work { folder, after: &mut || Ok(()) }.put_in_place() } else { Ok(()) }
}

/// Whether a new database waits to be put in place of what is there.
pub(super) fn is_unfinished(folder: &Path) -> bool {
    folder.join(READY).exists()
}

/// Works on the folder, and tells after each change.
struct Work<'a> {
    folder: &'a Path,
    after: &'a mut dyn FnMut() -> Result<(), StoreError>,
}

impl Work<'_> {
    fn start_anew(&mut self, reason: &str) -> Result<(), StoreError> {
        for database in [KEPT, UNFINISHED] {
            self.remove(database, &["-journal"])?;
            self.remove(database, &COMPANIONS)?;
        }
        for companion in COMPANIONS {
            self.keep(companion)?;
        }
        let aside = free_name(self.folder)?;
        tracing::error!(reason, aside, "the local database is damaged and is set aside");
        let rescued = rescue(&self.folder.join(KEPT));
        build(&self.folder.join(UNFINISHED), &rescued, &told(&rescued, &format!("{aside}.sqlite")))?;
        (self.after)()?;
        export_pending(&self.folder.join(format!("{aside}.pending.json")), &rescued.pending)?;
        (self.after)()?;
        for companion in COMPANIONS {
            self.rename(&format!("{KEPT}{companion}"), &format!("{aside}.sqlite{companion}"))?;
        }
        self.rename(UNFINISHED, READY)?;
        self.put_in_place()
    }

    /// The names given so far are on the disk before the damaged database loses its own. The new one has no log, and must
    /// not get the old one's.
    fn put_in_place(&mut self) -> Result<(), StoreError> {
        sync_folder(self.folder)?;
        self.remove(DATABASE, &["-wal", "-shm"])?;
        sync_folder(self.folder)?;
        self.rename(READY, DATABASE)?;
        Ok(sync_folder(self.folder)?)
    }

    /// Gives a part of the damaged database another name beside its own; where the system has no such thing, a copy.
    fn keep(&mut self, companion: &str) -> Result<(), StoreError> {
        let part = |name: &str| self.folder.join(format!("{name}{companion}"));
        let (from, to) = (part(DATABASE), part(KEPT));
        if from.exists() && std::fs::hard_link(&from, &to).is_err() {
            std::fs::copy(&from, &to)?;
            std::fs::OpenOptions::new().write(true).open(&to)?.sync_all()?;
        }
        (self.after)()
    }

    fn remove(&mut self, database: &str, companions: &[&str]) -> Result<(), StoreError> {
        for companion in companions {
            unless_missing(std::fs::remove_file(self.folder.join(format!("{database}{companion}"))))?;
            (self.after)()?;
        }
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), StoreError> {
        unless_missing(std::fs::rename(self.folder.join(from), self.folder.join(to)))?;
        (self.after)()
    }
}

fn unless_missing(done: std::io::Result<()>) -> std::io::Result<()> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

/// Windows keeps names by itself and opens no folder as a file.
#[cfg(not(unix))]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    folder.metadata().map(|_| ())
}

/// A name for the damaged database under which nothing was ever set aside here: whatever is left of one that was counts.
fn free_name(folder: &Path) -> Result<String, StoreError> {
    let mut newest = 0_u32;
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("damaged-")?.split('.').next()?.parse().ok());
        newest = newest.max(number.unwrap_or_default());
    }
    Ok(format!("damaged-{}", newest + 1))
}

/// What the operator reads.
fn told(rescued: &Rescued, aside: &str) -> String {
    let saved = match rescued.pending.len() {
        1 => "One record".to_owned(),
        count => format!("{count} records"),
    };
    format!(
        "The records on this device were damaged, most likely by a power cut or a failing disk. {saved} that had not reached \
         the server yet could be saved and will be sent; everything else comes back from the server by itself. The \
         damaged file was kept as {aside} for the office."
    )
}

/// Makes the new database. It is one whole file on the disk when this returns: only once it is in place it gets a log.
fn build(path: &Path, rescued: &Rescued, told: &str) -> Result<(), StoreError> {
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    migrate::migrate(&mut connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (name, value) in &rescued.settings {
        transaction.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)", (name, value))?;
    }
    for row in &rescued.pending {
        row.put(&transaction)?;
    }
    for (id, correction) in &rescued.corrections {
        corrections::put(&transaction, *id, correction)?;
    }
    for row in &rescued.corrected {
        forms::keep_replaced(&transaction, row)?;
    }
    for (record_id, write_id) in &rescued.unanswered {
        let sql = "INSERT INTO unanswered (record_id, write_id) VALUES (?1, ?2)";
        transaction.execute(sql, (record_id, write_id))?;
    }
    settings::put(&transaction, &settings::SALVAGE, Some(&told.to_owned()))?;
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error.into())
}

/// Reads what can be read, row by row, by every way into the table; a way that breaks off ends there. Changes nothing.
fn rescue(kept: &Path) -> Rescued {
    let mut rescued = Rescued::default();
    let opened = Connection::open_with_flags(kept, OpenFlags::SQLITE_OPEN_READ_WRITE);
    let Ok(connection) = opened else { return rescued };
    // The log is read along, and stays what it is.
    if connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).is_err() {
        return rescued;
    }
    let is_missing = |column: &str| connection.prepare(&format!("SELECT {column} FROM records LIMIT 0")).is_err();
    let columns = LATER_COLUMNS.iter().fold(COLUMNS.to_owned(), |columns, (column, instead)| {
        if is_missing(column) { columns.replace(column, instead) } else { columns }
    });
    for way in ["NOT INDEXED", "INDEXED BY records_pending"] {
        let rejected = if way == "NOT INDEXED" { "" } else { "AND rejection IS NULL" };
        for order in ["ASC", "DESC"] {
            let _ = read_pending(
                &connection,
                &format!(
                    "SELECT {columns} FROM records {way} WHERE pending_sync = 1 {rejected} ORDER BY write_id {order}"
                ),
                &mut rescued,
            );
            let _ = read_pending(
                &connection,
                &format!("SELECT {columns} FROM records {way} WHERE pending_sync = 1 {rejected}"),
                &mut rescued,
            );
        }
    }
    // Nobody knows any more which requests were begun when: any of these writes may have been sent.
    rescued.pending.iter_mut().for_each(|row| row.requests_before = -1);
    rescued.corrections = corrections::all(&connection).unwrap_or_default();
    for (id, correction) in &rescued.corrections {
        let row = RecordRow::find(&connection, *id).ok().flatten();
        rescued.corrected.extend(row.filter(|row| row.write_id == correction.begun_on));
    }
    let _ = read_unanswered(&connection, &mut rescued.unanswered);
    for name in CARRIED {
        let value = connection
            .query_row("SELECT value FROM settings WHERE name = ?1", [name], |row| row.get::<_, String>(0))
            .ok()
            .filter(|value| serde_json::from_str::<serde_json::Value>(value).is_ok());
        rescued.settings.extend(value.map(|value| (name.to_owned(), value)));
    }
    rescued
}

fn read_pending(connection: &Connection, sql: &str, found: &mut Rescued) -> Result<(), StoreError> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let row = RecordRow::read(row)?;
        if found.known.insert(row.id) {
            found.pending.push(row);
        }
    }
    Ok(())
}

fn read_unanswered(connection: &Connection, found: &mut Vec<(Uuid, Uuid)>) -> Result<(), StoreError> {
    let mut statement = connection.prepare("SELECT record_id, write_id FROM unanswered ORDER BY place")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        found.push((row.get(0)?, row.get(1)?));
    }
    Ok(())
}

/// Writes the rescued records beside the damaged file: written, flushed, then renamed.
fn export_pending(path: &Path, pending: &[RecordRow]) -> Result<(), StoreError> {
    let records: Vec<_> = pending.iter().map(LeavingRecord::from).collect();
    let text = serde_json::to_vec_pretty(&records).expect("records are JSON");
    let unfinished = path.with_extension("json.part");
    let mut file = std::fs::File::create(&unfinished)?;
    std::io::Write::write_all(&mut file, &text)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{Seek as _, SeekFrom, Write as _};

    use tempfile::TempDir;

    use super::super::testing::{recorded, remarks, store};
    use super::super::{Store, lock};
    use super::*;

    /// A folder as a power cut leaves it: one record is in the database, one in its log only, and a page is damaged.
    fn damaged() -> (TempDir, [Uuid; 2]) {
        let (alive, store) = store();
        let first = recorded(&store, "in the database");
        store.checkpoint().unwrap();
        let second = recorded(&store, "in the log");
        let (page, size): (u64, u64) = {
            let writer = lock(&store.writer);
            let root = "SELECT rootpage FROM sqlite_master WHERE name = 'cursors'";
            let page = writer.query_row(root, [], |row| row.get(0)).unwrap();
            (page, writer.pragma_query_value(None, "page_size", |row| row.get(0)).unwrap())
        };
        let folder = tempfile::tempdir().unwrap();
        for companion in ["", "-wal"] {
            let name = format!("{DATABASE}{companion}");
            std::fs::copy(alive.path().join(&name), folder.path().join(&name)).unwrap();
        }
        let mut file = std::fs::OpenOptions::new().write(true).open(folder.path().join(DATABASE)).unwrap();
        file.seek(SeekFrom::Start((page - 1) * size)).unwrap();
        file.write_all(&vec![0xAB; usize::try_from(size).unwrap()]).unwrap();
        (folder, [first, second])
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn killed_after_any_change_it_is_done_again_and_nothing_is_lost_or_left_untold() {
        for lives in 0.. {
            let (folder, [first, second]) = damaged();
            let (folder, mut left) = (folder.path(), lives);
            let mut kill = || {
                left -= 1;
                if left < 0 { Err(StoreError::Damaged("killed".into())) } else { Ok(()) }
            };
            let done = Work { folder, after: &mut kill }.start_anew("test");
            let store = Store::open(folder).unwrap();
            assert_eq!(
                (remarks(&store, first), remarks(&store, second)),
                ("in the database".into(), "in the log".into())
            );
            assert_eq!(store.pending_count().unwrap(), 2);
            let told = store.setting(&settings::SALVAGE).unwrap().unwrap();
            let aside = told.split(' ').find(|word| word.starts_with("damaged-")).unwrap();
            assert!(told.contains("2 records") && folder.join(aside).exists(), "{told}");
            let kept = rescue(&folder.join(aside));
            assert_eq!(kept.pending.len(), 2, "what was set aside is whole, with its log");
            let names = names(folder);
            assert!(!names.iter().any(|name| name.starts_with("salvag")), "killed after {lives}: {names:?}");
            if done.is_ok() {
                assert!(lives > 15, "it was killed everywhere before");
                return;
            }
        }
    }

    #[test]
    fn a_damaged_database_comes_second_to_whatever_is_left_of_an_earlier_one() {
        let (folder, _) = damaged();
        std::fs::write(folder.path().join("damaged-3.sqlite-wal"), "an earlier one's").unwrap();
        drop(Store::open(folder.path()).unwrap());
        assert_eq!(std::fs::read(folder.path().join("damaged-3.sqlite-wal")).unwrap(), b"an earlier one's");
        assert!(folder.path().join("damaged-4.sqlite").exists());
    }

    #[test]
    fn a_background_round_leaves_a_salvage_to_the_app() {
        let (folder, _) = damaged();
        let mut kill = || if is_unfinished(folder.path()) { Err(StoreError::NotEnrolled) } else { Ok(()) };
        Work { folder: folder.path(), after: &mut kill }.start_anew("test").unwrap_err();
        let before = names(folder.path());
        assert!(matches!(Store::open_beside_the_app(folder.path()), Err(StoreError::Damaged(_))));
        assert_eq!(names(folder.path()), before);
    }
}
