//! What a fresh machine lacks beside Rust and Node. Everything is looked for first; a second run installs nothing.

use std::fs;

use anyhow::bail;

use crate::command::{npm, root, run, succeeds, tool, tools};

/// Debian's packages for building the app and for driving it, and the database that the server's tests start.
const PACKAGES: [&str; 10] = [
    "build-essential",
    "pkg-config",
    "libwebkit2gtk-4.1-dev",
    "webkit2gtk-driver",
    "xvfb",
    "libayatana-appindicator3-dev",
    "librsvg2-dev",
    "libxdo-dev",
    "dbus",
    "postgresql",
];

/// Programs from crates.io, with their versions and how to see whether they are there.
const CRATES: [(&str, &str, &[&str]); 2] = [
    ("cargo-nextest", "0.9", &["cargo", "nextest", "--version"]),
    // Drives the app in its tests, which run on Linux.
    ("tauri-driver", "2.1.0", &["tauri-driver", "--help"]),
];

/// Installs what is missing.
pub(crate) fn all() -> anyhow::Result<()> {
    system_packages()?;
    for (name, version, probe) in CRATES {
        let is_needed = name != "tauri-driver" || cfg!(target_os = "linux");
        if is_needed && !succeeds(tool(probe[0]).args(&probe[1..])) {
            run(tool("cargo").args(["install", name, "--version", version, "--locked", "--root"]).arg(tools()))?;
        }
    }
    node_packages()
}

fn system_packages() -> anyhow::Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let missing: Vec<&str> =
        PACKAGES.into_iter().filter(|package| !succeeds(tool("dpkg").args(["-s", package]))).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !succeeds(tool("apt-get").arg("--version")) {
        bail!("install with your system's package manager what Debian calls: {}", missing.join(" "));
    }
    let is_root = tool("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0\n"));
    let apt = |args: &[&str]| {
        let mut command = if is_root { tool("apt-get") } else { tool("sudo") };
        if !is_root {
            command.arg("apt-get");
        }
        run(command.args(args).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "-qq"])?;
    apt(&[["install", "-y", "-qq", "--no-install-recommends"].as_slice(), missing.as_slice()].concat())
}

/// Installs what the lock file asks for, unless that is there. Not `npm ci`: it refuses a lock file without registry
/// addresses as soon as a package has parts for other platforms.
fn node_packages() -> anyhow::Result<()> {
    let wanted = fs::read(root().join("package-lock.json"))?;
    let stamp = root().join("node_modules/.installed-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    npm(&["install", "--no-save", "--no-audit", "--no-fund"])?;
    fs::write(stamp, wanted)?;
    Ok(())
}
