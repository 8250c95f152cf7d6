//! The device without its window as a Windows program: built by MinGW, its tests run under Wine.

use super::{Effort, Ended, fetched, has_target, kit, skipped};
use crate::command::{run, succeeds, tool};

pub(super) const TARGET: &str = "x86_64-pc-windows-gnu";
const COMPILER: &str = "x86_64-w64-mingw32-gcc";

/// Runs the tests of the client crate, background rounds in processes of their own included.
pub(super) fn client(effort: Effort) -> anyhow::Result<Ended> {
    if effort == Effort::Small {
        return Ok(skipped("a second build of client and server; `cargo xtask check-platforms` runs it"));
    }
    if cfg!(windows) {
        return Ok(skipped("this is Windows: `cargo xtask test` runs the same tests without Wine"));
    }
    if !has_mingw() {
        return Ok(skipped(
            "no C compiler for Windows; on Debian `apt-get install gcc-mingw-w64-x86-64 g++-mingw-w64-x86-64`",
        ));
    }
    if !has_target(TARGET, effort) {
        return Ok(Ended::Skipped(format!("Rust's standard library cannot be had; try `rustup target add {TARGET}`")));
    }
    let mut command = tool("cargo");
    command.args([
        "test",
        "--quiet",
        "--target",
        TARGET,
        "--package",
        "gatebook-client",
        "--lib",
        "--tests",
        "--no-fail-fast",
    ]);
    if !succeeds(tool("wine").arg("--version")) {
        run(command.arg("--no-run"))?;
        return Ok(skipped(
            "the tests were built for Windows, not run: no Wine; on Debian `apt-get install wine wine64`",
        ));
    }
    if let Some(reason) = fetched("wine", "wine-kit.sh", effort) {
        return Ok(Ended::Skipped(reason));
    }
    run(command
        .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", "wine")
        .env("WINEPREFIX", kit().join("wine/prefix"))
        .env("WINEDEBUG", "-all"))?;
    Ok(Ended::Passed)
}

/// Whether C and C++ can be compiled for Windows.
pub(super) fn has_mingw() -> bool {
    [COMPILER, "x86_64-w64-mingw32-g++", "x86_64-w64-mingw32-windres"]
        .into_iter()
        .all(|program| succeeds(tool(program).arg("--version")))
}
