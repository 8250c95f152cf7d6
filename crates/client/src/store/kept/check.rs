//! What is kept, held against what looking through everything gives.

use rusqlite::Connection;

use crate::error::StoreError;

/// Scopes whose kept tally is not what a full sum gives.
const WRONG_TALLIES: &str = "SELECT count(*) FROM (
    SELECT scope FROM (
        SELECT scope, -records AS records, -lower AS lower, -upper AS upper FROM tallies
        UNION ALL
        SELECT ifnull(known_yard, x''), 1, fingerprint & 0xffffffff, (fingerprint >> 32) & 0xffffffff
        FROM records WHERE fingerprint IS NOT NULL
        UNION ALL
        SELECT ifnull(yard_id, x''), 1, fingerprint & 0xffffffff, (fingerprint >> 32) & 0xffffffff FROM let_go
    )
    GROUP BY scope HAVING sum(records) <> 0 OR sum(lower) <> 0 OR sum(upper) <> 0
)";

/// Attachments that are missed and not wanted, and what is wanted and neither such an attachment nor reference data.
const WRONGLY_WANTED: &str = "SELECT
    (SELECT count(*) FROM let_go JOIN records ON records.id = let_go.parent_id
     WHERE let_go.id NOT IN (SELECT id FROM wanted))
    + (SELECT count(*) FROM wanted LEFT JOIN let_go USING (id)
       WHERE let_go.id IS NULL OR is_reference = 0 AND ifnull(parent_id, x'') NOT IN (SELECT id FROM records))";

/// Holds what is kept against what looking through everything gives. Only where tests or the simulator run, after each
/// transaction.
///
/// # Panics
/// They differ.
pub(crate) fn check(connection: &Connection) -> Result<(), StoreError> {
    for (what, sql) in [("tallies", WRONG_TALLIES), ("wanted", WRONGLY_WANTED)] {
        let wrong: u32 = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        assert_eq!(wrong, 0, "{what}: what the database keeps is not what is there");
    }
    Ok(())
}
