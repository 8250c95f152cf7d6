//! What scopes hold, in sums and lists, to be compared with devices; what left them; and whether a device's mark is of
//! this history.

use gatebook_sync::wire::{Departure, Entry, IdRange};
use gatebook_sync::{Epoch, Fingerprint, Receipt, Scope, Tally, VersionId};
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::Session;
use crate::error::ServerError;
use crate::storage::model::timestamp;
use crate::storage::{Placed, Tenant};

impl Session<'_> {
    /// What the scope holds.
    pub(super) fn tally(&self, tenant: Tenant, scope: Scope) -> Result<Tally, ServerError> {
        let yard = scope.yard_id();
        let tally = self
            .connection
            .prepare_cached("SELECT records, lower, upper FROM tallies WHERE tenant = ?1 AND scope = ifnull(?2, x'')")?
            .query_row((tenant.key, yard), |row| Ok(Tally::from_halves(row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        Ok(tally.unwrap_or_default())
    }

    /// What the scope holds in that range, by id; at most the first `limit`.
    pub(super) fn entries(&self, tenant: Tenant, range: IdRange, limit: usize) -> Result<Vec<Entry>, ServerError> {
        let mut statement = self.connection.prepare_cached(include_str!("range.sql"))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map((tenant.key, range.scope.yard_id(), range.from, range.to, limit), |row| {
            Ok(Entry { id: row.get(0)?, fingerprint: Fingerprint::from_sql(row.get(1)?) })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Records that left the scope behind `cursor`, with their place in the feed, oldest first; at most `limit`.
    pub(super) fn departures(
        &self,
        tenant: Tenant,
        scope: Scope,
        cursor: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Departure)>, ServerError> {
        let mut statement = self.connection.prepare_cached(include_str!("departures.sql"))?;
        let rows = statement.query_map((tenant.key, scope.yard_id(), cursor, limit), |row| {
            let version = VersionId { epoch: Epoch(row.get(2)?), version: row.get(3)? };
            Ok((row.get(1)?, Departure { id: row.get(0)?, version }))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Which write stands at that place of the feed and when it was received, if there is one.
    pub(super) fn placed_at(&self, tenant: Tenant, seq: u64) -> Result<Option<Placed>, ServerError> {
        self.connection
            .prepare_cached("SELECT write_id, version, received_at FROM versions WHERE tenant = ?1 AND seq = ?2")?
            .query_row((tenant.key, seq), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?
            .map(|(write_id, version, received_at)| {
                Ok(Placed { write_id, version, received_at: timestamp(received_at)? })
            })
            .transpose()
    }
}

/// Fills in the fingerprints of records from before there were any.
pub(super) fn fill_fingerprints(connection: &Connection) -> Result<(), ServerError> {
    let unmarked: Vec<(i64, Uuid, Receipt)> = connection
        .prepare(include_str!("unmarked.sql"))?
        .query_and_then([], |row| {
            let (epoch, received_at) = (Epoch(row.get(2)?), timestamp(row.get(4)?)?);
            let receipt = Receipt { epoch, version: row.get(3)?, seq: 0, received_at, mac: String::new() };
            Ok((row.get(0)?, row.get(1)?, receipt))
        })?
        .collect::<Result<_, ServerError>>()?;
    let mut fill = connection.prepare("UPDATE records SET fingerprint = ?3 WHERE tenant = ?1 AND id = ?2")?;
    for (tenant, id, receipt) in unmarked {
        fill.execute((tenant, id, Fingerprint::of(id, &receipt).to_sql()))?;
    }
    Ok(())
}
