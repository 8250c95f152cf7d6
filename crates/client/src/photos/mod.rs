//! Photos on the device: taken, kept, sent, and gone when it is safe.
//!
//! One file per step of a photo's life: [`develop`] (from a camera's bytes to what is kept, pure). Bytes lie in files
//! named by their SHA-256; what is known of them is in the store, in the same transaction as the record they belong to.

pub mod develop;
mod error;
mod policy;

pub use error::PhotoError;
pub use policy::{LongestSide, PhotoPolicy};
