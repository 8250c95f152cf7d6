//! Type checks of the whole app for the systems it is shipped to. Nothing is linked for a phone: there is no SDK.

use std::ffi::OsString;
use std::process::Command;

use super::{Effort, Ended, fetched, has_target, kit, skipped};
use crate::command::{npm, root, run, succeeds, tool};

const TOO_LONG: &str = "a second build of the whole app; `cargo xtask check-platforms` runs it";

/// `cargo check` of the app for `target`, in a target folder of its own so that nothing else is built anew.
fn checking(target: &str, what: &[&str]) -> anyhow::Result<Command> {
    npm(&["run", "build"])?;
    let mut command = tool("cargo");
    command.args(["check", "--package", "gatebook", "--target", target]).args(what);
    command.env("CARGO_TARGET_DIR", kit().join("target")).env("KIT", kit());
    Ok(command)
}

pub(super) fn windows(effort: Effort) -> anyhow::Result<Ended> {
    const TARGET: &str = "x86_64-pc-windows-gnu";
    if effort == Effort::Small {
        return Ok(skipped(TOO_LONG));
    }
    if !succeeds(tool("x86_64-w64-mingw32-gcc").arg("--version")) {
        return Ok(skipped("no MinGW; on Debian `apt-get install gcc-mingw-w64-x86-64 g++-mingw-w64-x86-64`"));
    }
    if !has_target(TARGET, effort) {
        return Ok(skipped(
            "Rust's standard library for Windows cannot be had; `rustup target add x86_64-pc-windows-gnu`",
        ));
    }
    run(checking(TARGET, &["--lib", "--bins"])?
        .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", "x86_64-w64-mingw32-gcc"))?;
    Ok(Ended::Passed)
}

/// C in build scripts is compiled by clang against other headers than Android's, so that they finish.
pub(super) fn android(effort: Effort) -> anyhow::Result<Ended> {
    const TARGET: &str = "aarch64-linux-android";
    if effort == Effort::Small {
        return Ok(skipped(TOO_LONG));
    }
    if !succeeds(tool("clang").arg("--version")) {
        return Ok(skipped("no clang; on Debian `apt-get install clang`"));
    }
    if !has_target(TARGET, effort) {
        return Ok(skipped(
            "Rust's standard library for Android cannot be had; `rustup target add aarch64-linux-android`",
        ));
    }
    if let Some(reason) = fetched("arm64", "android-headers.sh", effort) {
        return Ok(Ended::Skipped(reason));
    }
    let headers = kit().join("arm64/usr/aarch64-linux-gnu/include");
    let flags = format!("-D_GNU_SOURCE -idirafter {}", headers.display());
    let mut command = checking(TARGET, &["--lib"])?;
    for (name, value) in [
        ("CC", "clang"),
        ("CXX", "clang++"),
        ("AR", "ar"),
        ("RANLIB", "ranlib"),
        ("CFLAGS", &flags),
        ("CXXFLAGS", &flags),
    ] {
        command.env(format!("{name}_aarch64_linux_android"), value);
    }
    run(&mut command)?;
    Ok(Ended::Passed)
}

/// Rust only: stand-ins for Apple's compilers let build scripts finish, no C, Objective-C or Swift is looked at.
pub(super) fn ios(effort: Effort) -> anyhow::Result<Ended> {
    const TARGET: &str = "aarch64-apple-ios";
    if effort == Effort::Small {
        return Ok(skipped(TOO_LONG));
    }
    if cfg!(windows) {
        return Ok(skipped("the stand-ins for Apple's tools are shell scripts"));
    }
    if !has_target(TARGET, effort) {
        return Ok(skipped("Rust's standard library for iOS cannot be had; `rustup target add aarch64-apple-ios`"));
    }
    let mut command = checking(TARGET, &["--lib"])?;
    let stand_ins = root().join("xtask/platforms/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths: OsString = std::env::join_paths(std::iter::once(stand_ins).chain(std::env::split_paths(&path)))?;
    command.env("PATH", paths);
    for (name, value) in [("CC", "nullcc"), ("CXX", "nullcc"), ("AR", "nullar"), ("RANLIB", "nullar")] {
        command.env(format!("{name}_aarch64_apple_ios"), value);
    }
    run(&mut command)?;
    Ok(Ended::Passed)
}
