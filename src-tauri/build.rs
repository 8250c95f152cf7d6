//! Gathers the app's configuration and command permissions at build time.
fn main() {
    tauri_build::build();
}
