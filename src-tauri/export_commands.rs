//! The commands that write files for people: everything pending, and diagnostics. Where to is asked by the system's own
//! dialog, and what the dialog answers is opened by tauri-plugin-fs: on phones it is no path.
#![allow(clippy::needless_pass_by_value, reason = "Tauri hands arguments over by value")]
#![allow(unreachable_pub, reason = "the command macros repeat the visibility at the crate's root")]

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use gatebook_client::Device;
use gatebook_client::support::{ArchiveError, Diagnosed, Exported, Surroundings};
use gatebook_client::view::{CommandError, ErrorCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specta::Type;
use tauri::{AppHandle, Manager as _, Runtime, State};
use tauri_plugin_dialog::Dialog;
use tauri_plugin_fs::{FilePath, FsExt as _, OpenOptions};

use crate::support::{Answer, background, refused};

/// Everything pending is in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct ExportSaved {
    /// Where, as far as people can be told.
    pub place: String,
    /// What is in it.
    pub exported: Exported,
}

/// Diagnostics are in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct DiagnosticsSaved {
    /// Where, as far as people can be told.
    pub place: String,
    /// What is in it.
    pub diagnosed: Diagnosed,
}

/// Writes everything pending where the person wants it; nothing if they change their mind.
#[tauri::command]
#[specta::specta]
pub async fn export_pending<R: Runtime>(app: AppHandle<R>, device: State<'_, Device>) -> Answer<Option<ExportSaved>> {
    let device = device.inner().clone();
    let Some(place) = choose(&app, "pending").await? else { return Ok(None) };
    let shown = shown(&place);
    let exported = save(app, place, move |out| device.export_pending(out)).await?;
    Ok(Some(ExportSaved { place: shown, exported }))
}

/// Writes diagnostics where the person wants them; nothing if they change their mind. `webview` is what it calls itself.
#[tauri::command]
#[specta::specta]
pub async fn export_diagnostics<R: Runtime>(
    app: AppHandle<R>,
    device: State<'_, Device>,
    webview: String,
) -> Answer<Option<DiagnosticsSaved>> {
    let device = device.inner().clone();
    let Some(place) = choose(&app, "diagnostics").await? else { return Ok(None) };
    let shown = shown(&place);
    let background = serde_json::to_value(background(&app)).unwrap_or_default();
    let surroundings = Surroundings { webview, background };
    let diagnosed = save(app, place, move |out| device.export_diagnostics(&surroundings, out)).await?;
    Ok(Some(DiagnosticsSaved { place: shown, diagnosed }))
}

/// Where to. A kiosk has a folder for it: a dialog would show whoever stands before it the whole machine.
async fn choose<R: Runtime>(app: &AppHandle<R>, what: &str) -> Answer<Option<FilePath>> {
    let name = file_name(what, Timestamp::now());
    #[cfg(desktop)]
    {
        if let Some(folder) = std::env::var_os("GATEBOOK_EXPORTS").filter(|folder| !folder.is_empty()) {
            return Ok(Some(FilePath::Path(PathBuf::from(folder).join(name))));
        }
        if app.try_state::<crate::kiosk::Kiosk>().is_some_and(|kiosk| kiosk.fills_screen()) {
            let message = "This kiosk has no folder for files yet. Ask whoever looks after it to set one.";
            return Err(refused(message));
        }
    }
    let dialog = app.try_state::<Dialog<R>>().ok_or_else(|| refused("This device saves no files."))?;
    let dialog = dialog.file().set_file_name(name).add_filter("Zip", &["zip"]);
    #[cfg(desktop)]
    let dialog = match app.get_webview_window("main") {
        Some(window) => dialog.set_parent(&window),
        None => dialog,
    };
    let (answer, chosen) = tokio::sync::oneshot::channel();
    dialog.save_file(move |place| drop(answer.send(place)));
    Ok(chosen.await.unwrap_or_default())
}

/// Such as `gatebook-pending-20260304-150405Z.zip`, of universal time.
fn file_name(what: &str, now: Timestamp) -> String {
    format!("gatebook-{what}-{}.zip", now.strftime("%Y%m%d-%H%M%SZ"))
}

/// A path as it is; of a phone's address only the last part says something, if that.
fn shown(place: &FilePath) -> String {
    match place {
        FilePath::Path(path) => path.display().to_string(),
        FilePath::Url(_) => String::new(),
    }
}

