//! What each window may call: the list of commands, their permissions and the capability agree.

use std::path::Path;

use gatebook_client::{Device, DeviceConfig};
use serde_json::Value;
use tauri::ipc::{CallbackFn, InvokeBody};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
use tauri::webview::InvokeRequest;
use tauri::{Manager, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

fn json(path: &str) -> Value {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn granted(capability: &str) -> Vec<String> {
    let permissions = json(&format!("capabilities/{capability}.json"))["permissions"].clone();
    permissions.as_array().unwrap().iter().map(|permission| permission.as_str().unwrap().to_owned()).collect()
}

fn permissions(commands: impl Iterator<Item = &'static &'static str>) -> Vec<String> {
    commands.map(|command| format!("allow-{}", command.replace('_', "-"))).collect()
}

fn is_supports(command: &str) -> bool {
    gatebook_app::SUPPORT_COMMANDS.contains(&command)
}

#[test]
fn the_main_window_is_granted_every_command_but_the_support_windows_and_beside_them_only_to_listen() {
    let (own, system): (Vec<_>, Vec<_>) =
        granted("field").into_iter().partition(|permission| permission.starts_with("allow-"));
    assert_eq!(own, permissions(gatebook_app::COMMANDS.iter().filter(|command| !is_supports(command))));
    assert_eq!(system, ["core:event:allow-listen", "core:event:allow-unlisten"]);
}

#[test]
fn the_support_window_is_granted_to_read_a_copy_and_nothing_else() {
    let mut expected = permissions(gatebook_app::SUPPORT_COMMANDS.iter());
    expected.push("sql:allow-select".to_owned());
    assert_eq!(granted("support"), expected);
    let capability = json("capabilities/support.json");
    assert_eq!(capability["platforms"], serde_json::json!(["linux", "macOS", "windows"]), "phones have no such plugin");
}

/// What the app itself answers when that window calls that command, with no arguments to speak of.
fn call(window: &WebviewWindow<MockRuntime>, command: &str) -> Result<(), String> {
    let request = InvokeRequest {
        cmd: command.to_owned(),
        callback: CallbackFn(0),
        error: CallbackFn(1),
        url: "tauri://localhost".parse().unwrap(),
        body: InvokeBody::default(),
        headers: tauri::http::HeaderMap::new(),
        invoke_key: INVOKE_KEY.to_owned(),
    };
    get_ipc_response(window, request).map(drop).map_err(|refusal| refusal.to_string())
}

/// What plugins and the system offer, of which one is granted to one window.
const SYSTEMS: [&str; 8] = [
    "plugin:window|close",
    "plugin:sql|select",
    "plugin:sql|execute",
    "plugin:sql|load",
    "plugin:sql|close",
    "plugin:fs|read_file",
    "plugin:fs|write_file",
    "plugin:dialog|save",
];

#[test]
fn each_window_reaches_the_commands_it_is_granted_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let app = mock_builder()
        .invoke_handler(gatebook_app::bindings().invoke_handler())
        .build(gatebook_app::context())
        .unwrap();
    let device = tauri::async_runtime::block_on(async {
        Device::open(DeviceConfig::new(folder.path().to_owned(), "0.1.0")).unwrap()
    });
    app.manage(device);
    let window = |label| WebviewWindowBuilder::new(&app, label, WebviewUrl::default()).build().unwrap();
    let mut table = Vec::new();
    for window in ["main", "support", "popup"].map(window) {
        for command in gatebook_app::COMMANDS.iter().chain(&SYSTEMS) {
            let is_kept_out = call(&window, command).is_err_and(|refusal| refusal.contains("not allowed"));
            table.push((window.label().to_owned(), *command, !is_kept_out));
        }
    }
    for (window, command, reaches) in table {
        let granted = match window.as_str() {
            "main" => gatebook_app::COMMANDS.contains(&command) && !is_supports(command),
            "support" => command == "plugin:sql|select" || is_supports(command),
            _ => false,
        };
        assert_eq!(reaches, granted, "{window} × {command}");
    }
}

#[test]
fn only_these_capabilities_are_active_and_each_for_one_window() {
    assert_eq!(json("tauri.conf.json")["app"]["security"]["capabilities"], serde_json::json!(["field", "support"]));
    assert_eq!(json("capabilities/support.json")["windows"], serde_json::json!(["support"]));
    assert_eq!(json("capabilities/field.json")["windows"], serde_json::json!(["main"]));
}

#[test]
fn pages_run_no_code_but_their_own() {
    let security = &json("tauri.conf.json")["app"]["security"];
    let csp = security["csp"].as_str().unwrap();
    assert!(csp.contains("default-src 'self'") && csp.contains("object-src 'none'"));
    assert!(!csp.contains("unsafe-"));
    assert_eq!(security["freezePrototype"], true);
    assert_eq!(security["pattern"]["use"], "isolation");
}
