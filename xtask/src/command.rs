//! Running other programs, each announced, from the repository's root.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    // Cargo says where it runs this from; what was compiled in is wrong once the repository has been moved.
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&xtask).parent().expect("xtask lies in the repository").to_owned()
}

/// Where tools are installed that belong to the project only.
pub(crate) fn tools() -> PathBuf {
    root().join("target/tools")
}

/// A program, started in the root, that finds the project's own tools.
pub(crate) fn tool(name: &str) -> Command {
    let mut command = Command::new(name);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(tools().join("bin")).chain(std::env::split_paths(&path));
    if let Ok(path) = std::env::join_paths(paths) {
        command.env("PATH", path);
    }
    command.current_dir(root());
    command
}

/// Runs it, showing what it prints.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let line = told(command);
    eprintln!("\n> {line}");
    let status = command.status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Whether it runs and succeeds, without showing anything.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

pub(crate) fn cargo(args: &[&str]) -> anyhow::Result<()> {
    run(tool("cargo").args(args))
}

pub(crate) fn npm(args: &[&str]) -> anyhow::Result<()> {
    run(tool(if cfg!(windows) { "npm.cmd" } else { "npm" }).args(args))
}

fn told(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
