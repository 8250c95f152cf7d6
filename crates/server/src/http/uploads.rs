//! `/v1/uploads`: tus 1.0 for a device's photos.

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream::StreamExt as _;
use gatebook_sync::wire::{ApiError, ApiErrorCode};
use tracing::Instrument as _;
use uuid::Uuid;

use super::caller::DeviceCaller;
use super::pace::{Patience, paced};
use super::places::Place;
use super::{App, tus};
use crate::error::refuse;
use crate::photos::{Chunk, Cut, UploadError};
use crate::storage::{Device, Upload};

/// The upload in the address.
pub(super) struct UploadId(Uuid);

impl FromRequestParts<App> for UploadId {
    type Rejection = UploadError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, UploadError> {
        parts.uri.path().rsplit('/').next().and_then(|id| id.parse().ok()).map(Self).ok_or(UploadError::Unknown)
    }
}

/// A place among the requests that carry bytes at a time, as soon as the device has no other.
async fn place(app: &App, device: &Device) -> Result<Place, UploadError> {
    let place = async { app.uploads.enter(device.id)?.place().await };
    place.await.map_err(|busy| UploadError::Server(busy.into()))
}

/// What the server can do: versions, extensions, the largest upload.
#[utoipa::path(
    options, path = "/v1/uploads", tag = "photos",
    responses((status = 204, description = "Told in the headers `Tus-Version`, `Tus-Extension`, `Tus-Max-Size`, \
        `Tus-Checksum-Algorithm`"))
)]
pub(super) async fn options(State(app): State<App>) -> Response {
    tus::capabilities(app.server.config().bounds.photos.photo_bytes)
}

/// Begins an upload (tus creation), with its first bytes if the body is `application/offset+octet-stream`.
/// `Upload-Metadata` names `sha256` (64 hexadecimal digits), `media_type` and `record_id` (the attachment's).
#[utoipa::path(
    post, path = "/v1/uploads", tag = "photos", security(("device" = [])),
    params(
        ("Upload-Length" = u64, Header), ("Upload-Metadata" = String, Header), ("Tus-Resumable" = String, Header),
        ("Upload-Checksum" = Option<String>, Header)
    ),
    responses(
        (status = 201, description = "Begun: see `Location`, `Upload-Offset`, `Upload-Expires`"),
        (status = 412, body = ApiError), (status = 413, body = ApiError), (status = "default", body = ApiError)
    )
)]
pub(super) async fn create(
    State(app): State<App>,
    DeviceCaller(device): DeviceCaller,
    request: Request,
) -> Result<Response, UploadError> {
    let (parts, body) = request.into_parts();
    let most = app.server.config().bounds.photos.photo_bytes;
    let new = tus::new_upload(&parts.headers, most)?;
    let place = if tus::is_chunk(&parts.headers) { Some(place(&app, &device).await?) } else { None };
    let begun = app.server.begin_upload(&device, new).await?;
    tracing::info!(upload = %begun.id, bytes = begun.new.size, "upload begun");
    let Some(place) = place else {
        return Ok(tus::answer(StatusCode::CREATED, &begun));
    };
    let upload = append(app, device, begun.id, &parts.headers, 0, body, place).await?;
    Ok(tus::answer(StatusCode::CREATED, &upload))
}

/// How far an upload is.
#[utoipa::path(
    head, path = "/v1/uploads/{id}", tag = "photos", security(("device" = [])),
    params(("id" = Uuid, Path), ("Tus-Resumable" = String, Header)),
    responses(
        (status = 200, description = "Told in `Upload-Offset` and `Upload-Length`"),
        (status = 404, description = "No such upload of this device"),
        (status = 410, description = "It was not finished in time"),
        (status = 423, description = "Another request is at it")
    )
)]
pub(super) async fn status(
    State(app): State<App>,
    DeviceCaller(device): DeviceCaller,
    UploadId(id): UploadId,
) -> Result<Response, UploadError> {
    Ok(tus::answer(StatusCode::OK, &app.server.upload(&device, id).await?))
}

