//! The system is told how much waits, as it changes: it runs the rounds when the app is left, which may be at any moment.

use std::sync::{Mutex, PoisonError};

use gatebook_client::Device;
use tauri::AppHandle;
use tauri_plugin_background_sync::BackgroundSyncExt as _;

/// What was told last. Held while it is counted and told, so that an older count never comes after a newer.
static TOLD: Mutex<Option<u32>> = Mutex::new(None);

/// Tells, unless nothing has changed. The count is the database's own: a sync round under way knows less.
pub(crate) fn tell(app: &AppHandle, device: &Device) {
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let count = match device.waiting() {
        Ok(count) => count,
        Err(error) => {
            tracing::warn!(error = error.message, "what waits cannot be counted");
            return;
        }
    };
    if *told == Some(count) {
        return;
    }
    match app.background_sync().note_pending(count) {
        Ok(()) => *told = Some(count),
        Err(error) => tracing::warn!(%error, "the system's scheduler was not told what waits"),
    }
}
