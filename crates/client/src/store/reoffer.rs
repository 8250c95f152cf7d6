//! What this device holds and a restored server may have lost, as a query: the next page to offer again.

use gatebook_sync::Canonical;
use gatebook_sync::wire::Limits;
use rusqlite::Connection;
use uuid::Uuid;

use super::pending::ENVELOPE_BYTES;
use super::row::RecordRow;
use super::{Store, settings};
use crate::answer::UNREADABLE;
use crate::error::StoreError;

/// How far a round has come with its offers; each state is offered at most once a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offered {
    /// The last write among states that gave way.
    displaced: Uuid,
    /// The last record among those held.
    held: Uuid,
}

impl Default for Offered {
    fn default() -> Self {
        Self { displaced: Uuid::nil(), held: Uuid::nil() }
    }
}

impl Store {
    /// The next states to offer, and how far that comes; none before everything has been pulled.
    pub(crate) fn reoffer_page(&self, after: Offered, limits: Limits) -> Result<(Vec<Canonical>, Offered), StoreError> {
        self.read(|connection| {
            let mut page = Page { states: Vec::new(), bytes: 0, limits, reached: after };
            if settings::get(connection, &settings::STARTING_AGAIN)?.is_none() {
                // What gave way is older than what is held.
                let _has_room = displaced(connection, &mut page)? && held(connection, &mut page)?;
            }
            Ok((page.states, page.reached))
        })
    }
}

struct Page {
    states: Vec<Canonical>,
    bytes: usize,
    limits: Limits,
    reached: Offered,
}

impl Page {
    /// Adds a state if it fits; one always does.
    fn add(&mut self, state: Canonical, reached: Offered) -> bool {
        let bytes = self.bytes + state.content.body.get().len() + ENVELOPE_BYTES;
        let is_full = self.states.len() >= self.limits.page_records as usize || bytes > self.limits.page_bytes as usize;
        if is_full && !self.states.is_empty() {
            return false;
        }
        self.bytes = bytes;
        self.states.push(state);
        self.reached = reached;
        true
    }
}

fn displaced(connection: &Connection, page: &mut Page) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT write_id, state FROM displaced WHERE refused IS NULL AND write_id > ?1 ORDER BY write_id",
    )?;
    let mut rows = statement.query([page.reached.displaced])?;
    while let Some(row) = rows.next()? {
        let reached = Offered { displaced: row.get(0)?, ..page.reached };
        let state = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        let state: Canonical = serde_json::from_str(state)
            .map_err(|source| StoreError::Unreadable { what: "displaced state", source: Box::new(source) })?;
        if state.content.kind == UNREADABLE {
            page.reached = reached;
            continue;
        }
        if !page.add(state, reached) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn held(connection: &Connection, page: &mut Page) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM unconfirmed WHERE id > ?1 ORDER BY id")?;
    let mut rows = statement.query([page.reached.held])?;
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        let reached = Offered { held: id, ..page.reached };
        match RecordRow::find(connection, id)?.and_then(|row| row.known()) {
            // Not in the words that its receipt is for. A version that can read it offers it.
            Some(state) if state.content.kind == UNREADABLE => page.reached = reached,
            Some(state) => {
                if !page.add(state, reached) {
                    return Ok(false);
                }
            }
            None => page.reached = reached,
        }
    }
    Ok(true)
}