/// Carries an upload on.
#[utoipa::path(
    patch, path = "/v1/uploads/{id}", tag = "photos", security(("device" = [])),
    params(
        ("id" = Uuid, Path), ("Upload-Offset" = u64, Header), ("Tus-Resumable" = String, Header),
        ("Upload-Checksum" = Option<String>, Header)
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "Kept: see `Upload-Offset`. At the end the bytes are held, their hash verified"),
        (status = 404, body = ApiError), (status = 409, body = ApiError, description = "Another offset"),
        (status = 410, body = ApiError), (status = 413, body = ApiError), (status = 415, body = ApiError),
        (status = 423, body = ApiError), (status = 460, body = ApiError, description = "Checksum mismatch"),
        (status = "default", body = ApiError)
    )
)]
pub(super) async fn patch(
    State(app): State<App>,
    DeviceCaller(device): DeviceCaller,
    UploadId(id): UploadId,
    request: Request,
) -> Result<Response, UploadError> {
    let (parts, body) = request.into_parts();
    if !tus::is_chunk(&parts.headers) {
        let message = "Send the bytes as Content-Type: application/offset+octet-stream.";
        let refused = axum::Json(refuse(ApiErrorCode::Malformed, message));
        return Ok((StatusCode::UNSUPPORTED_MEDIA_TYPE, refused).into_response());
    }
    let offset = tus::offset(&parts.headers)?;
    // A request that carries this upload on, over a link that broke, gives way and leaves its place.
    app.server.upload(&device, id).await?;
    let place = place(&app, &device).await?;
    let upload = append(app, device, id, &parts.headers, offset, body, place).await?;
    Ok(tus::answer(StatusCode::NO_CONTENT, &upload))
}

/// Gives an upload up.
#[utoipa::path(
    delete, path = "/v1/uploads/{id}", tag = "photos", security(("device" = [])),
    params(("id" = Uuid, Path), ("Tus-Resumable" = String, Header)),
    responses((status = 204, description = "Gone"), (status = "default", body = ApiError))
)]
pub(super) async fn terminate(
    State(app): State<App>,
    DeviceCaller(device): DeviceCaller,
    UploadId(id): UploadId,
) -> Result<StatusCode, UploadError> {
    app.server.terminate(&device, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// For networks that let only GET and POST through: the method stands in `X-HTTP-Method-Override`.
#[utoipa::path(
    post, path = "/v1/uploads/{id}", tag = "photos", security(("device" = [])),
    params(("id" = Uuid, Path), ("X-HTTP-Method-Override" = String, Header), ("Tus-Resumable" = String, Header)),
    responses((status = 200), (status = 204), (status = "default", body = ApiError))
)]
pub(super) async fn overridden(
    state: State<App>,
    caller: DeviceCaller,
    id: UploadId,
    request: Request,
) -> Result<Response, UploadError> {
    let method = request.headers().get("x-http-method-override").map(|method| method.as_bytes().to_ascii_uppercase());
    match method.as_deref() {
        Some(b"PATCH") => patch(state, caller, id, request).await,
        Some(b"DELETE") => terminate(state, caller, id).await.map(IntoResponse::into_response),
        Some(b"HEAD") => status(state, caller, id).await,
        _ => Err(UploadError::Malformed("Name the method in X-HTTP-Method-Override.".to_owned())),
    }
}

/// Adds a body to an upload. That goes on even if the connection is cut and nobody waits for the answer any more.
async fn append(
    app: App,
    device: Device,
    id: Uuid,
    headers: &HeaderMap,
    offset: u64,
    body: Body,
    place: Place,
) -> Result<Upload, UploadError> {
    let (length, checksum) = (tus::length(headers)?, tus::checksum(headers)?);
    let bounds = &app.server.config().bounds;
    let patience = Patience::new(bounds.photos.silence, bounds.least_rate);
    let body = paced(body, patience, app.stop.seen()).map(|bytes| bytes.map_err(|_| Cut)).boxed();
    let chunk = Chunk { offset, length, checksum, body };
    let server = app.server;
    let work = async move {
        let done = server.append(device, id, chunk).await;
        drop(place);
        done
    };
    match tokio::spawn(work.in_current_span()).await {
        Ok(done) => done,
        Err(broken) => Err(UploadError::Server(std::io::Error::other(broken).into())),
    }
}
