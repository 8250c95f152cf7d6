//! The app's shell: typed commands, lifecycle hooks, events to the pages. No rules and no SQL: those are
//! [`gatebook_client`]'s.

mod command_names;

mod autostart;
mod commands;
mod export_commands;
mod logging;
mod notifications;
mod photo_commands;
mod support;
mod waiting;

#[cfg(desktop)]
mod kiosk;
#[cfg(desktop)]
mod tray;

pub use command_names::{COMMANDS, SUPPORT_COMMANDS};

use std::path::Path;

#[cfg(desktop)]
use gatebook_client::Surroundings;
use gatebook_client::scheduler::Event;
use gatebook_client::view::SyncStatus;
use gatebook_client::{Device, DeviceConfig};
use serde::{Deserialize, Serialize};
use specta::Type;
use tauri::{App, AppHandle, Manager, RunEvent, Runtime, WindowEvent};
use tauri_plugin_background_sync::BackgroundSyncExt as _;
use tauri_specta::{Builder, Event as _, collect_commands, collect_events};

/// Local state changed: whoever shows some of it looks again.
#[derive(Debug, Clone, Serialize, Deserialize, Type, tauri_specta::Event)]
pub struct StoreChanged(());

/// How sync stands now.
#[derive(Debug, Clone, Serialize, Deserialize, Type, tauri_specta::Event)]
pub struct SyncStatusChanged(SyncStatus);

/// The commands and events that the pages may use, with their types.
#[must_use]
pub fn bindings<R: Runtime>() -> Builder<R> {
    Builder::new()
        .commands(collect_commands![
            commands::bootstrap,
            commands::enrol,
            commands::move_server,
            commands::operators,
            commands::choose_operator,
            commands::choose_yard,
            commands::keep_place,
            commands::work_list,
            commands::start,
            commands::record,
            commands::open_record,
            commands::close_record,
            commands::send_again,
            commands::settle_met,
            commands::save,
            commands::submit,
            commands::void_record,
            commands::discard_change,
            commands::inbox,
            commands::mark_read,
            commands::name_author,
            commands::templates,
            commands::find_carriers,
            commands::find_equipment,
            commands::zone_clocks,
            commands::sync_now,
            commands::hint,
            commands::history_days,
            commands::keep_history,
            commands::dismiss_salvage,
            photo_commands::begin_photo,
            photo_commands::photo_part,
            photo_commands::add_photo,
            photo_commands::drop_photo,
            photo_commands::camera_opens,
            photo_commands::camera_left,
            photo_commands::after_camera,
            photo_commands::photos,
            photo_commands::remove_photo,
            photo_commands::view_photo,
            photo_commands::storage,
            photo_commands::photo_policy,
            photo_commands::set_photo_policy,
            autostart::autostart,
            autostart::set_autostart,
            export_commands::export_pending::<tauri::Wry>,
            export_commands::export_diagnostics::<tauri::Wry>,
            support::support_page::<tauri::Wry>,
            support::open_support::<tauri::Wry>,
            support::look_again::<tauri::Wry>,
        ])
        .events(collect_events![StoreChanged, SyncStatusChanged])
}

/// The app's configuration, pages and permissions, as they were built in.
#[must_use]
pub fn context<R: Runtime>() -> tauri::Context<R> {
    tauri::generate_context!()
}

/// Runs the app until it is closed.
///
/// # Panics
/// The system has no webview, or the data folder cannot be used; there is nothing to show a message in then.
#[cfg_attr(mobile, tauri::mobile_entry_point)]
pub fn run() {
    logging::start();
    let bindings = bindings::<tauri::Wry>();
    let builder = tauri::Builder::default();
    // Before any other plugin: a second start hands its arguments to the first and ends here.
    #[cfg(windows)]
    let builder = builder.plugin(tauri_plugin_single_instance::init(|app, args, _| kiosk::on_second_start(app, &args)));
    #[cfg(desktop)]
    let builder = builder.plugin(tauri_plugin_autostart::Builder::new().build()).plugin(support::window::guarded());
    let app = builder
        .plugin(tauri_plugin_background_sync::init())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_fs::init())
        .plugin(tauri_plugin_notification::init())
        .register_asynchronous_uri_scheme_protocol(photo_commands::SCHEME, photo_commands::serve)
        .invoke_handler(bindings.invoke_handler())
        .setup(move |app| {
            bindings.mount_events(app);
            set_up(app)
        })
        .build(context())
        .expect("the app's configuration is in order and the system has a webview");
    app.run(|app, event| on_event(app, &event));
}

