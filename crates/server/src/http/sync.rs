//! `POST /v1/sync`.

use axum::extract::{FromRequest as _, Request, State};
use gatebook_sync::wire::{SyncRequest, SyncResponse};

use super::body::{Accepts, Answer, Sent};
use super::caller::DeviceCaller;
use super::refusal::Refusal;
use super::{App, blocking};

// Nobody takes a place before the request has come in full: what trickles in costs its own device alone. What it unpacks
// to, and the answer until the device has read it, lie in memory only with a place; and all that unpack at a time have
// room for so many bytes together.
/// Pushes a page of pending records and pulls a page of news.
#[utoipa::path(
    post, path = "/v1/sync", tag = "devices", security(("device" = [])), request_body = SyncRequest,
    responses((status = 200, body = SyncResponse))
)]
pub(super) async fn sync(
    State(app): State<App>,
    DeviceCaller(device): DeviceCaller,
    accepts: Accepts,
    request: Request,
) -> Result<Answer, Refusal> {
    let waiting = app.syncs.enter(device.id)?;
    let sent = Sent::<SyncRequest>::from_request(request, &app).await?;
    let place = waiting.place().await?;
    let room = app.unpacking.room(sent.unpacked()).await?;
    blocking(move || -> Result<Answer, Refusal> {
        let _room = room;
        let received = sent.open_page(&app.server.config().bounds)?;
        let (pushed, reoffered) = (received.request.push.len(), received.request.reoffer.len());
        let unreadable = received.unreadable.len();
        let response = app.server.sync_received(&device, received)?;
        let pulled: usize = response.scopes.iter().map(|page| page.records.len()).sum();
        tracing::info!(pushed, reoffered, unreadable, pulled, more = response.more, "sync");
        Ok(Answer::holding(accepts, &response, place))
    })
    .await
}
