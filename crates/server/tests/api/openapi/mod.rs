//! `/openapi.json` says what there is, and `/health` that it runs.

mod instance;

use std::collections::BTreeSet;

use gatebook_domain::validate::validate;
use gatebook_domain::{Body, Kind, ProblemCode};
use gatebook_server::{Bounds, Server};
use gatebook_sync::wire;
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::{TestDevice, TestServer};
use instance::instance;

async fn document(yard: &TestServer) -> Value {
    yard.admin(Method::GET, "/openapi.json", None).await.json().await.unwrap()
}

#[tokio::test]
async fn the_document_lists_every_route_and_no_other() {
    let yard = TestServer::start().await;
    let document = document(&yard).await;
    let listed: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(|method| (path.clone(), method.clone())))
        .collect();
    let routed: BTreeSet<(String, String)> =
        Server::routes().into_iter().map(|route| (route.path.to_owned(), route.method.to_owned())).collect();
    assert_eq!(listed, routed);
}

#[tokio::test]
async fn of_uploads_the_document_names_what_tus_programs_go_by() {
    let yard = TestServer::start().await;
    let document = document(&yard).await;
    let stated = |path: &str, method: &str| -> Vec<String> {
        document["paths"][path][method]["responses"].as_object().unwrap().keys().cloned().collect()
    };
    let (begin, one) = ("/v1/uploads", "/v1/uploads/{id}");
    for (path, method) in [(begin, "post"), (one, "head"), (one, "patch"), (one, "delete")] {
        let stated = stated(path, method);
        assert!(stated.contains(&"412".to_owned()), "{method} {path}: {stated:?}");
        let later = if method == "head" { "423" } else { "503" };
        assert!(stated.contains(&later.to_owned()), "{method} {path}: {stated:?}");
        for never in ["408", "429"] {
            assert!(!stated.contains(&never.to_owned()), "{method} {path}: {stated:?}");
        }
    }
    let asks = stated(one, "head");
    assert!(!asks.contains(&"503".to_owned()) && !asks.contains(&"default".to_owned()), "{asks:?}");
}

/// The values of a schema that is a choice of names.
fn names(document: &Value, schema: &str) -> BTreeSet<String> {
    let values = document["components"]["schemas"][schema]["oneOf"].as_array().unwrap();
    values.iter().map(|value| value["enum"][0].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_error_code_is_listed_where_it_is_answered_and_nothing_is_left_open() {
    let yard = TestServer::start().await;
    let document = document(&yard).await;
    let codes = names(&document, "ApiErrorCode");
    assert!(codes.contains("code_refused"), "{codes:?}");
    let mut listed = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let status: u16 = status.parse().unwrap_or_else(|_| panic!("{method} {path} {status} is no status"));
                assert!(!response["description"].as_str().unwrap().is_empty(), "{method} {path} {status}");
                assert!(response["headers"].get("x-gatebook-server").is_some(), "{method} {path} {status}");
                let told = &response["content"]["application/json"]["schema"]["properties"]["code"]["enum"];
                if status >= 400 && method != "head" && status != 416 {
                    listed.extend(told.as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()));
                }
            }
        }
    }
    assert_eq!(listed, codes);
}

#[tokio::test]
async fn nobody_needs_to_know_in_which_language_the_server_is_written() {
    let yard = TestServer::start().await;
    let text = document(&yard).await.to_string();
    for foreign in ["[`", "::", "crate", "serde", "Rust", "Option<", "Vec<", "{{"] {
        let found = text.find(foreign).map(|at| text[at.saturating_sub(60)..].chars().take(120).collect::<String>());
        assert_eq!(found, None, "{foreign}");
    }
}

/// Reads what the schema of that name describes, and writes it again.
fn is_read_and_written<T: DeserializeOwned + Serialize>(document: &Value) {
    let name = std::any::type_name::<T>().rsplit("::").next().unwrap();
    let described = instance(document, &document["components"]["schemas"][name]);
    let text = described.to_string();
    let read: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}: {text}"));
    let written: Value = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
    assert_eq!(written, described, "{name}");
}

#[tokio::test]
async fn what_the_document_describes_is_what_is_read_and_written() {
    let yard = TestServer::start().await;
    let document = document(&yard).await;
    is_read_and_written::<wire::SyncRequest>(&document);
    is_read_and_written::<wire::SyncResponse>(&document);
    is_read_and_written::<wire::EnrolRequest>(&document);
    is_read_and_written::<wire::EnrolResponse>(&document);
    is_read_and_written::<wire::ProofRequest>(&document);
    is_read_and_written::<wire::ProofResponse>(&document);
    is_read_and_written::<wire::HaveRequest>(&document);
    is_read_and_written::<wire::HaveResponse>(&document);
    is_read_and_written::<wire::AuditEntry>(&document);
    is_read_and_written::<wire::RestoreRequest>(&document);
    is_read_and_written::<wire::RestoreResponse>(&document);
    is_read_and_written::<wire::OfficeConflicts>(&document);
    is_read_and_written::<wire::Nudge>(&document);
    is_read_and_written::<wire::ApiError>(&document);
}

/// A body of that kind with every field of its schema.
fn described(document: &Value, kind: Kind) -> Value {
    let each = document["components"]["schemas"]["ContentOfKind"]["allOf"].as_array().unwrap();
    let of_kind = each.iter().find(|it| it["if"]["properties"]["kind"]["const"] == kind.as_str()).unwrap();
    instance(document, &of_kind["then"]["properties"]["body"])
}

