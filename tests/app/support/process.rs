//! The app's processes: found by the data folder they were started with.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A process of the system.
#[derive(Debug, Clone)]
pub(crate) struct Process(u32);

impl Process {
    /// The app that runs on that data folder.
    pub(crate) fn of_app(data: &Path) -> Option<Self> {
        let wanted = format!("XDG_DATA_HOME={}", data.display());
        let runs_on_it = |pid: &u32| {
            std::fs::read_link(format!("/proc/{pid}/exe"))
                .is_ok_and(|exe| exe == Path::new(env!("CARGO_BIN_EXE_gatebook")))
                && std::fs::read(format!("/proc/{pid}/environ"))
                    .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes()))
        };
        std::fs::read_dir("/proc")
            .ok()?
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .find(runs_on_it)
            .map(Self)
    }

    pub(crate) const fn new(pid: u32) -> Self {
        Self(pid)
    }

    /// Ends it at once, as a system short of memory does.
    pub(crate) fn kill(&self) {
        self.signal("KILL");
        self.gone();
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Its own view of the file system.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        let below = path.strip_prefix("/").expect("an absolute path");
        Path::new("/proc").join(self.0.to_string()).join("root").join(below)
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([&format!("-{signal}"), &self.0.to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "process {} can be signalled", self.0);
    }

    /// Waits until the process has let go of everything.
    fn gone(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", self.0));
        while state().is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z')) {
            assert!(Instant::now() < deadline, "process {} does not end", self.0);
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