fn set_up(app: &mut App) -> Result<(), Box<dyn std::error::Error>> {
    #[cfg(desktop)]
    kiosk::end_if_only_asked_to_leave();
    // A kiosk may keep its records on a disk of their own; elsewhere they lie where the system puts an app's data.
    let data = match std::env::var_os("GATEBOOK_DATA") {
        Some(folder) => folder.into(),
        None => app.path().app_data_dir()?,
    };
    logging::keep_in(&data);
    let config = DeviceConfig::new(data.clone(), env!("CARGO_PKG_VERSION"));
    let device = tauri::async_runtime::block_on(async { Device::open(config) })?;
    // There the camera is another app, which writes what it takes into this folder of ours.
    if cfg!(target_os = "android") {
        let told = app.path().picture_dir().map(|folder| device.set_camera_folder(folder));
        if !matches!(told, Ok(Ok(()))) {
            tracing::warn!(?told, "what the camera leaves cannot be looked after");
        }
    }
    // A kiosk has a cable or the yard's Wi-Fi; phones say what they have.
    #[cfg(desktop)]
    device.set_surroundings(Surroundings::DESKTOP);
    listen(app, &data, &device)?;
    // A phone's system may have started the app with nobody there; it says when somebody is.
    #[cfg(desktop)]
    device.set_looked_at(true);
    forward(app.handle().clone(), &device);
    notifications::watch(app.handle().clone(), &device);
    app.manage(device);
    #[cfg(desktop)]
    {
        support::window::set_up(app.handle());
        kiosk::set_up(app)?;
        if !kiosk::fills_screen(app.handle()) {
            tray::set_up(app);
        }
    }
    autostart::set_up(app);
    Ok(())
}

/// Has a phone's system say what the device is connected by, and whether the app is on the screen.
fn listen(app: &App, data: &Path, device: &Device) -> tauri_plugin_background_sync::Result<()> {
    let (told, shown, handle) = (device.clone(), device.clone(), app.handle().clone());
    app.background_sync().start(
        data,
        move |now| {
            told.set_surroundings(now.into());
            if now.is_new_way {
                told.notify(Event::NetworkChanged);
            }
        },
        move |now| notifications::set_on_screen(&handle, &shown, now.on_screen),
    )
}

/// Tells the pages of changes of local state and of sync, and the system of what waits, as they happen.
fn forward(app: AppHandle, device: &Device) {
    let (mut changes, mut status) = (device.changes(), device.sync_status());
    let device = device.clone();
    tauri::async_runtime::spawn(async move {
        loop {
            waiting::tell(&app, &device);
            let sent = tokio::select! {
                changed = changes.changed() => match changed {
                    Ok(()) => StoreChanged(()).emit(&app),
                    Err(_) => return,
                },
                changed = status.changed() => match changed {
                    Ok(()) => {
                        let now = status.borrow_and_update().clone();
                        SyncStatusChanged(now).emit(&app)
                    }
                    Err(_) => return,
                },
            };
            if let Err(error) = sent {
                tracing::warn!(%error, "the pages could not be told of a change");
            }
        }
    });
}

fn on_event(app: &AppHandle, event: &RunEvent) {
    #[cfg(desktop)]
    if let RunEvent::WindowEvent { label, event, .. } = event {
        kiosk::on_window_event(app, label, event);
        tray::on_window_event(app, label, event);
        support::window::on_window_event(app, label, event);
    }
    let Some(device) = app.try_state::<Device>() else { return };
    #[cfg(desktop)]
    notifications::on_event(&device, event);
    match event {
        RunEvent::WindowEvent { event: WindowEvent::Focused(true), .. } | RunEvent::Resumed => {
            #[cfg(desktop)]
            device.set_looked_at(true);
            device.notify(Event::Resumed);
        }
        // On iOS this alone may tell that the app comes from the background.
        #[cfg(mobile)]
        RunEvent::WindowEvent { event: WindowEvent::Resumed, .. } => device.notify(Event::Resumed),
        #[cfg(mobile)]
        RunEvent::WindowEvent { event: WindowEvent::Suspended, .. } => put_away(app, &device),
        RunEvent::WindowEvent { event: WindowEvent::Focused(false), .. } => put_away(app, &device),
        RunEvent::Exit => device.suspend(),
        _ => {}
    }
}

/// The app is left, perhaps for good. What there is to do waits for the disk, and this thread draws.
fn put_away(app: &AppHandle, device: &Device) {
    let (app, device) = (app.clone(), device.clone());
    std::thread::spawn(move || {
        waiting::tell(&app, &device);
        device.suspend();
    });
}
