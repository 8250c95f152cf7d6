//! Where the demonstration and the whole-product tests take place: a real server on loopback, and the link between it
//! and the devices, which can be cut or slowed.

pub mod capture;
mod link;

use std::net::SocketAddr;
use std::path::Path;

use gatebook_server::{Config, Server};

pub use link::Link;

/// Opens a server with its data in `folder` and serves it on a free loopback port until the process ends.
///
/// # Errors
/// The folder or the port cannot be used.
pub async fn serve(folder: &Path) -> anyhow::Result<(Server, SocketAddr)> {
    let server = Server::open(Config::new(folder))?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let serving = server.clone();
    tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
    Ok((server, address))
}
