//! What a fresh machine lacks beside Rust and Node. Everything is looked for first; a second run installs nothing.

use std::fs;

use anyhow::{Context as _, bail};

use crate::command::{npm, root, run, succeeds, tool, tools};

/// Debian's packages for building the app and for driving it, and the database that the server's tests start.
const PACKAGES: [&str; 11] = [
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
    "python3-venv",
];

/// Programs from crates.io, with their versions and how to see whether they are there.
const CRATES: [(&str, &str, &[&str]); 2] = [
    ("cargo-nextest", "0.9", &["cargo", "nextest", "--version"]),
    // Drives the app in its tests, which run on Linux.
    ("tauri-driver", "2.1.0", &["tauri-driver", "--help"]),
];

/// From PyPI: another maker's client of the server's uploads (npm's is among the node packages), an S3 server, and what
/// holds the server's description of itself and its answers against each other.
const PYTHON_PACKAGES: [&str; 5] = [
    "tuspy==1.1.0",
    "moto[server]==5.2.5",
    "jsonschema==4.26.0",
    "rfc3339-validator==0.1.4",
    "openapi-spec-validator==0.9.0",
];

/// Proxies that the tests put before the server, from Debian. They are taken apart and not installed: nobody wants them to
/// run on this machine from then on.
const PROXIES: [(&str, &str); 2] = [("nginx", "usr/sbin/nginx"), ("caddy", "usr/bin/caddy")];

/// Installs what is missing.
pub(crate) fn all() -> anyhow::Result<()> {
    system_packages()?;
    for (name, version, probe) in CRATES {
        let is_needed = name != "tauri-driver" || cfg!(target_os = "linux");
        if is_needed && !succeeds(tool(probe[0]).args(&probe[1..])) {
            run(tool("cargo").args(["install", name, "--version", version, "--locked", "--root"]).arg(tools()))?;
        }
    }
    node_packages()?;
    python_packages()?;
    proxies()
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
    apt(&["update", "-qq"])?;
    apt(&[["install", "-y", "-qq", "--no-install-recommends"].as_slice(), missing.as_slice()].concat())
}

/// Runs `apt-get` as the superuser.
fn apt(args: &[&str]) -> anyhow::Result<()> {
    let is_root = tool("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0\n"));
    let mut command = if is_root { tool("apt-get") } else { tool("sudo") };
    if !is_root {
        command.arg("apt-get");
    }
    run(command.args(args).env("DEBIAN_FRONTEND", "noninteractive"))
}

fn proxies() -> anyhow::Result<()> {
    let folder = tools().join("debian");
    for (package, program) in PROXIES {
        if !cfg!(target_os = "linux") || folder.join(program).exists() {
            continue;
        }
        if !succeeds(tool("apt-get").arg("--version")) {
            bail!("put {program} of what Debian calls {package} into {}", folder.display());
        }
        let fetched = folder.join("fetched").join(package);
        fs::create_dir_all(&fetched)?;
        let download = || run(tool("apt-get").args(["download", package]).current_dir(&fetched));
        if download().is_err() {
            // What this machine knows of Debian's packages may be too old, or nothing.
            apt(&["update", "-qq"])?;
            download()?;
        }
        for file in fs::read_dir(&fetched)? {
            run(tool("dpkg-deb").arg("-x").arg(file?.path()).arg(&folder))?;
        }
        fs::remove_dir_all(&fetched)?;
    }
    Ok(())
}

/// Installs what tests need from PyPI into a folder of the project's own.
fn python_packages() -> anyhow::Result<()> {
    let folder = tools().join("python");
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let python = python.to_str().context("the repository's path is text")?;
    if succeeds(
        tool(python)
            .args(["-c", "import tusclient, moto.server, jsonschema, rfc3339_validator, openapi_spec_validator"]),
    ) {
        return Ok(());
    }
    let system = if cfg!(windows) { "python" } else { "python3" };
    run(tool(system).args(["-m", "venv"]).arg(&folder))?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run(tool(python).args(install).args(PYTHON_PACKAGES))
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
