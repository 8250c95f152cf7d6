//! Backups, and putting one in place. The key (`server.key`) is in neither: it must survive a restore as it is.

use std::path::Path;

use gatebook_sync::Epoch;
use gatebook_sync::wire::ApiErrorCode;
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use crate::error::{ServerError, refuse};
use crate::files::{FolderLock, Use, sync_file, sync_folder_of};
use crate::receipt::{KEY_FILE, Key};
use crate::server::{Server, epoch_after, epoch_at};
use crate::storage::Database;
use crate::storage::sqlite::{self, APPLICATION_ID, DATABASE};

impl Server {
    /// Copies the database, as it is at one moment, to a new file, while the server runs.
    ///
    /// # Errors
    /// The file is there already or cannot be written.
    pub fn backup(&self, to: &Path) -> Result<(), ServerError> {
        if to.exists() {
            let message = format!("{} is there already. Give another name for the backup.", to.display());
            return Err(refuse(ApiErrorCode::Malformed, message).into());
        }
        // Whatever has the final name is whole.
        let unfinished = to.with_extension("unfinished");
        if unfinished.exists() {
            std::fs::remove_file(&unfinished)?;
        }
        let Database::Sqlite(database) = &self.inner.storage.database else {
            let message = "This server's database is PostgreSQL's: back it up with PostgreSQL's own tools, such as \
                           pg_dump. After putting a backup in place, begin a new epoch with `new-epoch`.";
            return Err(refuse(ApiErrorCode::Malformed, message).into());
        };
        database.copy(&unfinished)?;
        crate::private::one(&unfinished)?;
        sync_file(&unfinished)?;
        std::fs::rename(unfinished, to)?;
        sync_folder_of(to)
    }
}

impl Server {
    /// Begins a new epoch in a PostgreSQL database that was restored by PostgreSQL's own tools: devices offer again what
    /// it lacks. Should this machine's clock not be trusted to be ahead of all that was: `after` is an epoch known to
    /// have been, and `received` a time until which something is known to have been received.
    ///
    /// # Errors
    /// The database is the embedded one, which `restore_backup` restores, or failed.
    pub fn begin_epoch(&self, after: Option<Epoch>, received: Option<Timestamp>) -> Result<Epoch, ServerError> {
        match &self.inner.storage.database {
            Database::Postgres(database) => {
                let after = after.map_or(Epoch(0), |after| Epoch(after.0.saturating_add(1)));
                let now = self.inner.config.environment.now();
                database.begin_epoch(epoch_at(now).max(after), received.unwrap_or(Timestamp::UNIX_EPOCH), now)
            }
            Database::Sqlite(_) => {
                let message = "A new epoch of the embedded database begins with `restore`.";
                Err(refuse(ApiErrorCode::Malformed, message).into())
            }
        }
    }
}

/// Puts a backup in place of the database in `data` and begins a new epoch, in which devices offer again what the
/// backup lacks. What was there is set aside, not deleted. No server may be running on the folder.
///
/// # Errors
/// The backup is not a server's database, is of a newer server or was made under another key; a server is running, or the
/// folder cannot be written.
pub fn restore_backup(data: &Path, backup: &Path, now: Timestamp) -> Result<Epoch, ServerError> {
    restore_made_under(MadeUnder::KeyAt(&data.join(KEY_FILE)), data, backup, now)
}

/// Under which key a backup is expected to have been made.
#[derive(Clone, Copy)]
pub(crate) enum MadeUnder<'a> {
    /// The one that lies there.
    KeyAt(&'a Path),
    /// Whatever key it was: it is lost, and the server that is started next tells its own.
    AnyKey,
}

/// The same, with what is known of its key. A backup that the server could not be started on is refused before anything
/// is touched.
pub(crate) fn restore_made_under(
    made_under: MadeUnder<'_>,
    data: &Path,
    backup: &Path,
    now: Timestamp,
) -> Result<Epoch, ServerError> {
    check_ours(backup, made_under)?;
    let _alone = FolderLock::take(data, Use::Replace)?;
    let database = data.join(DATABASE);
    let replaced = finish(&database);
    let staged = data.join("restoring.sqlite");
    std::fs::copy(backup, &staged)?;
    // The copy may be read by whoever may read the backup.
    crate::private::one(&staged)?;
    if matches!(made_under, MadeUnder::AnyKey) {
        sqlite::forget_key(&Connection::open(&staged)?)?;
    }
    let epoch = begin_epoch(&staged, replaced, now)?;
    sync_file(&staged)?;
    set_aside(data, &database, epoch)?;
    // In one step the old database gives way to the new: at no moment is there none, which a server starting then would
    // take for a new installation.
    std::fs::rename(&staged, &database)?;
    sync_folder_of(&database)?;
    Ok(epoch)
}

fn check_ours(backup: &Path, made_under: MadeUnder<'_>) -> Result<(), ServerError> {
    let not_ours = || ServerError::NotOurs(backup.to_owned());
    let opened = Connection::open_with_flags(backup, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let id: i32 = opened.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(|_| not_ours())?;
    let sound: String = opened.pragma_query_value(None, "quick_check", |row| row.get(0)).map_err(|_| not_ours())?;
    if id != APPLICATION_ID || sound != "ok" {
        return Err(not_ours());
    }
    let check = sqlite::look_at_backup(&opened)?.key_check;
    let MadeUnder::KeyAt(key) = made_under else { return Ok(()) };
    match (Key::read(key)?, check) {
        (Some(here), Some(check)) if here.check()[..] != check => Err(ServerError::BackupOfOtherKey(key.to_owned())),
        // A key that is missing may be put back afterwards; no server starts without it.
        _ => Ok(()),
    }
}

/// How far the life that ends had come.
#[derive(Clone, Copy)]
struct Replaced {
    epoch: Epoch,
    received_at: i64,
}

/// Writes the log of the database about to be replaced into it, so that it is whole in one file, and returns how far it
/// had come. A broken one tells nothing, which is why it is being replaced.
fn finish(database: &Path) -> Option<Replaced> {
    let opened = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE).ok()?;
    opened.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).ok()?;
    Some(Replaced { epoch: sqlite::epoch_of(&opened).ok()?, received_at: sqlite::newest_receipt(&opened).ok()? })
}

fn begin_epoch(staged: &Path, replaced: Option<Replaced>, now: Timestamp) -> Result<Epoch, ServerError> {
    let restored = Connection::open(staged)?;
    let mut known = sqlite::epoch_of(&restored)?;
    if let Some(replaced) = replaced {
        known = known.max(replaced.epoch);
        // Whatever the clock says now: what is taken from here on was received after all that was taken before.
        sqlite::receive_after(&restored, replaced.received_at)?;
    }
    let salt = replaced.map_or(now.as_microsecond(), |replaced| replaced.received_at).unsigned_abs();
    let epoch = epoch_after(known, now, salt);
    sqlite::begin_epoch(&restored, epoch, now)?;
    restored.close().map_err(|(_, error)| error)?;
    Ok(epoch)
}

/// Keeps the old database under another name, with the log that belongs to it.
fn set_aside(data: &Path, database: &Path, epoch: Epoch) -> Result<(), ServerError> {
    let aside = |suffix: &str| data.join(format!("before-restore-{}.sqlite{suffix}", epoch.0));
    if database.exists() && std::fs::hard_link(database, aside("")).is_err() {
        std::fs::copy(database, aside(""))?;
    }
    for suffix in ["-wal", "-shm"] {
        let log = data.join(format!("{DATABASE}{suffix}"));
        if log.exists() {
            std::fs::rename(log, aside(suffix))?;
        }
    }
    Ok(())
}
