//! The system's notifications while the app runs and nobody looks at it. What is told, and that it is told once, the device
//! decides (`gatebook_client::Device::to_tell`). While the app does not run, the background round's plugin shows them.

#[cfg(mobile)]
use std::sync::atomic::{AtomicBool, Ordering};

use gatebook_client::{Device, Notification, NotificationKind, Watched};
use tauri::AppHandle;
#[cfg(desktop)]
use tauri::Manager as _;
#[cfg(desktop)]
use tauri::{RunEvent, WindowEvent};
use tauri_plugin_background_sync::BackgroundSyncExt as _;
use tauri_plugin_notification::NotificationExt as _;
#[cfg(mobile)]
use tauri_plugin_notification::PermissionState;

/// Whether the app is on a phone's screen. Until its system says so, it is not: iOS starts the whole app for a task, too, and
/// what would be told then must not count as seen.
#[cfg(mobile)]
static ON_SCREEN: AtomicBool = AtomicBool::new(false);

/// Tells what comes in while the app is in the background, after each round and each change.
pub(crate) fn watch(app: AppHandle, device: &Device) {
    let (mut changes, mut status) = (device.changes(), device.sync_status());
    let device = device.clone();
    tauri::async_runtime::spawn(async move {
        #[cfg(mobile)]
        let mut is_asked = false;
        loop {
            let changed = tokio::select! {
                changed = changes.changed() => changed,
                changed = status.changed() => changed,
            };
            if changed.is_err() {
                return;
            }
            #[cfg(mobile)]
            if !is_asked {
                is_asked = ask(&app, &device);
            }
            // Within a round more may come of the same sort.
            if !status.borrow_and_update().running && !is_on_screen(&app) {
                tell(&app, &device);
            }
        }
    });
}

/// The window is about to be left.
#[cfg(desktop)]
pub(crate) fn on_event(device: &Device, event: &RunEvent) {
    if let RunEvent::WindowEvent { event: WindowEvent::Focused(false), .. } = event {
        leave(device);
    }
}

/// A phone's system says that the app came to the screen or left it. The events of windows say too much: a window gets the
/// focus as it is made, whoever sees it.
pub(crate) fn set_on_screen(app: &AppHandle, device: &Device, is_on_screen: bool) {
    app.background_sync().set_on_screen(is_on_screen);
    #[cfg(mobile)]
    if ON_SCREEN.swap(is_on_screen, Ordering::Relaxed) && !is_on_screen {
        let device = device.clone();
        // The system's own thread waits for no disk.
        std::thread::spawn(move || leave(&device));
    }
    device.set_looked_at(is_on_screen);
}

/// What came in until now was to be seen on the screen, and is not told when it is left.
pub(crate) fn leave(device: &Device) {
    if let Err(error) = device.to_tell(Watched::Foreground) {
        tracing::warn!(%error, "what was seen may be told once more");
    }
}

/// Whether a person sees the app, or sees it as soon as they look.
fn is_on_screen(app: &AppHandle) -> bool {
    #[cfg(mobile)]
    {
        let _ = app;
        ON_SCREEN.load(Ordering::Relaxed)
    }
    #[cfg(desktop)]
    app.get_webview_window("main").is_some_and(|window| {
        window.is_visible().is_ok_and(|is_visible| is_visible)
            && window.is_minimized().is_ok_and(|is_minimized| !is_minimized)
    })
}

fn tell(app: &AppHandle, device: &Device) {
    match device.to_tell(Watched::Background) {
        Ok(told) => told.into_iter().for_each(|one| show(app, one)),
        Err(error) => tracing::warn!(%error, "it cannot be told what came in"),
    }
}

fn show(app: &AppHandle, told: Notification) {
    // The channels that a phone's app makes at its start (gen/android, Channels.kt).
    let channel = if told.kind == NotificationKind::PhotosWaiting { "photos" } else { "inbox" };
    let shown = app
        .notification()
        .builder()
        .id(told.kind.id())
        .channel_id(channel)
        .icon("background_sync_icon")
        .title(told.title)
        .body(told.body)
        .auto_cancel()
        .show();
    if let Err(error) = shown {
        tracing::warn!(%error, "the system shows no notification");
    }
}

/// Asks, once, whether notifications may be shown: when the first record has been handed in, and so it is clear what they
/// would be about. Whoever says no is asked no more. Says whether nothing is left to ask.
#[cfg(mobile)]
fn ask(app: &AppHandle, device: &Device) -> bool {
    match device.is_to_ask_to_notify() {
        Ok(true) => {}
        Ok(false) => return false,
        Err(error) => {
            tracing::warn!(%error, "nobody is asked for notifications now");
            return false;
        }
    }
    let (app, device) = (app.clone(), device.clone());
    // Blocks until the person has answered.
    tauri::async_runtime::spawn_blocking(move || {
        let notifications = app.notification();
        let answer = match notifications.permission_state() {
            Ok(PermissionState::Prompt | PermissionState::PromptWithRationale) => {
                notifications.request_permission().map(drop)
            }
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        match answer {
            Ok(()) => {
                if let Err(error) = device.note_asked_to_notify() {
                    tracing::warn!(%error, "the person may be asked for notifications once more");
                }
            }
            Err(error) => tracing::warn!(%error, "nobody could be asked for notifications"),
        }
    });
    true
}
