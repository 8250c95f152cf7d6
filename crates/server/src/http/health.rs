//! `GET /health`.

use axum::Json;
use axum::extract::State;
use gatebook_sync::wire::ApiError;
use serde::Serialize;
use utoipa::ToSchema;

use super::refusal::Refusal;
use super::{App, blocking};

/// That the server lives.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// Always `ok`; a server that is not well answers with an error.
    status: &'static str,
    /// The server's version.
    version: &'static str,
}

/// Whether the server and its database answer.
#[utoipa::path(
    get, path = "/health", tag = "operation",
    responses((status = 200, body = Health), (status = "default", body = ApiError))
)]
pub(super) async fn health(State(app): State<App>) -> Result<Json<Health>, Refusal> {
    blocking(move || app.server.epoch()).await?;
    Ok(Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") }))
}
