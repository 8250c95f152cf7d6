//! Around every request: an id, a time limit, a line in the log, and the server's name on the answer. Bodies and tokens
//! are never logged.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gatebook_sync::wire::ApiErrorCode;
use tracing::Instrument as _;
use uuid::Uuid;

use super::App;
use super::limit::TimeLimit;
use super::refusal::took_too_long;

/// By this devices know that it is a Gatebook server that answers, and not a guest network's sign-in page.
const SERVER: HeaderName = HeaderName::from_static("x-gatebook-server");
/// By this an answer is found in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(super) async fn time_and_tell(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = Uuid::new_v4();
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let path = matched.as_ref().map_or("(none)", MatchedPath::as_str);
    let span = tracing::info_span!("request", %id, %method, path, device = tracing::field::Empty);
    // An upload takes as long as its link needs, and minds itself that it does not fall silent.
    let is_upload = super::tus::is_spoken_at(path);
    let limit = (!is_upload).then(|| TimeLimit::begin(app.server.config().bounds.request_time));
    if let Some(limit) = &limit {
        request.extensions_mut().insert(limit.clone());
    }
    let out_of_time = async {
        match &limit {
            Some(limit) => limit.is_over().await,
            None => std::future::pending().await,
        }
    };
    let answered = async {
        let begun = Instant::now();
        let response = tokio::select! {
            response = next.run(request) => response,
            () = out_of_time => took_too_long().into_response(),
        };
        let (status, elapsed) = (response.status().as_u16(), begun.elapsed());
        tracing::info!(status, ms = elapsed.as_secs_f64() * 1_000.0, "answered");
        response
    };
    let mut response = answered.instrument(span).await;
    debug_assert!(
        super::openapi::tells_of(&method, path, &response),
        "{method} {path} is answered {} and {:?}, of which /openapi.json says nothing",
        response.status(),
        response.extensions().get::<ApiErrorCode>()
    );
    let headers = response.headers_mut();
    headers.insert(SERVER, HeaderValue::from_static(env!("CARGO_PKG_VERSION")));
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    response
}
