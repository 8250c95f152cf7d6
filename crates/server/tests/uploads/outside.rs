//! Other people's tus clients, as programs, at a real server: npm's tus-js-client and PyPI's tuspy. `cargo xtask setup`
//! installs them.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use super::lens::{Photo, Tus, files, stored_at};
use super::support::{TestDevice, TestServer};

/// Bytes after which the bad link is cut, each time.
const CUT_AFTER: u64 = 70_000;

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
        let output = command.stdin(Stdio::null()).output().await.unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{self:?} {act}: {told}");
    }
}

/// The project's own Python.
pub(crate) fn python() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/python");
    folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}

/// A way to the server that is cut again and again.
async fn bad_link(to: &str) -> String {
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
                    let _ = copy(&mut from_device.take(CUT_AFTER), &mut to_server).await;
                    let _ = to_server.shutdown().await;
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

#[tokio::test]
async fn tus_js_client_uploads_resumes_and_gives_up() {
    passes(Program::TusJsClient, &["whole", "chunks", "with-creation", "resume"]).await;
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
    // By themselves they get through a link that is cut all the time.
    let link = bad_link(&yard.base).await;
    let photo = Photo::new(&a, 99, 300_000);
    a.push(photo.draft()).await;
    program.does("chunks", &link, &a, &photo).await;
    assert!(stored_at(&a, &photo).await.is_some());
}
