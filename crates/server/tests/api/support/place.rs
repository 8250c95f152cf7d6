//! Where a server keeps its state: the same tests run on every database.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gatebook_postgres_fixture::Database;
use gatebook_server::{Bounds, Config, Environment, Server, Tls};
use gatebook_sync::Epoch;
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use uuid::Uuid;

const EMBEDDED: &str = "gatebook-server.sqlite";
const STAMPS: &str = "SELECT seq, received_at FROM versions ORDER BY received_at";

/// A data folder, and the PostgreSQL database used instead of what would be in it, if any.
pub(crate) struct Place {
    folder: TempDir,
    pub(crate) database: Option<Database>,
    /// Whether its server believes what a proxy adds to requests.
    pub(crate) behind_proxy: bool,
    pub(crate) public_names: Vec<String>,
    /// Whether devices reach its server by TLS.
    pub(crate) tls: Tls,
}

impl Place {
    /// An empty one, on the database that this binary's tests are about.
    pub(crate) fn new() -> Self {
        let database = env!("CARGO_CRATE_NAME").ends_with("_postgres").then(Database::new);
        Self { database, ..Self::embedded() }
    }

    /// An empty one on the embedded database.
    pub(crate) fn embedded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The same key in every run, so that receipts are the same as well.
        std::fs::write(folder.path().join("server.key"), [7; 32]).unwrap();
        Self { folder, database: None, behind_proxy: false, public_names: Vec::new(), tls: Tls::Off }
    }

    /// A path in its folder.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// How a server is opened on it.
    pub(crate) fn config(&self) -> Config {
        Config {
            database: self.database.as_ref().map(Database::url),
            key_file: Some(self.join("server.key")),
            database_connections: 8,
            behind_proxy: self.behind_proxy,
            public_names: self.public_names.clone(),
            tls: self.tls.clone(),
            ..Config::new(self.folder.path())
        }
    }

    pub(crate) fn open<E: Environment>(&self, bounds: Bounds, environment: &Arc<E>) -> Server {
        let environment = Arc::clone(environment) as Arc<dyn Environment>;
        Server::open(Config { bounds, environment, ..self.config() }).unwrap()
    }

    /// The environment in which the command line finds it.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let text = |path: PathBuf| path.into_os_string().into_string().unwrap();
        let mut variables =
            vec![("GATEBOOK_DATA", text(self.join(""))), ("GATEBOOK_KEY_FILE", text(self.join("server.key")))];
        variables.extend(self.database.as_ref().map(|database| ("GATEBOOK_DATABASE", database.url())));
        variables
    }

    pub(super) fn backup(&self, server: &Server, to: &Path) {
        match &self.database {
            Some(database) => database.dump(to),
            None => server.backup(to).unwrap(),
        }
    }

    /// Puts a backup in place that nobody announces. No server runs.
    pub(crate) fn swap(&self, backup: &Path) {
        match &self.database {
            Some(database) => database.restore(backup),
            None => drop(std::fs::copy(backup, self.join(EMBEDDED)).unwrap()),
        }
    }

    /// Changes what lies in its database, beside the server.
    pub(crate) fn execute(&self, sql: &str) {
        match &self.database {
            Some(database) => drop(database.sql(sql)),
            None => Connection::open(self.join(EMBEDDED)).unwrap().execute_batch(sql).unwrap(),
        }
    }

    /// Place in the feed and time of receipt of everything that was judged, in the order of the latter.
    pub(crate) fn stamps(&self) -> Vec<(Option<u64>, i64)> {
        if let Some(database) = &self.database {
            let stamp = |line: &str| {
                let (seq, received_at) = line.split_once('|').unwrap();
                (seq.parse().ok(), received_at.parse().unwrap())
            };
            return database.sql(STAMPS).lines().map(stamp).collect();
        }
        let database = Connection::open_with_flags(self.join(EMBEDDED), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let mut statement = database.prepare(STAMPS).unwrap();
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
    }
}

/// Puts a backup in place, as the office does. No server runs.
pub(crate) fn restore_backup(place: &Place, backup: &Path, now: Timestamp) {
    match &place.database {
        Some(database) => {
            let replaced = database.sql("SELECT epoch FROM server").parse().ok().map(Epoch);
            let received = database.sql("SELECT max(received_at) FROM tenant_counters").parse().ok();
            let received = received.and_then(|received| Timestamp::from_microsecond(received).ok());
            database.restore(backup);
            place.open(Bounds::default(), &Arc::new(Stopped(now))).begin_epoch(replaced, received).unwrap();
        }
        None => drop(gatebook_server::restore_backup(place.folder.path(), backup, now).unwrap()),
    }
}

/// A clock that stands still.
struct Stopped(Timestamp);

impl Environment for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}
