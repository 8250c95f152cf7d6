//! What can go wrong between Rust and the system's scheduler.

use serde::{Serialize, Serializer};

/// What the plugin's functions answer.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the system's scheduler could not be reached.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The Kotlin or Swift part refused, or could not be loaded.
    #[cfg(mobile)]
    #[error(transparent)]
    Native(#[from] tauri::plugin::mobile::PluginInvokeError),
    /// Tauri itself.
    #[error(transparent)]
    Tauri(#[from] tauri::Error),
}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_string())
    }
}
