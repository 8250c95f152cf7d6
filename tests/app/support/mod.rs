//! The vocabulary of the tests: a yard with a real server, and apps in people's hands.

mod app;
mod colleague;
mod display;
mod forms;
pub(crate) mod pictures;
mod process;
mod running;
mod yard;

use std::path::{Path, PathBuf};

pub(crate) use app::{App, KIOSK, Options, PHONE};
pub(crate) use colleague::Colleague;
pub(crate) use yard::Yard;

/// One of the project's own tools, or the system's of that name.
fn tool(name: &str) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin").join(name);
    if own.exists() { own } else { PathBuf::from(name) }
}
