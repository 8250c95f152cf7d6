//! Which records are named by what is held here. Reference data that the office has struck out stays as long as anything
//! names it, and is asked for again when something comes that does.

use std::collections::HashSet;

use rusqlite::Connection;
use uuid::Uuid;

use super::pending;
use super::row::RecordRow;
use crate::error::StoreError;

/// Where ids stand in columns of their own.
const IDS: &str =
    "SELECT yard_id FROM records UNION SELECT known_yard FROM records UNION SELECT operator_id FROM records";
/// Where they stand in texts.
const TEXTS: [&str; 7] = [
    "SELECT body FROM records",
    "SELECT shadow FROM records WHERE pending_sync = 1",
    "SELECT content FROM corrections",
    "SELECT content FROM replaced",
    "SELECT ifnull(before, '') || theirs FROM meanwhile",
    "SELECT state FROM displaced",
    "SELECT value FROM settings",
];

/// The ids that stand in a JSON text. Nobody writes one in any other way than as a string of its own.
pub(super) fn in_text(text: &str) -> impl Iterator<Item = Uuid> + '_ {
    text.split('"').filter(|part| part.len() == 36).filter_map(|part| Uuid::try_parse(part).ok())
}

/// Every id that anything here names.
pub(super) fn all(connection: &Connection) -> Result<HashSet<Uuid>, StoreError> {
    let mut named: HashSet<Uuid> = pending::cursors(connection)?.keys().filter_map(|scope| scope.yard_id()).collect();
    let mut statement = connection.prepare_cached(IDS)?;
    for id in statement.query_map([], |row| row.get::<_, Option<Uuid>>(0))? {
        named.extend(id?);
    }
    for sql in TEXTS {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let text = row.get_ref(0)?.as_str_or_null().map_err(rusqlite::Error::from)?;
            named.extend(text.into_iter().flat_map(in_text));
        }
    }
    Ok(named)
}

/// What the row names and was let go is wanted again.
pub(super) fn miss(connection: &Connection, row: &RecordRow) -> Result<(), StoreError> {
    let any = "SELECT EXISTS (SELECT 1 FROM let_go WHERE is_reference = 1)";
    if !connection.prepare_cached(any)?.query_row([], |row| row.get::<_, bool>(0))? {
        return Ok(());
    }
    let contents = [Some(&row.content), row.shadow.as_ref().map(|shadow| &shadow.content)];
    let mut wanted = connection.prepare_cached(
        "INSERT INTO wanted SELECT id FROM let_go WHERE id = ?1 AND is_reference = 1 \
         AND NOT EXISTS (SELECT 1 FROM wanted WHERE id = ?1)",
    )?;
    for content in contents.into_iter().flatten() {
        for id in in_text(content.body.get()).chain(content.operator_id).chain(content.yard_id) {
            wanted.execute([id])?;
        }
    }
    Ok(())
}
