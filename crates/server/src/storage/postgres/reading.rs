//! What is looked up.

use std::collections::{HashMap, HashSet};

use gatebook_sync::wire::{Departure, Entry, IdRange};
use gatebook_sync::{Epoch, Fingerprint, Scope, Tally, VersionId};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::row::{self, Fed, get, unsigned};
use super::session::{Arguments, Session};
use crate::error::ServerError;
use crate::storage::model::{storable, timestamp};
use crate::storage::{
    Admin, Ancestor, Attribution, Counter, Device, FoundDevice, Held, LedgerEntry, Placed, Reading, StoredWrite,
    Tenant, Visit,
};

/// Rows of the feed fetched at first: most devices are behind by a few.
const FETCHED_FIRST: i64 = 64;
/// Rows of the feed fetched at a time after that.
const FETCHED: i64 = 1_000;

pub(super) const EPOCH: &str = "SELECT epoch FROM server";

impl Session {
    fn tenants_by(&self, sql: &str, id: Uuid) -> Result<Vec<Tenant>, ServerError> {
        self.all(sql, &[&id])?.iter().map(|row| row::tenant(row, 0)).collect()
    }
}

/// Where a feed stands, from its row.
pub(super) fn counter(row: &Row) -> Result<Counter, ServerError> {
    Ok(Counter { seq: unsigned(row, 0)?, received_at: timestamp(get(row, 1)?)? })
}

/// The scope as it is stored.
pub(super) fn scope_id(yard: Option<Uuid>) -> Uuid {
    yard.unwrap_or(Uuid::nil())
}

impl Reading for Session {
    fn epoch(&self) -> Result<Epoch, ServerError> {
        let epoch = Epoch(unsigned(&self.one(EPOCH, &[])?, 0)?);
        self.epoch.set(Some(epoch));
        Ok(epoch)
    }

    fn tenants(&self, id: Option<Uuid>) -> Result<Vec<Tenant>, ServerError> {
        let sql = "SELECT key, id FROM tenants WHERE $1::uuid IS NULL OR id = $1";
        self.all(sql, &[&id])?.iter().map(|row| row::tenant(row, 0)).collect()
    }

    fn tenants_with_record(&self, id: Uuid) -> Result<Vec<Tenant>, ServerError> {
        self.tenants_by(include_str!("tenants/with_record.sql"), id)
    }

    fn tenants_with_write(&self, id: Uuid) -> Result<Vec<Tenant>, ServerError> {
        self.tenants_by(include_str!("tenants/with_write.sql"), id)
    }

    fn admin_of_token(&self, token_hash: &[u8; 32]) -> Result<Option<Admin>, ServerError> {
        let found = self.first(include_str!("tenants/of_admin.sql"), &[&token_hash.as_slice()])?;
        found.map(|row| Ok(Admin { tenant: row::tenant(&row, 0)?, name: get(&row, 2)? })).transpose()
    }

    fn counter(&self, tenant: Tenant) -> Result<Counter, ServerError> {
        counter(&self.one("SELECT seq, received_at FROM tenant_counters WHERE tenant = $1", &[&tenant.key])?)
    }

    fn device_of_token(&self, token_hash: &[u8; 32]) -> Result<Option<Device>, ServerError> {
        let found = self.first(include_str!("devices/of_token.sql"), &[&token_hash.as_slice()])?;
        found.as_ref().map(row::device).transpose()
    }

    fn device_of_id(&self, id: Uuid) -> Result<Option<Device>, ServerError> {
        self.first(include_str!("devices/of_id.sql"), &[&id])?.as_ref().map(row::device).transpose()
    }

    fn find_devices(&self, id: Option<Uuid>, name: &str) -> Result<Vec<FoundDevice>, ServerError> {
        self.all(include_str!("devices/find.sql"), &[&id, &name])?.iter().map(row::found_device).collect()
    }

    fn revoked_devices(&self) -> Result<Vec<Uuid>, ServerError> {
        let sql = "SELECT id FROM devices WHERE revoked_at IS NOT NULL";
        self.all(sql, &[])?.iter().map(|row| get(row, 0)).collect()
    }

    fn tenant_of_device(&self, id: Uuid) -> Result<Option<Tenant>, ServerError> {
        let found = self.first(include_str!("devices/tenant.sql"), &[&id])?;
        found.map(|row| row::tenant(&row, 0)).transpose()
    }

    fn newest_filed(&self) -> Result<Option<Timestamp>, ServerError> {
        let newest: Option<i64> = get(&self.one(include_str!("versions/newest_filed.sql"), &[])?, 0)?;
        newest.map(timestamp).transpose()
    }

    fn device_names(&self, tenant: Tenant, ids: &[Uuid]) -> Result<HashMap<Uuid, String>, ServerError> {
        let sql = "SELECT id, name FROM devices WHERE tenant = $1 AND id = ANY ($2)";
        self.all(sql, &[&tenant.key, &ids])?.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect()
    }

    fn held(&self, tenant: Tenant, ids: &[Uuid]) -> Result<Vec<Held>, ServerError> {
        self.contents(include_str!("records/held.sql"), &[&tenant.key, &ids], row::held, |held| &held.content)
    }

