//! Where the server's state lies: one interface, [`Reading`] and [`Writing`], and behind it the embedded SQLite
//! ([`sqlite`]) or PostgreSQL ([`postgres`]). All SQL of the server is in here; what it is for is decided above.
//!
//! The interface is synchronous: the server calls it on threads of its own, a simulator as it likes.

mod body_room;
mod model;
mod photos;
pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::collections::{HashMap, HashSet};

use gatebook_sync::wire::{Departure, Entry, IdRange};
use gatebook_sync::{Epoch, Scope, Tally, VersionId};
use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

pub(crate) use body_room::BodyRoom;
pub use model::Device;
pub(crate) use model::{
    Admin, Ancestor, Attribution, Code, Counter, Filing, FoundDevice, Held, LedgerEntry, Merged, NewDevice, Outcome,
    Placed, StoredWrite, Tenant, Used, state_name,
};
pub(crate) use photos::{Blob, NewUpload, Part, ReadingPhotos, Upload, UploadState, WritingPhotos};

use crate::config::Config;
use crate::error::ServerError;

/// The database, and word of what this process writes to it.
pub(crate) struct Storage {
    pub database: Database,
    written: watch::Sender<()>,
}

/// Which database.
pub(crate) enum Database {
    Sqlite(Box<sqlite::Database>),
    Postgres(postgres::Database),
}

impl Database {
    /// What tells the key of this database's servers. The first to ask with one says what it is.
    pub(crate) fn key_check(&self, mine: Option<[u8; 16]>) -> Result<Option<Vec<u8>>, ServerError> {
        match self {
            Self::Sqlite(database) => database.key_check(mine),
            Self::Postgres(database) => database.key_check(mine),
        }
    }

    /// From now on the servers on this database have that key.
    pub(crate) fn replace_key_check(&self, check: [u8; 16]) -> Result<(), ServerError> {
        match self {
            Self::Sqlite(database) => database.replace_key_check(check),
            Self::Postgres(database) => database.replace_key_check(check),
        }
    }

    /// Whether it is an embedded database of before keys were told apart, with versions in it, which some key proves. In
    /// PostgreSQL the key was told from the start.
    pub(crate) fn has_unproved_versions(&self) -> Result<bool, ServerError> {
        match self {
            Self::Sqlite(database) => database.has_versions(),
            Self::Postgres(_) => Ok(false),
        }
    }
}

impl Storage {
    /// Opens the database, making it if it is not there; `epoch` is what a new server begins with.
    pub(crate) fn open(config: &Config, epoch: Epoch) -> Result<Self, ServerError> {
        let database = match &config.database {
            Some(url) => postgres::Database::open(url, config.database_connections, epoch, config.may_begin)
                .map(Database::Postgres),
            None => sqlite::Database::open(&config.data, epoch).map(|database| Database::Sqlite(Box::new(database))),
        };
        Ok(Self { database: database?, written: watch::Sender::new(()) })
    }

    /// Changes with whatever this process has written.
    pub(crate) fn written(&self) -> watch::Receiver<()> {
        self.written.subscribe()
    }

    /// Runs `work` in one transaction. Where several servers share a database, what they do at the same time may make
    /// it run again from the beginning, so it does nothing but what the transaction does.
    pub(crate) fn write<T>(&self, work: impl FnMut(&dyn Writing) -> Result<T, ServerError>) -> Result<T, ServerError> {
        let done = match &self.database {
            Database::Sqlite(database) => database.write(work),
            Database::Postgres(database) => database.write(work),
        };
        if done.is_ok() {
            self.written.send_replace(());
        }
        done
    }

    /// Runs `look` on one consistent state.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&dyn Reading) -> Result<T, ServerError>) -> Result<T, ServerError> {
        match &self.database {
            Database::Sqlite(database) => database.read(look),
            Database::Postgres(database) => database.read(look),
        }
    }

    /// The server's epoch now.
    pub(crate) fn epoch(&self) -> Result<Epoch, ServerError> {
        self.read(|reading| reading.epoch())
    }
}

/// One consistent state of the database, to look at.
pub(crate) trait Reading: ReadingPhotos {
    /// The server's epoch.
    fn epoch(&self) -> Result<Epoch, ServerError>;

    /// Every tenant; `id` picks one.
    fn tenants(&self, id: Option<Uuid>) -> Result<Vec<Tenant>, ServerError>;
    /// The tenants that have a record of that id. Ids are random, so there is hardly ever more than one.
    fn tenants_with_record(&self, id: Uuid) -> Result<Vec<Tenant>, ServerError>;
    /// The tenants that have a write of that id.
    fn tenants_with_write(&self, id: Uuid) -> Result<Vec<Tenant>, ServerError>;
    /// Who an admin's token lets in.
    fn admin_of_token(&self, token_hash: &[u8; 32]) -> Result<Option<Admin>, ServerError>;
    /// Where the tenant's feed stands.
    fn counter(&self, tenant: Tenant) -> Result<Counter, ServerError>;
    /// The newest time at which something was filed that was not in doubt.
    fn newest_filed(&self) -> Result<Option<Timestamp>, ServerError>;

