//! `cargo xtask demo`: the story, and then the app enrolled against a server of its own.

use std::process::{Child, Stdio};

use anyhow::Context as _;

use crate::command::{cargo, npm, root, run, tool};
use crate::setup;

fn run_story() -> anyhow::Result<()> {
    cargo(&["run", "--quiet", "--package", "gatebook-demo"])
}

/// Plays the story; then, with a display, opens the app beside a seeded server until it is closed.
pub(crate) fn play(once: bool) -> anyhow::Result<()> {
    setup::all()?;
    run_story()?;
    let display = cfg!(not(target_os = "linux"))
        || std::env::var_os("DISPLAY").is_some()
        || std::env::var_os("WAYLAND_DISPLAY").is_some();
    if once {
        return Ok(());
    }
    if !display {
        println!("\nThere is no display here, so the app is not opened. On a machine with one, this opens it.");
        return Ok(());
    }
    open_app()
}

fn open_app() -> anyhow::Result<()> {
    npm(&["run", "build"])?;
    cargo(&["build", "--package", "gatebook-server", "--package", "gatebook"])?;
    let data = root().join("target/demo");
    let server_data = data.join("server");
    std::fs::create_dir_all(&server_data)?;
    let server = root().join("target/debug/gatebook-server");
    let server = server.to_str().context("the repository's path is text")?;
    run(tool(server).args(["seed", "--data"]).arg(&server_data))?;
    println!("\nEnrol the app at http://127.0.0.1:7480 with one of the codes above. Ctrl-C ends both.\n");
    let serving = Ending(tool(server).args(["serve", "--data"]).arg(&server_data).stdout(Stdio::null()).spawn()?);
    let app = root().join("target/debug/gatebook");
    run(tool(app.to_str().context("the repository's path is text")?).env("XDG_DATA_HOME", data.join("app")))?;
    drop(serving);
    Ok(())
}

/// A program that ends with this one.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let ended = self.0.kill().and_then(|()| self.0.wait());
        if let Err(error) = ended {
            eprintln!("the server could not be stopped: {error}");
        }
    }
}
