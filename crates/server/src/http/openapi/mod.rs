//! `GET /openapi.json`: what a device needs to know of this API, from the handlers, the contract's types and the rules of
//! records. What it cannot take from them stands in `guide.md`.

mod answers;
mod bodies;
mod guide;
mod requests;

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::Value;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

pub(super) use answers::tells_of;

use super::{App, enrol, events, health, photos, records, sync, uploads};
use crate::config::Bounds;

#[derive(OpenApi)]
#[openapi(
    info(title = "Gatebook server"),
    tags(
        (name = "devices", description = "Joining, and exchanging records."),
        (name = "photos", description = "The bytes of photos, signatures and documents."),
        (name = "admin", description = "The office: the audit table, and what is done with records."),
        (name = "operation", description = "Watching the server, and this page.")
    ),
    paths(
        sync::sync,
        events::events,
        enrol::enrol,
        enrol::prove,
        records::audit,
        records::conflicts,
        records::restore,
        records::close,
        records::reopen,
        records::void,
        photos::have,
        photos::photo,
        uploads::options,
        uploads::create,
        uploads::status,
        uploads::patch,
        uploads::terminate,
        health::health,
        document
    ),
    components(schemas(gatebook_sync::wire::Nudge, gatebook_sync::wire::ApiError)),
    modifiers(&Tokens)
)]
struct Document;

/// The two sorts of bearer token.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        for (name, whose) in [("device", "A device's, from enrolment."), ("admin", "An admin's, from the office.")] {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(whose)).build();
            components.add_security_scheme(name, SecurityScheme::Http(scheme));
        }
    }
}

/// What is the same for every server.
static BASE: LazyLock<Value> = LazyLock::new(|| {
    let mut document = Document::openapi();
    document.merge(bodies::Bodies::openapi());
    let mut document = serde_json::to_value(document).expect("a document is JSON");
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        bodies::tell(schemas);
    }
    requests::tell(&mut document);
    answers::tell(&mut document);
    document
});

fn of(bounds: &Bounds) -> Bytes {
    let mut document = BASE.clone();
    guide::tell(&mut document, bounds);
    serde_json::to_vec(&document).expect("a value is JSON").into()
}

/// The names of a schema that is a choice of named values, and what each means.
fn named_values<'a>(document: &'a Value, schema: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let values = document["components"]["schemas"][schema]["oneOf"].as_array().into_iter().flatten();
    values.filter_map(|value| Some((value["enum"][0].as_str()?, value["description"].as_str()?)))
}

/// This description.
#[utoipa::path(
    get, path = "/openapi.json", tag = "operation",
    responses((status = 200, description = "OpenAPI 3.1, as JSON", body = Object, content_type = "application/json"))
)]
pub(super) async fn document(State(app): State<App>) -> Response {
    let document = app.document.get_or_init(|| of(&app.server.config().bounds)).clone();
    ([(header::CONTENT_TYPE, "application/json")], document).into_response()
}
