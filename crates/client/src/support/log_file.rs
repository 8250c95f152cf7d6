//! The app's log on the device: two files of bounded size, the older of which is thrown away when the newer is full.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Below the data folder.
const FOLDER: &str = "logs";
const NEWER: &str = "gatebook.log";
const OLDER: &str = "gatebook.older.log";
/// Bytes of one file.
const MOST: u64 = 1024 * 1024;

/// The log, open for writing. Whoever writes hands over whole lines.
#[derive(Debug)]
pub struct LogFile {
    folder: PathBuf,
    file: File,
    written: u64,
    most: u64,
}

impl LogFile {
    /// Opens the log in that data folder, or begins one.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn open(data_folder: &Path) -> io::Result<Self> {
        Self::of_size(data_folder, MOST)
    }

    fn of_size(data_folder: &Path, most: u64) -> io::Result<Self> {
        let folder = data_folder.join(FOLDER);
        std::fs::create_dir_all(&folder)?;
        let file = OpenOptions::new().create(true).append(true).open(folder.join(NEWER))?;
        let written = file.metadata()?.len();
        Ok(Self { folder, file, written, most })
    }

    /// What there is of the log in that data folder, older first, by the files' names.
    pub(crate) fn read(data_folder: &Path) -> Vec<(&'static str, Vec<u8>)> {
        let folder = data_folder.join(FOLDER);
        [OLDER, NEWER].into_iter().filter_map(|name| Some((name, std::fs::read(folder.join(name)).ok()?))).collect()
    }

    fn begin_anew(&mut self) -> io::Result<()> {
        std::fs::rename(self.folder.join(NEWER), self.folder.join(OLDER))?;
        self.file = OpenOptions::new().create(true).append(true).open(self.folder.join(NEWER))?;
        self.written = 0;
        Ok(())
    }
}

impl Write for LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let length = line.len() as u64;
        if self.written > 0 && self.written.saturating_add(length) > self.most {
            self.begin_anew()?;
        }
        self.file.write_all(line)?;
        self.written += length;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_keeps_its_end_and_never_takes_more_than_two_files() {
        let data = tempfile::tempdir().unwrap();
        let mut log = LogFile::of_size(data.path(), 100).unwrap();
        for at in 0..50 {
            log.write_all(format!("line number {at:03}\n").as_bytes()).unwrap();
        }
        let files = LogFile::read(data.path());
        assert_eq!(files.iter().map(|(name, _)| *name).collect::<Vec<_>>(), [OLDER, NEWER]);
        assert!(files.iter().all(|(_, text)| text.len() <= 100), "{files:?}");
        let text: Vec<u8> = files.into_iter().flat_map(|(_, text)| text).collect();
        let text = String::from_utf8(text).unwrap();
        assert!(text.starts_with("line number 0") && text.ends_with("line number 049\n"), "{text}");
        assert!(text.contains("line number 044"), "older lines are there too: {text}");
    }

    #[test]
    fn a_log_goes_on_where_the_last_start_left_it() {
        let data = tempfile::tempdir().unwrap();
        for start in ["first\n", "second\n"] {
            LogFile::open(data.path()).unwrap().write_all(start.as_bytes()).unwrap();
        }
        assert_eq!(LogFile::read(data.path()), [(NEWER, b"first\nsecond\n".to_vec())]);
    }
}
