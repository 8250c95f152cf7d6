//! The platforms' projects, the plugin and tauri.conf.json say the same: identifiers, versions, permissions, names by
//! which one language finds another's functions. Read as data, so that no SDK is needed.

mod android;
mod apple;
mod source;
mod windows;
mod workflows;

use source::{config, json, text, toml_value};

#[test]
fn there_is_one_version() {
    let version = config()["version"].as_str().unwrap().to_owned();
    assert_eq!(json("package.json")["version"], version.as_str());
    assert_eq!(toml_value(&text("Cargo.toml"), "workspace.package", "version"), version);
}

#[test]
fn the_library_is_built_in_the_forms_that_phones_load() {
    let manifest = text("Cargo.toml");
    let library = manifest.split("\n[lib]").nth(1).unwrap().split("\n[").next().unwrap().to_owned();
    for form in ["staticlib", "cdylib", "rlib"] {
        assert!(library.contains(&format!("\"{form}\"")), "{form}");
    }
    let name = toml_value(&manifest, "lib", "name");
    let kotlin = text("plugins/background-sync/android/src/main/java/Rounds.kt");
    assert!(kotlin.contains(&format!("System.loadLibrary(\"{name}\")")));
}
