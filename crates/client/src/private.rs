//! On a desktop, what the device keeps is for its own account alone: other people who use the computer read none of it.
//! A phone's system sees to that by itself.

use std::fs::Permissions;
use std::io::Result;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

const OTHERS: u32 = 0o077;
/// As of /tmp: no folder of ours.
const SHARED_BY_ALL: u32 = 0o1000;

/// Takes from everybody else what they may do with what lies in the device's folder, and with the folder itself. That comes
/// last: if it is tight, nobody reaches what is in it, and there is nothing to do.
pub(crate) fn tighten(folder: &Path) {
    let done = folder.canonicalize().and_then(|folder| if is_loose(&folder)? { tree(&folder) } else { Ok(()) });
    if let Err(error) = done {
        // It works without that as well.
        tracing::warn!(%error, "other accounts of this computer may be able to read what the device keeps");
    }
}

fn is_loose(path: &Path) -> Result<bool> {
    let found = path.symlink_metadata()?;
    let is_ours = found.is_file() || (found.is_dir() && found.permissions().mode() & SHARED_BY_ALL == 0);
    Ok(is_ours && found.permissions().mode() & OTHERS != 0)
}

fn tree(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() { tree(&entry.path()) } else { one(&entry.path()) }?;
    }
    one(folder)
}

fn one(path: &Path) -> Result<()> {
    if is_loose(path)? {
        let mode = path.symlink_metadata()?.permissions().mode();
        std::fs::set_permissions(path, Permissions::from_mode(mode & 0o700))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_accounts_could_read_they_cannot_any_more() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("device");
        let deep = folder.join("photos/viewed");
        std::fs::create_dir_all(&deep).unwrap();
        let (open, outside) = ([folder.join("gatebook.sqlite"), deep.join("a.jpg")], parent.path().join("outside"));
        for file in open.iter().chain([&outside]) {
            std::fs::write(file, "x").unwrap();
            std::fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
        }
        std::os::unix::fs::symlink(&outside, folder.join("link")).unwrap();
        std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        tighten(&folder);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        for (path, expected) in
            [(&folder, 0o700), (&deep, 0o700), (&open[0], 0o600), (&open[1], 0o600), (&outside, 0o644)]
        {
            assert_eq!(mode(path), expected, "{}", path.display());
        }
    }
}
