//! The device: the local store, the sync round and the scheduler. Everything an operator sees comes from here, and
//! nothing here knows that Tauri exists.
//!
//! A record's way: [`Device::save`] commits it to SQLite with a new `write_id` and `pending_sync`; the scheduler runs a
//! [`round`](sync_round::run); the server's verdict comes back and [`Store::settle`] matches the row to the canonical
//! state. Killed anywhere in between, the next round simply does it again.

mod answer;
pub mod background;
mod collation;
mod device;
mod enrol;
mod environment;
mod error;
mod moved;
mod notifications;
mod nudges;
pub mod photos;
mod pinned;
#[cfg(all(unix, not(any(target_os = "android", target_os = "ios"))))]
mod private;
mod revocation;
mod round_lock;
pub mod scheduler;
mod store;
pub mod support;
mod surroundings;
pub mod sync_round;
mod transport;
pub mod view;
mod words;

pub use device::{Device, DeviceConfig};
pub use environment::{Environment, SystemEnvironment};
pub use error::StoreError;
pub use notifications::{Notification, NotificationKind, Watched};
pub use store::{HeldRecord, PushPage, Settled, Store};
pub use surroundings::Surroundings;
pub use transport::{HttpTransport, Transport, TransportError};
