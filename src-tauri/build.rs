//! Gathers the app's configuration at build time and makes a permission of each command, so that a window can call
//! only what its capability grants.

#[path = "command_names.rs"]
mod command_names;

fn main() {
    // MinGW exports every symbol of a DLL unless it is told not to, and a debug build has too many.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "windows")
        && std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|env| env == "gnu")
    {
        println!("cargo:rustc-cdylib-link-arg=-Wl,--exclude-all-symbols");
    }
    let manifest = tauri_build::AppManifest::new().commands(command_names::COMMANDS);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))
        .expect("tauri.conf.json, capabilities and icons are in order");
}