#[tokio::test]
async fn bodies_of_every_kind_are_described_as_they_are_read_and_written() {
    let yard = TestServer::start().await;
    let document = document(&yard).await;
    assert_eq!(names(&document, "Kind"), BTreeSet::from(Kind::ALL.map(|kind| kind.as_str().to_owned())));
    for kind in Kind::ALL {
        let described = described(&document, kind);
        let body = Body::from_json(kind, &described.to_string()).unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        // A field that only the document knows would be one of a newer schema, which is not read.
        let written: Value = serde_json::from_str(&body.to_json()).unwrap();
        assert_eq!(written, described, "{kind:?}");
    }
}

/// Calls `look` with each part of a value, its schema and where it lies.
fn each_part(document: &Value, schema: &Value, value: &Value, at: &str, look: &mut impl FnMut(&str, &Value, &Value)) {
    if let Some(address) = schema["$ref"].as_str() {
        return each_part(document, document.pointer(&address[1..]).unwrap(), value, at, look);
    }
    if let Some(chosen) = schema["oneOf"].as_array().and_then(|all| all.iter().find(|it| it.get("$ref").is_some())) {
        return each_part(document, chosen, value, at, look);
    }
    look(at, schema, value);
    for (name, member) in value.as_object().into_iter().flatten() {
        each_part(document, &schema["properties"][name], member, &format!("{at}/{name}"), look);
    }
    for (place, entry) in value.as_array().into_iter().flatten().enumerate() {
        each_part(document, &schema["items"], entry, &format!("{at}/{place}"), look);
    }
}

#[tokio::test]
async fn lengths_of_texts_and_lists_are_those_of_the_rules() {
    let yard = TestServer::start().await;
    let document = document(&yard).await;
    for kind in Kind::ALL {
        let schema = json!({"$ref": format!("#/components/schemas/{}", schema_of(&document, kind))});
        let body = described(&document, kind);
        let mut limits = Vec::new();
        each_part(&document, &schema, &body, "", &mut |at, schema, value| {
            let bound = schema.get("maxItems").or_else(|| schema.get("maxLength")).and_then(Value::as_u64);
            let is_text = schema["type"] == "string" || schema["type"][0] == "string";
            let is_free_text = is_text && schema.get("format").is_none() && schema.get("pattern").is_none();
            if value.is_array() || is_free_text {
                limits.push((at.to_owned(), value.clone(), bound));
            }
        });
        assert!(limits.iter().any(|(.., bound)| bound.is_some()), "{kind:?}");
        for (at, value, bound) in limits {
            let refuses = |length: u64| {
                let mut body = body.clone();
                *body.pointer_mut(&at).unwrap() = match &value {
                    Value::Array(entries) => Value::Array(vec![entries[0].clone(); usize::try_from(length).unwrap()]),
                    _ => json!("x".repeat(usize::try_from(length).unwrap())),
                };
                let body = Body::from_json(kind, &body.to_string()).unwrap();
                let codes = [ProblemCode::TooMany, ProblemCode::TextTooLong];
                validate(&body, None).into_iter().any(|problem| problem.path == at && codes.contains(&problem.code))
            };
            let refused = match bound {
                Some(bound) => [refuses(bound), refuses(bound + 1)],
                None => [refuses(5_000), true],
            };
            assert_eq!(refused, [false, true], "{kind:?} {at}: {bound:?}");
        }
    }
}

fn schema_of(document: &Value, kind: Kind) -> String {
    let each = document["components"]["schemas"]["ContentOfKind"]["allOf"].as_array().unwrap();
    let of_kind = each.iter().find(|it| it["if"]["properties"]["kind"]["const"] == kind.as_str()).unwrap();
    let address = of_kind["then"]["properties"]["body"]["$ref"].as_str().unwrap();
    address.rsplit('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn limits_are_those_of_the_server_that_is_asked() {
    let mut bounds = Bounds::default();
    (bounds.limits.page_records, bounds.photos.hashes, bounds.repair_ranges) = (77, 88, 99);
    let yard = TestServer::bounded(bounds).await;
    let document = document(&yard).await;
    let a: TestDevice = yard.device("A").await;
    let told = a.sync(a.request()).await.limits;
    assert_eq!(document["x-gatebook"]["limits"], serde_json::to_value(told).unwrap());
    let words = document["info"]["description"].as_str().unwrap().replace('\n', " ");
    for told in ["asked for: 77", "at most 88 hashes", "looks at 99 ranges"] {
        assert!(words.contains(told), "{told}");
    }
}

#[tokio::test]
async fn every_schema_that_is_named_is_there() {
    let yard = TestServer::start().await;
    let document = document(&yard).await;
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let text = document.to_string();
    let named = text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap());
    for name in named {
        assert!(schemas.contains_key(name), "{name}");
    }
    for name in ["SyncRequest", "SyncResponse", "EnrolRequest", "AuditEntry", "ApiError", "Limits"] {
        assert!(schemas.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn a_server_that_runs_says_so_to_anybody() {
    let yard = TestServer::start().await;
    let response = crate::support::client().get(format!("{}/health", yard.base)).send().await.unwrap();
    assert_eq!(response.headers()["x-gatebook-server"], env!("CARGO_PKG_VERSION"));
    assert!(response.headers().contains_key("x-request-id"));
    assert_eq!(response.json::<Value>().await.unwrap()["status"], "ok");
}
