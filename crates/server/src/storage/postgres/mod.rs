//! PostgreSQL, for one server or for many on the same database. A small pool of connections; a transaction each.
//!
//! Judging reads what was committed last (`READ COMMITTED`) behind locks of its own; looking sees one state
//! (`REPEATABLE READ`). What meets another server's transaction in spite of the locks is run again.

mod connect;
mod failure;
mod photos;
mod reading;
mod row;
mod session;
#[cfg(all(test, unix))]
mod tests;
mod text;
mod tls;
mod upgrades;
mod writing;

use deadpool_postgres::{Object, Pool, PoolError};
use gatebook_sync::Epoch;
use jiff::Timestamp;
use tokio::runtime::Runtime;

use super::{Reading, Writing};
use crate::error::ServerError;
use crate::photos::wanted_until;
use connect::block_on;
use failure::failed;
use session::Session;

/// How often a transaction is run in all, should others come in between each time.
const ATTEMPTS: usize = 8;

/// The database.
pub(crate) struct Database {
    pool: Pool,
    /// Moves the connections' bytes. Taken only to be shut down.
    runtime: Option<Runtime>,
}

impl Drop for Database {
    fn drop(&mut self) {
        // Waits for nothing: whoever drops a server may itself run on a runtime, which must not be kept waiting.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Database {
    /// Connects to the database at `url` and brings it to this version's schema; `epoch` is what a new server begins
    /// with.
    pub(super) fn open(url: &str, connections: usize, epoch: Epoch, may_begin: bool) -> Result<Self, ServerError> {
        let config = connect::config(url)?;
        let runtime = connect::runtime()?;
        let pool = {
            let _entered = runtime.enter();
            connect::pool(config, connections)?
        };
        let database = Self { pool, runtime: Some(runtime) };
        database.transaction("BEGIN", |session| {
            let encoding: String = session.one("SELECT current_setting('server_encoding')", &[])?.get(0);
            if encoding != "UTF8" {
                return Err(ServerError::Encoding(encoding));
            }
            let begun = session.one("SELECT to_regclass('server') IS NOT NULL", &[])?.get(0);
            if !(may_begin || begun) {
                let name: String = session.one("SELECT current_database()", &[])?.get(0);
                return Err(ServerError::NothingThere(format!("the database {name}")));
            }
            block_on(upgrades::run(session.client()))?;
            let begun = i64::try_from(epoch.0).unwrap_or(i64::MAX);
            session.run("INSERT INTO server (epoch) VALUES ($1) ON CONFLICT DO NOTHING", &[&begun]).map(drop)
        })?;
        Ok(database)
    }

    /// Runs `work` in one transaction, again if another one came in between.
    pub(super) fn write<T>(
        &self,
        mut work: impl FnMut(&dyn Writing) -> Result<T, ServerError>,
    ) -> Result<T, ServerError> {
        let mut attempt = 1;
        loop {
            match self.transaction("BEGIN ISOLATION LEVEL READ COMMITTED", |session| work(session)) {
                Err(ServerError::Contended(cause)) if attempt < ATTEMPTS => {
                    tracing::debug!(attempt, %cause, "another transaction came in between");
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    /// Runs `look` on one consistent state.
    pub(super) fn read<T>(&self, look: impl FnOnce(&dyn Reading) -> Result<T, ServerError>) -> Result<T, ServerError> {
        self.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", |session| look(session))
    }

    /// What tells the key of this database's servers. The first to ask says what it is.
    pub(crate) fn key_check(&self, mine: Option<[u8; 16]>) -> Result<Option<Vec<u8>>, ServerError> {
        self.transaction("BEGIN", |session| {
            let mine = mine.map(|check| check.to_vec());
            session.run("UPDATE server SET key_check = $1 WHERE key_check IS NULL", &[&mine])?;
            Ok(session.one("SELECT key_check FROM server", &[])?.get(0))
        })
    }

    /// From now on the servers on this database have that key.
    pub(crate) fn replace_key_check(&self, check: [u8; 16]) -> Result<(), ServerError> {
        self.transaction("BEGIN", |session| {
            session.run("UPDATE server SET key_check = $1", &[&check.to_vec()]).map(drop)
        })
    }

    /// Begins a new life of the servers on this database, in which nothing is received before `time` any more. Pages
    /// that are under way come before it. Photos that no record names are kept for the records that may come back.
    pub(crate) fn begin_epoch(&self, earliest: Epoch, time: Timestamp, now: Timestamp) -> Result<Epoch, ServerError> {
        self.transaction("BEGIN", |session| {
            session.all(writing::EVERY_COUNTER, &[])?;
            session.run(writing::WANT_ALL, &[&wanted_until(now).as_microsecond()])?;
            let sql = "UPDATE tenant_counters SET received_at = greatest(received_at, $1)";
            session.run(sql, &[&time.as_microsecond()])?;
            let earliest = i64::try_from(earliest.0).unwrap_or(i64::MAX);
            let sql = "UPDATE server SET epoch = greatest(epoch + 1, $1) RETURNING epoch";
            row::unsigned(&session.one(sql, &[&earliest])?, 0).map(Epoch)
        })
    }

    fn transaction<T>(
        &self,
        begin: &str,
        work: impl FnOnce(&Session) -> Result<T, ServerError>,
    ) -> Result<T, ServerError> {
        let session = self.begin(begin)?;
        let done = work(&session)?;
        session.commit()?;
        Ok(done)
    }

    /// A connection with a transaction begun on it. Those that have died in the pool are replaced.
    fn begin(&self, begin: &str) -> Result<Session, ServerError> {
        let mut dead = 0;
        loop {
            let client = self.connection()?;
            match block_on(client.batch_execute(begin)).map_err(failed) {
                Ok(()) => return Ok(Session::new(client)),
                Err(ServerError::DatabaseAway(cause)) if dead < self.pool.status().max_size => {
                    dead += 1;
                    tracing::info!(%cause, "a connection to the database was lost; trying another");
                    drop(Object::take(client));
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn connection(&self) -> Result<Object, ServerError> {
        let runtime = self.runtime.as_ref().expect("it lives as long as this");
        let _entered = runtime.enter();
        block_on(self.pool.get()).map_err(|error| match error {
            PoolError::Backend(error) => match failed(error) {
                ServerError::Postgres(error) => ServerError::NotConnected(Box::new(error)),
                error => error,
            },
            PoolError::PostCreateHook(error) => ServerError::DatabaseAway(Box::new(error)),
            error => ServerError::DatabaseAway(Box::new(error)),
        })
    }
}
