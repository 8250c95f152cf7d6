//! One upload over loopback beside a plain HTTP PUT of the same bytes, each safe on the disk when it is answered:
//! `cargo bench -p gatebook-server --bench upload`. The aim is at least 0.8 of the PUT's throughput.
//!
//! An upload is what a device does: it begins with the first chunk, and each chunk comes with its checksum. All of that is
//! timed; but for the checksum of a photo that goes in one chunk, which is the name that the device has it by.
//!
//! The PUT is what a careful handler does and no more: it writes as bytes come, fsyncs the file, renames it and fsyncs
//! the folder, on the same disk and in the same process. It hashes nothing, asks nobody who sends, and files no rows.
//! Which of the two goes first changes from round to round, as each leaves the disk something to do for the next.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::routing::put;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::StreamExt as _;
use gatebook_server::{Config, Server};
use gatebook_sync::wire::EnrolRequest;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;
use uuid::Uuid;

/// Mebibytes of a photo, and how many of them. All lie on the disk in the end.
const SIZES: [(usize, usize); 3] = [(2, 200), (8, 50), (32, 30)];
const MIB: usize = 1024 * 1024;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::open(Config::new(folder.path().join("data"))).expect("a server");
    let seeded = server.seed().expect("a seed");
    let request = EnrolRequest::new(&*seeded.codes[0].code, "Bench");
    let token = server.enrol(&request).expect("a device").token;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let tus = Tus { base: format!("http://{}", listener.local_addr().expect("an address")), token, client: client() };
    tokio::spawn(async move { server.serve(listener, std::future::pending()).await });

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let plain = format!("http://{}/photo", listener.local_addr().expect("an address"));
    let router = axum::Router::new().route("/photo", put(keep)).with_state(folder.path().to_owned());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let put = client();

    println!(
        "{:>10}  {:>12}  {:>12}  {:>6}  {:>12}  {:>6}  (ratio to the PUT; aim: 0.8 in one)",
        "size", "plain PUT", "tus, one", "ratio", "tus, 512 KiB", "ratio"
    );
    let mut seed = 0_u64;
    for (mib, rounds) in SIZES {
        let size = mib * MIB;
        let (mut plain_times, mut one_times, mut chunked_times) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..rounds {
            // In turn, so that whatever else the machine does meets all of them.
            seed += 1;
            let bytes = bytes::Bytes::from(photo(seed, size));
            for is_plain in [round % 2 == 0, round % 2 != 0] {
                if is_plain {
                    plain_times.push(put_plainly(&put, &plain, &bytes).await);
                } else {
                    one_times.push(tus.upload(&bytes, size).await);
                }
            }
            seed += 1;
            chunked_times.push(tus.upload(&bytes::Bytes::from(photo(seed, size)), 512 * 1024).await);
        }
        let [plain, one, chunked] = [plain_times, one_times, chunked_times].map(median);
        let megabytes = f64::from(u32::try_from(size).expect("some megabytes")) / 1e6;
        let rate = |time: Duration| format!("{:.0} MB/s", megabytes / time.as_secs_f64());
        println!(
            "{:>6} MiB  {:>12}  {:>12}  {:>6.2}  {:>12}  {:>6.2}",
            mib,
            rate(plain),
            rate(one),
            plain.as_secs_f64() / one.as_secs_f64(),
            rate(chunked),
            plain.as_secs_f64() / chunked.as_secs_f64()
        );
    }
}

/// How long a plain PUT of some bytes took.
async fn put_plainly(client: &reqwest::Client, address: &str, bytes: &bytes::Bytes) -> Duration {
    let begun = Instant::now();
    let answer = client.put(address).body(bytes.clone()).send().await.expect("an answer");
    assert!(answer.status().is_success());
    begun.elapsed()
}

/// The plain PUT: to the disk, under its name when it is whole.
async fn keep(State(folder): State<PathBuf>, request: Request) {
    let name = folder.join(Uuid::now_v7().to_string());
    let staged = name.with_extension("staged");
    let mut file = tokio::fs::File::create(&staged).await.expect("a file");
    let mut body = request.into_body().into_data_stream();
    while let Some(bytes) = body.next().await {
        file.write_all(&bytes.expect("bytes")).await.expect("room");
    }
    file.sync_all().await.expect("a disk");
    tokio::fs::rename(staged, name).await.expect("a name");
    let folder = tokio::fs::File::open(folder).await.expect("the folder");
    folder.sync_all().await.expect("a disk");
}

struct Tus {
    base: String,
    token: String,
    client: reqwest::Client,
}

impl Tus {
    /// Sends bytes in chunks of that size; how long it took, from the first request to the last answer.
    async fn upload(&self, bytes: &bytes::Bytes, chunk: usize) -> Duration {
        let whole = Sha256::digest(bytes);
        let pairs = [
            ("sha256", format!("{whole:x}")),
            ("media_type", "image/jpeg".to_owned()),
            ("record_id", Uuid::now_v7().to_string()),
        ];
        let metadata = pairs.map(|(key, value)| format!("{key} {}", BASE64.encode(value))).join(",");
        let request = |method, path: &str| {
            let request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
            request.header("Tus-Resumable", "1.0.0")
        };
        let send = async |request: reqwest::RequestBuilder, start: usize| {
            let body = bytes.slice(start..bytes.len().min(start + chunk));
            let checksum = if body.len() == bytes.len() { whole } else { Sha256::digest(&body) };
            let request = request.header("Upload-Checksum", format!("sha256 {}", BASE64.encode(checksum)));
            let request = request.header("Content-Type", "application/offset+octet-stream").body(body);
            request.send().await.expect("an answer")
        };
        let begun = Instant::now();
        let post = request(reqwest::Method::POST, "/v1/uploads").header("Upload-Length", bytes.len());
        let answer = send(post.header("Upload-Metadata", metadata), 0).await;
        assert_eq!(answer.status().as_u16(), 201);
        let location = answer.headers()["location"].to_str().expect("an address").to_owned();
        for start in (chunk..bytes.len()).step_by(chunk) {
            let patch = request(reqwest::Method::PATCH, &location).header("Upload-Offset", start);
            assert_eq!(send(patch, start).await.status().as_u16(), 204);
        }
        begun.elapsed()
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

/// Bytes that no other photo has.
fn photo(seed: u64, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    for (at, chunk) in bytes.chunks_mut(8).enumerate() {
        let word = (seed << 40 | at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
        chunk.copy_from_slice(&word[..chunk.len()]);
    }
    bytes
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
