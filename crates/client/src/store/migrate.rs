//! Forward-only schema migrations. A shipped one is never edited: its checksum is in the database that ran it.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::row::RecordRow;
use crate::error::StoreError;

/// Every migration, oldest first; the schema number is its place in the list, from 1.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_consistency.sql"),
    include_str!("migrations/0003_photos.sql"),
    include_str!("migrations/0004_attachments_of_a_record.sql"),
    include_str!("migrations/0005_damaged_photos.sql"),
    include_str!("migrations/0006_refused_and_denied_photos.sql"),
    include_str!("migrations/0007_attachments_let_go.sql"),
    include_str!("migrations/0008_forms.sql"),
    include_str!("migrations/0009_unproved_revocations.sql"),
    include_str!("migrations/0010_known.sql"),
    include_str!("migrations/0011_attachments_of_a_file.sql"),
    include_str!("migrations/0012_parked_corrections.sql"),
];

/// The migration that brought fingerprints.
const FINGERPRINTS: usize = 2;

/// The schema this app writes.
#[expect(clippy::cast_possible_truncation, reason = "there are not four billion migrations")]
pub(crate) const SCHEMA: u32 = MIGRATIONS.len() as u32;

/// Brings the database up to [`SCHEMA`], in one transaction: killed in it, the next start finds the database as it was.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let found = refuse_newer(connection)?;
    if found < SCHEMA {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // The app and a round in the background may be started together: the other was first.
        let found: usize = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        transaction.execute_batch(
            "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, checksum TEXT NOT NULL)",
        )?;
        for (at, sql) in MIGRATIONS.iter().enumerate().skip(found) {
            transaction.execute_batch(sql)?;
            transaction.execute("INSERT INTO migrations VALUES (?1, ?2)", (at + 1, checksum(sql)))?;
        }
        // Rows are read and written as this version knows them, so when they have all its columns.
        if found < FINGERPRINTS {
            fill_fingerprints(&transaction)?;
        }
        transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
        transaction.commit()?;
    }
    for (at, sql) in MIGRATIONS.iter().enumerate() {
        let ran: Option<String> = connection
            .query_row("SELECT checksum FROM migrations WHERE number = ?1", [at + 1], |row| row.get(0))
            .optional()?;
        debug_assert_eq!(ran.as_deref(), Some(checksum(sql).as_str()), "migration {} was edited after it ran", at + 1);
    }
    Ok(())
}

/// Refuses the database of a newer app, and returns the schema of any other. What this asks for stands in the file's header:
/// a schema that this app's SQLite cannot even read is refused as well, rather than taken for damaged.
pub(super) fn refuse_newer(connection: &Connection) -> Result<u32, StoreError> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > SCHEMA { Err(StoreError::TooNew { found, known: SCHEMA }) } else { Ok(found) }
}

/// Gives the rows of before their fingerprints.
fn fill_fingerprints(connection: &Connection) -> Result<(), StoreError> {
    for row in RecordRow::select(connection, "pending_sync = 0 OR shadow IS NOT NULL", [])? {
        row.put(connection)?;
    }
    Ok(())
}

/// FNV-1a: only to notice an edit, not to resist one.
fn checksum(text: &str) -> String {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrating_twice_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        let ran: u32 = connection.query_row("SELECT count(*) FROM migrations", [], |row| row.get(0)).unwrap();
        assert_eq!(ran, SCHEMA);
    }

    #[test]
    fn what_was_held_before_there_were_fingerprints_gets_them_and_what_is_pending_stays() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(&format!(
                "CREATE TABLE migrations (number INTEGER PRIMARY KEY, checksum TEXT NOT NULL);
                 {}
                 INSERT INTO migrations VALUES (1, '{}');
                 PRAGMA user_version = 1;
                 INSERT INTO records VALUES
                     (zeroblob(16), 'gate_event', zeroblob(16), 1, 'live', '', '2026-03-04T15:00:00Z', 'UTC', NULL, '{{}}',
                      x'00000000000000000000000000000001', NULL, 5, 1, 9, '2026-03-04T15:00:00Z', 'm', 0, NULL, NULL,
                      NULL, NULL, '', 'open', '2026-03-04T15:00:00Z'),
                     (x'00000000000000000000000000000002', 'gate_event', zeroblob(16), 1, 'live', '',
                      '2026-03-04T15:00:00Z', 'UTC', NULL, '{{\"direction\":\"in\"}}',
                      x'00000000000000000000000000000003', NULL, NULL, NULL, NULL, NULL, NULL, 1, NULL, NULL, NULL, NULL,
                      'mine', 'open', '2026-03-04T15:00:00Z');",
                MIGRATIONS[0],
                checksum(MIGRATIONS[0])
            ))
            .unwrap();
        migrate(&mut connection).unwrap();
        let rows: Vec<(bool, bool)> = connection
            .prepare("SELECT pending_sync, fingerprint IS NULL FROM records ORDER BY id")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(rows, [(false, false), (true, true)]);
    }

    /// A database as an app of that schema left it.
    fn of_schema(number: usize) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE migrations (number INTEGER PRIMARY KEY, checksum TEXT NOT NULL)")
            .unwrap();
        for (at, sql) in MIGRATIONS.iter().enumerate().take(number) {
            connection.execute_batch(sql).unwrap();
            connection.execute("INSERT INTO migrations VALUES (?1, ?2)", (at + 1, checksum(sql))).unwrap();
        }
        connection.pragma_update(None, "user_version", number).unwrap();
        connection
    }

    #[test]
    fn who_was_signed_out_when_any_refusal_did_that_tries_again() {
        let mut connection = of_schema(8);
        let sql = "INSERT INTO settings VALUES ('enrolment', ?1)";
        connection.execute(sql, [r#"{"token":"kept","revoked":true}"#]).unwrap();
        migrate(&mut connection).unwrap();
        let sql = "SELECT value FROM settings WHERE name = 'enrolment'";
        let now: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(now, r#"{"token":"kept","revoked":false}"#);
    }

    #[test]
    fn app_and_background_round_may_start_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gatebook.sqlite");
        let start = std::sync::Barrier::new(8);
        let migrates = || {
            let mut connection = Connection::open(&path).unwrap();
            connection.busy_timeout(std::time::Duration::from_secs(60)).unwrap();
            start.wait();
            migrate(&mut connection).unwrap();
        };
        std::thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(migrates))));
    }

    #[test]
    fn a_database_of_a_newer_app_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", SCHEMA + 1).unwrap();
        assert!(matches!(migrate(&mut connection), Err(StoreError::TooNew { .. })));
        let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 0);
    }
}
