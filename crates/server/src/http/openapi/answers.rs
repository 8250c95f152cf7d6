//! What the document says of answers: the errors of each route, from the table of routes, and the headers that come with
//! every answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use gatebook_sync::wire::ApiErrorCode;
use serde_json::{Map, Value, json};

use super::named_values;
use crate::error::retry_after;
use crate::http::{refusal, routes, tus};

/// Writes each route's errors into the document.
pub(super) fn tell(document: &mut Value) {
    let meanings: BTreeMap<String, String> =
        named_values(document, "ApiErrorCode").map(|(name, meaning)| (name.to_owned(), meaning.to_owned())).collect();
    document["components"]["headers"] = headers();
    for routes::Entry { route, refusals, .. } in routes::table() {
        // What no handler describes is left out, so that it is missed.
        let operation = document["paths"].get_mut(route.path).and_then(|operations| operations.get_mut(route.method));
        let Some(responses) = operation.map(|operation| &mut operation["responses"]) else { continue };
        for (status, codes) in by_status(refusals) {
            let response = &mut responses[status.as_str()];
            if response["description"].as_str().is_none_or(str::is_empty) {
                response["description"] =
                    by_status_alone(status).map_or_else(|| described(&codes, &meanings), str::to_owned).into();
            }
            if route.method != "head" {
                let error = json!({
                    "$ref": "#/components/schemas/ApiError",
                    "properties": {"code": {"enum": codes.iter().map(|code| json!(code)).collect::<Vec<_>>()}},
                });
                response["content"] = json!({"application/json": {"schema": error}});
            }
            let says_when = |code: &ApiErrorCode| retry_after(*code).is_some();
            if codes.iter().any(says_when) {
                let is_always_there = codes.iter().all(says_when);
                response["headers"]["Retry-After"] = header("Seconds after which to come again.", is_always_there);
            }
        }
        for response in responses.as_object_mut().into_iter().flat_map(Map::values_mut) {
            let own = response.get_mut("headers").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
            for header in own.filter(|header| header.get("required").is_none()) {
                header["required"] = true.into();
            }
            if response["description"].as_str().is_none_or(str::is_empty) {
                response["description"] = "It is done, or this is what was asked for.".into();
            }
            for name in ["x-gatebook-server", "x-request-id"] {
                response["headers"][name] = refer(name);
            }
            if tus::is_spoken_at(route.path) {
                response["headers"]["Tus-Resumable"] = refer("Tus-Resumable");
            }
        }
    }
}

fn by_status(refusals: Vec<(StatusCode, ApiErrorCode)>) -> BTreeMap<StatusCode, Vec<ApiErrorCode>> {
    let mut codes: BTreeMap<StatusCode, Vec<ApiErrorCode>> = BTreeMap::new();
    for (status, code) in refusals {
        let of_status = codes.entry(status).or_default();
        if !of_status.contains(&code) {
            of_status.push(code);
        }
    }
    codes
}

/// What a status says that the code does not.
fn by_status_alone(status: StatusCode) -> Option<&'static str> {
    match status {
        refusal::TOO_SLOW => Some("`busy`: The body came too slowly. Send it again, or less at a time."),
        refusal::TOOK_TOO_LONG => Some(
            "`busy`: It took too long, and may have been done or not. Send it again, or less at a time; a repeat changes \
             nothing twice.",
        ),
        _ => None,
    }
}

fn described(codes: &[ApiErrorCode], meanings: &BTreeMap<String, String>) -> String {
    let told = codes.iter().map(|code| {
        let name = json!(code);
        let name = name.as_str().unwrap_or_default();
        format!("`{name}`: {}", meanings.get(name).map_or("", String::as_str))
    });
    told.collect::<Vec<_>>().join(" ")
}

fn headers() -> Value {
    json!({
        "x-gatebook-server": header("The server's version. An answer without it is not the server's.", true),
        "x-request-id": header("By this the answer is found in the server's log.", true),
        "Tus-Resumable": header("The version of tus that is spoken, `1.0.0`.", true),
    })
}

fn header(meaning: &str, is_always_there: bool) -> Value {
    json!({"description": meaning, "required": is_always_there, "schema": {"type": "string"}})
}

fn refer(header: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{header}")})
}

/// The statuses of a route, each with the error codes that it may come with.
type Listed = BTreeMap<u16, BTreeSet<String>>;

static LISTED: LazyLock<BTreeMap<(String, String), Listed>> = LazyLock::new(|| {
    let of_status = |(status, response): (&String, &Value)| {
        let codes = &response["content"]["application/json"]["schema"]["properties"]["code"]["enum"];
        let codes = codes.as_array().into_iter().flatten().filter_map(|code| Some(code.as_str()?.to_owned())).collect();
        (status.parse::<u16>().unwrap_or_default(), codes)
    };
    let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let mut listed = BTreeMap::new();
    for (path, operations) in members(&super::BASE["paths"]) {
        for (method, operation) in members(&operations) {
            let responses = members(&operation["responses"]);
            listed.insert((path.clone(), method.to_uppercase()), responses.iter().map(of_status).collect());
        }
    }
    listed
});

/// Whether the document says that the route may be answered so. Of what is no route it says nothing, and of answers to HEAD
/// no code. Only looked at where debug assertions are on: every test of the API then holds the document to what it says.
pub(crate) fn tells_of(method: &Method, path: &str, response: &Response) -> bool {
    let Some(listed) = LISTED.get(&(path.to_owned(), method.as_str().to_owned())) else { return true };
    let code = response.extensions().get::<ApiErrorCode>().filter(|_| method != Method::HEAD);
    listed
        .get(&response.status().as_u16())
        .is_some_and(|codes| code.is_none_or(|code| json!(code).as_str().is_some_and(|code| codes.contains(code))))
}
