//! `/openapi.json` says what there is, and `/health` that it runs.

use std::collections::BTreeSet;

use gatebook_server::Server;
use reqwest::Method;
use serde_json::Value;

use crate::support::TestServer;

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
