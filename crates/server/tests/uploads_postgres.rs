//! All of `tests/uploads` with PostgreSQL behind the server instead of the embedded database.
#![cfg(unix)]

#[path = "uploads/main.rs"]
mod uploads;
