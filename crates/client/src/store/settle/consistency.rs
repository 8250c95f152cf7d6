//! Whether device and server hold the same, and where they do not. Compared are the canonical states known here, never
//! what is pending, together with the history that was let go.

use std::collections::HashMap;

use gatebook_sync::wire::{Entry, IdRange, Part, Repair, ScopePage};
use gatebook_sync::{Canonical, Fingerprint, Scope, Tally};
use rusqlite::Connection;
use uuid::Uuid;

use super::{Settling, healing};
use crate::error::StoreError;
use crate::store::row::RecordRow;
use crate::store::{Store, history, settings};

/// A state held here, or let go.
struct Held {
    fingerprint: Fingerprint,
    is_let_go: bool,
}

impl Store {
    /// What the device knows the server to hold of a scope, as it is compared with the server at the end of each sync.
    ///
    /// # Errors
    /// The database failed.
    pub fn tally(&self, scope: Scope) -> Result<Tally, StoreError> {
        self.read(|connection| tally(connection, IdRange::whole(scope)))
    }

    /// How often device and server were found to differ. 0 in normal life.
    ///
    /// # Errors
    /// The database failed.
    pub fn repairs(&self) -> Result<u32, StoreError> {
        Ok(self.setting(&settings::REPAIRS)?.unwrap_or_default())
    }
}

impl Settling<'_> {
    /// The scopes in which device and server do not hold the same; each is counted.
    pub(super) fn differing(&self, pages: &[ScopePage]) -> Result<Vec<IdRange>, StoreError> {
        let mut differing = Vec::new();
        for page in pages {
            let Some(theirs) = page.tally else { continue };
            let range = IdRange::whole(page.scope);
            let mine = tally(self.connection, range)?;
            if mine != theirs {
                tracing::warn!(scope = %page.scope, ?mine, ?theirs, "device and server do not hold the same");
                differing.push(range);
            }
        }
        if !differing.is_empty() {
            let before = settings::get(self.connection, &settings::REPAIRS)?.unwrap_or_default();
            let found = u32::try_from(differing.len()).unwrap_or(u32::MAX);
            settings::put(self.connection, &settings::REPAIRS, Some(&before.saturating_add(found)))?;
        }
        Ok(differing)
    }

    /// Narrows down where device and server differ. Records that the server lists otherwise are asked for; those it does
    /// not list are offered to it.
    pub(super) fn narrow(&self, parts: &[Part]) -> Result<Repair, StoreError> {
        let mut repair = Repair::default();
        for part in parts {
            if tally(self.connection, part.range)? == part.tally {
                continue;
            }
            match &part.entries {
                None => repair.ranges.push(part.range),
                Some(theirs) => repair.fetch.extend(self.compare(part.range, theirs)?),
            }
        }
        Ok(repair)
    }

    /// Takes over a state that was asked for, though it was let go before. What was held here instead is offered: the
    /// server may have lost it.
    pub(super) fn fetched(&self, canonical: Canonical) -> Result<bool, StoreError> {
        history::take_back(self.connection, canonical.id)?;
        if RecordRow::find(self.connection, canonical.id)?.is_some_and(|row| row.known().is_some()) {
            healing::doubt(self.connection, canonical.id)?;
        }
        Settling { healing: true, has_let_go: true, ..*self }.pulled(canonical)
    }

    fn compare(&self, range: IdRange, theirs: &[Entry]) -> Result<Vec<Uuid>, StoreError> {
        let mut mine = self.entries(range)?;
        let mut differing = Vec::new();
        for Entry { id, fingerprint } in theirs {
            if mine.remove(id).is_none_or(|held| held.fingerprint != *fingerprint) {
                differing.push(*id);
            }
        }
        for (id, held) in mine {
            if held.is_let_go {
                history::take_back(self.connection, id)?;
            } else {
                healing::doubt(self.connection, id)?;
            }
        }
        Ok(differing)
    }

    fn entries(&self, IdRange { scope, from, to }: IdRange) -> Result<HashMap<Uuid, Held>, StoreError> {
        let mut statement = self.connection.prepare_cached(include_str!("entries.sql"))?;
        let rows = statement.query_map((scope.yard_id(), from, to), |row| {
            Ok((row.get(0)?, Held { fingerprint: Fingerprint::from_sql(row.get(1)?), is_let_go: row.get(2)? }))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn tally(connection: &Connection, IdRange { scope, from, to }: IdRange) -> Result<Tally, StoreError> {
    let mut sums = connection.prepare_cached(include_str!("tally.sql"))?;
    Ok(sums
        .query_row((scope.yard_id(), from, to), |row| Ok(Tally::from_halves(row.get(0)?, row.get(1)?, row.get(2)?)))?)
}
