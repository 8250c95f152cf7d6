//! Takes connections, and lets each of them go: when it has ended, when it does nothing for too long, when the server stops.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::App;
use super::connection::{Patient, Traffic};
use super::conversation::Conversation;
use super::doors::{Doors, Entered};
use super::origin::Origin;
use super::pace::Patience;
use crate::server::Server;

/// What the operating system takes of an answer before the other end has room for it. With more, a slow link would look
/// like one that stands still.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 32 * 1024;

impl Server {
    /// Serves until `shutdown` completes, then finishes the requests that are under way. Whoever has sent half a request is
    /// not waited for: nothing was done for it yet, and it is sent again.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn serve(
        &self,
        mut listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let (app, doors) = (App::new(self.clone()), Doors::new(self.config()));
        let router = app.router();
        let mut tasks = JoinSet::new();
        tasks.spawn(self.clone().end_streams_of_the_revoked());
        tasks.spawn(self.clone().keep_certificate());
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(_) = connections.join_next() => {}
                (entered, stream, peer) = next(&doors, &mut listener) => {
                    connections.spawn(converse(app.clone(), router.clone(), entered, stream, peer));
                }
            }
        }
        drop(listener);
        app.stop.begin();
        self.inner.streams.end_all();
        let all = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(self.config().bounds.stopping_time, all).await.is_err() {
            tracing::warn!("stops although not all requests have ended");
        }
        Ok(())
    }
}

/// The next connection that is let in.
async fn next(doors: &Arc<Doors>, listener: &mut TcpListener) -> (Entered, TcpStream, SocketAddr) {
    loop {
        let free = doors.free().await;
        // Waits a little if there are no file handles left.
        let (stream, peer) = axum::serve::Listener::accept(listener).await;
        if let Some(entered) = doors.enter(Origin::of(peer.ip()), free) {
            return (entered, stream, peer);
        }
        tracing::debug!(%peer, "too many connections from one address");
    }
}

/// Answers the requests that come over a connection.
async fn converse(app: App, router: Router, entered: Entered, stream: TcpStream, peer: SocketAddr) {
    let _entered = entered;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Err(error) = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT) {
        tracing::debug!(%error, "a slow link may look like one that stands still");
    }
    let bounds = app.server.config().bounds;
    let traffic = Arc::new(Traffic::default());
    let stream = Patient::new(stream, Patience::new(bounds.patience, bounds.least_rate), Arc::clone(&traffic));
    Conversation { app, router, peer, traffic }.over(stream).await;
}
