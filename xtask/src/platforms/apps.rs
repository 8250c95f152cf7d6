//! Type checks of the whole app for the systems it is shipped to. Rust only: where there is no C compiler for the system,
//! stand-ins (`xtask/platforms/bin`) let build scripts finish; no Objective-C, Kotlin or Swift is looked at, nothing is
//! linked.

use std::process::Command;

use super::{Effort, Ended, has_target, kit, skipped, wine};
use crate::command::{npm, root, run, tool};

/// Checks the app for a kiosk.
pub(super) fn windows(effort: Effort) -> anyhow::Result<Ended> {
    type_check(wine::TARGET, &["--lib", "--bins"], effort)
}

/// Checks what an Android phone loads, the entries from Kotlin included.
pub(super) fn android(effort: Effort) -> anyhow::Result<Ended> {
    type_check("aarch64-linux-android", &["--lib"], effort)
}

/// Checks what an iPhone's app is linked with, the entries from Swift included.
pub(super) fn ios(effort: Effort) -> anyhow::Result<Ended> {
    type_check("aarch64-apple-ios", &["--lib"], effort)
}

fn type_check(target: &str, what: &[&str], effort: Effort) -> anyhow::Result<Ended> {
    if effort == Effort::Small {
        return Ok(skipped("a second build of the whole app; `cargo xtask check-platforms` runs it"));
    }
    if cfg!(windows) {
        return Ok(skipped("the stand-ins for C compilers are shell scripts; run it on Linux or a Mac"));
    }
    if !has_target(target, effort) {
        return Ok(Ended::Skipped(format!("Rust's standard library cannot be had; try `rustup target add {target}`")));
    }
    // The pages are built into the app.
    npm(&["run", "build"])?;
    let mut command = tool("cargo");
    command.args(["check", "--package", "gatebook", "--target", target]).args(what);
    if target != wine::TARGET || !wine::has_mingw() {
        stand_in_for_c(&mut command, target)?;
    }
    run(&mut command)?;
    Ok(Ended::Passed)
}

fn stand_in_for_c(command: &mut Command, target: &str) -> anyhow::Result<()> {
    let stand_ins = root().join("xtask/platforms/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env("PATH", std::env::join_paths(std::iter::once(stand_ins).chain(std::env::split_paths(&path)))?);
    command.env("KIT", kit());
    let suffix = target.replace('-', "_");
    for (name, program) in [("CC", "nullcc"), ("CXX", "nullcc"), ("AR", "nullar"), ("RANLIB", "nullar")] {
        command.env(format!("{name}_{suffix}"), program);
    }
    Ok(())
}
