//! `POST /v1/sync`.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use gatebook_sync::wire::{ApiError, ApiErrorCode, SyncRequest, SyncResponse};
use tokio::sync::OwnedSemaphorePermit;

use super::body::{Accepts, Answer, Packed};
use super::caller::DeviceCaller;
use super::refusal::Refusal;
use super::{App, blocking};
use crate::error::refuse;

/// A place among the syncs that may run at a time. Taken before the body is read, so that it bounds memory as well.
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
}

impl FromRequestParts<App> for Place {
    type Rejection = Refusal;

    async fn from_request_parts(_: &mut Parts, app: &App) -> Result<Self, Refusal> {
        app.syncs
            .clone()
            .try_acquire_owned()
            .map(|permit| Self { _permit: permit })
            .map_err(|_| Refusal(refuse(ApiErrorCode::Busy, "Many devices sync at once. Come again in a few seconds.")))
    }
}

/// Pushes a page of pending records and pulls a page of news.
#[utoipa::path(
    post, path = "/v1/sync", tag = "devices", security(("device" = [])), request_body = SyncRequest,
    responses((status = 200, body = SyncResponse))
)]
pub(super) async fn sync(
    State(app): State<App>,
    DeviceCaller(device): DeviceCaller,
    place: Place,
    accepts: Accepts,
    Packed(request): Packed<SyncRequest>,
) -> Result<Answer, Refusal> {
    let (pushed, reoffered) = (request.push.len(), request.reoffer.len());
    blocking(move || -> Result<Answer, ApiError> {
        let response = app.server.sync(&device, request)?;
        let pulled: usize = response.scopes.iter().map(|page| page.records.len()).sum();
        tracing::info!(pushed, reoffered, pulled, more = response.more, "sync");
        let answer = Answer::new(accepts, &response);
        drop(place);
        Ok(answer)
    })
    .await
}
