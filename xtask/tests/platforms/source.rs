//! The repository's files, as these tests read them.

use std::path::{Path, PathBuf};

use serde_json::Value;

pub(crate) fn path(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path)
}

pub(crate) fn text(at: &str) -> String {
    std::fs::read_to_string(path(at)).unwrap_or_else(|error| panic!("{at}: {error}")).replace("\r\n", "\n")
}

pub(crate) fn json(at: &str) -> Value {
    serde_json::from_str(&text(at)).unwrap_or_else(|error| panic!("{at}: {error}"))
}

pub(crate) fn config() -> Value {
    json("tauri.conf.json")
}

pub(crate) fn identifier() -> String {
    config()["identifier"].as_str().unwrap().to_owned()
}

/// A string of a TOML table; enough for the plain lines of our manifests.
pub(crate) fn toml_value(toml: &str, table: &str, key: &str) -> String {
    let table = toml.split(&format!("[{table}]\n")).nth(1).unwrap_or_else(|| panic!("no [{table}]"));
    let table = table.split("\n[").next().unwrap();
    let line = table.lines().find_map(|line| line.strip_prefix(&format!("{key} = "))).unwrap();
    line.trim_matches('"').to_owned()
}

/// What stands between `before` and the next `after`, each time.
pub(crate) fn between<'text>(text: &'text str, before: &str, after: &str) -> Vec<&'text str> {
    text.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
}
