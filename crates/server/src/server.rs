//! The server without HTTP: what a transport, a simulator and the command line call.

use std::fmt;
use std::sync::Arc;

use gatebook_sync::{Content, Epoch};
use jiff::Timestamp;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::{Config, Environment};
use crate::error::ServerError;
use crate::files::{FolderLock, Use, check_room};
use crate::nudges::Streams;
use crate::photos::{Depot, Turns};
use crate::private;
use crate::receipt::Key;
use crate::revocations::Revocations;
use crate::storage::sqlite::{self, Look};
use crate::storage::{Database, Storage};
use crate::tls::Secured;

/// A sync server over its data folder. Cheap to clone; all clones are the same server.
#[derive(Clone)]
pub struct Server {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    /// Its environment is `clock`.
    pub config: Config,
    pub clock: Arc<Clock>,
    pub storage: Storage,
    pub key: Key,
    pub revocations: Revocations,
    pub depot: Depot,
    pub turns: Turns,
    pub streams: Streams,
    pub secured: Option<Arc<Secured>>,
    /// Dropped last: while anything is open, nobody may replace the database, and nobody else serves it.
    _locks: Vec<FolderLock>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

impl Server {
    /// Opens the server's data folder, making it if it is not there, or connects to its database.
    ///
    /// # Errors
    /// The folder or the database cannot be used, or there is none and the server may not begin one.
    pub fn open(config: Config) -> Result<Self, ServerError> {
        Self::open_to(&[Use::Work], config)
    }

    /// Opens it as the one server that serves the folder; a PostgreSQL database may have any number. Whoever finds the
    /// folder served, of a newer server, without its key or read-only leaves everything in it as it was.
    ///
    /// # Errors
    /// Another server serves the folder, or the folder or the database cannot be used.
    pub fn open_to_serve(config: Config) -> Result<Self, ServerError> {
        Self::open_to(&[Use::Serve, Use::Work], config)
    }

