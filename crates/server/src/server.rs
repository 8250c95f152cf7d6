//! The server without HTTP: what a transport, the simulator and the command line call.

use std::path::Path;
use std::sync::Arc;

use gatebook_sync::wire::{ApiError, ApiErrorCode, SyncRequest, SyncResponse};
use gatebook_sync::{Epoch, PROTOCOL};
use jiff::Timestamp;

use crate::check::check;
use crate::config::Config;
use crate::error::{ServerError, refuse};
use crate::pull::{News, pull};
use crate::receipt::Key;
use crate::reconcile::{Offered, OwnedOffer, Page};
use crate::storage::{self, DATABASE, Device, Storage, sql};

/// A sync server over its data folder. Cheap to clone.
#[derive(Clone)]
pub struct Server {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub config: Config,
    pub storage: Storage,
    pub key: Key,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("data", &self.inner.config.data).finish_non_exhaustive()
    }
}

impl Server {
    /// Opens the server's data folder, making it if it is not there.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open(config: Config) -> Result<Self, ServerError> {
        let epoch = epoch_of(config.environment.now());
        let storage = Storage::open(&config.data, epoch)?;
        let key = Key::open(&config.data)?;
        Ok(Self { inner: Arc::new(Inner { config, storage, key }) })
    }

    /// One round trip of sync, for the device with that token.
    ///
    /// # Errors
    /// See [`ApiErrorCode`]; nothing was changed.
    pub fn sync(&self, token: &str, request: SyncRequest) -> Result<SyncResponse, ApiError> {
        let device = self.device(token)?;
        self.sync_as(&device, request)
    }

    /// The device with that token.
    pub(crate) fn device(&self, token: &str) -> Result<Device, ApiError> {
        let device = self.inner.storage.read(|connection| sql::device_of_token(connection, token))?;
        match device {
            None => Err(refuse(
                ApiErrorCode::Unauthenticated,
                "This device is not known here. Enrol it with a new code; what it holds is safe.",
            )),
            Some(device) if device.revoked => Err(refuse(
                ApiErrorCode::Revoked,
                "The office has signed this device out. Enrol it with a new code; what it holds is safe.",
            )),
            Some(device) => Ok(device),
        }
    }

    pub(crate) fn sync_as(&self, device: &Device, request: SyncRequest) -> Result<SyncResponse, ApiError> {
        let Inner { config, storage, key } = &*self.inner;
        if request.protocol != PROTOCOL {
            let message = format!(
                "This server speaks version {PROTOCOL} of the sync protocol, the app version {}. Update whichever is \
                 older; nothing is lost.",
                request.protocol
            );
            return Err(refuse(ApiErrorCode::ProtocolUnsupported, message));
        }
        let limits = config.bounds.limits;
        let records = request.push.len() + request.reoffer.len();
        if records > limits.page_records as usize {
            let message = format!(
                "A page holds {records} records; at most {} are taken. Send them in several pages.",
                limits.page_records
            );
            return Err(refuse(ApiErrorCode::TooLarge, message));
        }
        let offered = offered(request.push, request.reoffer, config);
        let verdicts = if offered.is_empty() {
            Vec::new()
        } else {
            let now = config.environment.now();
            storage.write(|connection| Page::begin(connection, key, device, now)?.judge(&offered))?
        };
        let News { epoch, scopes, more } = storage.read(|connection| {
            pull(connection, key, device, request.epoch, &request.cursors, request.take, &verdicts)
        })?;
        let server_time = config.environment.now();
        Ok(SyncResponse { protocol: PROTOCOL, epoch, server_time, verdicts, scopes, more, limits })
    }

    /// Copies the database, as it is at one moment, to a file. The key (`server.key`) is not in it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn backup(&self, to: &Path) -> Result<(), ServerError> {
        self.inner.storage.backup(to)
    }

    /// Sets the yards of a device.
    ///
    /// # Errors
    /// The database failed.
    pub fn set_device_yards(&self, device: uuid::Uuid, yards: &[uuid::Uuid]) -> Result<(), ServerError> {
        self.inner.storage.write(|connection| sql::set_yards(connection, device, yards))
    }
}

fn offered(
    push: Vec<gatebook_sync::wire::Push>,
    reoffer: Vec<gatebook_sync::Canonical>,
    config: &Config,
) -> Vec<Offered> {
    let written = push.into_iter().map(|push| Offered {
        checked: check(&push.content, &config.bounds),
        id: push.id,
        write_id: push.write_id,
        offer: OwnedOffer::Write { base: push.base },
        content: push.content,
    });
    let held = reoffer.into_iter().map(|canonical| Offered {
        checked: check(&canonical.content, &config.bounds),
        id: canonical.id,
        write_id: canonical.write_id,
        offer: OwnedOffer::Reoffer { receipt: canonical.receipt },
        content: canonical.content,
    });
    written.chain(held).collect()
}

/// Puts a backup in place of the database in `data` and begins a new epoch. What was there is set aside, not deleted.
/// No server may be running on the folder.
///
/// # Errors
/// The backup is not a server's database, or the folder cannot be written.
pub fn put_backup_in_place(data: &Path, backup: &Path, now: Timestamp) -> Result<Epoch, ServerError> {
    let path = data.join(DATABASE);
    let staged = data.join("restoring.sqlite");
    std::fs::copy(backup, &staged)?;
    let restored = rusqlite::Connection::open(&staged)?;
    let epoch = Epoch(epoch_of(now).0.max(storage::epoch(&restored)?.0 + 1));
    storage::begin_epoch(&restored, epoch)?;
    restored.close().map_err(|(_, error)| error)?;
    let aside = |suffix: &str| data.join(format!("before-restore-{}.sqlite{suffix}", epoch.0));
    for suffix in ["-wal", "-shm", ""] {
        let old = data.join(format!("{DATABASE}{suffix}"));
        if old.exists() {
            std::fs::rename(old, aside(suffix))?;
        }
    }
    std::fs::rename(staged, path)?;
    Ok(epoch)
}

/// The epoch that begins at that time.
fn epoch_of(now: Timestamp) -> Epoch {
    Epoch(u64::try_from(now.as_millisecond()).unwrap_or(1).max(1))
}
