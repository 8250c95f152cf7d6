//! How a connection is made and what holds on it.

use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime as PoolRuntime};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::Config;

use super::tls;
use crate::error::ServerError;

/// How long to wait for the database to take a connection, and for one of the pool's to be free.
const WAIT: Duration = Duration::from_secs(5);
/// After this long without an answer to its packets the database counts as lost.
const SILENCE: Duration = Duration::from_secs(20);

/// Bounds that end what went wrong on the way: a statement, a wait for a lock, a server that died in a transaction.
/// And plans that are made once, and last: all look-ups are by index, and planning one for thousands of ids takes longer
/// than the look-up. A plan made while the tables are small must be right when they are large, which the planner cannot
/// know: the statements say themselves what is looked up for what (`LATERAL`), and `OFFSET 0` keeps it so. An array of
/// ids to compare with (`= ANY`), or a plain join, is read the other way round, and takes the square of what is there.
const SESSION: &str = "
    SET statement_timeout = '30s';
    SET lock_timeout = '15s';
    SET idle_in_transaction_session_timeout = '30s';
    SET client_encoding = 'UTF8';
    SET synchronous_commit = on;
    SET jit = off;
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off;
";

/// Reads the address of the database.
pub(super) fn config(url: &str) -> Result<Config, ServerError> {
    let mut config: Config = url.parse().map_err(|error| ServerError::DatabaseUrl(Box::new(error)))?;
    config.application_name("gatebook-server");
    config.connect_timeout(WAIT).keepalives_idle(SILENCE).tcp_user_timeout(SILENCE);
    Ok(config)
}

/// The runtime that moves the connections' bytes; one thread is enough for that.
pub(super) fn runtime() -> Result<Runtime, ServerError> {
    Ok(Builder::new_multi_thread().worker_threads(1).thread_name("postgres").enable_all().build()?)
}

/// Waits for the database. Whoever calls may be a task of another runtime, which tells its futures to make way for other
/// tasks now and then; here there are none to make way for, and it would wait for ever.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> T {
    pollster::block_on(tokio::task::unconstrained(work))
}

/// A pool of at most so many connections, made as they are needed.
pub(super) fn pool(config: Config, connections: usize) -> Result<Pool, ServerError> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let prepare = Hook::async_fn(|client, _| {
        Box::pin(async move { client.batch_execute(SESSION).await.map_err(HookError::Backend) })
    });
    let secured = tls::connector(config.get_ssl_mode()).map_err(|error| ServerError::NotConnected(Box::new(error)))?;
    Pool::builder(Manager::from_config(config, secured, recycling))
        .max_size(connections.max(1))
        .runtime(PoolRuntime::Tokio1)
        .wait_timeout(Some(WAIT))
        .create_timeout(Some(WAIT))
        .post_create(prepare)
        .build()
        .map_err(|error| ServerError::DatabaseAway(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_cannot_be_read_is_refused_without_being_repeated() {
        let error = config("postgres://user:secret@db:port/gatebook").unwrap_err();
        let told = format!("{:#}", anyhow::Error::from(error));
        assert!(told.contains("--database") && !told.contains("secret"), "{told}");
    }
}
