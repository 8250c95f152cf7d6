//! The HTTP API. Handlers say who may call and what happens; everything else is [`crate::server`].

mod body;
mod handlers;
mod openapi;
mod refusal;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Router, middleware};
use gatebook_sync::wire::ApiErrorCode;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::error::refuse;
use crate::server::Server;
use refusal::Refusal;

/// The header by which devices know that it is a Gatebook server that answers.
const SERVER_HEADER: HeaderName = HeaderName::from_static("x-gatebook-server");
/// A request that takes longer than this is given up; what it changed stays changed and a repeat is harmless.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(180);

/// What handlers share.
#[derive(Clone)]
pub(crate) struct App {
    server: Server,
    syncs: Arc<Semaphore>,
}

impl Server {
    /// The API as an axum router.
    #[must_use]
    pub fn router(&self) -> Router {
        let bounds = self.inner.config.bounds;
        let app = App { server: self.clone(), syncs: Arc::new(Semaphore::new(bounds.concurrent)) };
        Router::new()
            .route("/v1/sync", post(handlers::sync))
            .route("/v1/enrol", post(handlers::enrol))
            .route("/v1/records/{id}/audit", get(handlers::audit))
            .route("/v1/records/{id}/restore", post(handlers::restore))
            .route("/v1/records/{id}/close", post(handlers::close))
            .route("/v1/records/{id}/reopen", post(handlers::reopen))
            .route("/v1/records/{id}/void", post(handlers::void))
            .route("/health", get(handlers::health))
            .route("/openapi.json", get(openapi::document))
            .fallback(|| async { Refusal(refuse(ApiErrorCode::NotFound, "There is nothing at this address.")) })
            .method_not_allowed_fallback(|| async {
                let refused = refuse(ApiErrorCode::NotFound, "This address does not take this method.");
                (StatusCode::METHOD_NOT_ALLOWED, axum::Json(refused)).into_response()
            })
            .layer(DefaultBodyLimit::max(bounds.request_bytes))
            .layer(middleware::from_fn(refusal::name_the_server))
            .layer(tower_http::trace::TraceLayer::new_for_http())
            .layer(tower_http::timeout::TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, REQUEST_TIMEOUT))
            .with_state(app)
    }

    /// Serves until `shutdown` completes, then finishes the requests that are under way.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        axum::serve(listener, self.router()).with_graceful_shutdown(shutdown).await
    }
}

pub(crate) fn server_version() -> HeaderValue {
    HeaderValue::from_static(env!("CARGO_PKG_VERSION"))
}
