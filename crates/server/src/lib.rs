//! The sync server: it judges what devices offer, keeps every version in an audit table, and hands out what others
//! wrote.
//!
//! One request's way: [`http`](self) unpacks it, [`Server::sync`] checks each record, judges the page in one transaction
//! (`reconcile`), and answers with the verdicts and the news of the device's scopes (`pull`).

mod admin;
mod check;
mod cli;
mod config;
mod enrol;
mod error;
mod http;
mod pull;
mod receipt;
mod reconcile;
mod secret;
mod seed;
mod server;
mod storage;

pub use cli::main;
pub use config::{Bounds, Config, Environment, SystemEnvironment};
pub use error::ServerError;
pub use seed::{Seeded, SeededCode};
pub use server::{Server, put_backup_in_place};
