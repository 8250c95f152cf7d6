//! Devices behind nginx and Caddy, set up as `docs/https.md` says. `cargo xtask setup` fetches both.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use futures_util::StreamExt as _;
use gatebook_client::{Device, DeviceConfig};
use gatebook_sync::AuthorityPin;
use gatebook_sync::wire::{ApiError, ApiErrorCode};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::Method;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use uuid::Uuid;

use crate::photos::{photographed, stored};
use crate::support::{Link, TestDevice, TestYard, VERSION};

#[derive(Debug, Clone, Copy)]
enum Program {
    Nginx,
    Caddy,
}

/// A proxy that ends with the test.
struct Proxy {
    address: SocketAddr,
    pin: AuthorityPin,
    _child: Child,
}

impl Program {
    /// What the page says, between its fences.
    fn configuration(self) -> String {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/https.md");
        let page = std::fs::read_to_string(page).unwrap();
        let fence = match self {
            Self::Nginx => "```nginx\n",
            Self::Caddy => "```caddy\n",
        };
        page.split_once(fence).unwrap().1.split_once("```").unwrap().0.to_owned()
    }

    fn path(self) -> PathBuf {
        let program = match self {
            Self::Nginx => "usr/sbin/nginx",
            Self::Caddy => "usr/bin/caddy",
        };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/debian").join(program);
        assert!(path.exists(), "{} is not there; run `cargo xtask setup`", path.display());
        path
    }

    /// Starts it before that server, with a certificate of an authority that only the test knows.
    async fn starts(self, folder: &Path, server: SocketAddr) -> Proxy {
        std::fs::create_dir_all(folder).unwrap();
        let pin = certify(folder);
        let port = free_port();
        let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let site = replaced(&self.configuration(), "127.0.0.1:7480", &server.to_string());
        let mut command = Command::new(self.path());
        match self {
            Self::Nginx => {
                let live = "/etc/letsencrypt/live/gatebook.example.com/";
                let site = replaced(&site, "listen 443", &format!("listen 127.0.0.1:{port}"));
                let site = replaced(&site, &format!("{live}fullchain.pem"), &at("chain.pem"));
                let site = replaced(&site, &format!("{live}privkey.pem"), &at("key.pem"));
                let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                    .map(|sort| format!("{sort}_temp_path {};\n", at(sort)));
                let user = if is_root() { "user root;\n" } else { "" };
                let whole = format!(
                    "daemon off;\n{user}pid {};\nerror_log {};\nevents {{}}\nhttp {{\naccess_log off;\n{}{site}}}\n",
                    at("pid"),
                    at("error.log"),
                    paths.concat(),
                );
                std::fs::write(folder.join("nginx.conf"), whole).unwrap();
                command.args(["-p", &at(""), "-e", &at("error.log"), "-c", &at("nginx.conf")]);
            }
            Self::Caddy => {
                let own = format!("https://127.0.0.1:{port} {{\n    tls {} {}", at("chain.pem"), at("key.pem"));
                let site = replaced(&site, "gatebook.example.com {", &own);
                let options = "{\n    admin off\n    auto_https disable_redirects\n}\n";
                std::fs::write(folder.join("Caddyfile"), format!("{options}{site}")).unwrap();
                command.args(["run", "--adapter", "caddyfile", "--config", &at("Caddyfile")]);
                command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
            }
        }
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true).spawn().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let up = async {
            while TcpStream::connect(address).await.is_err() {
                let ended = child.try_wait().unwrap();
                let log =
                    || ["log", "error.log"].map(|name| std::fs::read_to_string(folder.join(name)).unwrap_or_default());
                assert!(ended.is_none(), "{self:?} ended: {:?}", log());
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), up).await.expect("it comes up");
        Proxy { address, pin, _child: child }
    }
}

#[track_caller]
fn replaced(text: &str, part: &str, by: &str) -> String {
    assert!(text.contains(part), "the page says {part}");
    text.replace(part, by)
}

