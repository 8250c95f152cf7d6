//! A transaction on the embedded database, as the rest of the server sees it. What each call does stands with its table.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use gatebook_sync::wire::{Departure, Entry, IdRange};
use gatebook_sync::{Content, Epoch, Scope, Tally, VersionId, deliberate};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use crate::error::ServerError;
use crate::storage::model::timestamp;
use crate::storage::{
    Admin, Ancestor, Attribution, BodyRoom, Code, Counter, Device, Filing, FoundDevice, Held, LedgerEntry, NewDevice,
    Outcome, Placed, Reading, StoredWrite, Tenant, Visit, Writing,
};

/// A transaction. There is only one that writes, so nothing needs to be locked in it.
pub(super) struct Session<'a> {
    pub(super) connection: &'a Connection,
    /// Where what is read of bodies has its room, if that is bounded.
    room: RefCell<Option<BodyRoom>>,
}

impl<'a> Session<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection, room: RefCell::default() }
    }

    /// A body was read.
    pub(super) fn has_read(&self, content: &Content) -> Result<(), ServerError> {
        self.room.borrow().as_ref().map_or(Ok(()), |room| room.take(content))
    }
}

impl Reading for Session<'_> {
    fn epoch(&self) -> Result<Epoch, ServerError> {
        super::epoch_of(self.connection)
    }

    fn tenants(&self, id: Option<Uuid>) -> Result<Vec<Tenant>, ServerError> {
        Session::tenants(self, id)
    }

    fn tenants_with_record(&self, id: Uuid) -> Result<Vec<Tenant>, ServerError> {
        Session::tenants_with_record(self, id)
    }

    fn tenants_with_write(&self, id: Uuid) -> Result<Vec<Tenant>, ServerError> {
        Session::tenants_with_write(self, id)
    }

    fn admin_of_token(&self, token_hash: &[u8; 32]) -> Result<Option<Admin>, ServerError> {
        Session::admin_of_token(self, token_hash)
    }

    fn counter(&self, tenant: Tenant) -> Result<Counter, ServerError> {
        Session::counter(self, tenant)
    }

    fn newest_filed(&self) -> Result<Option<Timestamp>, ServerError> {
        let mut newest = self.connection.prepare_cached(include_str!("versions/newest_filed.sql"))?;
        let newest: Option<i64> = newest.query_row([], |row| row.get(0)).optional()?;
        newest.map(timestamp).transpose()
    }

    fn device_of_token(&self, token_hash: &[u8; 32]) -> Result<Option<Device>, ServerError> {
        Session::device_of_token(self, token_hash)
    }

    fn device_of_id(&self, id: Uuid) -> Result<Option<Device>, ServerError> {
        Session::device_of_id(self, id)
    }

    fn find_devices(&self, id: Option<Uuid>, name: &str) -> Result<Vec<FoundDevice>, ServerError> {
        Session::find_devices(self, id, name)
    }

    fn revoked_devices(&self) -> Result<Vec<Uuid>, ServerError> {
        Session::revoked_devices(self)
    }

    fn tenant_of_device(&self, id: Uuid) -> Result<Option<Tenant>, ServerError> {
        Session::tenant_of_device(self, id)
    }

    fn device_names(&self, tenant: Tenant, ids: &[Uuid]) -> Result<HashMap<Uuid, String>, ServerError> {
        Session::device_names(self, tenant, ids)
    }

    fn held(&self, tenant: Tenant, ids: &[Uuid]) -> Result<Vec<Held>, ServerError> {
        Session::held(self, tenant, ids)
    }

    fn feed(&self, tenant: Tenant, scope: Scope, cursor: u64, visit: &mut Visit<'_>) -> Result<(), ServerError> {
        Session::feed(self, tenant, scope, cursor, visit)
    }

    fn ledger(&self, tenant: Tenant, write_ids: &[Uuid]) -> Result<Vec<LedgerEntry>, ServerError> {
        Session::ledger(self, tenant, write_ids)
    }

    fn followed(&self, tenant: Tenant, write_ids: &[Uuid]) -> Result<HashSet<Uuid>, ServerError> {
        Session::followed(self, tenant, write_ids)
    }

    fn notices_about(&self, tenant: Tenant, records: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>, ServerError> {
        Session::notices_about(self, tenant, records)
    }

    fn lineage(&self, tenant: Tenant, ids: &[Uuid]) -> Result<Vec<Ancestor>, ServerError> {
        Session::lineage(self, tenant, ids)
    }

    fn tally(&self, tenant: Tenant, scope: Scope) -> Result<Tally, ServerError> {
        Session::tally(self, tenant, scope)
    }

    fn entries(&self, tenant: Tenant, range: IdRange, limit: usize) -> Result<Vec<Entry>, ServerError> {
        Session::entries(self, tenant, range, limit)
    }

    fn departures(
        &self,
        tenant: Tenant,
        scope: Scope,
        cursor: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Departure)>, ServerError> {
        Session::departures(self, tenant, scope, cursor, limit)
    }

    fn placed_at(&self, tenant: Tenant, seq: u64) -> Result<Option<Placed>, ServerError> {
        Session::placed_at(self, tenant, seq)
    }

    fn attributions(&self, tenant: Tenant, write_ids: &[Uuid]) -> Result<HashMap<Uuid, Attribution>, ServerError> {
        Session::attributions(self, tenant, write_ids)
    }

    fn writes_of_record(&self, tenant: Tenant, record_id: Uuid) -> Result<Vec<StoredWrite>, ServerError> {
        Session::writes_of_record(self, tenant, record_id)
    }

    fn writes_of_versions(
        &self,
        tenant: Tenant,
        versions: &[(Uuid, VersionId)],
    ) -> Result<Vec<StoredWrite>, ServerError> {
        Session::writes_of_versions(self, tenant, versions)
    }

    fn lost_by_office(&self, tenant: Tenant, limit: usize) -> Result<Vec<StoredWrite>, ServerError> {
        Session::lost_by_office(self, tenant, limit)
    }

    fn write(&self, tenant: Tenant, write_id: Uuid) -> Result<Option<StoredWrite>, ServerError> {
        Session::write(self, tenant, write_id)
    }
}

