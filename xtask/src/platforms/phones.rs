//! The Kotlin and Swift parts.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{Effort, Ended, fetched, kit, skipped};
use crate::command::{root, run, succeeds, tool};

/// Compiles the Kotlin of Tauri, of the plugin and of the app against signatures of Android's API. Names, arguments,
/// types and overrides are checked; what the minimum Android version lacks is not.
pub(super) fn kotlin(effort: Effort) -> anyhow::Result<Ended> {
    if !succeeds(tool("java").arg("-version")) {
        return Ok(skipped(
            "no Java, which the Kotlin compiler runs on; on Debian `apt-get install default-jre-headless`",
        ));
    }
    if let Some(reason) = fetched("kotlin", "kotlin-kit.sh", effort) {
        return Ok(Ended::Skipped(reason));
    }
    let kit = kit().join("kotlin");
    let java = kit.join("debs/usr/share/java");
    let mut classes = vec![kit.join("android-stubs.jar")];
    classes.extend(["databind", "core", "annotations"].map(|part| java.join(format!("jackson-{part}.jar"))));
    let classes = std::env::join_paths(classes)?;
    run(tool("bash")
        .arg(kit.join("kotlinc/bin/kotlinc"))
        .args(["-nowarn", "-jvm-target", "1.8", "-cp"])
        .arg(classes)
        .args(["xtask/platforms/kotlin", "plugins/background-sync/android/src/main/java"])
        .arg("gen/android/app/src/main/java")
        .arg(package_folder("tauri")?.join("mobile/android/src/main/java"))
        .arg("-d")
        .arg(kit.join("checked.jar")))?;
    Ok(Ended::Passed)
}

/// Parses the Swift. Apple's frameworks are not to be had, so types are not checked.
pub(super) fn swift(effort: Effort) -> anyhow::Result<Ended> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(skipped(
            "on a Mac `npx tauri ios build` checks more; elsewhere the parser runs on 64-bit Linux only",
        ));
    }
    if let Some(reason) = fetched("swift", "swift-kit.sh", effort) {
        return Ok(Ended::Skipped(reason));
    }
    let folder = root().join("plugins/background-sync/ios");
    let mut files = vec![folder.join("Package.swift")];
    for file in std::fs::read_dir(folder.join("Sources"))? {
        files.push(file?.path());
    }
    for file in files {
        run(tool("sh").arg(kit().join("swift/swift-frontend")).args(["-frontend", "-parse"]).arg(file))?;
    }
    Ok(Ended::Passed)
}

/// Where Cargo keeps the sources of a package that the app uses.
fn package_folder(name: &str) -> anyhow::Result<PathBuf> {
    let answer = tool("cargo").args(["metadata", "--format-version", "1", "--locked"]).output()?;
    anyhow::ensure!(answer.status.success(), "cargo cannot read the workspace");
    let metadata: serde_json::Value = serde_json::from_slice(&answer.stdout)?;
    let packages = metadata["packages"].as_array().context("packages in Cargo's answer")?;
    let package = packages.iter().find(|package| package["name"] == name);
    let manifest = package.and_then(|package| package["manifest_path"].as_str());
    let folder = manifest.and_then(|manifest| Path::new(manifest).parent());
    Ok(folder.with_context(|| format!("the app does not use {name}"))?.to_owned())
}
