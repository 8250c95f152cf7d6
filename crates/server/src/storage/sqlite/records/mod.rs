//! Canonical states: by record, and as the feed of a scope by `seq`.

use std::rc::Rc;

use gatebook_sync::{Epoch, Fingerprint, Scope, VersionId};
use rusqlite::types::Value;
use uuid::Uuid;

use super::versions::read_content;
use super::{Session, batch};
use crate::error::ServerError;
use crate::storage::model::{timestamp, wall_time};
use crate::storage::{FeedRow, Held, Tenant, Visit};

/// Place of the body among the columns of `held.sql` and `feed.sql`.
const BODY: usize = 15;

impl Session<'_> {
    /// The canonical states of those records, as far as there are any.
    pub(super) fn held(&self, tenant: Tenant, ids: &[Uuid]) -> Result<Vec<Held>, ServerError> {
        let mut statement = self.connection.prepare_cached(include_str!("held.sql"))?;
        let mut rows = statement.query((tenant.key, batch(ids)))?;
        let mut found = Vec::with_capacity(ids.len());
        while let Some(row) = rows.next()? {
            let held = read(row)?;
            self.has_read(&held.content)?;
            found.push(held);
        }
        Ok(found)
    }

    /// The notices there are about those records, open or settled: record and notice.
    pub(super) fn notices_about(&self, tenant: Tenant, records: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>, ServerError> {
        let named: Vec<Value> = records.iter().map(|id| Value::Text(id.to_string())).collect();
        let mut statement = self.connection.prepare_cached(include_str!("notices_about.sql"))?;
        let mut rows = statement.query((tenant.key, Rc::new(named)))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let about = row.get_ref(0)?.as_str().ok().and_then(|id| id.parse().ok());
            found.extend(about.map(|about| row.get(1).map(|notice| (about, notice))).transpose()?);
        }
        Ok(found)
    }

    /// Walks the scope's canonical states behind `cursor` by ascending `seq`, until `visit` returns false.
    pub(super) fn feed(
        &self,
        tenant: Tenant,
        scope: Scope,
        cursor: u64,
        visit: &mut Visit<'_>,
    ) -> Result<(), ServerError> {
        let mut statement = self.connection.prepare_cached(include_str!("feed.sql"))?;
        let mut rows = statement.query((tenant.key, scope.yard_id(), cursor))?;
        while let Some(row) = rows.next()? {
            if !visit(&Row(row))? {
                break;
            }
        }
        Ok(())
    }
}

struct Row<'a>(&'a rusqlite::Row<'a>);

impl FeedRow for Row<'_> {
    fn record_id(&self) -> Result<Uuid, ServerError> {
        Ok(self.0.get(0)?)
    }

    fn version(&self) -> Result<VersionId, ServerError> {
        Ok(VersionId { epoch: Epoch(self.0.get(3)?), version: self.0.get(4)? })
    }

    fn received(&self) -> u64 {
        self.0.get(6).unwrap_or_default()
    }

    fn seq(&self) -> Result<u64, ServerError> {
        Ok(self.0.get(5)?)
    }

    fn body_bytes(&self) -> Result<usize, ServerError> {
        Ok(self.0.get_ref(BODY)?.as_bytes().map_err(|error| ServerError::unreadable("body", error))?.len())
    }

    fn held(&self) -> Result<Held, ServerError> {
        read(self.0)
    }
}

impl Session<'_> {
    /// Makes the version of that key the record's canonical one.
    pub(super) fn point(
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

fn read(row: &rusqlite::Row<'_>) -> Result<Held, ServerError> {
    Ok(Held {
        record_id: row.get(0)?,
        write_id: row.get(1)?,
        device_id: row.get(2)?,
        version: version(row, 3)?,
        seq: row.get(5)?,
        received_at: timestamp(row.get(6)?)?,
        content: read_content(row, 7)?,
        put_back_from: row.get::<_, Option<u64>>(16)?.map(|_| version(row, 16)).transpose()?,
        filed: wall_time(row.get(18)?, row.get(19)?)?,
        is_draft: row.get(20)?,
    })
}

fn version(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<VersionId> {
    Ok(VersionId { epoch: Epoch(row.get(at)?), version: row.get(at + 1)? })
}
