//! The HTTP API. A handler is one paragraph: its arguments say who may call, its body what happens. What happens is
//! [`crate::server`]'s.

mod body;
#[cfg(feature = "simulation")]
mod by_hand;
mod caller;
mod connection;
mod conversation;
mod doors;
mod enrol;
mod events;
mod guesses;
mod health;
mod limit;
mod log;
mod openapi;
mod origin;
mod pace;
mod patient;
mod photos;
mod places;
mod records;
mod refusal;
mod routes;
mod serve;
mod stopping;
mod sync;
mod tus;
mod unpacking;
mod unread;
mod uploads;

use std::sync::{Arc, OnceLock};

use axum::{Router, middleware};
use bytes::Bytes;

use crate::server::Server;
use guesses::Guesses;
use places::Places;
use refusal::Refusal;
use stopping::Stop;
use unpacking::Unpacking;

#[cfg(feature = "simulation")]
pub use by_hand::{BlobByHand, NewByHand, Refused, SentByHand, checksum_by_hand};
pub use routes::Route;

/// What handlers share.
#[derive(Clone)]
pub(crate) struct App {
    server: Server,
    syncs: Arc<Places>,
    uploads: Arc<Places>,
    unpacking: Arc<Unpacking>,
    guesses: Arc<Guesses>,
    checkup: health::Checkup,
    document: Arc<OnceLock<Bytes>>,
    stop: Arc<Stop>,
}

impl App {
    fn new(server: Server) -> Self {
        let bounds = &server.config().bounds;
        let places = |work, all| Places::new(work, all, bounds.requests_of_device, bounds.turn_time);
        Self {
            syncs: places("a sync", bounds.concurrent_syncs),
            uploads: places("an upload", bounds.photos.concurrent_uploads),
            unpacking: Unpacking::new(bounds.unpacked_at_once.max(bounds.unpacked_bytes), bounds.turn_time),
            guesses: Guesses::new(bounds),
            checkup: health::Checkup::default(),
            document: Arc::default(),
            stop: Arc::default(),
            server,
        }
    }

    /// The API as an axum router.
    fn router(&self) -> Router {
        let mut router = Router::new();
        for routes::Entry { route, handler, .. } in routes::table() {
            router = router.route(route.path, handler);
        }
        let router = router
            .fallback(refusal::no_such_address)
            .method_not_allowed_fallback(refusal::no_such_method)
            .layer(middleware::from_fn(tus::speak))
            .layer(middleware::from_fn_with_state(self.clone(), log::time_and_tell))
            .with_state(self.clone());
        Router::new().fallback_service(router).layer(middleware::from_fn(tus::take_named_method))
    }
}

impl Server {
    /// Every address of the API, with its method.
    pub fn routes() -> Vec<Route> {
        routes::table().into_iter().map(|entry| entry.route).collect()
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
            Err(refusal::broke())
        }
    }
}
