//! `GET /v1/events`: a device is told of news as it comes, by server-sent events (the HTML standard, section 9.2).

use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use gatebook_sync::wire::ApiErrorCode;
use tokio::sync::mpsc;

use super::App;
use super::caller::{DeviceCaller, token};
use super::refusal::Refusal;
use crate::error::refuse;
use crate::nudges::Told;

/// A stream holds so much that was not read yet; who does not read is told the rest later, at once.
const UNREAD: usize = 4;

/// The token that came with a request.
pub(super) struct Token(String);

impl FromRequestParts<App> for Token {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        token(parts).map(Self)
    }
}

/// Tells the device, for as long as it listens, that there is news for it: events `nudge`, each a `Nudge`. A comment comes
/// every 25 seconds, so that a dead link is noticed. A device has one stream; it ends when another begins, when the device
/// is signed out and when the server stops.
#[utoipa::path(
    get, path = "/v1/events", tag = "devices", security(("device" = [])),
    responses(
        (status = 200, content_type = "text/event-stream", description = "A stream of `nudge` events", body = String)
    )
)]
pub(super) async fn events(
    State(app): State<App>,
    DeviceCaller(device): DeviceCaller,
    Token(token): Token,
) -> Result<Response, Refusal> {
    let bounds = app.server.config().bounds;
    // The others want to sync.
    let most = bounds.open_streams.min(bounds.connections.div_ceil(2));
    let Some(ended) = app.server.inner.streams.begin(device.id, most) else {
        return Err(Refusal::from(refuse(ApiErrorCode::Busy, "Too many devices are listening. Ask by sync instead.")));
    };
    let (sender, told) = mpsc::channel(UNREAD);
    tokio::spawn(app.server.clone().follow(token, sender, ended));
    let lines = futures_util::stream::unfold(told, |mut told| async {
        let line = told.recv().await.map(line)?;
        Some((Ok::<_, std::convert::Infallible>(line), told))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // nginx would hold the stream back otherwise.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

fn line(told: Told) -> Bytes {
    match told {
        Told::Alive => Bytes::from_static(b":\n\n"),
        Told::News(nudge) => {
            let data = serde_json::to_string(&nudge).expect("contract types are always JSON");
            format!("event: nudge\ndata: {data}\n\n").into()
        }
    }
}
