//! What the server keeps is for its own account alone.

use std::fs::{Permissions, create_dir_all, set_permissions, write};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::command_line::{gatebook, says};
use crate::support::Place;

/// Everything in a folder, and itself, that others than its owner may do anything with.
fn loose(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = [folder.to_owned()].into_iter().filter(|path| is_loose(path)).collect();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(loose(&path));
        } else if !path.is_symlink() && is_loose(&path) {
            found.push(path);
        }
    }
    found
}

fn is_loose(path: &Path) -> bool {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o077 != 0
}

/// Runs the program where an account's files may be read by everybody unless somebody says otherwise.
fn runs_openly(place: &Place, data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", "umask 000; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_gatebook-server")]).args(arguments);
    command.envs(place.variables()).env("GATEBOOK_DATA", data).env("GATEBOOK_KEY_FILE", data.join("server.key"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn whatever_the_program_makes_no_other_account_reads() {
    let place = Place::embedded();
    let data = place.join("data");
    runs_openly(&place, &data, &["seed", "--json"]);
    let backup = place.join("backup.sqlite");
    runs_openly(&place, &data, &["backup", "--to", backup.to_str().unwrap()]);
    assert_eq!(loose(&data), Vec::<PathBuf>::new());
    assert!(!is_loose(&backup));

    // A backup that somebody has copied may be read by all; what is put in place of it is not.
    set_permissions(&backup, Permissions::from_mode(0o644)).unwrap();
    runs_openly(&place, &data, &["restore", "--from", backup.to_str().unwrap()]);
    assert_eq!(loose(&data), Vec::<PathBuf>::new());
}

#[test]
fn what_lies_there_from_before_is_tightened_at_the_start_and_that_is_said_once() {
    let place = Place::embedded();
    says(&place, &["seed", "--json"]);
    let photo = place.join("photos/blobs/tenant/00/photo.jpg");
    create_dir_all(photo.parent().unwrap()).unwrap();
    write(&photo, "a photo").unwrap();
    let outside = tempfile::NamedTempFile::new().unwrap();
    set_permissions(outside.path(), Permissions::from_mode(0o644)).unwrap();
    symlink(outside.path(), place.join("photos/link")).unwrap();
    let open = |folder: &Path| set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    for folder in ["", "photos", "photos/staging", "photos/blobs/tenant/00"] {
        open(&place.join(folder));
    }
    for file in ["gatebook-server.sqlite", "server.key", "server.revoked"] {
        set_permissions(place.join(file), Permissions::from_mode(0o644)).unwrap();
    }
    set_permissions(&photo, Permissions::from_mode(0o444)).unwrap();

    let told = "other accounts of this machine could read";
    assert!(serves_once(&place).contains(told));
    assert_eq!(loose(&place.join("")), Vec::<PathBuf>::new());
    assert_eq!(std::fs::metadata(&photo).unwrap().permissions().mode() & 0o777, 0o400, "no more rights than before");
    assert!(is_loose(outside.path()), "what lies elsewhere is left alone");
    assert!(!serves_once(&place).contains(told));
}

/// What a server logs that begins to serve, and is told to stop.
fn serves_once(place: &Place) -> String {
    use std::io::{BufRead as _, BufReader};
    let mut serve = gatebook(place, &["serve", "--listen", "127.0.0.1:0"]);
    let mut serving = serve.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    BufReader::new(serving.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
    assert!(Command::new("kill").args(["-TERM", &serving.id().to_string()]).status().unwrap().success());
    String::from_utf8(serving.wait_with_output().unwrap().stderr).unwrap()
}
