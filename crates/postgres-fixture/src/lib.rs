//! A throw-away PostgreSQL for tests and benches: nothing has to be running, and nothing keeps running.
//!
//! [`Database::new`] makes an empty database on a cluster that all tests of this machine's user share. Whoever comes
//! first starts it; a keeper stops it a few seconds after the last one has gone, however that one ended. [`Cluster`] is
//! one of a test's own, to be stopped and started at will. Both listen on a Unix socket only.
//!
//! PostgreSQL's programs must be installed (`cargo xtask setup` does that); without them a test fails.

mod programs;
mod shared;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;
use uuid::Uuid;

pub use programs::program;

/// An empty database. Dropped with this.
#[derive(Debug)]
pub struct Database {
    name: String,
    socket: PathBuf,
    cluster: Option<shared::User>,
}

impl Database {
    /// On the shared cluster.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it starts programs; nobody should get one by the way")]
    pub fn new() -> Self {
        let user = shared::User::join();
        let database = Self { name: fresh_name(), socket: user.socket().to_owned(), cluster: Some(user) };
        sql(&database.socket, "postgres", &format!("CREATE DATABASE {}", database.name));
        database
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        url(&self.socket, &self.name)
    }

    /// Runs SQL in it and returns what `psql` prints, unaligned.
    pub fn sql(&self, sql: &str) -> String {
        self::sql(&self.socket, &self.name, sql)
    }

    /// Cuts every connection to it.
    pub fn cut(&self) {
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> \
                   pg_backend_pid()";
        self.sql(cut);
    }

    /// Writes all that is in it to a file.
    pub fn dump(&self, to: &Path) {
        let mut dump = Command::new(program("pg_dump"));
        done(dump.arg("--format=custom").arg("--file").arg(to).arg(self.url()));
    }

    /// Writes all that is in it to a file, as SQL that every version of PostgreSQL the tests may find understands.
    ///
    /// # Panics
    /// The file cannot be written.
    pub fn dump_sql(&self, to: &Path) {
        let mut dump = Command::new(program("pg_dump"));
        let dumped = done(dump.args(["--no-owner", "--no-privileges", "--no-comments"]).arg(self.url()));
        let dumped = String::from_utf8(dumped.stdout).expect("the database speaks UTF-8");
        // Only newer ones know that setting and those commands of `psql`; what is dumped needs neither.
        let is_for_all = |line: &&str| {
            !["SET transaction_timeout", r"\restrict", r"\unrestrict"].iter().any(|it| line.starts_with(it))
        };
        let text: String = dumped.split_inclusive('\n').filter(is_for_all).collect();
        std::fs::write(to, text).expect("the dump is written");
    }

    /// Runs the SQL of such a file in it; it must be empty.
    pub fn load_sql(&self, from: &Path) {
        let mut load = Command::new(program("psql"));
        load.args(["--no-psqlrc", "--quiet", "--output=/dev/null", "--single-transaction", "--set=ON_ERROR_STOP=1"]);
        done(load.arg("--file").arg(from).arg(self.url()));
    }

    /// Puts what was written to a file in place of all that is in it.
    pub fn restore(&self, from: &Path) {
        self.cut();
        self.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
        let mut restore = Command::new(program("pg_restore"));
        done(restore.args(["--no-owner", "--schema=public", "--dbname"]).arg(self.url()).arg(from));
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.cluster.is_some() {
            let name = &self.name;
            let mut drop = psql(&self.socket, "postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
            // A cluster that is gone has no database left to drop.
            let _ = drop.output();
        }
    }
}

/// A cluster of a test's or bench's own. Stopped and removed with this.
#[derive(Debug)]
pub struct Cluster {
    folder: TempDir,
}

impl Cluster {
    /// Starts one. `durable` ones wait for the disk as in production; the others forget what a power cut would take.
    #[must_use]
    pub fn start(durable: bool) -> Self {
        let folder = tempfile::Builder::new().prefix("gatebook-postgres-").tempdir().expect("a folder");
        programs::give_away(folder.path());
        programs::init(folder.path(), durable);
        programs::start(folder.path());
        Self { folder }
    }

    /// A new database on it, gone with the cluster.
    #[must_use]
    pub fn database(&self) -> Database {
        let database = Database { name: fresh_name(), socket: self.folder.path().to_owned(), cluster: None };
        sql(&database.socket, "postgres", &format!("CREATE DATABASE {}", database.name));
        database
    }

    /// Stops it: connections are cut.
    pub fn stop(&self) {
        programs::stop(self.folder.path());
    }

    /// Starts it again.
    pub fn restart(&self) {
        programs::start(self.folder.path());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if programs::is_running(self.folder.path()) {
            programs::stop(self.folder.path());
        }
    }
}

fn fresh_name() -> String {
    format!("test_{}", Uuid::new_v4().simple())
}

fn url(socket: &Path, database: &str) -> String {
    let host = socket.to_str().expect("the temporary folder's path is text").replace('/', "%2F");
    format!("postgres://postgres@{host}/{database}")
}

fn psql(socket: &Path, database: &str, sql: &str) -> Command {
    let mut command = Command::new(program("psql"));
    command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
    command.args(["--command", sql]).arg(url(socket, database));
    command
}

fn sql(socket: &Path, database: &str, sql: &str) -> String {
    let output = done(&mut psql(socket, database, sql));
    String::from_utf8(output.stdout).expect("the database speaks UTF-8").trim().to_owned()
}

/// Runs a program that must succeed.
fn done(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    assert!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    output
}
