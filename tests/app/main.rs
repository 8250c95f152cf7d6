//! The built app as people use it: driven through tauri-driver and WebKit's WebDriver on a virtual screen, beside a real
//! server behind a link that the test cuts.
#![cfg(target_os = "linux")]

mod badge;
mod capture;
mod conflict;
mod exports;
mod full_disk;
mod interruption;
mod pages;
mod photos;
mod rejection;
mod support;
mod support_window;
