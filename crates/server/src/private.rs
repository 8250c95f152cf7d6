//! What the server keeps is for its own account alone: the database, the key, photos, backups. Its program makes nothing that
//! other accounts of the machine may read ([`from_now_on`]). What is looser, because it lies there from before or was copied
//! there, is tightened when the server is opened ([`tighten`]).
//!
//! Elsewhere than on Unix, files are as private as the folder they lie in, and nothing is done here.

use std::path::Path;

use crate::config::Config;

/// Whatever this process makes from now on, only its account may read.
#[cfg(unix)]
pub(crate) fn from_now_on() {
    use rustix::fs::Mode;
    let others = Mode::RWXG | Mode::RWXO;
    let before = rustix::process::umask(others);
    rustix::process::umask(before | others);
}

#[cfg(not(unix))]
pub(crate) fn from_now_on() {}

/// Takes from everybody else what they may do with the server's files, and says so if they could do anything. The server
/// works without that as well, so what cannot be changed is only told.
pub(crate) fn tighten(config: &Config, photos: Option<&Path>) {
    let mut tightened = 0;
    let mut tighten = |what: &Path, done: std::io::Result<usize>| match done {
        Ok(count) => tightened += count,
        Err(error) => {
            tracing::warn!(%error, what = %what.display(), "other accounts of this machine may be able to read this");
        }
    };
    // Where a link leads that the office has put in place of a folder is the server's folder as well.
    if config.database.is_none() {
        tighten(&config.data, config.data.canonicalize().and_then(|folder| files_in(&folder)));
    }
    if let Some(photos) = photos {
        tighten(photos, photos.canonicalize().and_then(|folder| tree(&folder)));
    }
    for secret in [config.key_path(), config.authority_path()] {
        tighten(&secret, one(&secret));
    }
    if tightened > 0 {
        tracing::warn!(
            tightened,
            "other accounts of this machine could read files or folders of this server; from now on they cannot"
        );
    }
}

/// The mode of what lies at that path, if others than its owner may do anything with it.
#[cfg(unix)]
fn loose_mode(path: &Path) -> std::io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt as _;
    const OTHERS: u32 = 0o077;
    const SHARED_BY_ALL: u32 = 0o1000;
    let found = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    let mode = found.permissions().mode();
    // What a link among the files leads to is somebody else's business, and so is a folder such as /tmp.
    let is_ours = found.is_file() || (found.is_dir() && mode & SHARED_BY_ALL == 0);
    Ok((is_ours && mode & OTHERS != 0).then_some(mode))
}

#[cfg(not(unix))]
fn loose_mode(_: &Path) -> std::io::Result<Option<u32>> {
    Ok(None)
}

fn is_loose(path: &Path) -> std::io::Result<bool> {
    Ok(loose_mode(path)?.is_some())
}

/// Tightens what lies at that path itself; how many things that were.
pub(crate) fn one(path: &Path) -> std::io::Result<usize> {
    let Some(mode) = loose_mode(path)? else { return Ok(0) };
    set_mode(path, mode & 0o700)?;
    Ok(1)
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> std::io::Result<()> {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> std::io::Result<()> {
    Ok(())
}

/// Tightens a folder and the files that lie directly in it.
fn files_in(folder: &Path) -> std::io::Result<usize> {
    let mut tightened = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            tightened += one(&entry.path())?;
        }
    }
    Ok(tightened + one(folder)?)
}

/// Tightens a folder and all that lies in it, unless it is tight itself: then nobody reaches what is in it. It comes last, so
/// that what was cut short is done again.
fn tree(folder: &Path) -> std::io::Result<usize> {
    if is_loose(folder)? { whole_tree(folder) } else { Ok(0) }
}

fn whole_tree(folder: &Path) -> std::io::Result<usize> {
    let mut tightened = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let is_folder = entry.file_type()?.is_dir();
        tightened += if is_folder { whole_tree(&entry.path()) } else { one(&entry.path()) }?;
    }
    Ok(tightened + one(folder)?)
}
