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

#[test]
fn the_main_window_is_granted_every_command_and_beside_them_only_to_listen() {
    let granted: Vec<String> = json("capabilities/field.json")["permissions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|permission| permission.as_str().unwrap().to_owned())
        .collect();
    let (own, system): (Vec<_>, Vec<_>) = granted.iter().partition(|permission| permission.starts_with("allow-"));
    let commands: Vec<String> =
        gatebook_app::COMMANDS.iter().map(|command| format!("allow-{}", command.replace('_', "-"))).collect();
    assert_eq!(own, commands.iter().collect::<Vec<_>>());
    assert_eq!(system, ["core:event:allow-listen", "core:event:allow-unlisten"]);
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
        for command in gatebook_app::COMMANDS {
            let is_kept_out = call(&window, command).is_err_and(|refusal| refusal.contains("not allowed"));
            table.push((window.label().to_owned(), *command, !is_kept_out));
        }
        let is_kept_out = call(&window, "plugin:window|close").is_err_and(|refusal| refusal.contains("not allowed"));
        table.push((window.label().to_owned(), "plugin:window|close", !is_kept_out));
    }
    for (window, command, reaches) in table {
        let granted = window == "main" && gatebook_app::COMMANDS.contains(&command);
        assert_eq!(reaches, granted, "{window} × {command}");
    }
}

#[test]
fn only_that_capability_is_active_and_only_for_that_window() {
    assert_eq!(json("tauri.conf.json")["app"]["security"]["capabilities"], serde_json::json!(["field"]));
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
