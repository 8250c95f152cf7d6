//! Which part of what the store holds may be shown outside it. Everything here names what is shown, so that a secret
//! which a later version brings is hidden until somebody decides otherwise.

use gatebook_domain::Kind;
use serde_json::{Map, Value};

/// What stands where something is not shown.
pub(super) const HIDDEN: &str = "(not shown)";

/// Settings that are shown as they are.
const SETTINGS: [&str; 18] = [
    "attempts",
    "device_id",
    "epoch",
    "history_days",
    "kept_time",
    "let_go_at",
    "limits",
    "older_photos",
    "operator_id",
    "photo_policy",
    "place",
    "repairs",
    "requests",
    "salvage",
    "scheduler_woken",
    "server_time",
    "starting_again",
    "yard_id",
];

/// What is shown of the enrolment; beside it there are the device's token and key.
const ENROLMENT: [&str; 6] = ["tenant_id", "tenant_name", "device_id", "device_name", "revoked", "server"];

/// What is shown of an operator; beside it there may be what a PIN is checked by.
const OPERATOR: [&str; 4] = ["name", "role", "yard_ids", "job"];

/// A setting's value as it may be shown.
pub(super) fn setting(name: &str, value: &str) -> String {
    match name {
        "enrolment" => {
            let mut shown = object(value);
            let address = shown.get("server_url").and_then(Value::as_str).map(server_address);
            shown.retain(|field, _| ENROLMENT.contains(&field.as_str()));
            shown.extend(address.map(|address| ("server_url".to_owned(), Value::String(address))));
            Value::Object(shown).to_string()
        }
        name if SETTINGS.contains(&name) => value.to_owned(),
        _ => HIDDEN.to_owned(),
    }
}

/// A record's body as it may be shown.
pub(super) fn body(kind: &str, body: &str) -> String {
    match Kind::parse(kind) {
        Some(Kind::Operator) => {
            let mut shown = object(body);
            shown.retain(|field, _| OPERATOR.contains(&field.as_str()));
            Value::Object(shown).to_string()
        }
        Some(_) => body.to_owned(),
        // A newer version's: nobody here knows what is in it.
        None => HIDDEN.to_owned(),
    }
}

/// A canonical state as it may be shown: whole, or not.
pub(super) fn canonical(state: &str) -> String {
    let content = object(state).remove("content").unwrap_or_default();
    if may_be_shown(&content) { state.to_owned() } else { HIDDEN.to_owned() }
}

/// What a record says as it may be shown: whole, or not.
pub(super) fn content(content: &str) -> String {
    if may_be_shown(&Value::Object(object(content))) { content.to_owned() } else { HIDDEN.to_owned() }
}

fn may_be_shown(content: &Value) -> bool {
    content["kind"].as_str().and_then(Kind::parse).is_some_and(|kind| kind != Kind::Operator)
}

/// Text that was written for people, such as a log, without those secrets, should it hold any.
pub(super) fn without(text: &[u8], secrets: &[String]) -> Vec<u8> {
    let mut clean = String::from_utf8_lossy(text).into_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        clean = clean.replace(secret.as_str(), HIDDEN);
    }
    clean.into_bytes()
}

/// The address without a name and password that somebody may have typed into it.
fn server_address(url: &str) -> String {
    let Ok(mut url) = reqwest::Url::parse(url) else { return HIDDEN.to_owned() };
    url.set_query(None);
    match (url.set_username(""), url.set_password(None)) {
        (Ok(()), Ok(())) => url.to_string(),
        _ => HIDDEN.to_owned(),
    }
}

fn object(json: &str) -> Map<String, Value> {
    match serde_json::from_str(json) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_enrolment_everything_is_shown_but_the_token_and_a_password_in_the_address() {
        let kept = r#"{"server_url":"https://me:hunter2@gatebook.example.com","tenant_name":"Rio","token":"secret-token","device_name":"Gate 2","revoked":false,"later":"secret-later"}"#;
        let shown = setting("enrolment", kept);
        assert!(shown.contains("Gate 2") && shown.contains("gatebook.example.com"), "{shown}");
        assert!(!shown.contains("secret") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_setting_that_nobody_has_decided_about_is_not_shown() {
        assert_eq!(setting("push_key", "\"secret\""), HIDDEN);
        assert_eq!(setting("repairs", "2"), "2");
    }

    #[test]
    fn of_an_operator_only_who_they_are_is_shown() {
        let shown = body("operator", r#"{"name":"Ana","role":"operator","yard_ids":[],"pin_verifier":"$argon2id$x"}"#);
        assert!(shown.contains("Ana") && !shown.contains("argon2"), "{shown}");
        assert_eq!(body("key", r#"{"key":"secret"}"#), HIDDEN);
        assert_eq!(body("gate_event", "{}"), "{}");
    }

    #[test]
    fn a_state_of_an_operator_or_of_an_unknown_kind_is_not_shown() {
        for kind in ["operator", "key"] {
            assert_eq!(canonical(&format!(r#"{{"content":{{"kind":"{kind}","body":{{"pin":"1"}}}}}}"#)), HIDDEN);
        }
        let event = r#"{"content":{"kind":"gate_event","body":{}}}"#;
        assert_eq!(canonical(event), event);
    }

    #[test]
    fn a_secret_in_a_text_is_written_over() {
        assert_eq!(without(b"Bearer abc!", &["abc".to_owned(), String::new()]), b"Bearer (not shown)!");
    }
}
