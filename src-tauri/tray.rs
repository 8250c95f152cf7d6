//! On a desktop the app whose window is closed stays in the tray and goes on syncing. Where there is no tray, and in a
//! kiosk, closing does what it did.

use gatebook_client::Device;
use gatebook_client::scheduler::Event;
use tauri::menu::{Menu, MenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{App, AppHandle, Manager, WindowEvent};

use crate::notifications;

const OPEN: &str = "open";
const SYNC: &str = "sync";
const QUIT: &str = "quit";

/// The icon in the tray; there is one only if a closed window can be had back by it.
struct Tray {
    _icon: TrayIcon,
}

/// Puts the app into the tray, if the session has one.
pub(crate) fn set_up(app: &App) {
    if !is_shown_by_the_session() {
        tracing::info!("this session shows no tray: closing the window ends the app");
        return;
    }
    // On Linux the library behind it is looked for only now, and its crate panics when it is not there.
    let built = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| icon(app)));
    match built {
        Ok(Ok(icon)) => {
            app.manage(Tray { _icon: icon });
        }
        Ok(Err(error)) => tracing::warn!(%error, "no icon in the tray: closing the window ends the app"),
        Err(_) => tracing::warn!("no icon in the tray, its library is missing: closing the window ends the app"),
    }
}

fn icon(app: &App) -> tauri::Result<TrayIcon> {
    let item = |id, text| MenuItem::with_id(app, id, text, true, None::<&str>);
    let menu = Menu::with_items(app, &[&item(OPEN, "Open")?, &item(SYNC, "Sync now")?, &item(QUIT, "Quit")?])?;
    let mut builder = TrayIconBuilder::with_id("main").tooltip("Gatebook").menu(&menu).show_menu_on_left_click(false);
    if let Some(icon) = app.default_window_icon() {
        builder = builder.icon(icon.clone());
    }
    builder
        .on_menu_event(|app, event| match event.id().as_ref() {
            OPEN => open(app),
            SYNC => {
                if let Some(device) = app.try_state::<Device>() {
                    device.notify(Event::Manual);
                }
            }
            QUIT => app.exit(0),
            _ => {}
        })
        .on_tray_icon_event(|icon, event| {
            let is_click = matches!(
                event,
                TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. }
            );
            if is_click {
                open(icon.app_handle());
            }
        })
        .build(app)
}

/// Brings the window back.
pub(crate) fn open(app: &AppHandle) {
    let Some(window) = app.get_webview_window("main") else { return };
    if let Some(device) = app.try_state::<Device>() {
        device.set_looked_at(true);
    }
    let shown = window.show().and_then(|()| window.unminimize()).and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::warn!(%error, "the window could not be brought to the front");
    }
}

/// Closing the window puts it away, if the tray has it back.
pub(crate) fn on_window_event(app: &AppHandle, label: &str, event: &WindowEvent) {
    let WindowEvent::CloseRequested { api, .. } = event else { return };
    if label != "main" || app.try_state::<Tray>().is_none() {
        return;
    }
    let Some(window) = app.get_webview_window("main") else { return };
    if let Some(device) = app.try_state::<Device>() {
        notifications::leave(&device);
        device.set_looked_at(false);
    }
    match window.hide() {
        Ok(()) => api.prevent_close(),
        Err(error) => tracing::warn!(%error, "the window cannot be put away and is closed"),
    }
}

/// Whether an icon would be seen. Windows and macOS always have a place for it; on Linux some program of the session has to
/// show them, and without one a hidden window could not be had back.
#[cfg(not(target_os = "linux"))]
fn is_shown_by_the_session() -> bool {
    true
}

#[cfg(target_os = "linux")]
fn is_shown_by_the_session() -> bool {
    use gio::glib::variant::ToVariant as _;
    const WAIT_MS: i32 = 1_000;
    let answer = gio::bus_get_sync(gio::BusType::Session, gio::Cancellable::NONE).and_then(|bus| {
        bus.call_sync(
            Some("org.freedesktop.DBus"),
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus",
            "NameHasOwner",
            Some(&("org.kde.StatusNotifierWatcher",).to_variant()),
            None,
            gio::DBusCallFlags::NONE,
            WAIT_MS,
            gio::Cancellable::NONE,
        )
    });
    match answer {
        Ok(answer) => answer.get::<(bool,)>().is_some_and(|(has_owner,)| has_owner),
        Err(error) => {
            tracing::debug!(%error, "there is no session to ask for a tray");
            false
        }
    }
}
