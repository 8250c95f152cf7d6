//! All of the real `libsqlite3-sys`, under the version number that sqlx 0.8 asks for. The README says why.

#![no_std]

pub use libsqlite3::*;
