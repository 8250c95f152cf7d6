//! `GET /openapi.json`: the API's description of itself, from the handlers and the contract's types.

use axum::Json;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{enrol, events, health, photos, records, sync, uploads};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Gatebook server",
        description = "Reconciles what Gatebook devices capture. Bodies are JSON, plain or with \
                       `Content-Encoding: zstd`; every answer carries the header `x-gatebook-server`, and every one \
                       that is not 2xx is an `ApiError`. At `/v1/uploads` a request is taken for what \
                       `X-HTTP-Method-Override` names, if it brings that, whatever its own method."
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
    components(schemas(gatebook_sync::wire::Nudge)),
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

/// This description.
#[utoipa::path(
    get, path = "/openapi.json", tag = "operation",
    responses((status = 200, description = "OpenAPI 3.1, as JSON"))
)]
pub(super) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}
