//! Photos, and the least that speaks tus.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gatebook_server::{Bounds, Config, Server};
use gatebook_sync::wire::{HaveRequest, HaveResponse};
use reqwest::{Method, RequestBuilder, Response};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::support::{Draft, TestDevice, TestServer, Wire, client, within};

/// A photo and the record of it.
#[derive(Debug, Clone)]
pub(crate) struct Photo {
    pub(crate) bytes: Vec<u8>,
    pub(crate) record: Uuid,
}

impl Photo {
    /// One that looks like no other of another seed.
    pub(crate) fn new(device: &TestDevice, seed: u8, size: usize) -> Self {
        let mut state = u32::from(seed) + 1;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        Self { bytes: (0..size).map(|_| next()).collect(), record: device.new_id() }
    }

    pub(crate) fn hash(&self) -> String {
        format!("{:x}", Sha256::digest(&self.bytes))
    }

    /// The record of it.
    pub(crate) fn draft(&self) -> Draft {
        let body = serde_json::json!({
            "parent_id": Uuid::nil(), "role": "photo", "sha256": self.hash(), "size": self.bytes.len(),
            "media_type": "image/jpeg",
        });
        Draft::raw("attachment", body.to_string()).of_record(self.record)
    }

    pub(crate) fn metadata(&self) -> String {
        metadata(&[("sha256", &self.hash()), ("media_type", "image/jpeg"), ("record_id", &self.record.to_string())])
    }
}

pub(crate) fn metadata(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(key, value)| format!("{key} {}", BASE64.encode(value))).collect::<Vec<_>>().join(",")
}

/// What a device says over tus.
pub(crate) struct Tus<'a> {
    pub(crate) device: &'a TestDevice,
    /// Where the server, or another node of it, listens.
    pub(crate) base: String,
}

impl<'a> Tus<'a> {
    pub(crate) fn of(device: &'a TestDevice) -> Self {
        Self { device, base: device.base.lock().unwrap().clone() }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = client().request(method, format!("{}{path}", self.base));
        request.bearer_auth(&self.device.token).header("Tus-Resumable", "1.0.0")
    }

