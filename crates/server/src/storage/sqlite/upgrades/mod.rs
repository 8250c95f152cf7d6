//! Forward-only schema upgrades. A shipped one is never edited: its checksum lies in every database that ran it.

use rusqlite::{Connection, TransactionBehavior};
use sha2::{Digest, Sha256};

use crate::error::ServerError;

const UPGRADES: &[&str] = &[
    include_str!("0001_initial.sql"),
    include_str!("0002_consistency.sql"),
    include_str!("0003_photos.sql"),
    include_str!("0004_swept_at.sql"),
    include_str!("0005_followed.sql"),
    include_str!("0006_filed_at.sql"),
    include_str!("0007_attribution.sql"),
    include_str!("0008_repeated_enrolment.sql"),
    include_str!("0009_notices.sql"),
    include_str!("0010_key_check.sql"),
    include_str!("0011_uploads_of_device.sql"),
    include_str!("0012_merged_drafts.sql"),
];

/// "Gate" in ASCII: says whose database the file is.
pub(crate) const APPLICATION_ID: i32 = 0x4761_7465;

/// Brings the database to the schema of this version.
pub(super) fn run(connection: &mut Connection) -> Result<(), ServerError> {
    run_all(connection, UPGRADES)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    super::consistency::fill_fingerprints(&transaction)?;
    Ok(transaction.commit()?)
}

/// Refuses a database of a newer server.
pub(super) fn refuse_newer(connection: &Connection) -> Result<(), ServerError> {
    schema_of(connection, UPGRADES.len()).map(drop)
}

/// The schema that the database has, unless it is above the newest that is known.
fn schema_of(connection: &Connection, known: usize) -> Result<usize, ServerError> {
    let found: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > known { Err(ServerError::TooNew { found, known }) } else { Ok(found) }
}

fn run_all(connection: &mut Connection, upgrades: &[&str]) -> Result<(), ServerError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = schema_of(&transaction, upgrades.len())?;
    if found == 0 {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.execute_batch("CREATE TABLE upgrades (number INTEGER PRIMARY KEY, checksum BLOB NOT NULL)")?;
    }
    for (at, sql) in upgrades.iter().enumerate() {
        let (number, checksum) = (at + 1, Sha256::digest(sql));
        if number > found {
            transaction.execute_batch(sql)?;
            transaction.execute("INSERT INTO upgrades VALUES (?1, ?2)", (number, checksum.as_slice()))?;
        } else {
            let ran: Vec<u8> =
                transaction.query_row("SELECT checksum FROM upgrades WHERE number = ?1", [number], |row| row.get(0))?;
            if ran != checksum.as_slice() {
                return Err(ServerError::UpgradeEdited(number));
            }
        }
    }
    transaction.pragma_update(None, "user_version", upgrades.len())?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "CREATE TABLE one (a INTEGER);";
    const TWO: &str = "CREATE TABLE two (a INTEGER);";

    fn has_table_two(database: &Connection) -> bool {
        database.prepare("SELECT a FROM two").is_ok()
    }

    #[test]
    fn each_upgrade_runs_once_whenever_it_is_added() {
        let mut database = Connection::open_in_memory().unwrap();
        run_all(&mut database, &[ONE]).unwrap();
        run_all(&mut database, &[ONE, TWO]).unwrap();
        run_all(&mut database, &[ONE, TWO]).unwrap();
        assert!(has_table_two(&database));
    }

    #[test]
    fn records_from_before_there_were_tallies_are_counted() {
        let mut database = Connection::open_in_memory().unwrap();
        run_all(&mut database, &UPGRADES[..1]).unwrap();
        database
            .execute_batch(
                "INSERT INTO tenants VALUES (1, x'01', 'T');
                 INSERT INTO versions VALUES (7, 1, x'02', zeroblob(16), 'gate_event', x'0a', 1, 'live', '', '', 'UTC',
                     NULL, '{}', NULL, NULL, NULL, NULL, '', '\"accepted\"', 'canonical', NULL, 5, 1, 1, 1000);
                 INSERT INTO records VALUES (1, zeroblob(16), x'0a', 1, 7);",
            )
            .unwrap();
        run(&mut database).unwrap();
        run(&mut database).unwrap();
        let counted: (u64, bool) = database
            .query_row("SELECT records, lower <> 0 FROM tallies WHERE scope = x'0a'", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(counted, (1, true));
    }

    #[test]
    fn notices_about_records_and_what_the_office_lost_are_found_by_their_indexes() {
        let mut database = Connection::open_in_memory().unwrap();
        run(&mut database).unwrap();
        rusqlite::vtab::array::load_module(&database).unwrap();
        for (sql, index) in [
            (include_str!("../records/notices_about.sql"), "versions_of_notices (tenant=? AND <expr>=?)"),
            (include_str!("../versions/lost_by_office.sql"), "versions_of_office (tenant=?)"),
        ] {
            let mut plan = database.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps = plan.query_map([0, 0], |row| row.get(3)).unwrap().collect::<Result<Vec<String>, _>>().unwrap();
            assert!(steps.iter().any(|step| step.contains(index)), "{steps:?}");
        }
    }

    #[test]
    fn an_upgrade_that_was_edited_after_it_ran_is_noticed() {
        let mut database = Connection::open_in_memory().unwrap();
        run_all(&mut database, &[ONE]).unwrap();
        assert!(matches!(run_all(&mut database, &[TWO]), Err(ServerError::UpgradeEdited(1))));
    }

    #[test]
    fn a_database_of_a_newer_server_is_left_alone() {
        let mut database = Connection::open_in_memory().unwrap();
        run_all(&mut database, &[ONE, TWO]).unwrap();
        assert!(matches!(run_all(&mut database, &[ONE]), Err(ServerError::TooNew { found: 2, known: 1 })));
    }

    #[test]
    fn an_upgrade_that_fails_leaves_the_old_schema_whole() {
        let mut database = Connection::open_in_memory().unwrap();
        run_all(&mut database, &[ONE]).unwrap();
        assert!(run_all(&mut database, &[ONE, "CREATE TABLE two (a); NOT SQL;"]).is_err());
        assert!(!has_table_two(&database));
        run_all(&mut database, &[ONE]).unwrap();
    }
}