impl Writing for Session<'_> {
    fn read_into(&self, room: &BodyRoom) {
        self.room.replace(Some(room.clone()));
    }

    fn put_tenant(&self, id: Uuid, name: &str) -> Result<Tenant, ServerError> {
        Session::put_tenant(self, id, name)
    }

    fn put_admin_token(&self, tenant: Tenant, token_hash: &[u8; 32], name: &str) -> Result<(), ServerError> {
        Session::put_admin_token(self, tenant, token_hash, name)
    }

    fn put_code(&self, tenant: Tenant, hash: &[u8; 32], yards: &[Uuid], expires: Timestamp) -> Result<(), ServerError> {
        Session::put_code(self, tenant, hash, yards, expires)
    }

    fn claim_code(&self, code_hash: &[u8; 32]) -> Result<Option<Code>, ServerError> {
        self.code(code_hash)
    }

    fn use_code(
        &self,
        code_hash: &[u8; 32],
        device: Uuid,
        secret_hash: Option<[u8; 32]>,
        now: Timestamp,
    ) -> Result<(), ServerError> {
        Session::use_code(self, code_hash, device, secret_hash, now)
    }

    fn put_device(&self, new: &NewDevice<'_>) -> Result<(), ServerError> {
        Session::put_device(self, new)
    }

    fn hand_over_uploads(&self, from: Uuid, to: Uuid) -> Result<(), ServerError> {
        Session::hand_over_uploads(self, from, to)
    }

    fn set_device_yards(&self, device: Uuid, yards: &[Uuid]) -> Result<(), ServerError> {
        Session::set_device_yards(self, device, yards)
    }

    fn device_seen(&self, device: Uuid, app: &str, now: Timestamp) -> Result<(), ServerError> {
        Session::device_seen(self, device, app, now)
    }

    fn revoke(&self, device: Uuid, now: Timestamp) -> Result<(), ServerError> {
        Session::revoke(self, device, now)
    }

    fn claim(&self, tenant: Tenant, ids: &[Uuid]) -> Result<Vec<Held>, ServerError> {
        Session::held(self, tenant, ids)
    }

    fn take_counter(&self, tenant: Tenant) -> Result<Counter, ServerError> {
        Session::counter(self, tenant)
    }

    fn store(&self, tenant: Tenant, displaced: &HashMap<Uuid, Outcome>, filings: &[Filing]) -> Result<(), ServerError> {
        for (write_id, outcome) in displaced {
            self.displace(tenant, *write_id, *outcome)?;
        }
        let keys = self.file(tenant, filings)?;
        for (filing, key) in filings.iter().zip(keys) {
            if let Some((seq, fingerprint)) = filing.canonical_place() {
                if deliberate!(RestoreOutsideFeed) && filing.device_id.is_none() && filing.restores.is_some() {
                    let sql = "UPDATE records SET version = ?3 WHERE tenant = ?1 AND id = ?2 AND yard_id IS ?4";
                    let row = (tenant.key, filing.record_id, key, filing.content.yard_id);
                    if self.connection.execute(sql, row)? > 0 {
                        continue;
                    }
                }
                self.point(tenant, filing.record_id, filing.content.yard_id, seq, key, fingerprint)?;
            }
        }
        Ok(())
    }

    fn follow(&self, tenant: Tenant, followed: &[(Uuid, Uuid)]) -> Result<(), ServerError> {
        Session::follow(self, tenant, followed)
    }

    fn take_every_counter(&self) -> Result<(), ServerError> {
        Ok(())
    }

    fn begin_epoch(&self, epoch: Epoch, now: Timestamp) -> Result<Epoch, ServerError> {
        super::begin_epoch(self.connection, epoch, now)?;
        super::epoch_of(self.connection)
    }

    fn set_counter(&self, tenant: Tenant, counter: Counter) -> Result<(), ServerError> {
        Session::set_counter(self, tenant, counter)
    }
}