    /// Begins an upload; returns its address.
    pub(crate) async fn begins(&self, photo: &Photo) -> String {
        let response = self.announces(photo).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 201);
        location(&response)
    }

    pub(crate) fn announces(&self, photo: &Photo) -> RequestBuilder {
        let request = self.request(Method::POST, "/v1/uploads");
        request.header("Upload-Length", photo.bytes.len()).header("Upload-Metadata", photo.metadata())
    }

    pub(crate) fn chunk(&self, location: &str, offset: usize, bytes: &[u8]) -> RequestBuilder {
        let request = self.request(Method::PATCH, location).header("Upload-Offset", offset);
        request.header("Content-Type", "application/offset+octet-stream").body(bytes.to_vec())
    }

    /// Sends bytes; returns the status.
    pub(crate) async fn sends(&self, location: &str, offset: usize, bytes: &[u8]) -> u16 {
        self.chunk(location, offset, bytes).send().await.unwrap().status().as_u16()
    }

    /// Sends a whole photo.
    pub(crate) async fn uploads(&self, photo: &Photo) -> String {
        let location = self.begins(photo).await;
        assert_eq!(self.sends(&location, 0, &photo.bytes).await, 204);
        location
    }

    /// A connection on which a chunk of that length has been announced.
    async fn announces_chunk(&self, location: &str, offset: usize, length: usize) -> TcpStream {
        let mut stream = TcpStream::connect(self.base.trim_start_matches("http://")).await.unwrap();
        let head = format!(
            "PATCH {location} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
             Content-Type: application/offset+octet-stream\r\nUpload-Offset: {offset}\r\nContent-Length: {}\r\n\r\n",
            self.device.token, length
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }

    /// Sends all of a chunk and only then listens; returns what it hears.
    pub(crate) async fn sends_before_listening(&self, location: &str, offset: usize, bytes: &[u8]) -> String {
        let mut stream = self.announces_chunk(location, offset, bytes.len()).await;
        stream.write_all(bytes).await.unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"\r\n\r\n") {
            heard.push(stream.read_u8().await.unwrap());
        }
        String::from_utf8(heard).unwrap()
    }

    /// An upload of which the first bytes have come and are safe at a server that makes them so at once (`part_time`), and
    /// that hangs.
    pub(crate) async fn hangs(&self, yard: &TestServer, location: &str, photo: &Photo) -> Wire {
        let mut wire = Wire::to(yard).await;
        let head = format!(
            "PATCH {location} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
             Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nContent-Length: {}\r\n\
             Expect: 100-continue\r\n\r\n",
            self.device.token,
            photo.bytes.len()
        );
        wire.says(head).await;
        wire.hears("100 Continue").await;
        wire.says(&photo.bytes[..700]).await;
        within(async {
            while files(yard, "staging").is_empty() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        wire
    }

    /// Announces `bytes`, sends the first `sent` of them, and is cut off.
    pub(crate) async fn is_cut(&self, location: &str, offset: usize, bytes: &[u8], sent: usize) {
        let mut stream = self.announces_chunk(location, offset, bytes.len()).await;
        stream.write_all(&bytes[..sent]).await.unwrap();
        stream.shutdown().await.unwrap();
        // It has noticed when it hangs up as well.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }

    pub(crate) async fn head(&self, location: &str) -> Response {
        self.request(Method::HEAD, location).send().await.unwrap()
    }

    /// How far an upload is.
    pub(crate) async fn offset(&self, location: &str) -> usize {
        let response = self.head(location).await;
        assert_eq!(response.status().as_u16(), 200);
        number(&response, "upload-offset")
    }

    pub(crate) async fn asks(&self, photos: &[&Photo]) -> HaveResponse {
        self.asks_about(photos, false).await
    }

    pub(crate) async fn asks_about(&self, photos: &[&Photo], before_letting_go: bool) -> HaveResponse {
        let sha256 = photos.iter().map(|photo| photo.hash()).collect();
        let request = HaveRequest { sha256, before_letting_go };
        let response = self.request(Method::POST, "/v1/photos/have").json(&request).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        response.json().await.unwrap()
    }

    /// Whether the server holds it, as it says.
    pub(crate) async fn is_held(&self, photo: &Photo) -> bool {
        self.asks(&[photo]).await.held == [photo.hash()]
    }

    /// Whether a device that has it may let go of it.
    pub(crate) async fn may_go(&self, photo: &Photo) -> bool {
        self.asks_about(&[photo], true).await.held == [photo.hash()]
    }

    pub(crate) async fn fetches(&self, photo: &Photo) -> Response {
        self.request(Method::GET, &format!("/v1/photos/{}", photo.hash())).send().await.unwrap()
    }
}

pub(crate) fn location(response: &Response) -> String {
    response.headers()["location"].to_str().unwrap().to_owned()
}

pub(crate) fn number(response: &Response, header: &str) -> usize {
    response.headers()[header].to_str().unwrap().parse().unwrap()
}

/// Since when the record says that the bytes are held.
pub(crate) async fn stored_at(device: &TestDevice, photo: &Photo) -> Option<String> {
    let canonical = device.sees(photo.record).await.expect("the record");
    let body: serde_json::Value = serde_json::from_str(canonical.content.body.get()).unwrap();
    body["stored_at"].as_str().map(str::to_owned)
}

/// Files of photos in the place where they lie. What the office has signed out may lie there too.
pub(crate) fn files(yard: &TestServer, below: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let place = yard.place.join("photos");
    walk(&place.join(below), &mut found);
    found.retain(|file| !file.starts_with(place.join("revocations")));
    found
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

/// Changes what the database says, behind the server's back.
pub(crate) fn tamper(yard: &TestServer, sql: &str) {
    if let Some(database) = &yard.place.database {
        drop(database.sql(sql));
        return;
    }
    let database = rusqlite::Connection::open(yard.place.join("gatebook-server.sqlite")).unwrap();
    database.execute_batch(sql).unwrap();
}

/// Another node over the same data, for as long as the test lasts.
pub(crate) async fn another_node(yard: &TestServer) -> String {
    node_within(yard, yard.server.config().bounds).await
}

/// Another node over the same data, of other bounds.
#[allow(clippy::large_types_passed_by_value, reason = "bounds are passed as they are written, and copied once a test")]
pub(crate) async fn node_within(yard: &TestServer, bounds: Bounds) -> String {
    let config = Config { bounds, ..yard.server.config().clone() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let node = Server::open(config).unwrap();
    tokio::spawn(async move { node.serve(listener, std::future::pending()).await });
    base
}
