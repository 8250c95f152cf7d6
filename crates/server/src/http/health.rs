//! `GET /health`.

use axum::Json;
use axum::extract::State;
use gatebook_sync::wire::ApiError;
use serde::Serialize;
use utoipa::ToSchema;

use super::refusal::Refusal;
use super::{App, blocking};
use crate::clock::ClockState;

/// That the server lives.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// Always `ok`; a server that is not well answers with an error.
    status: &'static str,
    /// The server's version.
    version: &'static str,
    /// `trusted`; `doubtful`: it has jumped, and what is filed is marked as of doubtful time; `wrong`: a time server says
    /// so, and nothing is filed until it is set right.
    clock: &'static str,
}

/// Whether the server and its database answer.
#[utoipa::path(
    get, path = "/health", tag = "operation",
    responses((status = 200, body = Health), (status = "default", body = ApiError))
)]
pub(super) async fn health(State(app): State<App>) -> Result<Json<Health>, Refusal> {
    let server = app.server.clone();
    blocking(move || app.server.epoch()).await?;
    let clock = match server.inner.clock.state() {
        ClockState::Trusted => "trusted",
        ClockState::Doubtful => "doubtful",
        ClockState::Wrong => "wrong",
    };
    Ok(Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION"), clock }))
}
