//! A device's own way to the server, which can be cut and led elsewhere.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub(crate) struct Link {
    pub(crate) address: SocketAddr,
    leads_to: watch::Sender<Option<SocketAddr>>,
    forgotten: watch::Sender<()>,
}

impl Link {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let leads_to = watch::Sender::new(Some(server));
        let forgotten = watch::Sender::new(());
        let (way, forgets) = (leads_to.subscribe(), forgotten.subscribe());
        tokio::spawn(async move {
            while let Ok((device, _)) = listener.accept().await {
                tokio::spawn(forward(device, way.clone(), forgets.clone()));
            }
        });
        Self { address, leads_to, forgotten }
    }

    /// Nothing gets through any more, and what was under way breaks off.
    pub(crate) fn cut(&self) {
        self.leads_to.send_replace(None);
    }

    /// Connections that stand are dead without a word, and break off when they are used; new ones work.
    pub(crate) fn forgets(&self) {
        self.forgotten.send_replace(());
    }

    /// From now on it leads there.
    pub(crate) fn lead_to(&self, address: SocketAddr) {
        self.leads_to.send_replace(Some(address));
    }
}

async fn forward(
    mut device: TcpStream,
    mut way: watch::Receiver<Option<SocketAddr>>,
    mut forgotten: watch::Receiver<()>,
) {
    let Some(address) = *way.borrow_and_update() else { return };
    forgotten.mark_unchanged();
    let Ok(mut server) = TcpStream::connect(address).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut device, &mut server) => {}
        _ = way.changed() => {}
        _ = forgotten.changed() => drop(device.read_u8().await),
    }
}
