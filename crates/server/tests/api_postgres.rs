//! All of `tests/api`, with PostgreSQL behind the server instead of the embedded database.
#![cfg(unix)]

#[path = "api/main.rs"]
mod api;

use api::support;