fn is_root() -> bool {
    std::process::Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Writes a certificate for 127.0.0.1 with that of its authority, and its key.
fn certify(folder: &Path) -> AuthorityPin {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    std::fs::write(folder.join("chain.pem"), certificate.pem() + &authority.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    AuthorityPin::of(authority.der())
}

/// A device that has joined through the proxy.
async fn joined(yard: &TestYard, proxy: &Proxy) -> TestDevice {
    let folder = yard.folder().join("phone");
    let device = Device::open(DeviceConfig::new(folder.clone(), VERSION)).unwrap();
    let (link, server) = (Link::to(proxy.address).await, proxy.address);
    let device = TestDevice { name: "phone", folder, device, link, server };
    let (url, code) = (format!("https://{}", device.link.address), format!("{}-{}", yard.code(), proxy.pin));
    device.device.enrol(&url, &code, "phone").await.unwrap();
    device.until("its reference data is there", || !device.device.operators().unwrap().is_empty()).await;
    device.device.choose_operator(Some(yard.operator("María Torres"))).unwrap();
    device.device.choose_yard(yard.seeded.yards[0].id).unwrap();
    device
}

/// All that a device does goes through: it joins, syncs, sends a photo, and hears of news over a stream that stays open.
async fn carries_a_device(program: Program) {
    let yard = TestYard::open().await;
    let server = yard.served_to_a_proxy().await;
    let proxy = program.starts(&yard.folder().join("proxy"), server).await;
    let phone = joined(&yard, &proxy).await;
    let record = phone.records("through the proxy");
    photographed(&phone, record, 7, 1_600).await;
    phone.until("record and photo are with the server", || phone.pending() == 0 && stored(&phone) == 1).await;
    proxy.hands_on_news_as_they_come(&phone).await;
    proxy.hands_on_bytes_as_they_come(&phone.token()).await;
    proxy.tells_who_calls().await;
}

impl Proxy {
    fn asks(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let client = reqwest::Client::builder().no_proxy().tls_danger_accept_invalid_certs(true).build().unwrap();
        client.request(method, format!("https://{}{path}", self.address))
    }

    async fn hands_on_news_as_they_come(&self, phone: &TestDevice) {
        let mut events = self.asks(Method::GET, "/v1/events").bearer_auth(phone.token()).send().await.unwrap();
        assert!(events.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
        phone.records("the stream tells of it");
        let heard = async {
            let mut heard = String::new();
            while !heard.contains("event: nudge") {
                let bytes = events.chunk().await.unwrap().expect("the stream stays open");
                heard.push_str(&String::from_utf8_lossy(&bytes));
            }
        };
        // The server says a word every 25 seconds in any case; what a proxy holds back comes no earlier.
        tokio::time::timeout(Duration::from_secs(20), heard).await.expect("news come as they are told");
    }

    /// Of an upload that never ends, what has come is at the server.
    async fn hands_on_bytes_as_they_come(&self, token: &str) {
        let whole = Bytes::from(vec![7; 400_000]);
        let told = |text: &str| BASE64.encode(text);
        let hash = format!("{:x}", Sha256::digest(&whole));
        let metadata = format!(
            "sha256 {},media_type {},record_id {}",
            told(&hash),
            told("image/jpeg"),
            told(&Uuid::from_u128(5).to_string())
        );
        let tus = |method, path: &str| self.asks(method, path).bearer_auth(token).header("tus-resumable", "1.0.0");
        let begun = tus(Method::POST, "/v1/uploads").header("upload-length", whole.len());
        let begun = begun.header("upload-metadata", metadata).send().await.unwrap();
        assert_eq!(begun.status().as_u16(), 201);
        let upload = begun.headers()["location"].to_str().unwrap().to_owned();
        let length = whole.len();
        let part = futures_util::stream::iter([Ok::<_, std::io::Error>(whole.slice(..length / 2))]);
        let body = reqwest::Body::wrap_stream(part.chain(futures_util::stream::pending()));
        let sending = tus(Method::PATCH, &upload).header("upload-offset", 0).header("content-length", length);
        let sending = sending.header("content-type", "application/offset+octet-stream").body(body).send();
        let sending = tokio::spawn(sending);
        let arrived = async {
            loop {
                let asked = tus(Method::HEAD, &upload).send().await.unwrap();
                let offset = asked.headers().get("upload-offset").and_then(|offset| offset.to_str().ok());
                if offset.is_some_and(|offset| offset != "0") {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), arrived).await.expect("what was sent arrives before it is whole");
        sending.abort();
    }

    /// Whoever writes another address into each request is one caller all the same.
    async fn tells_who_calls(&self) {
        for at in 0..40 {
            let guess = serde_json::json!({ "code": "WRONG-CODE2", "device_name": "phone" });
            let asked = self.asks(Method::POST, "/v1/enrol").header("x-forwarded-for", format!("203.0.113.{at}"));
            let refused: ApiError = asked.json(&guess).send().await.unwrap().json().await.unwrap();
            if refused.code != ApiErrorCode::CodeRefused {
                assert_eq!(refused.code, ApiErrorCode::Busy);
                return;
            }
        }
        panic!("each guess was taken for another caller's");
    }
}

#[tokio::test]
async fn behind_nginx_a_device_does_all_that_it_does_without() {
    carries_a_device(Program::Nginx).await;
}

#[tokio::test]
async fn behind_caddy_a_device_does_all_that_it_does_without() {
    carries_a_device(Program::Caddy).await;
}

#[tokio::test]
async fn whoever_passes_on_to_a_devices_server_what_it_asks_does_not_pass_for_that_server() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let was = device.device.state().unwrap().enrolment.unwrap().server_url;
    let server = yard.served_to_a_proxy().await;
    let between = Program::Nginx.starts(&yard.folder().join("proxy"), server).await;
    let address = format!("https://{}", between.address);
    let told = device.device.move_server(&address, &between.pin.to_string()).await.unwrap_err();
    assert!(told.message.contains("was not told that devices find it at this address"), "{}", told.message);
    assert_eq!(device.device.state().unwrap().enrolment.unwrap().server_url, was);
}
