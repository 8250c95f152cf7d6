//! Forward-only schema migrations. A shipped one is never edited: its checksum is in the database that ran it.

use rusqlite::{Connection, TransactionBehavior};
use sha2::{Digest, Sha256};

use crate::error::ServerError;

const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_initial.sql")];

#[expect(clippy::cast_possible_truncation, reason = "there are not four billion migrations")]
const SCHEMA: u32 = MIGRATIONS.len() as u32;

pub(super) fn migrate(connection: &mut Connection) -> Result<(), ServerError> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > SCHEMA {
        return Err(ServerError::TooNew { found, known: SCHEMA });
    }
    for (at, sql) in MIGRATIONS.iter().enumerate().skip(found as usize) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(
            "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, checksum BLOB NOT NULL)",
        )?;
        transaction.execute_batch(sql)?;
        let checksum = Sha256::digest(sql);
        transaction.execute("INSERT INTO migrations VALUES (?1, ?2)", (at + 1, checksum.as_slice()))?;
        transaction.pragma_update(None, "user_version", at + 1)?;
        transaction.commit()?;
    }
    for (at, sql) in MIGRATIONS.iter().enumerate() {
        let ran: Vec<u8> =
            connection.query_row("SELECT checksum FROM migrations WHERE number = ?1", [at + 1], |row| row.get(0))?;
        debug_assert_eq!(ran, Sha256::digest(sql).as_slice(), "migration {} was edited after it ran", at + 1);
    }
    Ok(())
}
