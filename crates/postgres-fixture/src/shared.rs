//! The cluster that tests share. Each test is a process of its own and starting one takes a second, so it lives from
//! the first test to a little after the last.
//!
//! Whoever uses it holds a shared lock on a file, which the system gives back however the process ends. The keeper, a
//! shell script, waits until it can have that lock alone, several times in a row, and then stops the cluster.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::programs;

/// $1 is the lock, $2 the cluster's folder; the rest stops the cluster.
const KEEPER: &str = r#"
lock=$1; folder=$2; shift 2
(
    idle=0
    while [ "$idle" -lt 15 ]; do
        sleep 1
        if flock --exclusive --nonblock "$lock" true; then idle=$((idle + 1)); else idle=0; fi
    done
    flock --exclusive "$lock" sh -c '"$@" && rm -rf "$0"' "$folder" "$@"
) &
"#;

/// Somebody who uses the shared cluster.
#[derive(Debug)]
pub(crate) struct User {
    socket: PathBuf,
    _lock: File,
}

impl User {
    /// Starts the cluster unless it runs.
    pub(crate) fn join() -> Self {
        let user = std::env::var("USER").unwrap_or_default();
        let base = std::env::temp_dir().join(format!("gatebook-tests-{user}"));
        std::fs::create_dir_all(&base).expect("a temporary folder");
        let open = |name: &str| {
            let mut options = File::options();
            options.create(true).truncate(false).write(true);
            options.open(base.join(name)).expect("a file in the temporary folder")
        };
        // While this is held the cluster is not stopped.
        let using = open("users.lock");
        using.lock_shared().expect("the lock");
        let starting = open("starting.lock");
        starting.lock().expect("the lock");
        let folder = base.join("postgres");
        if !programs::is_running(&folder) {
            start(&folder, &base.join("users.lock"));
        }
        Self { socket: folder, _lock: using }
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }
}

fn start(folder: &Path, lock: &Path) {
    // What is left of one that was killed is of no use.
    if folder.exists() {
        std::fs::remove_dir_all(folder).expect("the old cluster is removed");
    }
    std::fs::create_dir(folder).expect("a folder");
    programs::give_away(folder);
    programs::init(folder, false);
    programs::start(folder);
    let stop = programs::unprivileged("pg_ctl");
    let mut keeper = Command::new("sh");
    keeper.args(["-c", KEEPER, "keeper"]).arg(lock).arg(folder);
    keeper.arg(stop.get_program()).args(stop.get_args());
    keeper.args(["stop", "--silent", "--mode=immediate", "--pgdata"]).arg(folder.join("data"));
    // In a group of its own: it outlives the test, and whoever ends the test's group.
    keeper.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/").process_group(0);
    assert!(keeper.status().is_ok_and(|status| status.success()), "the keeper was not started");
}
