//! What the database keeps up to date by itself, by triggers (`migrations/0012_kept_sums.sql`), so that nobody has to look
//! through all that was let go: what is known here of each scope, and what is asked for because it is missed. The triggers
//! hear of every row that is added, changed or deleted, and of none that `REPLACE` removes: nothing is to replace a row of
//! `records` or `let_go`.

#[cfg(any(test, feature = "simulation"))]
mod check;
#[cfg(test)]
mod tests;

use gatebook_sync::{Scope, Tally};
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

#[cfg(any(test, feature = "simulation"))]
pub(super) use check::check;

use crate::error::StoreError;

/// Count and sum of what is known here of a scope.
pub(super) fn tally(connection: &Connection, scope: Scope) -> Result<Tally, StoreError> {
    let kept = connection
        .prepare_cached("SELECT records, lower, upper FROM tallies WHERE scope = ifnull(?1, x'')")?
        .query_row([scope.yard_id()], |row| Ok(Tally::from_halves(row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(kept.unwrap_or(Tally::EMPTY))
}

/// What was let go and is missed, by id.
pub(super) fn wanted(connection: &Connection) -> Result<Vec<Uuid>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM wanted ORDER BY id")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// How often records of that kind of reference data have changed here.
pub(super) fn changes_of(connection: &Connection, kind: &str) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached("SELECT changes FROM reference_changes WHERE kind = ?1")?;
    Ok(statement.query_row([kind], |row| row.get(0))?)
}
