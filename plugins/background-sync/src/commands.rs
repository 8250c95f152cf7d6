//! What pages may ask, where a capability grants it.
#![allow(unreachable_pub, reason = "the command macros repeat the visibility")]

use tauri::{AppHandle, Runtime};

use crate::{BackgroundSyncExt as _, Result, State};

/// How background sync stands.
#[tauri::command(async)]
#[allow(clippy::needless_pass_by_value, reason = "Tauri hands arguments over by value")]
pub fn state<R: Runtime>(app: AppHandle<R>) -> Result<State> {
    app.background_sync().state()
}
