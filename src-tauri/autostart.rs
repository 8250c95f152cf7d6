//! Whether the app starts with the computer: off until somebody switches it on, and on desktops only. A phone's system
//! runs rounds by itself, and a kiosk is started by whoever installed it.
#![allow(clippy::needless_pass_by_value, reason = "Tauri hands arguments over by value")]
#![allow(clippy::unnecessary_wraps, reason = "every command answers in the same way")]
#![allow(unreachable_pub, reason = "the command macros repeat the visibility at the crate's root")]

use gatebook_client::view::CommandError;
#[cfg(desktop)]
use gatebook_client::view::ErrorCode;
use tauri::{App, Manager, State};
#[cfg(desktop)]
use tauri_plugin_autostart::ManagerExt as _;

/// The switch, where there is one.
pub struct Autostart {
    #[cfg(desktop)]
    app: Option<tauri::AppHandle>,
}

/// Makes the switch known to the commands.
pub(crate) fn set_up(app: &App) {
    app.manage(Autostart {
        #[cfg(desktop)]
        app: (!crate::kiosk::fills_screen(app.handle())).then(|| app.handle().clone()),
    });
}

/// Whether the app starts with the computer; nothing where that is not the app's to say.
#[tauri::command(async)]
#[specta::specta]
pub fn autostart(autostart: State<'_, Autostart>) -> Result<Option<bool>, CommandError> {
    #[cfg(desktop)]
    if let Some(app) = &autostart.app {
        return app.autolaunch().is_enabled().map(Some).map_err(|error| refused(&error));
    }
    let _ = autostart;
    Ok(None)
}

/// Sets that, and answers how it stands now.
#[tauri::command(async)]
#[specta::specta]
pub fn set_autostart(autostart: State<'_, Autostart>, on: bool) -> Result<Option<bool>, CommandError> {
    #[cfg(desktop)]
    if let Some(app) = &autostart.app {
        let switch = app.autolaunch();
        if on { switch.enable() } else { switch.disable() }.map_err(|error| refused(&error))?;
    }
    let _ = on;
    self::autostart(autostart)
}

#[cfg(desktop)]
fn refused(error: &tauri_plugin_autostart::Error) -> CommandError {
    tracing::warn!(%error, "autostart cannot be read or set");
    let message = "This computer does not let Gatebook say whether it starts by itself. Ask whoever looks after it.";
    CommandError { code: ErrorCode::Refused, message: message.to_owned(), retry: false }
}
