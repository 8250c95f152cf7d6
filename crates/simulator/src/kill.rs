//! Killing a process at a commit: what is on the disk at that moment is kept, and the process unwinds from there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::rc::Rc;

use gatebook_sync::simulation::{self, Point};

use crate::dice::Dice;

/// Whose process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Device(usize),
    Server,
}

/// When, relative to a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The transaction is done and nothing of it is on the disk.
    BeforeCommit,
    /// It is on the disk, and nobody has been told.
    AfterCommit,
    /// The power goes while the log is written: a part of it is there, or a part in its middle is not.
    PowerLoss,
    /// No commit: a photo's file has just been written, named or deleted.
    AtFile,
}

/// A process that is killed unwinds with this; nothing but [`Desk::run`] catches it.
struct Killed;

struct Armed {
    commits_to_go: u32,
    moment: Moment,
    dice: Dice,
    /// The log as it was before the commit during which the power goes.
    log_before: Vec<u8>,
}

/// What is on the disk after a kill.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub database: Vec<u8>,
    pub log: Vec<u8>,
}

#[derive(Default)]
struct State {
    databases: BTreeMap<Who, PathBuf>,
    armed: BTreeMap<Who, Armed>,
    running: Option<Who>,
    image: Option<Image>,
}

/// Knows who is to be killed when.
#[derive(Clone, Default)]
pub(crate) struct Desk {
    state: Rc<RefCell<State>>,
}

impl Desk {
    /// Watches this thread's commits until [`Desk::close`].
    pub(crate) fn open() -> Self {
        let desk = Self::default();
        let watching = desk.clone();
        simulation::watch(Some(Rc::new(move |point| watching.reached(point))));
        desk
    }

    pub(crate) fn close() {
        simulation::watch(None);
    }

    /// Says where that process keeps its database.
    pub(crate) fn keeps(&self, who: Who, database: PathBuf) {
        self.state.borrow_mut().databases.insert(who, database);
    }

    /// Kills it at the first commit (or file) after so many others.
    pub(crate) fn arm(&self, who: Who, commits_to_go: u32, moment: Moment, salt: u64) {
        let armed = Armed { commits_to_go, moment, dice: Dice::new(salt, 0x70_72), log_before: Vec::new() };
        self.state.borrow_mut().armed.insert(who, armed);
    }

    /// Lets it live.
    pub(crate) fn disarm(&self, who: Who) {
        self.state.borrow_mut().armed.remove(&who);
    }

    /// Runs a piece of that process. If it is killed, what is then on the disk.
    pub(crate) fn run<T>(&self, who: Who, work: impl FnOnce() -> T) -> Result<T, Image> {
        let before = self.state.borrow_mut().running.replace(who);
        let done = catch_unwind(AssertUnwindSafe(work));
        self.state.borrow_mut().running = before;
        done.map_err(|panic| {
            if panic.downcast_ref::<Killed>().is_none() {
                resume_unwind(panic);
            }
            self.state.borrow_mut().image.take().expect("whoever is killed leaves an image")
        })
    }

    /// What is on its disk now.
    pub(crate) fn image(&self, who: Who) -> Image {
        let state = self.state.borrow();
        let database = &state.databases[&who];
        Image { database: read(database.clone()), log: read(log_of(database)) }
    }

    fn reached(&self, point: Point) {
        let (is_device, is_before) = match point {
            Point::DeviceBeforeCommit => (true, true),
            Point::DeviceAfterCommit | Point::DeviceFile => (true, false),
            Point::ServerBeforeCommit => (false, true),
            Point::ServerAfterCommit | Point::ServerFile => (false, false),
        };
        let is_file = matches!(point, Point::DeviceFile | Point::ServerFile);
        let mut state = self.state.borrow_mut();
        let Some(who) = state.running.filter(|who| matches!(who, Who::Device(_)) == is_device) else { return };
        let database = state.databases[&who].clone();
        let Some(armed) = state.armed.get_mut(&who).filter(|it| is_file == (it.moment == Moment::AtFile)) else {
            return;
        };
        if armed.commits_to_go > 0 {
            armed.commits_to_go -= u32::from(!is_before);
            return;
        }
        let log = match (armed.moment, is_before) {
            (Moment::BeforeCommit, true) | (Moment::AfterCommit | Moment::AtFile, false) => read(log_of(&database)),
            (Moment::PowerLoss, true) => {
                armed.log_before = read(log_of(&database));
                return;
            }
            (Moment::PowerLoss, false) => torn(&armed.log_before, read(log_of(&database)), &mut armed.dice),
            (Moment::BeforeCommit, false) | (Moment::AfterCommit | Moment::AtFile, true) => return,
        };
        state.armed.remove(&who);
        state.image = Some(Image { database: read(database), log });
        drop(state);
        // Not a panic: nothing is broken, and nobody is to be told.
        resume_unwind(Box::new(Killed));
    }
}

fn log_of(database: &std::path::Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", database.display()))
}

fn read(path: PathBuf) -> Vec<u8> {
    std::fs::read(path).unwrap_or_default()
}

/// A log of which only a part of the newest commit has reached the disk.
fn torn(before: &[u8], after: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    let first = before.iter().zip(&after).position(|(a, b)| a != b).unwrap_or(before.len().min(after.len()));
    if first >= after.len() {
        return after;
    }
    let mut torn = after;
    let at = first + dice.place(torn.len() - first);
    if dice.percent(50) {
        // Written in order, up to there.
        torn.truncate(at);
        torn.extend_from_slice(before.get(at..).unwrap_or_default());
    } else {
        // One sector in the middle never arrived.
        let end = (at + 512).min(torn.len());
        for (offset, byte) in torn[at..end].iter_mut().enumerate() {
            *byte = before.get(at + offset).map_or(!*byte, |old| if old == byte { !*old } else { *old });
        }
    }
    torn
}

impl Image {
    /// Puts it back in place of what is there.
    pub(crate) fn put(&self, database: &std::path::Path) -> std::io::Result<()> {
        std::fs::write(database, &self.database)?;
        let _ = std::fs::remove_file(format!("{}-shm", database.display()));
        let log = log_of(database);
        if self.log.is_empty() {
            let _ = std::fs::remove_file(log);
            return Ok(());
        }
        std::fs::write(log, &self.log)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_log_never_holds_the_whole_of_the_newest_commit() {
        let (before, after) = (vec![1; 1_000], [vec![1; 1_000], vec![2; 2_000]].concat());
        for salt in 0..200 {
            let torn = torn(&before, after.clone(), &mut Dice::new(salt, 0));
            assert_ne!(torn, after);
            assert_eq!(torn[..1_000], before[..], "what was there before stays");
        }
    }
}
