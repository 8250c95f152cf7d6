//! Other people's tus clients, as programs, at a real server: npm's tus-js-client and PyPI's tuspy. `cargo xtask setup`
//! installs them.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use axum::response::Response;
use gatebook_server::{Bounds, PhotoBounds};
use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use super::lens::{Photo, Tus, files, stored_at, tamper};
use super::support::{TestDevice, TestServer, client, python};

/// Bytes after which the bad link ends, each time.
const ENDS_AFTER: u64 = 70_000;

#[derive(Debug, Clone, Copy)]
enum Program {
    TusJsClient,
    Tuspy,
}

impl Program {
    fn command(self) -> Command {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.join("../..");
        let script = |name: &str| here.join("tests/uploads/clients").join(name);
        let (program, script, needed) = match self {
            Self::TusJsClient => (PathBuf::from("node"), script("upload.mjs"), root.join("node_modules/tus-js-client")),
            Self::Tuspy => (python(), script("upload.py"), python()),
        };
        assert!(needed.exists(), "{} is not there; run `cargo xtask setup`", needed.display());
        let mut command = Command::new(program);
        command.arg(script);
        command
    }

    /// Lets the program do that with a photo.
    async fn does(self, act: &str, server: &str, device: &TestDevice, photo: &Photo) {
        let output = self.tries(act, server, device, photo).await;
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{self:?} {act}: {told}");
    }

    async fn tries(self, act: &str, server: &str, device: &TestDevice, photo: &Photo) -> Output {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &photo.bytes).unwrap();
        let metadata = serde_json::json!({
            "sha256": photo.hash(), "media_type": "image/jpeg", "record_id": photo.record.to_string(),
        });
        let mut command = self.command();
        command.args([server, &device.token]).arg(file.path()).args([&metadata.to_string(), act]);
        for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(proxy);
        }
        command.stdin(Stdio::null()).output().await.unwrap()
    }
}

/// What ails a link.
#[derive(Debug, Clone, Copy)]
enum Ends {
    /// It is cut, and both sides are told.
    Cut,
    /// The device's bytes go through no more, and nobody is told.
    Stopped,
}

/// A way to the server on which each connection ends so, with a request in the middle.
async fn bad_link(to: &str, ends: Ends) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let to = to.trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        while let Ok((mut device, _)) = listener.accept().await {
            let Ok(mut server) = TcpStream::connect(&to).await else { return };
            tokio::spawn(async move {
                let (from_device, mut to_device) = device.split();
                let (mut from_server, mut to_server) = server.split();
                let there = async {
                    let through = copy(&mut from_device.take(ENDS_AFTER), &mut to_server).await;
                    let has_ended = through.is_ok_and(|bytes| bytes == ENDS_AFTER);
                    match ends {
                        Ends::Stopped if has_ended => std::future::pending().await,
                        Ends::Cut | Ends::Stopped => drop(to_server.shutdown().await),
                    }
                };
                let back = copy(&mut from_server, &mut to_device);
                tokio::select! {
                    () = there => {}
                    _ = back => {}
                }
            });
        }
    });
    base
}

/// A way to the server that has `sees` look at each request before it goes on, and `hears` at each answer.
async fn watched_link(
    to: &str,
    sees: impl Fn(&Method) + Send + Sync + 'static,
    hears: impl Fn(&Method, u16) + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (to, watching) = (to.to_owned(), Arc::new((sees, hears)));
    let pass_on = move |request: Request| {
        let (to, watching) = (to.clone(), Arc::clone(&watching));
        async move {
            let (mut parts, body) = request.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            let (sees, hears) = &*watching;
            let method = parts.method;
            sees(&method);
            parts.headers.remove(HOST);
            let passed = client().request(method.clone(), format!("{to}{}", parts.uri.path())).headers(parts.headers);
            let answer = passed.body(body).send().await.unwrap();
            let (status, headers) = (answer.status(), answer.headers().clone());
            hears(&method, status.as_u16());
            let mut told = Response::new(Body::from(answer.bytes().await.unwrap()));
            *told.status_mut() = status;
            *told.headers_mut() = headers;
            for name in [CONTENT_LENGTH, TRANSFER_ENCODING] {
                told.headers_mut().remove(name);
            }
            told
        }
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(pass_on)).await });
    base
}

#[tokio::test]
async fn tus_js_client_uploads_resumes_and_gives_up() {
    passes(Program::TusJsClient, &["whole", "chunks", "with-creation", "hidden", "resume"]).await;
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let photo = Photo::new(&a, 1, 150_000);
    Program::TusJsClient.does("terminate", &yard.base, &a, &photo).await;
    assert!(files(&yard, "").is_empty());
    assert!(Tus::of(&a).asks(&[&photo]).await.unfinished.is_empty());
}

#[tokio::test]
async fn tuspy_uploads_resumes_and_checks() {
    passes(Program::Tuspy, &["whole", "chunks", "checksum", "resume"]).await;
}

async fn passes(program: Program, acts: &[&str]) {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    for (seed, act) in (1..).zip(acts) {
        let photo = Photo::new(&a, seed, 150_000);
        a.push(photo.draft()).await;
        program.does(act, &yard.base, &a, &photo).await;
        assert!(stored_at(&a, &photo).await.is_some(), "{act}");
        assert_eq!(Tus::of(&a).fetches(&photo).await.bytes().await.unwrap(), photo.bytes, "{act}");
    }
}

