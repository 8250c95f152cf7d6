//! A damaged database is set aside, never deleted. What was waiting to be sent is carried into a new one and exported
//! beside it, and the operator is told.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::apart::LeavingRecord;
use super::row::{COLUMNS, RecordRow};
use super::{configure, migrate, settings};
use crate::error::StoreError;

/// What could be read from a damaged database.
#[derive(Default)]
struct Rescued {
    pending: Vec<RecordRow>,
    /// Enrolment and choices, name and JSON.
    settings: Vec<(String, String)>,
}

/// Settings worth carrying over. Cursors are not: the new database asks for everything again.
const CARRIED: [&str; 5] = ["enrolment", "device_id", "operator_id", "yard_id", "place"];

/// Sets the damaged database at `path` aside and opens a new one with what could be rescued.
pub(super) fn start_anew(folder: &Path, path: &Path, reason: &str) -> Result<Connection, StoreError> {
    let aside = set_aside(folder, path)?;
    tracing::error!(reason, aside = %aside.display(), "the local database is damaged and was set aside");
    let rescued = rescue(&aside);
    let export = aside.with_extension("pending.json");
    export_pending(&export, &rescued.pending)?;

    let mut connection = Connection::open(path)?;
    configure(&connection)?;
    migrate::migrate(&mut connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (name, value) in &rescued.settings {
        transaction.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)", (name, value))?;
    }
    for row in &rescued.pending {
        row.put(&transaction)?;
    }
    let told = format!(
        "The records on this device were damaged, most likely by a power cut or a failing disk. {} that had not reached \
         the server yet could be saved and will be sent; everything else comes back from the server by itself. The \
         damaged file was kept as {} for the office.",
        match rescued.pending.len() {
            1 => "One record".to_owned(),
            count => format!("{count} records"),
        },
        aside.file_name().unwrap_or_default().to_string_lossy(),
    );
    settings::put(&transaction, &settings::SALVAGE, Some(&told))?;
    transaction.commit()?;
    Ok(connection)
}

/// Renames the database and its companions to the first free number.
fn set_aside(folder: &Path, path: &Path) -> Result<PathBuf, StoreError> {
    let aside = (1..=u32::MAX)
        .map(|number| folder.join(format!("damaged-{number}.sqlite")))
        .find(|candidate| !candidate.exists())
        .expect("there are fewer than four billion damaged databases");
    for suffix in ["-wal", "-shm", ""] {
        let with_suffix = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        match std::fs::rename(with_suffix(path), with_suffix(&aside)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            renamed => renamed?,
        }
    }
    Ok(aside)
}

/// Reads what can be read, row by row, by every way into the table; a way that breaks off ends there.
fn rescue(aside: &Path) -> Rescued {
    let mut rescued = Rescued::default();
    let Ok(connection) = Connection::open_with_flags(aside, OpenFlags::SQLITE_OPEN_READ_WRITE) else {
        return rescued;
    };
    for way in ["NOT INDEXED", "INDEXED BY records_pending"] {
        let rejected = if way == "NOT INDEXED" { "" } else { "AND rejection IS NULL" };
        for order in ["ASC", "DESC"] {
            let _ = read_pending(
                &connection,
                &format!(
                    "SELECT {COLUMNS} FROM records {way} WHERE pending_sync = 1 {rejected} ORDER BY write_id {order}"
                ),
                &mut rescued.pending,
            );
            let _ = read_pending(
                &connection,
                &format!("SELECT {COLUMNS} FROM records {way} WHERE pending_sync = 1 {rejected}"),
                &mut rescued.pending,
            );
        }
    }
    for name in CARRIED {
        let value = connection
            .query_row("SELECT value FROM settings WHERE name = ?1", [name], |row| row.get::<_, String>(0))
            .ok()
            .filter(|value| serde_json::from_str::<serde_json::Value>(value).is_ok());
        rescued.settings.extend(value.map(|value| (name.to_owned(), value)));
    }
    rescued
}

fn read_pending(connection: &Connection, sql: &str, found: &mut Vec<RecordRow>) -> Result<(), StoreError> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let row = RecordRow::read(row)?;
        if found.iter().all(|known| known.id != row.id) {
            found.push(row);
        }
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
