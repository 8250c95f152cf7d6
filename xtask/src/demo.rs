//! `cargo xtask demo`: the story, and then the app enrolled against the story's server.

use anyhow::Context as _;

use crate::command::{cargo, npm, root, run, tool};
use crate::setup;

/// Plays the story; then, with a display, opens the app until it is closed.
pub(crate) fn play(once: bool) -> anyhow::Result<()> {
    setup::all()?;
    let display = cfg!(not(target_os = "linux"))
        || std::env::var_os("DISPLAY").is_some()
        || std::env::var_os("WAYLAND_DISPLAY").is_some();
    if once || !display {
        cargo(&["run", "--quiet", "--package", "gatebook-demo"])?;
        if !once {
            println!("\nThere is no display here, so the app is not opened. On a machine with one, this opens it.");
        }
        return Ok(());
    }
    npm(&["run", "build"])?;
    cargo(&["build", "--package", "gatebook"])?;
    let app = root().join("target/debug").join(format!("gatebook{}", std::env::consts::EXE_SUFFIX));
    let app = app.to_str().context("the repository's path is text")?;
    run(tool("cargo").args(["run", "--quiet", "--package", "gatebook-demo", "--", "--app", app]))
}
