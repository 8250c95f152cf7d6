//! The plugin on phones: a handle to its Kotlin or Swift part.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tauri::ipc::Channel;
use tauri::plugin::{PluginApi, PluginHandle};
use tauri::{AppHandle, Runtime};

use crate::{Result, ScreenNow, State, SystemNow, rounds};

#[cfg(target_os = "ios")]
tauri::ios_plugin_binding!(init_plugin_background_sync);

pub(crate) fn init<R: Runtime, C: DeserializeOwned>(
    _app: &AppHandle<R>,
    api: &PluginApi<R, C>,
) -> Result<BackgroundSync<R>> {
    #[cfg(target_os = "android")]
    let handle = api.register_android_plugin("app.gatebook.backgroundsync", "BackgroundSyncPlugin")?;
    #[cfg(target_os = "ios")]
    let handle = api.register_ios_plugin(init_plugin_background_sync)?;
    Ok(BackgroundSync(handle))
}

/// The system's scheduler of background work.
#[derive(Debug)]
pub struct BackgroundSync<R: Runtime>(PluginHandle<R>);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Start<'a> {
    data_dir: &'a str,
    on_system: Channel<SystemNow>,
    on_screen: Channel<ScreenNow>,
}

#[derive(Serialize)]
struct Pending {
    count: u32,
}

impl<R: Runtime> BackgroundSync<R> {
    /// Has the system run rounds over the store in `data_dir` from now on. Tells, now and at each change while the app is
    /// open, what the device is connected by and runs on, and whether the app is on the screen. The system itself is asked
    /// for that: when it starts the app for a task, windows and events look as if a person had.
    pub fn start(
        &self,
        data_dir: &Path,
        on_system: impl Fn(SystemNow) + Send + Sync + 'static,
        on_screen: impl Fn(ScreenNow) + Send + Sync + 'static,
    ) -> Result<()> {
        let on_system = Channel::new(move |told| {
            on_system(told.deserialize()?);
            Ok(())
        });
        let on_screen = Channel::new(move |told| {
            on_screen(told.deserialize()?);
            Ok(())
        });
        let data_dir = data_dir.to_string_lossy();
        Ok(self.0.run_mobile_plugin("start", Start { data_dir: &data_dir, on_system, on_screen })?)
    }

    /// How much waits. When the app is left while something does, or more comes after it was left, the system is asked for
    /// a round at once.
    pub fn note_pending(&self, count: u32) -> Result<()> {
        Ok(self.0.run_mobile_plugin("notePending", Pending { count })?)
    }

    /// The app came to the screen or left it. While it is there, a round that the system begins shows no notification.
    #[allow(clippy::unused_self, reason = "the same function as on the desktop")]
    pub fn set_on_screen(&self, is_on_screen: bool) {
        rounds::set_on_screen(is_on_screen);
    }

    /// How background sync stands.
    pub fn state(&self) -> Result<State> {
        Ok(self.0.run_mobile_plugin("state", ())?)
    }
}