/// Writes the file there, off the event loop.
async fn save<R: Runtime, T: Send + 'static>(
    app: AppHandle<R>,
    place: FilePath,
    fill: impl FnOnce(&mut BufWriter<File>) -> Answer<T> + Send + 'static,
) -> Answer<T> {
    let saved = tauri::async_runtime::spawn_blocking(move || match place {
        FilePath::Path(path) => write_whole(&path, fill),
        address @ FilePath::Url(_) => write_in_place(&app, address, fill),
    });
    saved.await.unwrap_or_else(|error| {
        tracing::error!(%error, "writing a file panicked");
        let message = "The file could not be written. Try again; nothing on this device has changed.".to_owned();
        Err(CommandError { code: ErrorCode::Storage, message, retry: true })
    })
}

/// Under that name there is the whole file, safe on the disk, or what was there before.
fn write_whole<T>(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> Answer<T>) -> Answer<T> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".part");
    let unfinished = PathBuf::from(unfinished);
    let written = File::create(&unfinished).map_err(failed).and_then(|file| {
        let filled = fill_and_flush(file, fill, File::sync_all)?;
        std::fs::rename(&unfinished, path).and_then(|()| sync_folder(path)).map_err(failed)?;
        Ok(filled)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
    written
}

/// The address is the file: there is no name beside it. What was not written to its end is emptied.
fn write_in_place<R: Runtime, T>(
    app: &AppHandle<R>,
    address: FilePath,
    fill: impl FnOnce(&mut BufWriter<File>) -> Answer<T>,
) -> Answer<T> {
    let mut options = OpenOptions::new();
    options.read(false).write(true).truncate(true);
    let file = app.fs().open(address.clone(), options).map_err(failed)?;
    let written = file.try_clone().map_err(failed).and_then(|copy| fill_and_flush(copy, fill, sync_if_kept));
    if written.is_err() {
        let _ = file.set_len(0);
    }
    drop(file);
    #[cfg(target_os = "ios")]
    if let Err(error) = app.fs().stop_accessing_security_scoped_resource(address) {
        tracing::warn!(%error, "the system was not told that a file is done with");
    }
    written
}

fn fill_and_flush<T>(
    file: File,
    fill: impl FnOnce(&mut BufWriter<File>) -> Answer<T>,
    sync: impl FnOnce(&File) -> io::Result<()>,
) -> Answer<T> {
    let mut out = BufWriter::with_capacity(256 * 1024, file);
    let filled = fill(&mut out)?;
    out.flush().and_then(|()| sync(out.get_ref())).map_err(failed)?;
    Ok(filled)
}

/// Another app may read what is written through a pipe, which keeps nothing that could be brought to a disk.
fn sync_if_kept(file: &File) -> io::Result<()> {
    file.sync_all().or_else(|error| match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => Ok(()),
        _ => Err(error),
    })
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Windows keeps names by itself and opens no folder as a file.
#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

fn failed(error: io::Error) -> CommandError {
    ArchiveError::Write(error).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn under_its_name_there_is_the_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("export.zip");
        let bytes = write_whole(&path, |out| out.write(b"whole").map_err(failed)).unwrap();
        assert_eq!((bytes, std::fs::read(&path).unwrap()), (5, b"whole".to_vec()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_breaks_off_leaves_what_was_there_before_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("export.zip");
        std::fs::write(&path, "before").unwrap();
        let error = write_whole::<()>(&path, |out| {
            out.write_all(b"half").map_err(failed)?;
            Err(failed(io::ErrorKind::StorageFull.into()))
        });
        assert!(error.unwrap_err().message.contains("no room"));
        assert_eq!(std::fs::read(&path).unwrap(), b"before");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn what_another_app_reads_through_a_pipe_arrives_whole() {
        let (mut reader, writer) = io::pipe().unwrap();
        let file = File::from(std::os::fd::OwnedFd::from(writer));
        let bytes = fill_and_flush(file, |out| out.write(b"whole").map_err(failed), sync_if_kept).unwrap();
        let mut read = Vec::new();
        io::Read::read_to_end(&mut reader, &mut read).unwrap();
        assert_eq!((bytes, read), (5, b"whole".to_vec()));
    }

    #[test]
    fn a_place_that_is_not_there_is_told_in_a_sentence() {
        let error = write_whole::<()>(Path::new("/nowhere/export.zip"), |_| Ok(())).unwrap_err();
        assert!(error.message.contains("Choose another place"), "{}", error.message);
    }

    #[test]
    fn a_file_is_named_by_what_it_is_and_when() {
        let name = file_name("pending", "2026-03-04T15:04:05Z".parse().unwrap());
        assert_eq!(name, "gatebook-pending-20260304-150405Z.zip");
    }
}
