//! `/v1/uploads`: tus 1.0 for a device's photos.

use std::time::Duration;

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
use super::patient::patiently;
use super::places::Place;
use super::refusal::Refusal;
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
    place.await.map_err(busy)
}

fn busy(refused: ApiError) -> UploadError {
    UploadError::Server(refused.into())
}

/// What the server can do: versions, extensions, the largest upload.
#[utoipa::path(
    options, path = "/v1/uploads", tag = "photos",
    responses((status = 204, description = "Told in the headers", headers(
        ("Tus-Version" = String, description = "`1.0.0`"),
        ("Tus-Extension" = String, description = "Extensions of tus, with commas between"),
        ("Tus-Max-Size" = u64, description = "Bytes of the largest upload"),
        ("Tus-Checksum-Algorithm" = String, description = "Algorithms for `Upload-Checksum`, with commas between")
    )))
)]
pub(super) async fn options(State(app): State<App>) -> Response {
    tus::capabilities(app.server.config().bounds.photos.photo_bytes)
}

/// Begins an upload (tus creation), with its first bytes if the body is `application/offset+octet-stream`.
/// `Upload-Metadata` names `sha256` (64 hexadecimal digits), `media_type` and `record_id` (the attachment's).
#[utoipa::path(
    post, path = "/v1/uploads", tag = "photos", security(("device" = [])),
    params(
        ("Upload-Length" = u64, Header, minimum = 1, description = "Bytes of all of it"),
        ("Upload-Metadata" = String, Header, description = "`sha256`, `media_type` and `record_id`, each with a blank and its \
            value in Base64, with commas between"),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`"),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1` or `sha256`, a blank, and the digest of this body \
            in Base64")
    ),
    request_body(content = Option<Vec<u8>>, content_type = "application/offset+octet-stream", description = "The first bytes, if any"),
    responses(
        (status = 201, description = "Begun. Fewer bytes may have been kept than were sent", headers(
            ("Location" = String, description = "Path of the upload on this server"),
            ("Upload-Offset" = u64, description = "Bytes that are kept"),
            ("Upload-Expires" = String, description = "When it is over if it makes no progress, as HTTP writes dates")
        )),
        (status = 400, description = "Not announced in full, or with `Upload-Concat` or \
            `Upload-Defer-Length`"),
        (status = 403, description = "`forbidden`: for a record of a yard that the device does not work for. `revoked`: the \
            device was signed out"),
        (status = 412, description = "Not tus 1.0.0",
            headers(("Tus-Version" = String, description = "What is spoken here"))),
        (status = 413, description = "Larger than `Tus-Max-Size`"),
        (status = 460, description = "Checksum mismatch; nothing was begun"),
        (status = 503, description = "Not now: `Retry-After` says when")
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
    let (server, id) = (app.server.clone(), begun.id);
    let stands = match append(app, device.clone(), id, &parts.headers, 0, body, std::future::ready(Ok(place))).await {
        // It is begun: whoever still listens goes on from what was kept, instead of beginning another.
        Err(UploadError::Cut { .. } | UploadError::Taken) => server.upload(&device, id).await,
        // Whoever is refused does not learn of it, and begins another when coming again.
        Err(refused) => {
            if let Err(error) = server.terminate(&device, id).await {
                tracing::debug!(upload = %id, %error, "an upload that was refused at once stays until it expires");
            }
            Err(refused)
        }
        kept => kept,
    };
    Ok(tus::answer(StatusCode::CREATED, &stands?))
}

/// How far an upload is. Answers have no body.
#[utoipa::path(
    head, path = "/v1/uploads/{id}", tag = "photos", security(("device" = [])),
    params(("id" = Uuid, Path), ("Tus-Resumable" = String, Header, description = "`1.0.0`")),
    responses(
        (status = 200, description = "Told in the headers", headers(
            ("Upload-Offset" = u64, description = "Bytes that are kept: go on from here"),
            ("Upload-Length" = u64, description = "Bytes of all of it"),
            ("Upload-Metadata" = String, description = "As it was announced"),
            ("Upload-Expires" = String, description = "When it is over if it makes no progress, as HTTP writes dates")
        )),
        (status = 401, description = "No device has this token"),
        (status = 403, description = "The device was signed out"),
        (status = 404, description = "No such upload of this device"),
        (status = 410, description = "It was not finished in time"),
        (status = 412, description = "Not tus 1.0.0",
            headers(("Tus-Version" = String, description = "What is spoken here"))),
        (status = 460, description = "All of it had arrived, and is not what was announced. Nothing of it is kept"),
        (status = 423, description = "Another request is at it, or the server cannot say just now: `Retry-After` says when \
            to ask again")
    )
)]
pub(super) async fn status(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let patience = app.server.config().bounds.photos.patience;
    patiently(patience, || look(app.clone(), parts.clone())).await
}

