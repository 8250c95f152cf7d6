//! Backups of the server, and its restore from one: what it took since is gone there, and comes back from the devices.

use std::path::PathBuf;

use gatebook_server::restore_backup;

use super::{Happening, Run, World};
use crate::clock::SECOND;
use crate::kill::Image;
use crate::templates::{YARDS, yard_id};

impl World<'_> {
    fn backup_file(&self) -> PathBuf {
        self.host.folder.with_file_name("backup.sqlite")
    }

    /// The newest backup is the only one.
    pub(crate) fn back_up(&mut self) -> Run {
        if self.host.is_down {
            return Ok(());
        }
        let file = self.backup_file();
        let _ = std::fs::remove_file(&file);
        let done = self.host.server().backup(&file);
        self.works("a backup", done)?;
        self.host.has_backup = true;
        self.tally.act("office backs the server up");
        self.story.tell(self.time.now(), || "the server is backed up".to_owned());
        Ok(())
    }

    /// The server goes back to the newest backup.
    pub(crate) fn restore(&mut self, is_announced: bool) -> Run {
        if !self.host.has_backup {
            return Ok(());
        }
        self.tally.fault(if is_announced { "server restored from a backup" } else { "server restored, not announced" });
        self.story.tell(self.time.now(), || {
            format!("the server is restored from the backup{}", if is_announced { "" } else { ", and nobody says so" })
        });
        self.host.close();
        let (file, folder) = (self.backup_file(), self.host.folder.clone());
        if is_announced {
            let now = gatebook_server::Environment::now(&*self.host.machine);
            let done = restore_backup(&folder, &file, now);
            self.works("restoring the server", done)?;
        } else {
            let image = Image { database: std::fs::read(&file).unwrap_or_default(), log: Vec::new() };
            let put = image.put(&self.host.database());
            self.works("putting a backup in place", put)?;
        }
        let opened = self.host.open();
        self.works("opening the restored server", opened)?;
        self.host.life += 1;
        self.last_change = self.time.now();
        self.forget_what_the_server_lost()?;
        self.photos_after_restore()?;
        (0..self.devices.len()).try_for_each(|device| self.what_the_server_knows_of(device))
    }

    /// Which yards a device has, and whether it is let in at all, is what it was at the backup.
    fn what_the_server_knows_of(&mut self, device: usize) -> Run {
        let token = self.devices[device].token.clone();
        match self.host.server().device(&token) {
            Ok(known) => {
                let yards: Vec<usize> = (0..YARDS).filter(|yard| known.yards().contains(&yard_id(*yard))).collect();
                self.yards_are(device, yards);
            }
            Err(_) if !self.devices[device].is_revoked => {
                self.devices[device].is_revoked = true;
                self.after(30 * SECOND, Happening::Reenrols { device });
            }
            Err(_) => {}
        }
        Ok(())
    }
}
