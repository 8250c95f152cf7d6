//! The plugin on the desktop, where the app stays open and its own scheduler syncs: nothing is asked of the system.
#![allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "the same functions as on phones")]

use std::marker::PhantomData;
use std::path::Path;

use serde::de::DeserializeOwned;
use tauri::plugin::PluginApi;
use tauri::{AppHandle, Runtime};

use crate::{Result, ScreenNow, State, SystemNow};

pub(crate) fn init<R: Runtime, C: DeserializeOwned>(_app: &AppHandle<R>, _api: &PluginApi<R, C>) -> BackgroundSync<R> {
    BackgroundSync(PhantomData)
}

/// The same functions as on phones.
#[derive(Debug)]
pub struct BackgroundSync<R: Runtime>(PhantomData<fn() -> R>);

impl<R: Runtime> BackgroundSync<R> {
    /// Nothing to start: the device's own scheduler runs, and it watches the network itself.
    pub fn start(
        &self,
        _data_dir: &Path,
        _on_system: impl Fn(SystemNow) + Send + Sync + 'static,
        _on_screen: impl Fn(ScreenNow) + Send + Sync + 'static,
    ) -> Result<()> {
        Ok(())
    }

    /// Nobody to tell.
    pub fn note_pending(&self, _count: u32) -> Result<()> {
        Ok(())
    }

    /// No round runs beside the app.
    pub fn set_on_screen(&self, _is_on_screen: bool) {}

    /// Not supported, and not needed.
    pub fn state(&self) -> Result<State> {
        Ok(State::default())
    }
}