#[tokio::test]
async fn tus_js_client_is_told_that_it_is_not_to_upload_in_parallel() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let photo = Photo::new(&a, 1, 150_000);
    let output = Program::TusJsClient.tries("parallel", &yard.base, &a, &photo).await;
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("parallelUploads to 1"), "{told}");
    assert!(Tus::of(&a).asks(&[&photo]).await.unfinished.is_empty());
}

#[tokio::test]
async fn by_themselves_they_get_through_a_link_that_ends_all_the_time() {
    // So short that a link that stopped is known for what it is soon, and no link that goes is taken for one.
    let photos = PhotoBounds { silence: Duration::from_millis(500), ..PhotoBounds::default() };
    let yard = TestServer::bounded(Bounds { photos, ..Bounds::default() }).await;
    let a = yard.device("A").await;
    let ways =
        [Program::TusJsClient, Program::Tuspy].map(|program| [Ends::Cut, Ends::Stopped].map(|ends| (program, ends)));
    for (seed, (program, ends)) in (1..).zip(ways.into_iter().flatten()) {
        let link = bad_link(&yard.base, ends).await;
        let photo = Photo::new(&a, seed, 300_000);
        a.push(photo.draft()).await;
        program.does("chunks", &link, &a, &photo).await;
        assert!(stored_at(&a, &photo).await.is_some(), "{program:?}, {ends:?}");
        assert!(Tus::of(&a).asks(&[&photo]).await.unfinished.is_empty(), "{program:?}, {ends:?}: begun once");
    }
}

#[tokio::test]
async fn a_database_that_is_away_in_the_middle_of_an_upload_makes_nobody_begin_it_again() {
    let photos = PhotoBounds { patience: Duration::from_secs(1), ..PhotoBounds::default() };
    let yard = Arc::new(TestServer::bounded(Bounds { photos, ..Bounds::default() }).await);
    let a = yard.device("A").await;
    for (seed, program) in (1..).zip([Program::TusJsClient, Program::Tuspy]) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (database, asked) = (Arc::clone(&yard), Arc::clone(&seen));
        let sees = move |method: &Method| {
            let mut asked = asked.lock().unwrap();
            asked.push(method.clone());
            match (method.as_str(), asked.iter().filter(|other| *other == method).count()) {
                ("PATCH", 2) => tamper(&database, "ALTER TABLE uploads RENAME TO uploads_away"),
                // It has asked in vain, and asks again.
                ("HEAD", 2) => tamper(&database, "ALTER TABLE uploads_away RENAME TO uploads"),
                _ => {}
            }
        };
        let link = watched_link(&yard.base, sees, |_, _| ()).await;
        let photo = Photo::new(&a, seed, 150_000);
        a.push(photo.draft()).await;
        program.does("chunks", &link, &a, &photo).await;
        assert!(stored_at(&a, &photo).await.is_some(), "{program:?}");
        let seen = seen.lock().unwrap();
        // Chunks of 40,000 bytes: the second of four came twice.
        let count = |method: &Method| seen.iter().filter(|seen| *seen == method).count();
        assert_eq!((count(&Method::POST), count(&Method::PATCH)), (1, 5), "{program:?}: {seen:?}");
    }
}

#[tokio::test]
async fn a_server_that_has_no_place_for_an_upload_makes_nobody_begin_it_again() {
    let photos = PhotoBounds { part_time: Duration::ZERO, ..PhotoBounds::default() };
    let turn_time = Duration::from_millis(50);
    let yard = TestServer::bounded(Bounds { photos, turn_time, ..Bounds::default() }).await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    for (seed, program) in (1..).zip([Program::TusJsClient, Program::Tuspy]) {
        let (photo, other) = (Photo::new(&a, seed, 150_000), Photo::new(&a, seed + 100, 1_000));
        a.push(photo.draft()).await;
        // Another upload of the device hangs, and ends when the program has heard that there is no place.
        let location = tus.begins(&other).await;
        let hanging = Mutex::new(Some(tus.hangs(&yard, &location, &other).await));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&heard);
        let hears = move |method: &Method, status| {
            notes.lock().unwrap().push((method.clone(), status));
            if status == 503 {
                hanging.lock().unwrap().take();
            }
        };
        let link = watched_link(&yard.base, |_| (), hears).await;
        program.does("chunks", &link, &a, &photo).await;
        assert!(stored_at(&a, &photo).await.is_some(), "{program:?}");
        let heard = heard.lock().unwrap().clone();
        let count = |method: Method| heard.iter().filter(|(other, _)| *other == method).count();
        assert!(heard.contains(&(Method::PATCH, 503)), "{program:?}: {heard:?}");
        assert_eq!(count(Method::POST), 1, "{program:?}: {heard:?}");
        let refused = |(method, status): &(Method, u16)| *method == Method::HEAD && *status != 200;
        assert!(!heard.iter().any(refused), "{program:?}: {heard:?}");
        assert_eq!(tus.request(Method::DELETE, &location).send().await.unwrap().status().as_u16(), 204);
    }
}
