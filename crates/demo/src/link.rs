//! A link between devices and server that can be cut, as metal buildings do.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A forwarded port.
pub(crate) struct Link {
    pub address: SocketAddr,
    up: watch::Sender<bool>,
}

impl Link {
    /// Forwards a free loopback port to the server.
    pub(crate) async fn to(server: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let up = watch::Sender::new(true);
        let state = up.subscribe();
        tokio::spawn(async move {
            while let Ok((device, _)) = listener.accept().await {
                tokio::spawn(forward(device, server, state.clone()));
            }
        });
        Ok(Self { address, up })
    }

    /// Nothing gets through any more, and what was under way breaks off.
    pub(crate) fn cut(&self) {
        self.up.send_replace(false);
    }

    /// Everything gets through again.
    pub(crate) fn mend(&self) {
        self.up.send_replace(true);
    }
}

async fn forward(mut device: TcpStream, server: SocketAddr, mut up: watch::Receiver<bool>) {
    if !*up.borrow() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut device, &mut server) => {}
        _ = up.wait_for(|up| !up) => {}
    }
}