    /// The device with that token, revoked or not.
    fn device_of_token(&self, token_hash: &[u8; 32]) -> Result<Option<Device>, ServerError>;
    /// The device of that id, revoked or not.
    fn device_of_id(&self, id: Uuid) -> Result<Option<Device>, ServerError>;
    /// Devices of that id or of that name, of every tenant.
    fn find_devices(&self, id: Option<Uuid>, name: &str) -> Result<Vec<FoundDevice>, ServerError>;
    /// Every revoked device.
    fn revoked_devices(&self) -> Result<Vec<Uuid>, ServerError>;
    /// The tenant a device belongs to, if it is enrolled.
    fn tenant_of_device(&self, id: Uuid) -> Result<Option<Tenant>, ServerError>;
    /// What people call those devices of the tenant.
    fn device_names(&self, tenant: Tenant, ids: &[Uuid]) -> Result<HashMap<Uuid, String>, ServerError>;

    /// The canonical states of those records, as far as there are any.
    fn held(&self, tenant: Tenant, ids: &[Uuid]) -> Result<Vec<Held>, ServerError>;
    /// The canonical state of one record.
    fn held_one(&self, tenant: Tenant, id: Uuid) -> Result<Option<Held>, ServerError> {
        Ok(self.held(tenant, &[id])?.pop())
    }
    /// Walks the scope's canonical states behind `cursor` by ascending `seq`, until `visit` returns false.
    fn feed(&self, tenant: Tenant, scope: Scope, cursor: u64, visit: &mut Visit<'_>) -> Result<(), ServerError>;

    /// What the scope holds.
    fn tally(&self, tenant: Tenant, scope: Scope) -> Result<Tally, ServerError>;
    /// What the scope holds in that range, by id; at most the first `limit`.
    fn entries(&self, tenant: Tenant, range: IdRange, limit: usize) -> Result<Vec<Entry>, ServerError>;
    /// Records that left the scope behind `cursor`, with their place in the feed, oldest first; at most `limit`.
    fn departures(
        &self,
        tenant: Tenant,
        scope: Scope,
        cursor: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Departure)>, ServerError>;
    /// What stands at that place of the feed, if there is anything.
    fn placed_at(&self, tenant: Tenant, seq: u64) -> Result<Option<Placed>, ServerError>;

    /// The notices there are about those records, open or settled: record and notice.
    fn notices_about(&self, tenant: Tenant, records: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>, ServerError>;
    /// Every version those records have had.
    fn lineage(&self, tenant: Tenant, ids: &[Uuid]) -> Result<Vec<Ancestor>, ServerError>;
    /// What the ledger knows of those writes.
    fn ledger(&self, tenant: Tenant, write_ids: &[Uuid]) -> Result<Vec<LedgerEntry>, ServerError>;
    /// Those of the writes of which a later one of the same device, that names them as made before it, was judged.
    fn followed(&self, tenant: Tenant, write_ids: &[Uuid]) -> Result<HashSet<Uuid>, ServerError>;
    /// What was filed about whose those writes are; nothing of those that were filed before it was.
    fn attributions(&self, tenant: Tenant, write_ids: &[Uuid]) -> Result<HashMap<Uuid, Attribution>, ServerError>;
    /// Every write to a record, in the order in which they were judged.
    fn writes_of_record(&self, tenant: Tenant, record_id: Uuid) -> Result<Vec<StoredWrite>, ServerError>;
    /// The writes that became those versions of those records, as far as there are any.
    fn writes_of_versions(
        &self,
        tenant: Tenant,
        versions: &[(Uuid, VersionId)],
    ) -> Result<Vec<StoredWrite>, ServerError>;
    /// Versions by the office that lost a conflict which it has not answered since, oldest first; at most `limit`.
    fn lost_by_office(&self, tenant: Tenant, limit: usize) -> Result<Vec<StoredWrite>, ServerError>;
    /// One write.
    fn write(&self, tenant: Tenant, write_id: Uuid) -> Result<Option<StoredWrite>, ServerError>;
}

/// Called for each row of the feed; whether to go on.
pub(crate) type Visit<'a> = dyn FnMut(&dyn FeedRow) -> Result<bool, ServerError> + 'a;

/// A canonical state in the feed, read only as far as it is asked for.
pub(crate) trait FeedRow {
    fn record_id(&self) -> Result<Uuid, ServerError>;
    fn version(&self) -> Result<VersionId, ServerError>;
    /// When it was received, in microseconds.
    fn received(&self) -> u64;
    fn seq(&self) -> Result<u64, ServerError>;
    fn body_bytes(&self) -> Result<usize, ServerError>;
    fn held(&self) -> Result<Held, ServerError>;
}

/// A transaction. What it changes is seen by nobody before it ends, and not at all if it fails.
///
/// The order of a page: [`claim`](Self::claim) its records, then the notices about them, each in the order of their ids;
/// do the work, [`take_counter`](Self::take_counter), [`store`](Self::store), [`set_counter`](Self::set_counter). No record
/// is claimed after a notice: of two pages about one record, one with the record and the other with the notice, each would
/// wait for the other. From the counter on nothing waits for anybody, so that
/// nobody waits long for the counter.
pub(crate) trait Writing: Reading + WritingPhotos {
    /// From now on what is read of bodies in this transaction takes up that room.
    fn read_into(&self, room: &BodyRoom);

    /// Takes the counter of every tenant, as who begins an epoch does before looking whether one is to begin: of two
    /// who want to, the second sees the first's, and pages that are under way come before it.
    fn take_every_counter(&self) -> Result<(), ServerError>;
    /// Begins a new epoch, with every counter taken; `epoch`, unless the server is further already. Returns where it is.
    /// Photos that no record names are kept for long: a record that was lost may name them, and comes back.
    fn begin_epoch(&self, epoch: Epoch, now: Timestamp) -> Result<Epoch, ServerError>;

    /// Makes the tenant unless it is there.
    fn put_tenant(&self, id: Uuid, name: &str) -> Result<Tenant, ServerError>;
    /// Lets a token act for the tenant's office, under that name.
    fn put_admin_token(&self, tenant: Tenant, token_hash: &[u8; 32], name: &str) -> Result<(), ServerError>;

    /// Makes a one-time code.
    fn put_code(
        &self,
        tenant: Tenant,
        code_hash: &[u8; 32],
        yards: &[Uuid],
        expires_at: Timestamp,
    ) -> Result<(), ServerError>;
    /// The code, used or not, expired or not. Nobody else uses it before this transaction ends.
    fn claim_code(&self, code_hash: &[u8; 32]) -> Result<Option<Code>, ServerError>;
    /// The code has made a device, of whoever knows that secret.
    fn use_code(
        &self,
        code_hash: &[u8; 32],
        device: Uuid,
        secret_hash: Option<[u8; 32]>,
        now: Timestamp,
    ) -> Result<(), ServerError>;

    /// Enrols a device. One that is there stays as it is.
    fn put_device(&self, new: &NewDevice<'_>) -> Result<(), ServerError>;
    /// What one device has begun to upload is the other's from now on.
    fn hand_over_uploads(&self, from: Uuid, to: Uuid) -> Result<(), ServerError>;
    /// Sets the yards a device works for.
    fn set_device_yards(&self, device: Uuid, yards: &[Uuid]) -> Result<(), ServerError>;
    /// Notes that a device called, and with which app.
    fn device_seen(&self, device: Uuid, app: &str, now: Timestamp) -> Result<(), ServerError>;
    /// Revokes a device, and the code it was enrolled with.
    fn revoke(&self, device: Uuid, now: Timestamp) -> Result<(), ServerError>;

    /// The canonical states of those records, as far as there are any. Nobody else changes them before this
    /// transaction ends; should somebody else make one of the others, this transaction runs again.
    fn claim(&self, tenant: Tenant, ids: &[Uuid]) -> Result<Vec<Held>, ServerError>;
    /// The same for one record.
    fn claim_one(&self, tenant: Tenant, id: Uuid) -> Result<Option<Held>, ServerError> {
        Ok(self.claim(tenant, &[id])?.pop())
    }
    /// Where the tenant's feed stands. Nobody else takes places in it before this transaction ends.
    fn take_counter(&self, tenant: Tenant) -> Result<Counter, ServerError>;
    /// Files judged and stamped writes in order, marks what they displace, and points records that were claimed at
    /// those that are canonical.
    fn store(&self, tenant: Tenant, displaced: &HashMap<Uuid, Outcome>, filings: &[Filing]) -> Result<(), ServerError>;
    /// Remembers of each write the later one of the same device that was judged and names it as made before.
    fn follow(&self, tenant: Tenant, followed: &[(Uuid, Uuid)]) -> Result<(), ServerError>;
    /// Where the tenant's feed stands from now on.
    fn set_counter(&self, tenant: Tenant, counter: Counter) -> Result<(), ServerError>;
}
