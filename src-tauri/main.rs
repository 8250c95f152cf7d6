//! The desktop program. Phones enter by `gatebook_app::run` themselves.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() {
    gatebook_app::run();
}
