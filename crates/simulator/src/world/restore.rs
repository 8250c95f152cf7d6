//! Backups of the server, and its restore from one: what it took since is gone there, and comes back from the devices.

use std::path::{Path, PathBuf};

use gatebook_server::restore_backup;

use super::{Run, World};
use crate::kill::Image;
use crate::templates::SERVER_DATABASE;

impl World<'_> {
    fn backup_file(&self) -> PathBuf {
        self.host.folder.with_file_name("backup.sqlite")
    }

    /// Copies the server's data to another folder, without its key.
    pub(super) fn copy_to(&self, folder: &Path) -> anyhow::Result<()> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        std::fs::create_dir_all(folder)?;
        Ok(self.host.server().backup(&folder.join(SERVER_DATABASE))?)
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
        self.host.backed_up_at = self.time.now();
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
        // Whatever else runs on the folder is stopped for it.
        self.host.impostor = None;
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
        let backed_up_at = self.host.backed_up_at;
        self.host.restored_from = Some(self.host.restored_from.map_or(backed_up_at, |oldest| oldest.min(backed_up_at)));
        self.last_change = self.time.now();
        self.forget_what_the_server_lost()?;
        self.photos_after_restore()?;
        (0..self.devices.len()).try_for_each(|device| self.knows_its_own(device))
    }
}
