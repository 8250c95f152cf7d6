//! PostgreSQL's own programs: where they are, and running those that must not run as root.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::done;

/// Where Debian and others keep what is not in the path, newest first.
const ELSEWHERE: [&str; 6] = [
    "/usr/lib/postgresql/18/bin",
    "/usr/lib/postgresql/17/bin",
    "/usr/lib/postgresql/16/bin",
    "/usr/lib/postgresql/15/bin",
    "/opt/homebrew/bin",
    "/usr/local/pgsql/bin",
];
/// The user that Debian's package makes.
const USER: &str = "postgres";

/// One of PostgreSQL's programs.
///
/// # Panics
/// It is not installed.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        // All from one folder, so that they are of one version; `initdb` is the one that is seldom in the path, and
        // may be a link there.
        std::env::split_paths(&path)
            .chain(ELSEWHERE.iter().map(PathBuf::from))
            .filter_map(|folder| Some(folder.join("initdb").canonicalize().ok()?.parent()?.to_owned()))
            .find(|folder| folder.join("psql").exists())
            .expect("PostgreSQL is not installed, or its `initdb` is not in the path; `cargo xtask setup` installs it")
    });
    folder.join(name)
}

fn is_root() -> bool {
    static ROOT: OnceLock<bool> = OnceLock::new();
    *ROOT.get_or_init(|| Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n"))
}

/// One of those that refuse to run as root.
pub(crate) fn unprivileged(name: &str) -> Command {
    let program = program(name);
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", USER, "--regid", USER, "--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // It must not hold the pipes of whoever reads a test's output, nor stand in a folder that only root may enter.
    command.stdin(Stdio::null()).current_dir("/");
    command
}

/// Lets PostgreSQL write in the folder.
pub(crate) fn give_away(folder: &Path) {
    if is_root() {
        done(Command::new("chown").arg(USER).arg(folder));
    }
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// Makes a cluster in the folder.
pub(crate) fn init(folder: &Path, durable: bool) {
    let data = data(folder);
    let mut init = unprivileged("initdb");
    init.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"]);
    done(init.arg("--pgdata").arg(&data));
    let mut settings = format!(
        "listen_addresses = ''\nunix_socket_directories = '{}'\nmax_connections = 200\nlog_statement = none\n",
        folder.display()
    );
    if !durable {
        settings += "fsync = off\nfull_page_writes = off\nautovacuum = off\nshared_buffers = 64MB\n";
    }
    std::fs::write(data.join("postgresql.auto.conf"), settings).expect("settings are written");
}

/// Starts the cluster in the folder.
pub(crate) fn start(folder: &Path) {
    let mut start = unprivileged("pg_ctl");
    start.args(["start", "--wait", "--silent", "--log"]).arg(folder.join("log")).arg("--pgdata").arg(data(folder));
    let status = start.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("pg_ctl runs");
    let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    assert!(status.success(), "PostgreSQL did not start: {}", log());
}

/// Stops it, cutting all connections.
pub(crate) fn stop(folder: &Path) {
    done(unprivileged("pg_ctl").args(["stop", "--wait", "--mode=immediate", "--pgdata"]).arg(data(folder)));
}

/// Whether it runs.
pub(crate) fn is_running(folder: &Path) -> bool {
    let status = unprivileged("pg_ctl").args(["status", "--pgdata"]).arg(data(folder)).output();
    status.is_ok_and(|output| output.status.success())
}
