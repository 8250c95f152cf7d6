//! Gathers the app's configuration at build time and makes a permission of each command, so that a window can call
//! only what its capability grants.

#[path = "command_names.rs"]
mod command_names;

fn main() {
    let manifest = tauri_build::AppManifest::new().commands(command_names::COMMANDS);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))
        .expect("tauri.conf.json, capabilities and icons are in order");
}
