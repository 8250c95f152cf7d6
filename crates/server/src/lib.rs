//! The sync server: it judges what devices offer, keeps every version in an audit table, and hands out what others
//! wrote.
//!
//! One request's way: `http` lets the caller in and unpacks the body; [`Server::sync`] checks each record and judges
//! the page in one transaction (`reconcile`), then answers with the verdicts and the news of the device's scopes
//! (`pull`). What is decided is `gatebook_sync::decide`; all SQL is in `storage`.

mod access;
mod admin;
mod attribution;
mod backup;
pub mod cli;
mod clock;
mod config;
mod console;
mod enrol;
mod error;
mod files;
mod http;
mod json;
mod mark;
mod nudges;
mod pass;
mod photos;
mod private;
mod pull;
mod receipt;
mod received;
mod reconcile;
mod repair;
mod revocations;
mod secret;
mod seed;
mod server;
mod storage;
mod sync;
mod tls;

pub use backup::restore_backup;
pub use config::{Bounds, Config, Environment, PhotoBounds, PhotoStore, SystemEnvironment, Tls};
pub use error::ServerError;
pub use http::Route;
#[cfg(feature = "simulation")]
pub use http::{BlobByHand, NewByHand, Refused, SentByHand, checksum_by_hand};
pub use photos::{Sweep, Swept};
pub use seed::{Seeded, SeededCode, SeededRecord};
pub use server::Server;
pub use storage::Device;