    fn feed(&self, tenant: Tenant, scope: Scope, cursor: u64, visit: &mut Visit<'_>) -> Result<(), ServerError> {
        let scope = scope_id(scope.yard_id());
        let mut cursor = storable(cursor).unwrap_or(i64::MAX);
        let mut most = FETCHED_FIRST;
        loop {
            let rows = self.all(include_str!("records/feed.sql"), &[&tenant.key, &scope, &cursor, &most])?;
            for row in &rows {
                if !visit(&Fed(row))? {
                    return Ok(());
                }
            }
            match rows.last() {
                Some(last) if i64::try_from(rows.len()).is_ok_and(|rows| rows == most) => cursor = get(last, 5)?,
                _ => return Ok(()),
            }
            most = FETCHED;
        }
    }

    fn followed(&self, tenant: Tenant, write_ids: &[Uuid]) -> Result<HashSet<Uuid>, ServerError> {
        let sql = "SELECT write_id FROM followed WHERE tenant = $1 AND write_id = ANY ($2)";
        self.all(sql, &[&tenant.key, &write_ids])?.iter().map(|row| get(row, 0)).collect()
    }

    fn ledger(&self, tenant: Tenant, write_ids: &[Uuid]) -> Result<Vec<LedgerEntry>, ServerError> {
        let sql = include_str!("versions/ledger.sql");
        self.contents(sql, &[&tenant.key, &write_ids], row::entry, |entry| &entry.content)
    }

    fn notices_about(&self, tenant: Tenant, records: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>, ServerError> {
        let found = self.all(include_str!("records/notices_about.sql"), &[&tenant.key, &records])?;
        found.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect()
    }

    fn lineage(&self, tenant: Tenant, ids: &[Uuid]) -> Result<Vec<Ancestor>, ServerError> {
        self.all(include_str!("versions/lineage.sql"), &[&tenant.key, &ids])?.iter().map(row::ancestor).collect()
    }

    fn tally(&self, tenant: Tenant, scope: Scope) -> Result<Tally, ServerError> {
        let sql = "SELECT records, lower, upper FROM tallies WHERE tenant = $1 AND scope = $2";
        let Some(row) = self.first(sql, &[&tenant.key, &scope_id(scope.yard_id())])? else {
            return Ok(Tally::default());
        };
        Ok(Tally::from_halves(unsigned(&row, 0)?, unsigned(&row, 1)?, unsigned(&row, 2)?))
    }

    fn entries(&self, tenant: Tenant, range: IdRange, limit: usize) -> Result<Vec<Entry>, ServerError> {
        let scope = scope_id(range.scope.yard_id());
        let entry = |row: &Row| Ok(Entry { id: get(row, 0)?, fingerprint: Fingerprint::from_sql(get(row, 1)?) });
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let arguments: Arguments<'_> = &[&tenant.key, &scope, &range.from, &range.to, &limit];
        self.all(include_str!("consistency/range.sql"), arguments)?.iter().map(entry).collect()
    }

    fn departures(
        &self,
        tenant: Tenant,
        scope: Scope,
        cursor: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Departure)>, ServerError> {
        let (cursor, limit) = (storable(cursor).unwrap_or(i64::MAX), i64::from(limit));
        let arguments: Arguments<'_> = &[&tenant.key, &scope_id(scope.yard_id()), &cursor, &limit];
        self.all(include_str!("consistency/departures.sql"), arguments)?.iter().map(row::departure).collect()
    }

    fn placed_at(&self, tenant: Tenant, seq: u64) -> Result<Option<Placed>, ServerError> {
        let sql = "SELECT write_id, version, received_at FROM versions WHERE tenant = $1 AND seq = $2";
        let found = self.first(sql, &[&tenant.key, &storable(seq).unwrap_or(i64::MAX)])?;
        let placed = |row| {
            let received_at = timestamp(get(&row, 2)?)?;
            Ok(Placed { write_id: get(&row, 0)?, version: unsigned(&row, 1)?, received_at })
        };
        found.map(placed).transpose()
    }

    fn attributions(&self, tenant: Tenant, write_ids: &[Uuid]) -> Result<HashMap<Uuid, Attribution>, ServerError> {
        let rows = self.all(include_str!("versions/attribution.sql"), &[&tenant.key, &write_ids])?;
        rows.iter().filter_map(|row| row::attributed(row).transpose()).collect()
    }

    fn writes_of_record(&self, tenant: Tenant, record_id: Uuid) -> Result<Vec<StoredWrite>, ServerError> {
        self.all(include_str!("versions/of_record.sql"), &[&tenant.key, &record_id])?.iter().map(row::write).collect()
    }

    fn writes_of_versions(
        &self,
        tenant: Tenant,
        versions: &[(Uuid, VersionId)],
    ) -> Result<Vec<StoredWrite>, ServerError> {
        let ids: Vec<Uuid> = versions.iter().map(|(id, _)| *id).collect();
        let epochs: Vec<Option<i64>> = versions.iter().map(|(_, version)| storable(version.epoch.0)).collect();
        let numbers: Vec<Option<i64>> = versions.iter().map(|(_, version)| storable(version.version)).collect();
        let arguments: Arguments<'_> = &[&tenant.key, &ids, &epochs, &numbers];
        self.contents(include_str!("versions/of_versions.sql"), arguments, row::write, |write| &write.content)
    }

    fn lost_by_office(&self, tenant: Tenant, limit: usize) -> Result<Vec<StoredWrite>, ServerError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(include_str!("versions/lost_by_office.sql"), &[&tenant.key, &limit])?.iter().map(row::write).collect()
    }

    fn write(&self, tenant: Tenant, write_id: Uuid) -> Result<Option<StoredWrite>, ServerError> {
        let found = self.first(include_str!("versions/by_write.sql"), &[&tenant.key, &write_id])?;
        found.as_ref().map(row::write).transpose()
    }
}
