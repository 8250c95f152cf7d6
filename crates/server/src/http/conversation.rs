//! The requests that come over one connection, in the protocol on which its two ends agree.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt as _;

use super::App;
use super::connection::{Request, Traffic};
use super::origin::Peer;
use super::pace::Patience;
use crate::tls::Secured;

/// What one connection holds in memory of what is read and written; no request's head is larger.
const BUFFER: usize = 64 * 1024;

/// Requests under way over one connection of HTTP/2. A device has a handful.
const REQUESTS: u32 = 32;
/// What one connection of HTTP/2 holds of bodies that nobody has read yet. More than a device's link has under way in a tenth
/// of a second, so that an upload is not slowed down.
const WINDOW: u32 = 256 * 1024;
/// Largest head of a request over HTTP/2, unpacked.
const HEAD: u32 = 16 * 1024;
/// How often it is looked whether a connection of HTTP/2 does nothing, or is not read.
const LOOK: Duration = Duration::from_secs(1);

/// A connection's requests, and what they are answered by.
pub(super) struct Conversation {
    pub app: App,
    pub router: Router,
    pub peer: SocketAddr,
    pub traffic: Arc<Traffic>,
}

impl Conversation {
    /// Answers them until either end has enough.
    pub(super) async fn over<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some(secured) = self.app.server.inner.secured.clone() else { return self.over_http1(stream).await };
        let Some(stream) = self.secure(&secured, stream).await else { return };
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            self.over_http2(stream).await;
        } else {
            self.over_http1(stream).await;
        }
    }

    /// Agrees on TLS, in the time that there is for a request's head.
    async fn secure<S>(&self, secured: &Secured, stream: S) -> Option<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let agreed = TlsAcceptor::from(secured.config()).accept(stream);
        let mut stopping = self.app.stop.seen();
        let agreed = tokio::select! {
            agreed = tokio::time::timeout(self.app.server.config().bounds.header_time, agreed) => agreed,
            () = stopping.begun() => return None,
        };
        match agreed {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                tracing::debug!(peer = %self.peer, %error, "no TLS");
                None
            }
            Err(_) => {
                tracing::debug!(peer = %self.peer, "no TLS in time");
                None
            }
        }
    }

    /// What answers one request. `lasting` keeps its count for as long as its answer is under way.
    fn answers<L>(
        &self,
        lasting: L,
    ) -> impl Service<
        hyper::Request<Incoming>,
        Response = Response,
        Error = Infallible,
        Future = impl Future<Output = Result<Response, Infallible>> + Send + use<L>,
    > + use<L>
    where
        L: Fn(Request, Response) -> Response + Clone + Send + 'static,
    {
        let (router, traffic, peer) = (self.router.clone(), Arc::clone(&self.traffic), self.peer);
        service_fn(move |mut request: hyper::Request<Incoming>| {
            let (under_way, router, lasting) = (traffic.request(), router.clone(), lasting.clone());
            request.extensions_mut().insert(Peer(peer));
            async move {
                let answer = router.oneshot(request).await?;
                Ok(lasting(under_way, answer))
            }
        })
    }

    async fn over_http1<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut http = http1::Builder::new();
        let header_time = self.app.server.config().bounds.header_time;
        http.timer(TokioTimer::new()).header_read_timeout(header_time).max_buf_size(BUFFER);
        let service = self.answers(Request::lasts_as_long_as);
        let mut conversation = pin!(http.serve_connection(TokioIo::new(stream), service));
        let mut stopping = self.app.stop.seen();
        let mut stopping = pin!(stopping.begun());
        let mut is_stopping = false;
        std::future::poll_fn(|context| {
            if !is_stopping && stopping.as_mut().poll(context).is_ready() {
                is_stopping = true;
                conversation.as_mut().graceful_shutdown();
            }
            // How it ended concerns nobody: whoever got no answer asks again.
            let has_ended = conversation.as_mut().poll(context).is_ready();
            if has_ended || (is_stopping && self.traffic.is_idle()) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Many requests at a time over one connection. Each other end says how much it takes of each answer, so that one which
    /// reads nothing is not noticed by what the connection takes; it is looked after here, and so is one that asks nothing.
    async fn over_http2<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let bounds = self.app.server.config().bounds;
        let at_work = AtWork::default();
        let mut http = http2::Builder::new(at_work.clone());
        http.timer(TokioTimer::new())
            .max_concurrent_streams(REQUESTS)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .max_send_buf_size(BUFFER)
            .max_header_list_size(HEAD);
        let patience = Patience::new(bounds.patience, bounds.least_rate);
        let service = self.answers(move |request: Request, answer| request.lasts_until_read(answer, patience));
        let mut conversation = pin!(http.serve_connection(TokioIo::new(stream), service));
        let mut stopping = self.app.stop.seen();
        let mut stopping = pin!(stopping.begun());
        let mut looks = tokio::time::interval(LOOK);
        let (mut is_ending, mut idle) = (false, Duration::ZERO);
        std::future::poll_fn(|context| {
            if !is_ending && (stopping.as_mut().poll(context).is_ready() || idle >= bounds.header_time) {
                is_ending = true;
                conversation.as_mut().graceful_shutdown();
            }
            let was_idle = self.traffic.is_idle();
            if conversation.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            if is_ending && self.traffic.is_idle() {
                if was_idle {
                    return Poll::Ready(());
                }
                // The end of the last answer may not be written yet.
                context.waker().wake_by_ref();
            }
            while looks.poll_tick(context).is_ready() {
                if self.traffic.is_unread_for_too_long() {
                    return Poll::Ready(());
                }
                idle = if self.traffic.is_idle() { idle + LOOK } else { Duration::ZERO };
                if idle >= bounds.header_time && !is_ending {
                    context.waker().wake_by_ref();
                }
            }
            Poll::Pending
        })
        .await;
        at_work.end();
    }
}

/// The requests of one connection that are being answered. With the connection they end too.
#[derive(Clone, Default)]
struct AtWork(Arc<Mutex<JoinSet<()>>>);

impl AtWork {
    fn end(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

impl<F> Executor<F> for AtWork
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, request: F) {
        let mut at_work = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while at_work.try_join_next().is_some() {}
        at_work.spawn(request);
    }
}
