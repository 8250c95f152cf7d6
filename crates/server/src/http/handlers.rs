//! One paragraph per address.

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use gatebook_domain::RecordState;
use gatebook_sync::wire::{
    ApiError, ApiErrorCode, AuditEntry, EnrolRequest, EnrolResponse, RestoreRequest, RestoreResponse, SyncRequest,
    SyncResponse,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::App;
use super::body::{Packed, answer};
use super::refusal::Refusal;
use crate::error::refuse;

/// The token of the `Authorization` header.
pub(super) struct Token(String);

impl FromRequestParts<App> for Token {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .map(|token| Self(token.to_owned()))
            .ok_or_else(|| Refusal(refuse(ApiErrorCode::Unauthenticated, "Send a token: Authorization: Bearer …")))
    }
}

/// Pushes a page of pending records and pulls a page of news.
#[utoipa::path(
    post, path = "/v1/sync", request_body = SyncRequest,
    responses((status = 200, body = SyncResponse), (status = "default", body = ApiError))
)]
pub(super) async fn sync(
    State(app): State<App>,
    Token(token): Token,
    headers: HeaderMap,
    Packed(request): Packed<SyncRequest>,
) -> Result<Response, Refusal> {
    let Ok(_permit) = app.syncs.clone().try_acquire_owned() else {
        return Err(Refusal(refuse(ApiErrorCode::Busy, "Many devices sync at once. Come again in a few seconds.")));
    };
    let server = app.server.clone();
    let response = blocking(move || -> Result<SyncResponse, ApiError> {
        let device = server.device(&token)?;
        let (pushed, started) = (request.push.len(), std::time::Instant::now());
        let response = server.sync_as(&device, request)?;
        let pulled: usize = response.scopes.iter().map(|page| page.records.len()).sum();
        tracing::info!(device = %device.id, pushed, pulled, more = response.more, elapsed = ?started.elapsed(), "sync");
        Ok(response)
    })
    .await?;
    Ok(answer(&headers, &response))
}

/// Turns a one-time code into a device token.
#[utoipa::path(
    post, path = "/v1/enrol", request_body = EnrolRequest,
    responses((status = 200, body = EnrolResponse), (status = "default", body = ApiError))
)]
pub(super) async fn enrol(
    State(app): State<App>,
    headers: HeaderMap,
    Packed(request): Packed<EnrolRequest>,
) -> Result<Response, Refusal> {
    let response = blocking(move || app.server.enrol(&request)).await?;
    Ok(answer(&headers, &response))
}

/// Every write to a record, for an admin.
#[utoipa::path(
    get, path = "/v1/records/{id}/audit", params(("id" = Uuid, Path)),
    responses((status = 200, body = Vec<AuditEntry>), (status = "default", body = ApiError))
)]
pub(super) async fn audit(
    State(app): State<App>,
    Token(token): Token,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let entries = blocking(move || app.server.audit_as(&token, id)).await?;
    Ok(answer(&headers, &entries))
}

/// Makes an earlier write the canonical state again, for an admin.
#[utoipa::path(
    post, path = "/v1/records/{id}/restore", params(("id" = Uuid, Path)), request_body = RestoreRequest,
    responses((status = 200, body = RestoreResponse), (status = "default", body = ApiError))
)]
pub(super) async fn restore(
    State(app): State<App>,
    Token(token): Token,
    Path(id): Path<Uuid>,
    Packed(request): Packed<RestoreRequest>,
) -> Result<Json<RestoreResponse>, Refusal> {
    let restored = blocking(move || -> Result<_, ApiError> {
        let admin = app.server.admin(&token)?;
        let of_record = app.server.audit(admin, id)?.iter().any(|entry| entry.write_id == request.write_id);
        if !of_record {
            let message = format!("Record {id} has no write {}.", request.write_id);
            return Err(refuse(ApiErrorCode::NotFound, message));
        }
        Ok(app.server.restore(admin, request.write_id, &request.reason)?)
    })
    .await?;
    Ok(Json(restored))
}

/// Why an admin closes, reopens or voids.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Because {
    /// Kept with the record.
    reason: String,
}

/// Closes a record: the field may no longer change it. For an admin.
#[utoipa::path(
    post, path = "/v1/records/{id}/close", params(("id" = Uuid, Path)), request_body = Because,
    responses((status = 200, body = RestoreResponse), (status = "default", body = ApiError))
)]
pub(super) async fn close(
    app: State<App>,
    token: Token,
    id: Path<Uuid>,
    because: Packed<Because>,
) -> Result<Json<RestoreResponse>, Refusal> {
    set_state(app, token, id, because, RecordState::Closed).await
}

/// Opens a closed or voided record again. For an admin.
#[utoipa::path(
    post, path = "/v1/records/{id}/reopen", params(("id" = Uuid, Path)), request_body = Because,
    responses((status = 200, body = RestoreResponse), (status = "default", body = ApiError))
)]
pub(super) async fn reopen(
    app: State<App>,
    token: Token,
    id: Path<Uuid>,
    because: Packed<Because>,
) -> Result<Json<RestoreResponse>, Refusal> {
    set_state(app, token, id, because, RecordState::Live).await
}

/// Strikes a record out. For an admin.
#[utoipa::path(
    post, path = "/v1/records/{id}/void", params(("id" = Uuid, Path)), request_body = Because,
    responses((status = 200, body = RestoreResponse), (status = "default", body = ApiError))
)]
pub(super) async fn void(
    app: State<App>,
    token: Token,
    id: Path<Uuid>,
    because: Packed<Because>,
) -> Result<Json<RestoreResponse>, Refusal> {
    set_state(app, token, id, because, RecordState::Voided).await
}

async fn set_state(
    State(app): State<App>,
    Token(token): Token,
    Path(id): Path<Uuid>,
    Packed(because): Packed<Because>,
    state: RecordState,
) -> Result<Json<RestoreResponse>, Refusal> {
    let made = blocking(move || -> Result<_, ApiError> {
        let admin = app.server.admin(&token)?;
        Ok(app.server.set_state(admin, id, state, &because.reason)?)
    })
    .await?;
    Ok(Json(made))
}

/// That the server lives.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// Always `ok`.
    status: &'static str,
    /// The server's version.
    version: &'static str,
}

/// Whether the server and its database answer.
#[utoipa::path(
    get, path = "/health", responses((status = 200, body = Health), (status = "default", body = ApiError))
)]
pub(super) async fn health(State(app): State<App>) -> Result<Json<Health>, Refusal> {
    blocking(move || app.server.inner.storage.read(|connection| crate::storage::epoch(connection))).await?;
    Ok(Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") }))
}

/// Database work, off the network's threads.
async fn blocking<T: Send + 'static, E: Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Refusal>
where
    Refusal: From<E>,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(Refusal::from),
        Err(panicked) => {
            tracing::error!(%panicked, "a request broke");
            Err(Refusal(refuse(ApiErrorCode::Internal, "The server failed and changed nothing.")))
        }
    }
}