/// Who asks is looked up here and not before, because the database may be away for that as well.
async fn look(app: App, mut parts: Parts) -> Response {
    let device = match DeviceCaller::from_request_parts(&mut parts, &app).await {
        Ok(DeviceCaller(device)) => device,
        Err(refused) => return refused.into_response(),
    };
    let told = match UploadId::from_request_parts(&mut parts, &app).await {
        Ok(UploadId(id)) => to_its_end(async move { app.server.upload(&device, id).await }).await,
        Err(unknown) => Err(unknown),
    };
    told.map(|upload| tus::answer(StatusCode::OK, &upload)).into_response()
}

/// Carries an upload on.
#[utoipa::path(
    patch, path = "/v1/uploads/{id}", tag = "photos", security(("device" = [])),
    params(
        ("id" = Uuid, Path),
        ("Upload-Offset" = u64, Header, description = "Where these bytes begin: the offset that was told last"),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`"),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1` or `sha256`, a blank, and the digest of this body \
            in Base64")
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "Kept. At the end the bytes are held, their hash verified", headers(
            ("Upload-Offset" = u64, description = "Bytes that are kept"),
            ("Upload-Expires" = String, description = "When it is over if it makes no progress, as HTTP writes dates")
        )),
        (status = 404, description = "No such upload of this device"),
        (status = 409, description = "It stands at another offset, or the bytes stopped coming",
            headers(("Upload-Offset" = u64, description = "Where to go on"))),
        (status = 410, description = "It was not finished in time"),
        (status = 412, description = "Not tus 1.0.0",
            headers(("Tus-Version" = String, description = "What is spoken here"))),
        (status = 413, description = "Larger than was announced"),
        (status = 415, description = "Not `application/offset+octet-stream`"),
        (status = 423, description = "Another request is at it"),
        (status = 460, description = "Checksum mismatch"),
        (status = 503, description = "Not now: `Retry-After` says when")
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
        let refused = refuse(ApiErrorCode::Malformed, message);
        return Ok(Refusal::with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE, refused).into_response());
    }
    let offset = tus::offset(&parts.headers)?;
    let waiting = app.uploads.enter(device.id).map_err(busy)?;
    let place = async { waiting.place().await.map_err(busy) };
    let upload = append(app, device, id, &parts.headers, offset, body, place).await?;
    Ok(tus::answer(StatusCode::NO_CONTENT, &upload))
}

/// Gives an upload up.
#[utoipa::path(
    delete, path = "/v1/uploads/{id}", tag = "photos", security(("device" = [])),
    params(("id" = Uuid, Path), ("Tus-Resumable" = String, Header, description = "`1.0.0`")),
    responses(
        (status = 204, description = "Gone"),
        (status = 412, description = "Not tus 1.0.0",
            headers(("Tus-Version" = String, description = "What is spoken here"))),
        (status = 423, description = "Another request is at it"),
        (status = 503, description = "Not now: `Retry-After` says when")
    )
)]
pub(super) async fn terminate(
    State(app): State<App>,
    DeviceCaller(device): DeviceCaller,
    UploadId(id): UploadId,
) -> Result<StatusCode, UploadError> {
    app.server.terminate(&device, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What still comes of a body that is refused is taken in for so long. If the connection were closed with bytes unread,
/// whoever is still sending would hear that it is dead, and not why.
const RUN_OUT: Duration = Duration::from_secs(5);

/// Adds a body to an upload. That goes on even if the connection is cut.
async fn append(
    app: App,
    device: Device,
    id: Uuid,
    headers: &HeaderMap,
    offset: u64,
    body: Body,
    place: impl Future<Output = Result<Place, UploadError>> + Send + 'static,
) -> Result<Upload, UploadError> {
    let (length, checksum) = (tus::length(headers)?, tus::checksum(headers)?);
    let bounds = &app.server.config().bounds;
    let patience = Patience::new(bounds.photos.silence, bounds.least_rate);
    let mut body = paced(body, patience, app.stop.seen()).map(|bytes| bytes.map_err(|_| Cut)).boxed();
    let server = app.server;
    let work = async move {
        let done = server.append(device, id, Chunk { offset, length, checksum, body: &mut body }, place).await;
        if done.is_err() {
            tokio::spawn(tokio::time::timeout(RUN_OUT, async move { while let Some(Ok(_)) = body.next().await {} }));
        }
        done
    };
    to_its_end(work).await
}

/// Work that goes on to its end even if nobody waits for its answer any more.
async fn to_its_end(
    work: impl Future<Output = Result<Upload, UploadError>> + Send + 'static,
) -> Result<Upload, UploadError> {
    match tokio::spawn(work.in_current_span()).await {
        Ok(done) => done,
        Err(broken) => Err(UploadError::Server(std::io::Error::other(broken).into())),
    }
}
