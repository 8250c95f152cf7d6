//! Sync rounds while the app is not open: by WorkManager on Android, by BGTaskScheduler on iOS. On the desktop the app
//! stays open and its own scheduler does it, so there this plugin only says so.
//!
//! Whatever begins a round enters Rust without a webview and ends in one function,
//! [`gatebook_client::background::background_round`].

#[cfg(target_os = "android")]
mod android;
mod commands;
#[cfg(desktop)]
mod desktop;
mod error;
#[cfg(any(target_os = "ios", all(test, unix)))]
mod ios;
#[cfg(mobile)]
mod mobile;
mod models;
#[cfg(any(mobile, test))]
mod rounds;
#[cfg(any(mobile, test))]
mod to_show;

use tauri::plugin::{Builder, TauriPlugin};
use tauri::{Manager, Runtime};

#[cfg(desktop)]
pub use desktop::BackgroundSync;
pub use error::{Error, Result};
#[cfg(mobile)]
pub use mobile::BackgroundSync;
pub use models::{LastRound, RoundOutcome, ScreenNow, State, SystemNow};

/// Reaches the plugin from an app, a handle or a window.
pub trait BackgroundSyncExt<R: Runtime> {
    /// The plugin.
    fn background_sync(&self) -> &BackgroundSync<R>;
}

impl<R: Runtime, T: Manager<R>> BackgroundSyncExt<R> for T {
    fn background_sync(&self) -> &BackgroundSync<R> {
        self.state::<BackgroundSync<R>>().inner()
    }
}

/// The plugin, to be added to the app's builder.
#[must_use]
pub fn init<R: Runtime>() -> TauriPlugin<R> {
    Builder::new("background-sync")
        .invoke_handler(tauri::generate_handler![commands::state])
        .setup(|app, api| {
            #[cfg(mobile)]
            let plugin = mobile::init(app, &api)?;
            #[cfg(desktop)]
            let plugin = desktop::init(app, &api);
            app.manage(plugin);
            Ok(())
        })
        .build()
}