    fn open_to(uses: &[Use], mut config: Config) -> Result<Self, ServerError> {
        let locks = if config.database.is_none() { lock_folder(uses, &config)? } else { Vec::new() };
        let now = config.environment.now();
        let storage = Storage::open(&config, epoch_at(now))?;
        let key = open_key(&config, &storage)?;
        let filed = if config.trusts_clock { None } else { storage.read(|reading| reading.newest_filed())? };
        let clock = Arc::new(Clock::new(config.environment, config.time_server.clone(), filed));
        config.environment = Arc::clone(&clock) as Arc<dyn Environment>;
        let depot = Depot::open(&config.photos, &config.data)?;
        private::tighten(&config, depot.folder());
        let revocations = match &config.database {
            None => Revocations::beside(&config.key_path())?,
            Some(_) => Revocations::inside(depot.object_store())?,
        };
        let (turns, streams) = (Turns::default(), Streams::default());
        let secured = Secured::open(&config, now)?.map(Arc::new);
        let inner = Inner { config, clock, storage, key, revocations, depot, turns, streams, secured, _locks: locks };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What it was opened with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Its epoch.
    ///
    /// # Errors
    /// The database failed.
    pub fn epoch(&self) -> Result<Epoch, ServerError> {
        self.inner.storage.epoch()
    }

    /// Looks whether the database answers, and whether there is room where the server itself writes. It waits for either.
    pub(crate) fn check_well(&self) -> Result<(), ServerError> {
        let Inner { config, depot, storage, .. } = &*self.inner;
        storage.epoch()?;
        if config.database.is_none() {
            check_room(&config.data)?;
        }
        Ok(depot.folder().map_or(Ok(()), check_room)?)
    }

    /// Makes an organisation, unless it is there.
    ///
    /// # Errors
    /// The database failed.
    pub fn put_tenant(&self, id: Uuid, name: &str) -> Result<(), ServerError> {
        self.inner.storage.write(|writing| writing.put_tenant(id, name).map(drop))
    }

    /// Writes a record as the console does: reference data and assignments. What says the same already stays as it is.
    ///
    /// # Errors
    /// There is no such tenant, the content breaks a rule of its kind, or the database failed.
    pub fn put_record(&self, tenant: Option<Uuid>, id: Uuid, mut content: Content) -> Result<(), ServerError> {
        crate::console::check(&mut content, &self.inner.config.bounds)?;
        self.inner.clock.check()?;
        self.inner.storage.write(|writing| {
            let tenant = crate::access::only_tenant(&writing.tenants(tenant)?)?;
            crate::console::put(writing, tenant, &*self.inner.config.environment, id, &content)
        })
    }

    /// Sets the yards a device works for.
    ///
    /// # Errors
    /// There is no such device or yard, or the database failed.
    pub fn set_device_yards(&self, device: Uuid, yards: &[Uuid]) -> Result<(), ServerError> {
        self.inner.storage.write(|writing| {
            let tenant = writing.tenant_of_device(device)?.ok_or_else(|| crate::access::no_such("device", device))?;
            crate::access::check_yards(writing, tenant, yards)?;
            writing.set_device_yards(device, yards)
        })
    }
}

/// Takes the locks on the data folder. Until it is known that the folder can be worked on, only those that can be taken
/// without making a file in it.
fn lock_folder(uses: &[Use], config: &Config) -> Result<Vec<FolderLock>, ServerError> {
    let there: Vec<_> = uses.iter().map(|to| FolderLock::take_if_there(&config.data, *to)).collect::<Result<_, _>>()?;
    refuse_untouched(config)?;
    let taken = uses.iter().zip(there);
    taken.map(|(to, lock)| lock.map_or_else(|| FolderLock::take(&config.data, *to), Ok)).collect()
}

/// Refuses what cannot be served while everything lies as it was found. Who opens it then looks again, for good.
fn refuse_untouched(config: &Config) -> Result<(), ServerError> {
    let look = sqlite::look(&config.data)?;
    if matches!(look, Look::Nothing) && !config.may_begin {
        return Err(ServerError::NothingThere(config.data.display().to_string()));
    }
    let path = config.key_path();
    let key = Key::read(&path)?;
    let Look::Database(found) = look else { return Ok(()) };
    match key {
        _ if config.new_key => Ok(()),
        Some(key) if found.key_check.as_deref().is_some_and(|check| check != key.check()) => {
            Err(ServerError::WrongKey(path))
        }
        None if !config.may_begin || found.key_check.is_some() || found.has_versions => {
            Err(ServerError::KeyMissing(path))
        }
        _ => Ok(()),
    }
}

/// The key: the one with which the database was begun, unless somebody has said that it is lost. By itself only a database
/// in which nothing is proved yet gets a new one.
fn open_key(config: &Config, storage: &Storage) -> Result<Key, ServerError> {
    let database = &storage.database;
    if matches!(database, Database::Postgres(_)) && config.key_file.is_none() {
        return Err(ServerError::NoKeyFile);
    }
    let path = config.key_path();
    let key = match Key::read(&path)? {
        Some(key) => key,
        None if config.new_key => Key::open(&path)?,
        None if !config.may_begin || database.key_check(None)?.is_some() || database.has_unproved_versions()? => {
            return Err(ServerError::KeyMissing(path));
        }
        None => Key::open(&path)?,
    };
    let check = key.check();
    if config.new_key {
        database.replace_key_check(check)?;
    }
    if database.key_check(Some(check))?.as_deref() == Some(&check) { Ok(key) } else { Err(ServerError::WrongKey(path)) }
}

/// Epochs that begin from one backup under a clock that is behind lie so far apart at most.
const APART: u64 = 1 << 16;

/// The epoch that begins at that time, after `known`. If the clock is behind, two that begin from one backup would get one
/// number, and what was taken in the one would look like what was made on what was taken in the other: `salt`, of what is
/// different in them, keeps them apart.
pub(crate) fn epoch_after(known: Epoch, now: Timestamp, salt: u64) -> Epoch {
    let at = epoch_at(now);
    if at > known { at } else { Epoch(known.0.saturating_add(1 + salt % APART)) }
}

/// The epoch that begins at that time.
pub(crate) fn epoch_at(now: Timestamp) -> Epoch {
    Epoch(u64::try_from(now.as_millisecond()).unwrap_or(1).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_that_begin_from_one_backup_are_told_apart_though_the_clock_is_behind() {
        let (known, behind) = (Epoch(1_772_636_400_000), Timestamp::UNIX_EPOCH);
        let begun = [3, 4].map(|salt| epoch_after(known, behind, salt));
        assert!(begun.iter().all(|epoch| *epoch > known) && begun[0] != begun[1]);
        let later = Timestamp::from_millisecond(1_772_636_400_001).unwrap();
        assert_eq!(epoch_after(known, later, 4), Epoch(1_772_636_400_001), "the clock is right");
        assert!(epoch_after(known, behind, u64::MAX) <= Epoch(known.0 + APART));
    }
}
