//! `/openapi.json`: the API's description of itself, from the handlers and the contract's types.

use axum::Json;
use utoipa::OpenApi;

use super::handlers;

#[derive(OpenApi)]
#[openapi(
    info(title = "Gatebook server", description = "Reconciles what Gatebook devices capture."),
    paths(
        handlers::sync,
        handlers::enrol,
        handlers::audit,
        handlers::restore,
        handlers::close,
        handlers::reopen,
        handlers::void,
        handlers::health,
        document
    )
)]
struct Document;

/// This description.
#[utoipa::path(get, path = "/openapi.json", responses((status = 200, description = "OpenAPI 3.1, as JSON")))]
pub(super) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}
