//! What a failure of the database means: to be tried again here, to be tried again by the caller, or a defect.

use std::error::Error as _;

use tokio_postgres::error::SqlState;

use crate::error::ServerError;

/// What to make of an error that the database or the way to it gave.
pub(super) fn failed(error: tokio_postgres::Error) -> ServerError {
    match error.code() {
        Some(code) if is_contention(code) => ServerError::Contended(Box::new(error)),
        Some(code) if is_away(code) => ServerError::DatabaseAway(Box::new(error)),
        None if error.is_closed() || is_about_io(&error) => ServerError::DatabaseAway(Box::new(error)),
        _ => ServerError::Postgres(error),
    }
}

/// Somebody else's transaction came in between: the same work, done again, sees what the other did. A key that exists
/// all of a sudden is of this sort, as all keys were looked up before.
fn is_contention(code: &SqlState) -> bool {
    [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::UNIQUE_VIOLATION].contains(code)
}

/// The database is stopping, starting, full of connections, out of space or memory, not the primary any more, or gave up
/// waiting. Classes: 08 connections, 53 resources, 58 the system (PostgreSQL's appendix A).
fn is_away(code: &SqlState) -> bool {
    let states = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::QUERY_CANCELED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ];
    states.contains(code) || ["08", "53", "58"].iter().any(|class| code.code().starts_with(class))
}

fn is_about_io(error: &tokio_postgres::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<std::io::Error>() {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_without_space_or_memory_is_away_and_a_broken_statement_is_not() {
        for code in [SqlState::DISK_FULL, SqlState::OUT_OF_MEMORY, SqlState::IO_ERROR, SqlState::TOO_MANY_CONNECTIONS] {
            assert!(is_away(&code), "{code:?}");
        }
        for code in [SqlState::NOT_NULL_VIOLATION, SqlState::STRING_DATA_RIGHT_TRUNCATION, SqlState::SYNTAX_ERROR] {
            assert!(!is_away(&code), "{code:?}");
        }
    }
}
