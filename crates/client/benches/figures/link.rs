//! Bad links: one that is slow (it delays and does not throttle), one that is cut again and again, one that swallows.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

/// Forwards a free loopback port to the server, each direction late by `delay`.
pub(crate) async fn delayed(server: SocketAddr, delay: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        while let Ok((device, _)) = listener.accept().await {
            tokio::spawn(async move {
                let Ok(server) = TcpStream::connect(server).await else { return };
                for stream in [&device, &server] {
                    stream.set_nodelay(true).expect("an open connection");
                }
                let (from_device, to_device) = device.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::join!(carry(from_device, to_server, delay), carry(from_server, to_device, delay));
            });
        }
    });
    address
}

async fn carry(mut from: impl AsyncRead + Unpin + Send + 'static, mut to: impl AsyncWrite + Unpin, delay: Duration) {
    let (under_way, mut arriving) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    tokio::spawn(async move {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            if under_way.send((Instant::now() + delay, buffer[..read].to_vec())).is_err() {
                return;
            }
        }
    });
    while let Some((due, bytes)) = arriving.recv().await {
        tokio::time::sleep_until(due).await;
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
    // The other side has gone; if this one has too, there is nobody left to tell.
    let _ = to.shutdown().await;
}

/// A link that is cut again and again.
pub(crate) struct Cutting {
    pub(crate) address: SocketAddr,
    /// Bytes that have gone towards the server.
    pub(crate) carried: Arc<AtomicU64>,
    pub(crate) cuts: Arc<AtomicU64>,
}

/// Forwards a free loopback port to the server, and breaks off what is under way whenever so many bytes more have gone to it.
pub(crate) async fn cut_every(server: SocketAddr, bytes: u64) -> Cutting {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    let (carried, cuts) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (count, breaks) = (Arc::clone(&carried), Arc::clone(&cuts));
    tokio::spawn(async move {
        while let Ok((mut device, _)) = listener.accept().await {
            let (count, breaks) = (Arc::clone(&count), Arc::clone(&breaks));
            tokio::spawn(async move {
                let Ok(mut server) = TcpStream::connect(server).await else { return };
                let (mut from_device, mut to_device) = device.split();
                let (mut from_server, mut to_server) = server.split();
                let up = async {
                    let mut piece = vec![0; 16 * 1024];
                    while let Ok(read @ 1..) = from_device.read(&mut piece).await {
                        let before = count.fetch_add(read as u64, Ordering::Relaxed);
                        if to_server.write_all(&piece[..read]).await.is_err() {
                            return;
                        }
                        if before / bytes != (before + read as u64) / bytes {
                            breaks.fetch_add(1, Ordering::Relaxed);
                            return;
                        }
                    }
                };
                tokio::select! {
                    () = up => {}
                    _ = tokio::io::copy(&mut from_server, &mut to_device) => {}
                }
            });
        }
    });
    Cutting { address, carried, cuts }
}

/// Forwards a free loopback port to the server until photos are sent: those are taken in and never answered. Tells when it
/// has come to that.
pub(crate) async fn silent(server: SocketAddr) -> (SocketAddr, Arc<Notify>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    let reached = Arc::new(Notify::new());
    let tell = Arc::clone(&reached);
    tokio::spawn(async move {
        while let Ok((mut device, _)) = listener.accept().await {
            let tell = Arc::clone(&tell);
            tokio::spawn(async move {
                let Ok(mut server) = TcpStream::connect(server).await else { return };
                let (mut from_device, mut to_device) = device.split();
                let (mut from_server, mut to_server) = server.split();
                let up = async {
                    let mut piece = vec![0; 64 * 1024];
                    let mut is_swallowed = false;
                    while let Ok(read @ 1..) = from_device.read(&mut piece).await {
                        if !is_swallowed && piece.starts_with(b"PATCH ") {
                            is_swallowed = true;
                            tell.notify_one();
                        }
                        if !is_swallowed && to_server.write_all(&piece[..read]).await.is_err() {
                            return;
                        }
                    }
                };
                tokio::join!(up, tokio::io::copy(&mut from_server, &mut to_device)).1.ok();
            });
        }
    });
    (address, reached)
}
