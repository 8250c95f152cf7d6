// What the app's library offers to `main`.
#pragma once

namespace ffi {
extern "C" {
// Rust: runs the app. Made by `tauri::mobile_entry_point`.
void start_app();
// Swift: tells the system which function runs a background task. Must come before the app has finished launching.
void gatebook_background_register();
}
}
