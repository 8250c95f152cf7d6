//! Running seeds: a bench keeps the templates and a folder, and plays one world after the other on its thread.

use std::path::PathBuf;

use gatebook_sync::simulation::{self, Bug};
use tempfile::TempDir;

use crate::minimise::minimise;
use crate::script::Script;
use crate::templates::Templates;
use crate::world::{Outcome, play};

/// Where worlds are played, one at a time. For one thread.
pub struct Bench {
    templates: Templates,
    folder: TempDir,
    bug: Option<Bug>,
}

impl Bench {
    /// A bench on which that bug is on, if any. Its folder is in memory where the system has such a place.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn new(bug: Option<Bug>) -> anyhow::Result<Self> {
        simulation::switch_on(None);
        let memory = PathBuf::from("/dev/shm");
        let folder = tempfile::Builder::new().prefix("gatebook-simulator-").tempdir_in(if memory.is_dir() {
            memory
        } else {
            std::env::temp_dir()
        })?;
        let templates = Templates::make(&folder.path().join("templates"))?;
        Ok(Self { templates, folder, bug })
    }

    /// Plays the world of that seed.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn run(&mut self, seed: u64, with_story: bool) -> anyhow::Result<Outcome> {
        self.play(&Script::of(seed), with_story)
    }

    /// Plays the world of a failing seed again and again with fewer and fewer steps. Returns how many steps were left
    /// of how many, and what came of those.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn minimised(&mut self, seed: u64) -> anyhow::Result<(usize, usize, Outcome)> {
        let script = Script::of(seed);
        let wanted = self.play(&script, false)?.violation.map(|violation| violation.invariant);
        let smallest = minimise(&script, |candidate| {
            let found = self.play(candidate, false).ok().and_then(|outcome| outcome.violation);
            found.map(|violation| violation.invariant) == wanted
        });
        let outcome = self.play(&smallest, true)?;
        Ok((smallest.steps.len(), script.steps.len(), outcome))
    }

    fn play(&mut self, script: &Script, with_story: bool) -> anyhow::Result<Outcome> {
        let folder = self.folder.path().join("world");
        std::fs::create_dir_all(&folder)?;
        simulation::switch_on(self.bug);
        let outcome = play(script, &self.templates, &folder, with_story);
        simulation::switch_on(None);
        std::fs::remove_dir_all(&folder)?;
        outcome
    }
}
