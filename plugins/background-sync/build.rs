//! Makes the permissions of the plugin's commands, and adds its Kotlin and Swift parts to the app's projects.

const COMMANDS: &[&str] = &["state"];

fn main() {
    tauri_plugin::Builder::new(COMMANDS).android_path("android").ios_path("ios").build();
}
