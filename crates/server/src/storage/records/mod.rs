//! Canonical states: by record, and as the feed of a scope by `seq`.

use gatebook_sync::{Content, Epoch, Fingerprint, Receipt, Scope, VersionId};
use jiff::Timestamp;
use rusqlite::Row;
use uuid::Uuid;

use super::tenants::Tenant;
use super::versions::read_content;
use super::{Reading, Writing, batch, timestamp};
use crate::error::ServerError;

/// Place of the body among the columns of `held.sql` and `feed.sql`.
const BODY: usize = 15;

/// The canonical state of a record, as stored.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub record_id: Uuid,
    pub write_id: Uuid,
    pub device_id: Option<Uuid>,
    pub version: VersionId,
    pub seq: u64,
    pub received_at: Timestamp,
    pub content: Content,
}

impl Held {
    /// Its receipt, not yet signed: enough to compare by.
    pub(crate) fn receipt(&self) -> Receipt {
        let VersionId { epoch, version } = self.version;
        Receipt { epoch, version, seq: self.seq, received_at: self.received_at, mac: String::new() }
    }
}

impl Reading<'_> {
    /// The canonical states of those records, as far as there are any.
    pub(crate) fn held(&self, tenant: Tenant, ids: &[Uuid]) -> Result<Vec<Held>, ServerError> {
        let mut statement = self.connection.prepare_cached(include_str!("held.sql"))?;
        let mut rows = statement.query((tenant.key, batch(ids)))?;
        let mut found = Vec::with_capacity(ids.len());
        while let Some(row) = rows.next()? {
            found.push(read(row)?);
        }
        Ok(found)
    }

    /// The canonical state of one record.
    pub(crate) fn held_one(&self, tenant: Tenant, id: Uuid) -> Result<Option<Held>, ServerError> {
        Ok(self.held(tenant, &[id])?.pop())
    }

    /// Walks the scope's canonical states behind `cursor` by ascending `seq`, until `visit` returns false.
    pub(crate) fn feed(
        &self,
        tenant: Tenant,
        scope: Scope,
        cursor: u64,
        mut visit: impl FnMut(FeedRow<'_>) -> Result<bool, ServerError>,
    ) -> Result<(), ServerError> {
        let mut statement = self.connection.prepare_cached(include_str!("feed.sql"))?;
        let mut rows = statement.query((tenant.key, scope.yard_id(), cursor))?;
        while let Some(row) = rows.next()? {
            if !visit(FeedRow { row })? {
                break;
            }
        }
        Ok(())
    }
}

/// A canonical state in the feed, read only as far as it is asked for.
pub(crate) struct FeedRow<'a> {
    row: &'a Row<'a>,
}

impl FeedRow<'_> {
    pub(crate) fn record_id(&self) -> Result<Uuid, ServerError> {
        Ok(self.row.get(0)?)
    }

    pub(crate) fn version(&self) -> Result<VersionId, ServerError> {
        Ok(VersionId { epoch: Epoch(self.row.get(3)?), version: self.row.get(4)? })
    }

    /// When it was received, in microseconds.
    pub(crate) fn received(&self) -> u64 {
        self.row.get(6).unwrap_or_default()
    }

    pub(crate) fn seq(&self) -> Result<u64, ServerError> {
        Ok(self.row.get(5)?)
    }

    pub(crate) fn body_bytes(&self) -> Result<usize, ServerError> {
        Ok(self.row.get_ref(BODY)?.as_bytes().map_err(|error| ServerError::unreadable("body", error))?.len())
    }

    pub(crate) fn held(&self) -> Result<Held, ServerError> {
        read(self.row)
    }
}

impl Writing<'_> {
    /// Makes the version of that key the record's canonical one.
    pub(crate) fn point(
        &self,
        tenant: Tenant,
        id: Uuid,
        yard: Option<Uuid>,
        seq: u64,
        version_key: i64,
        fingerprint: Fingerprint,
    ) -> Result<(), ServerError> {
        self.connection.prepare_cached(include_str!("point.sql"))?.execute((
            tenant.key,
            id,
            yard,
            seq,
            version_key,
            fingerprint.to_sql(),
        ))?;
        Ok(())
    }
}

fn read(row: &Row<'_>) -> Result<Held, ServerError> {
    Ok(Held {
        record_id: row.get(0)?,
        write_id: row.get(1)?,
        device_id: row.get(2)?,
        version: VersionId { epoch: Epoch(row.get(3)?), version: row.get(4)? },
        seq: row.get(5)?,
        received_at: timestamp(row.get(6)?)?,
        content: read_content(row, 7)?,
    })
}
