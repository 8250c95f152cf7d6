//! `cargo xtask check-platforms`: as far as phones, kiosks and browsers can be checked without their SDKs. What could
//! not be checked is said, with the reason.

mod apps;
mod phones;
mod wine;

use std::path::PathBuf;

use anyhow::bail;
use clap::ValueEnum;

use crate::command::{cargo, root, run, succeeds, tool};

/// One thing to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Check {
    /// Projects, plugin and tauri.conf.json say the same.
    Consistency,
    /// Domain and sync rules pass their tests as WebAssembly, in Node.
    Wasm,
    /// The Kotlin of app and plugin compiles against signatures of Android.
    Kotlin,
    /// The Swift of the plugin is Swift.
    Swift,
    /// The device without its window passes its tests as a Windows program, under Wine.
    Wine,
    /// The whole app type-checks for Windows.
    Windows,
    /// The whole app type-checks for Android.
    Android,
    /// The whole app type-checks for iOS.
    Ios,
}

/// How much may be fetched and built for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Only with what is there; no second build of the app.
    Small,
    /// Fetch what is missing, within `target/platforms`, and build as long as it takes.
    Full,
}

/// What became of a check that did not fail.
pub(crate) enum Ended {
    Passed,
    Skipped(String),
}

/// Runs the checks (all when none is named) and says at the end what became of each.
pub(crate) fn check(only: &[Check], effort: Effort) -> anyhow::Result<()> {
    let mut told = Vec::new();
    let mut failed = false;
    for &check in Check::value_variants() {
        if !only.is_empty() && !only.contains(&check) {
            continue;
        }
        let ended = match check {
            Check::Consistency => {
                cargo(&["nextest", "run", "--package", "xtask", "--test", "platforms"]).map(|()| Ended::Passed)
            }
            Check::Wasm => wasm(effort),
            Check::Kotlin => phones::kotlin(effort),
            Check::Swift => phones::swift(effort),
            Check::Wine => wine::client(effort),
            Check::Windows => apps::windows(effort),
            Check::Android => apps::android(effort),
            Check::Ios => apps::ios(effort),
        };
        let line = match ended {
            Ok(Ended::Passed) => "passed".to_owned(),
            Ok(Ended::Skipped(reason)) => format!("SKIPPED: {reason}"),
            Err(error) => {
                failed = true;
                format!("FAILED: {error:#}")
            }
        };
        told.push(format!("{:<12} {line}", format!("{check:?}").to_lowercase()));
    }
    println!("\nPlatforms (what only a real device can show is listed in docs/platforms.md):\n{}", told.join("\n"));
    if failed {
        bail!("a platform check failed");
    }
    Ok(())
}

/// Where compilers and headers are unpacked.
pub(crate) fn kit() -> PathBuf {
    root().join("target/platforms")
}

pub(crate) fn skipped(reason: &str) -> Ended {
    Ended::Skipped(reason.to_owned())
}

/// Runs `script` unless it once came to its end; says why not if it cannot.
pub(crate) fn fetched(part: &str, script: &str, effort: Effort) -> Option<String> {
    if kit().join(part).join("complete").exists() {
        return None;
    }
    if effort == Effort::Small {
        return Some("its tools are not here; `cargo xtask check-platforms` fetches them".to_owned());
    }
    let fetch = run(tool("bash").arg(format!("xtask/platforms/{script}")).env("KIT", kit()));
    fetch.err().map(|error| format!("its tools cannot be had: {error:#}"))
}

/// Whether Rust's standard library for `target` is there, or could be fetched.
pub(crate) fn has_target(target: &str, effort: Effort) -> bool {
    let listed = tool("rustup").args(["target", "list", "--installed"]).output();
    let has = listed.is_ok_and(|list| String::from_utf8_lossy(&list.stdout).lines().any(|line| line == target));
    has || effort == Effort::Full && succeeds(tool("rustup").args(["target", "add", target]))
}

fn wasm(effort: Effort) -> anyhow::Result<Ended> {
    const TARGET: &str = "wasm32-wasip1";
    if !has_target(TARGET, effort) {
        return Ok(skipped("Rust's standard library for wasm32-wasip1 is not here; `rustup target add wasm32-wasip1`"));
    }
    let runner = root().join("xtask/platforms/wasi.mjs");
    run(tool("cargo")
        .args(["test", "--quiet", "--target", TARGET, "--package", "gatebook-domain", "--package", "gatebook-sync"])
        .args(["--lib", "--tests"])
        .env("CARGO_TARGET_WASM32_WASIP1_RUNNER", format!("node --no-warnings {}", runner.display())))?;
    Ok(Ended::Passed)
}
