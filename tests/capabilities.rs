//! What each window may call: the list of commands, their permissions and the capability agree.

use std::path::Path;

use serde_json::Value;

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
