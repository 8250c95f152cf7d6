//! A forwarded port that behaves like signal in a yard.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Largest piece that is forwarded at a time.
const PIECE: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    /// Everything gets through.
    Up,
    /// Connections stand, and nothing moves on them.
    Held,
    /// Nothing gets through, and what was under way breaks off.
    Cut,
}

/// The link between devices and a server. It lasts as long as the runtime it was made on.
#[derive(Debug, Clone)]
pub struct Link {
    address: SocketAddr,
    signal: watch::Sender<Signal>,
}

impl Link {
    /// Forwards a free loopback port to the server.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn to(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let signal = watch::Sender::new(Signal::Up);
        let seen = signal.subscribe();
        tokio::spawn(async move {
            while let Ok((device, _)) = listener.accept().await {
                tokio::spawn(forward(device, server, seen.clone()));
            }
        });
        Ok(Self { address, signal })
    }

    /// Where devices find the server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Nothing gets through any more, and what was under way breaks off.
    pub fn cut(&self) {
        self.signal.send_replace(Signal::Cut);
    }

    /// Connections stand, but nothing moves until the link is mended or cut.
    pub fn hold(&self) {
        self.signal.send_replace(Signal::Held);
    }

    /// Everything gets through again.
    pub fn mend(&self) {
        self.signal.send_replace(Signal::Up);
    }
}

async fn forward(mut device: TcpStream, server: SocketAddr, mut signal: watch::Receiver<Signal>) {
    if *signal.borrow() == Signal::Cut {
        return;
    }
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let (from_device, to_device) = device.split();
    let (from_server, to_server) = server.split();
    let (up, down) = (signal.clone(), signal.clone());
    tokio::select! {
        _ = async { tokio::join!(pump(from_device, to_server, up), pump(from_server, to_device, down)) } => {}
        _ = signal.wait_for(|signal| *signal == Signal::Cut) => {}
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut signal: watch::Receiver<Signal>,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let size = from.read(&mut piece).await?;
        if size == 0 {
            return to.shutdown().await;
        }
        if signal.wait_for(|signal| *signal == Signal::Up).await.is_err() {
            return Ok(());
        }
        to.write_all(&piece[..size]).await?;
    }
}
