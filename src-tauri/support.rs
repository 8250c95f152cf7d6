//! The support page and, on the desktop, the support window: SQL over a copy of the store, read-only and without secrets.
//!
//! The window may call one command of tauri-plugin-sql, `select`, and only what [`window::guarded`] lets through: one
//! statement that reads. It can load no database and close none; the one it reads from is opened here, read-only, over a
//! [`gatebook_client::support::Snapshot`]. The store itself, where the device's token lies, is opened for no page.
#![allow(clippy::needless_pass_by_value, reason = "Tauri hands arguments over by value")]
#![allow(unreachable_pub, reason = "the command macros repeat the visibility at the crate's root")]

#[cfg(desktop)]
pub(crate) mod window;

use gatebook_client::Device;
use gatebook_client::support::{SnapshotTable, SupportView};
use gatebook_client::view::{CommandError, ErrorCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specta::Type;
use tauri::{AppHandle, Runtime, State};

pub(crate) type Answer<T> = Result<T, CommandError>;

/// How the support window is opened here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SupportWindow {
    /// A phone has none.
    None,
    /// By a button.
    Open,
    /// By the kiosk's code.
    Code,
}

/// The support page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct SupportPage {
    /// What an export would hold.
    pub waits: SupportView,
    /// How the support window is opened.
    pub window: SupportWindow,
    /// The system keeps this app from syncing while it is not open.
    pub background_restricted: bool,
}

/// What the support window reads from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Looking {
    /// The database's name for tauri-plugin-sql.
    pub database: String,
    /// When the copy was made.
    pub taken_at: Timestamp,
    /// What is in it.
    pub tables: Vec<SnapshotTable>,
}

/// What the support page shows.
#[tauri::command(async)]
#[specta::specta]
pub fn support_page<R: Runtime>(app: AppHandle<R>, device: State<'_, Device>) -> Answer<SupportPage> {
    #[cfg(desktop)]
    let window = window::how_to_open(&app);
    #[cfg(mobile)]
    let window = SupportWindow::None;
    Ok(SupportPage { waits: device.support()?, window, background_restricted: background_restricted(&app) })
}

/// Opens the support window. A kiosk asks for its code.
#[tauri::command]
#[specta::specta]
pub async fn open_support<R: Runtime>(app: AppHandle<R>, code: Option<String>) -> Answer<()> {
    #[cfg(desktop)]
    return window::open(&app, code.as_deref()).await;
    #[cfg(mobile)]
    return {
        let _ = (app, code);
        Err(refused("This device has no support window. Make a diagnostics file instead."))
    };
}

/// Copies the store anew for the support window. Only that window may call this.
#[tauri::command]
#[specta::specta]
pub async fn look_again<R: Runtime>(app: AppHandle<R>, device: State<'_, Device>) -> Answer<Looking> {
    let device = device.inner().clone();
    #[cfg(desktop)]
    return window::look_again(&app, device).await;
    #[cfg(mobile)]
    return {
        let _ = (app, device);
        Err(refused("This device has no support window. Make a diagnostics file instead."))
    };
}

/// Whether the system or the person has switched background work off for this app.
fn background_restricted<R: Runtime>(app: &AppHandle<R>) -> bool {
    background(app).is_some_and(|state| state.restricted)
}

/// How background sync stands, if that can be told.
pub(crate) fn background<R: Runtime>(app: &AppHandle<R>) -> Option<tauri_plugin_background_sync::State> {
    use tauri::Manager as _;
    let plugin = app.try_state::<tauri_plugin_background_sync::BackgroundSync<R>>()?;
    plugin
        .state()
        .inspect_err(|error| tracing::warn!(%error, "the system does not say how background sync stands"))
        .ok()
}

pub(crate) fn refused(message: &str) -> CommandError {
    CommandError { code: ErrorCode::Refused, message: message.to_owned(), retry: false }
}
