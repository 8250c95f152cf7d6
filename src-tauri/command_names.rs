//! Every command the pages may call. A test compares this list with the handlers, the capability and the bindings.

/// The names, as in `src-tauri/commands.rs`.
#[allow(unreachable_pub, reason = "public in the app, private in its build script")]
pub const COMMANDS: &[&str] = &[
    "bootstrap",
    "enrol",
    "operators",
    "choose_operator",
    "choose_yard",
    "keep_place",
    "work_list",
    "start",
    "record",
    "save",
    "submit",
    "void_record",
    "discard_change",
    "inbox",
    "mark_read",
    "templates",
    "find_carriers",
    "find_equipment",
    "sync_now",
    "hint",
    "dismiss_salvage",
];
