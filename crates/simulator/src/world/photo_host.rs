//! The server's photos: another node takes over, it sweeps, its disk loses some.

use std::path::{Path, PathBuf};

use gatebook_server::{Sweep, Swept};

use super::lane::PhotoEvent;
use super::photo_link::wait_for;
use super::{Happening, Run, World};
use crate::clock::{DAY, MINUTE, SECOND};
use crate::dice::Dice;
use crate::tally::Invariant;

impl World<'_> {
    /// From now on the other node answers.
    pub(crate) fn change_node(&mut self) -> Run {
        self.tally.fault("another node answers");
        self.story.tell(self.time.now(), || "another node of the server answers".to_owned());
        let changed = self.host.change_node();
        self.works("opening another node", changed)
    }

    /// The server sweeps its photos, as it does when it starts and every hour.
    pub(crate) fn sweep(&mut self, whole: bool) -> Run {
        if self.host.is_down {
            return Ok(());
        }
        self.sweep_as(if whole { Sweep::Whole } else { Sweep::Quick })
    }

    fn sweep_as(&mut self, sweep: Sweep) -> Run {
        let Some(swept) = self.on_server(SECOND, |server| wait_for(server.sweep_photos(sweep)))? else {
            self.oracle.photos.disturb_all(self.time.now());
            if sweep == Sweep::ForgetLost {
                self.loss_is_noticed_later();
            }
            return Ok(());
        };
        let swept = self.works("sweeping photos", swept)?;
        if swept.adopted + swept.lost > 0 {
            self.last_change = self.time.now();
        }
        if swept != Swept::default() {
            self.story.tell(self.time.now(), || format!("the server sweeps: {swept}"));
        }
        // Only a disk that failed or a backup that was put back explain that; a server that was killed does not.
        let is_explained = swept.lost == 0 || self.oracle.photos.server_lost_at > 0;
        self.hold(Invariant::PhotosSafe, is_explained, |_| {
            format!("the server has lost {} photos, and neither did its disk fail nor was it restored", swept.lost)
        })?;
        if swept.lost > 0 && sweep != Sweep::ForgetLost {
            // It says so, and the office does what it is told to: a backup may know of photos that were swept since.
            self.loss_is_noticed_later();
        }
        Ok(())
    }

    fn loss_is_noticed_later(&mut self) {
        if !std::mem::replace(&mut self.oracle.photos.loss_is_unnoticed, true) {
            self.after(MINUTE, Happening::Photo(PhotoEvent::LossIsNoticed));
        }
    }

    /// The server has been restored: it sweeps as it starts.
    pub(crate) fn photos_after_restore(&mut self) -> Run {
        if !self.script.has_photos {
            return Ok(());
        }
        self.oracle.photos.store_is_not_what_it_was(self.time.now());
        if self.oracle.photos.store_lost_at > 0 {
            // The backup may know of photos that the disk has lost since: the office has them forgotten again.
            return self.sweep_as(Sweep::ForgetLost);
        }
        self.sweep(true)
    }

    /// The server's disk loses so many in a hundred of its files; the office notices at once or some time later.
    pub(crate) fn lose_store(&mut self, percent: u64, dice: &mut Dice) -> Run {
        if self.host.is_down {
            return Ok(());
        }
        self.tally.fault("server's disk loses photos");
        let now = self.time.now();
        self.oracle.photos.store_is_not_what_it_was(now);
        self.oracle.photos.store_lost_at = now;
        let mut files = self.stored_files();
        // By what does not change from run to run: parts of uploads have names of chance.
        files.sort_by_key(|file| {
            (file.parent().map(Path::to_path_buf), std::fs::metadata(file).map_or(0, |it| it.len()))
        });
        let mut count = 0;
        for file in files {
            if dice.percent(percent) {
                let done = std::fs::remove_file(&file);
                self.works("losing a file", done)?;
                count += 1;
            }
        }
        self.story.tell(now, || format!("the server's disk loses {count} files"));
        self.last_change = now;
        self.oracle.photos.loss_is_unnoticed = true;
        if dice.percent(50) {
            return self.forget_lost();
        }
        let noticed = dice.within(MINUTE, DAY);
        self.after(noticed, Happening::Photo(PhotoEvent::LossIsNoticed));
        Ok(())
    }

    /// The office has the server forget the photos that its disk has lost, if that has not been done.
    pub(crate) fn forget_lost(&mut self) -> Run {
        if !self.oracle.photos.loss_is_unnoticed {
            return Ok(());
        }
        if self.host.is_down {
            self.after(MINUTE, Happening::Photo(PhotoEvent::LossIsNoticed));
            return Ok(());
        }
        self.oracle.photos.store_is_not_what_it_was(self.time.now());
        self.oracle.photos.loss_is_unnoticed = false;
        self.sweep_as(Sweep::ForgetLost)
    }

    /// Every file in the server's store.
    pub(crate) fn stored_files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.host.folder.join("photos")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.file_type() {
                    Ok(sort) if sort.is_dir() => folders.push(entry.path()),
                    Ok(_) => files.push(entry.path()),
                    Err(_) => {}
                }
            }
        }
        files
    }
}
