//! A transaction, and statements in it.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::pin::pin;

use deadpool_postgres::Object;
use futures_util::stream::TryStreamExt as _;
use gatebook_sync::{Content, Epoch};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};
use uuid::Uuid;

use super::connect::block_on;
use super::failure::failed;
use crate::error::ServerError;
use crate::storage::BodyRoom;

/// A statement's arguments.
pub(super) type Arguments<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A transaction. Rolled back unless committed.
pub(super) struct Session {
    client: Option<Object>,
    /// The epoch in which this transaction works, once it has asked.
    pub(super) epoch: Cell<Option<Epoch>>,
    /// Records that were claimed and are there.
    pub(super) claimed: RefCell<HashSet<Uuid>>,
    /// Where what is read of bodies has its room, if that is bounded.
    pub(super) room: RefCell<Option<BodyRoom>>,
}

impl Session {
    /// `client` has a transaction open.
    pub(super) fn new(client: Object) -> Self {
        Self { client: Some(client), epoch: Cell::new(None), claimed: RefCell::default(), room: RefCell::default() }
    }

    pub(super) fn client(&self) -> &Client {
        self.object()
    }

    fn object(&self) -> &Object {
        self.client.as_ref().expect("it is taken at the end only")
    }

    /// A statement, prepared once for each connection.
    pub(super) fn prepare(&self, sql: &str) -> Result<Statement, ServerError> {
        block_on(self.object().prepare_cached(sql)).map_err(failed)
    }

    /// Sends a statement as soon as it is polled, so that several under way at once arrive in the order in which they
    /// are polled, and each sees what the one before it did.
    pub(super) async fn query(&self, sql: &Statement, arguments: Arguments<'_>) -> Result<Vec<Row>, ServerError> {
        self.object().query(sql, arguments).await.map_err(failed)
    }

    /// The same, and tells how many rows it changed.
    pub(super) async fn execute(&self, sql: &Statement, arguments: Arguments<'_>) -> Result<u64, ServerError> {
        self.object().execute(sql, arguments).await.map_err(failed)
    }

    /// All rows of a statement.
    pub(super) fn all(&self, sql: &str, arguments: Arguments<'_>) -> Result<Vec<Row>, ServerError> {
        block_on(self.query(&self.prepare(sql)?, arguments))
    }

    /// What the rows of a statement hold, read one after the other: no more of them is in memory than there is room for.
    pub(super) fn contents<T>(
        &self,
        sql: &str,
        arguments: Arguments<'_>,
        read: impl Fn(&Row) -> Result<T, ServerError>,
        content: impl Fn(&T) -> &Content,
    ) -> Result<Vec<T>, ServerError> {
        let statement = self.prepare(sql)?;
        let room = self.room.borrow().clone();
        block_on(async {
            let rows = self.object().query_raw(&statement, arguments.iter().copied()).await.map_err(failed)?;
            let (mut rows, mut found) = (pin!(rows), Vec::new());
            while let Some(row) = rows.try_next().await.map_err(failed)? {
                let held = read(&row)?;
                if let Some(room) = &room {
                    room.take(content(&held))?;
                }
                found.push(held);
            }
            Ok(found)
        })
    }

    /// The first row of a statement, if there is any.
    pub(super) fn first(&self, sql: &str, arguments: Arguments<'_>) -> Result<Option<Row>, ServerError> {
        Ok(self.all(sql, arguments)?.into_iter().next())
    }

    /// The row of a statement that always has one.
    pub(super) fn one(&self, sql: &str, arguments: Arguments<'_>) -> Result<Row, ServerError> {
        self.first(sql, arguments)?.ok_or_else(|| {
            let missing = std::io::Error::new(std::io::ErrorKind::NotFound, "a row that is always there is missing");
            ServerError::unreadable("row", missing)
        })
    }

    /// Runs a statement and tells how many rows it changed.
    pub(super) fn run(&self, sql: &str, arguments: Arguments<'_>) -> Result<u64, ServerError> {
        block_on(self.execute(&self.prepare(sql)?, arguments))
    }

    /// Makes what was done last. If this fails it may have lasted all the same: the caller must repeat it in a way that
    /// does no harm.
    pub(super) fn commit(mut self) -> Result<(), ServerError> {
        let client = self.client.take().expect("it is taken at the end only");
        let done = block_on(client.batch_execute("COMMIT")).map_err(failed);
        if done.is_err() {
            drop(Object::take(client));
        }
        done
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        // A connection in doubt is closed, which rolls back as well.
        if std::thread::panicking() || block_on(client.batch_execute("ROLLBACK")).is_err() {
            drop(Object::take(client));
        }
    }
}
