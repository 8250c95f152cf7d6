//! A way to the server that stops at a chosen byte and says so, so that a test can act at that very point.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Where the way stops.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Holds {
    /// After that many bytes to the server.
    Asked(usize),
    /// After that many bytes from the server, whatever was asked.
    Answered(usize),
}

pub(crate) struct Fuse {
    pub(crate) address: SocketAddr,
    reached: watch::Receiver<bool>,
    released: watch::Sender<bool>,
    connections: Arc<AtomicUsize>,
}

impl Fuse {
    pub(crate) async fn to(server: SocketAddr, holds: Holds) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (reaches, reached) = watch::channel(false);
        let (released, release) = watch::channel(false);
        let connections = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((device, _)) = listener.accept().await {
                seen.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(carry(device, server, holds, reaches.clone(), release.clone()));
            }
        });
        Self { address, reached, released, connections }
    }

    /// Waits until the way has stopped.
    pub(crate) async fn stopped(&self) {
        self.reached.clone().wait_for(|reached| *reached).await.unwrap();
    }

    /// From now on everything passes.
    pub(crate) fn release(&self) {
        self.released.send_replace(true);
    }

    /// How often somebody came.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn carry(
    device: TcpStream,
    server: SocketAddr,
    holds: Holds,
    reached: watch::Sender<bool>,
    released: watch::Receiver<bool>,
) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (from_device, to_device) = device.into_split();
    let (from_server, to_server) = server.into_split();
    let (asked, answered) = match holds {
        Holds::Asked(bytes) => (bytes, usize::MAX),
        Holds::Answered(bytes) => (usize::MAX, bytes),
    };
    tokio::join!(
        pass(from_device, to_server, asked, reached.clone(), released.clone()),
        pass(from_server, to_device, answered, reached, released),
    );
}

/// Passes `bytes`, then stops until released.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    bytes: usize,
    reached: watch::Sender<bool>,
    mut released: watch::Receiver<bool>,
) {
    let mut left = bytes;
    let mut buffer = [0; 4096];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else { return };
        let free = read.min(left);
        if to.write_all(&buffer[..free]).await.is_err() {
            return;
        }
        left -= free;
        if free < read {
            reached.send_replace(true);
            if released.wait_for(|released| *released).await.is_err() {
                return;
            }
            left = usize::MAX;
            if to.write_all(&buffer[free..read]).await.is_err() {
                return;
            }
        }
    }
}
