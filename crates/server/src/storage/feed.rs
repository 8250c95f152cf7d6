//! The feed of a scope: canonical states by `seq`.

use gatebook_sync::Scope;
use rusqlite::Connection;
use uuid::Uuid;

use super::versions::{Held, read_held};
use crate::error::ServerError;

/// One record of the feed.
#[derive(Debug)]
pub(crate) struct FeedRow {
    pub id: Uuid,
    pub held: Held,
}

/// Walks the scope's records behind `cursor` by ascending `seq`, until `visit` says to stop.
pub(crate) fn walk(
    connection: &Connection,
    tenant: i64,
    scope: Scope,
    cursor: u64,
    mut visit: impl FnMut(FeedRow) -> bool,
) -> Result<(), ServerError> {
    let mut statement = connection.prepare_cached(include_str!("feed.sql"))?;
    let mut rows = statement.query((tenant, scope.yard_id(), cursor))?;
    while let Some(row) = rows.next()? {
        if !visit(FeedRow { id: row.get(15)?, held: read_held(row)? }) {
            break;
        }
    }
    Ok(())
}
