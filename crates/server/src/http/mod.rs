//! The HTTP API. A handler is one paragraph: its arguments say who may call, its body what happens. What happens is
//! [`crate::server`]'s.

mod body;
#[cfg(feature = "simulation")]
mod by_hand;
mod caller;
mod enrol;
mod events;
mod health;
mod log;
mod openapi;
mod patient;
mod photos;
mod records;
mod refusal;
mod routes;
mod sync;
mod tus;
mod uploads;

use std::sync::{Arc, OnceLock};

use axum::extract::DefaultBodyLimit;
use axum::{Router, middleware};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::server::Server;
use refusal::Refusal;

#[cfg(feature = "simulation")]
pub use by_hand::{BlobByHand, NewByHand, Refused, SentByHand, checksum_by_hand};
pub use routes::Route;

/// What handlers share.
#[derive(Clone)]
pub(crate) struct App {
    server: Server,
    syncs: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
    checkup: health::Checkup,
    document: Arc<OnceLock<Bytes>>,
}

impl Server {
    /// The API as an axum router.
    pub fn router(&self) -> Router {
        let bounds = self.config().bounds;
        let app = App {
            server: self.clone(),
            syncs: Arc::new(Semaphore::new(bounds.concurrent_syncs)),
            uploads: Arc::new(Semaphore::new(bounds.photos.concurrent_uploads)),
            checkup: health::Checkup::default(),
            document: Arc::default(),
        };
        let mut router = Router::new();
        for routes::Entry { route, handler, .. } in routes::table() {
            router = router.route(route.path, handler);
        }
        let router = router
            .fallback(refusal::no_such_address)
            .method_not_allowed_fallback(refusal::no_such_method)
            .layer(middleware::from_fn(tus::speak))
            .layer(DefaultBodyLimit::max(bounds.limits.page_bytes as usize))
            .layer(middleware::from_fn_with_state(app.clone(), log::time_and_tell))
            .with_state(app);
        Router::new().fallback_service(router).layer(middleware::from_fn(tus::take_named_method))
    }

    /// Every address of the API, with its method.
    pub fn routes() -> Vec<Route> {
        routes::table().into_iter().map(|entry| entry.route).collect()
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
        let (stopping, stopped) = tokio::sync::oneshot::channel();
        let server = self.clone();
        let served = axum::serve(listener, self.router()).with_graceful_shutdown(async move {
            shutdown.await;
            server.inner.streams.end_all();
            let _ = stopping.send(());
        });
        let out_of_time = async {
            if stopped.await.is_ok() {
                tokio::time::sleep(self.config().bounds.stopping_time).await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            done = served.into_future() => done,
            () = out_of_time => Ok(()),
        }
    }
}

/// Database work, off the network's threads.
async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, Refusal>
where
    T: Send + 'static,
    E: Send + 'static,
    Refusal: From<E>,
{
    let span = tracing::Span::current();
    match tokio::task::spawn_blocking(move || span.in_scope(work)).await {
        Ok(done) => done.map_err(Refusal::from),
        Err(panicked) => {
            tracing::error!(%panicked, "a request broke");
            Err(Refusal(crate::error::internal()))
        }
    }
}
