//! A link that is slow as a phone's at the edge of its cell: it delays and does not throttle.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Largest piece that is forwarded at a time.
const PIECE: usize = 64 * 1024;

/// A port of loopback behind which a server is far away. It lasts as long as this process.
pub(super) struct Link {
    pub(super) port: u16,
}

impl Link {
    /// Forwards to the server's port, each direction late by `delay`.
    pub(super) fn delayed(server: u16, delay: Duration) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A server that is not there yet is not there for the client either.
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                // Without both directions there is no connection; the client sees it break.
                let _ = both_ways(&client, &server, delay);
            }
        });
        Ok(Self { port })
    }
}

fn both_ways(client: &TcpStream, server: &TcpStream, delay: Duration) -> std::io::Result<()> {
    for stream in [client, server] {
        stream.set_nodelay(true)?;
    }
    carry(client.try_clone()?, server.try_clone()?, delay);
    carry(server.try_clone()?, client.try_clone()?, delay);
    Ok(())
}

/// One thread takes in what comes, another lets it out when it is due: pieces are under way at the same time.
fn carry(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let (under_way, arriving) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut piece = vec![0; PIECE];
        while let Ok(read @ 1..) = from.read(&mut piece) {
            if under_way.send((Instant::now() + delay, piece[..read].to_vec())).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        for (due, bytes) in arriving {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                return;
            }
        }
        // If that side has gone too, there is nobody left to tell.
        let _ = to.shutdown(Shutdown::Write);
    });
}

/// A port that was free a moment ago.
pub(super) fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
