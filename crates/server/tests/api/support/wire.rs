//! A connection as it is on the wire, for what no proper client does: half a request, an answer that nobody reads.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::TestServer;

/// A test that fails ends all the same.
const FAILS_AFTER: Duration = Duration::from_secs(60);

/// What comes of it, unless it does not end.
#[track_caller]
pub(crate) fn within<T>(future: impl Future<Output = T>) -> impl Future<Output = T> {
    let place = std::panic::Location::caller();
    async move { tokio::time::timeout(FAILS_AFTER, future).await.unwrap_or_else(|_| panic!("{place}: it has no end")) }
}

/// A connection, and what was heard over it.
pub(crate) struct Wire {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Wire {
    pub(crate) async fn to(yard: &TestServer) -> Self {
        let address = yard.base.trim_start_matches("http://");
        Self { stream: within(TcpStream::connect(address)).await.unwrap(), heard: Vec::new() }
    }

    /// The server may have hung up.
    pub(crate) async fn says(&mut self, text: impl AsRef<[u8]>) {
        let _ = within(self.stream.write_all(text.as_ref())).await;
    }

    /// Listens until it has heard that.
    pub(crate) async fn hears(&mut self, text: &str) {
        while !self.text().contains(text) {
            let mut more = [0; 1_024];
            let read = within(self.stream.read(&mut more)).await.unwrap_or_default();
            assert_ne!(read, 0, "{text} expected: {}", self.text());
            self.heard.extend_from_slice(&more[..read]);
        }
    }

    /// All that was heard until the server hung up.
    pub(crate) async fn hears_all(mut self) -> String {
        // It may break the connection off.
        let _ = within(self.stream.read_to_end(&mut self.heard)).await;
        self.text()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.heard).into_owned()
    }
}
