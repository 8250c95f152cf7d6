//! Every command the pages may call. A test compares this list with the handlers, the capability and the bindings.

/// The names, as in the command modules beside this file.
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
    "open_record",
    "close_record",
    "send_again",
    "settle_met",
    "save",
    "submit",
    "void_record",
    "discard_change",
    "inbox",
    "mark_read",
    "name_author",
    "templates",
    "find_carriers",
    "find_equipment",
    "sync_now",
    "hint",
    "history_days",
    "keep_history",
    "dismiss_salvage",
    "begin_photo",
    "photo_part",
    "add_photo",
    "drop_photo",
    "camera_opens",
    "camera_left",
    "after_camera",
    "photos",
    "remove_photo",
    "view_photo",
    "storage",
    "photo_policy",
    "set_photo_policy",
    "autostart",
    "set_autostart",
    "export_pending",
    "export_diagnostics",
    "support_page",
    "open_support",
    "look_again",
];

/// Those that only the support window may call.
#[allow(unreachable_pub, reason = "public in the app, private in its build script")]
#[allow(dead_code, reason = "the build script makes permissions of all alike")]
pub const SUPPORT_COMMANDS: &[&str] = &["look_again"];
