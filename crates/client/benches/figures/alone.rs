//! What SQLite takes for rows that a device holds, with nothing around it: the floor under a pull.

use std::path::Path;
use std::time::{Duration, Instant};

use gatebook_sync::wire::Limits;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use tempfile::TempDir;

use crate::yard::database;

/// The gate events that a device holds, column by column, and how it declares their table.
pub(crate) struct Rows {
    declared: Vec<String>,
    columns: Vec<String>,
    values: Vec<Vec<Value>>,
}

impl Rows {
    pub(crate) fn of(folder: &Path) -> Self {
        let database = database(folder);
        let sql = "SELECT sql FROM sqlite_master WHERE tbl_name = 'records' AND sql IS NOT NULL ORDER BY type DESC";
        let mut statement = database.prepare(sql).expect("a database");
        let declared = statement.query_map([], |row| row.get(0)).expect("a schema");
        let declared = declared.collect::<Result<_, _>>().expect("its text");
        let mut statement =
            database.prepare("SELECT * FROM records WHERE kind = 'gate_event' ORDER BY id").expect("the records");
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let count = columns.len();
        let values = statement
            .query_map([], |row| (0..count).map(|at| row.get(at)).collect::<Result<Vec<Value>, _>>())
            .expect("rows")
            .collect::<Result<_, _>>()
            .expect("their values");
        Self { declared, columns, values }
    }

    /// Inserts them into the table they are of, with its indexes.
    pub(crate) fn as_held(&self) -> Duration {
        let places = vec!["?"; self.columns.len()].join(", ");
        inserted(&self.declared, &format!("INSERT INTO records VALUES ({places})"), &self.values)
    }

    /// Inserts their ids and bodies into the least of a table.
    pub(crate) fn leanest(&self) -> Duration {
        let at = |name: &str| self.columns.iter().position(|column| column == name).expect("it has that column");
        let (id, body) = (at("id"), at("body"));
        let rows: Vec<_> = self.values.iter().map(|row| vec![row[id].clone(), row[body].clone()]).collect();
        let declared =
            ["CREATE TABLE lean (id BLOB NOT NULL PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID".to_owned()];
        inserted(&declared, "INSERT INTO lean VALUES (?, ?)", &rows)
    }
}

/// By pages as a device takes them, each on the disk before the next.
fn inserted(declared: &[String], insert: &str, rows: &[Vec<Value>]) -> Duration {
    let folder = TempDir::new().expect("a folder");
    let mut connection = Connection::open(folder.path().join("alone.sqlite")).expect("a database");
    for (name, value) in [("journal_mode", "WAL"), ("synchronous", "FULL"), ("wal_autocheckpoint", "4000")] {
        connection.pragma_update(None, name, value).expect("as the app has it");
    }
    for sql in declared {
        connection.execute_batch(sql).expect("a table");
    }
    let begun = Instant::now();
    for page in rows.chunks(Limits::default().page_records as usize) {
        let transaction = connection.transaction().expect("a transaction");
        {
            let mut insert = transaction.prepare_cached(insert).expect("an insert");
            for row in page {
                insert.execute(params_from_iter(row)).expect("a row");
            }
        }
        transaction.commit().expect("it is on the disk");
    }
    begun.elapsed()
}
