//! The vocabulary of the tests: a yard with a real server behind it, devices, what they write and what they are told.

#![allow(clippy::large_types_passed_by_value, reason = "bounds are passed as they are written, and copied once a test")]

mod answer;
mod device;
mod environment;
mod place;
mod records;
mod wire;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gatebook_server::{Bounds, Seeded, Server};
use gatebook_sync::wire::{ApiError, AuditEntry, EnrolRequest, RestoreResponse};
use jiff::SignedDuration;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use uuid::Uuid;

pub(crate) use answer::{Answer, refused};
pub(crate) use device::TestDevice;
pub(crate) use environment::{TestEnvironment, counted};
pub(crate) use place::{Place, restore_backup};
pub(crate) use records::{Draft, DraftKind, gate_event, inspection};
pub(crate) use wire::{Wire, within};

/// A real server on a free port, with the demonstration organisation loaded.
pub(crate) struct TestServer {
    pub(crate) server: Server,
    pub(crate) base: String,
    pub(crate) seeded: Seeded,
    pub(crate) environment: Arc<TestEnvironment>,
    pub(crate) place: Place,
    bounds: Bounds,
    devices: AtomicU64,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<tokio::task::JoinHandle<()>>,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::bounded(Bounds::default()).await
    }

    pub(crate) async fn bounded(bounds: Bounds) -> Self {
        Self::at(Place::new(), bounds).await
    }

    /// On the embedded database, whatever the others are on.
    pub(crate) async fn embedded() -> Self {
        Self::at(Place::embedded(), Bounds::default()).await
    }

    pub(crate) async fn at(place: Place, bounds: Bounds) -> Self {
        let environment = Arc::new(TestEnvironment::new());
        let server = place.open(bounds, &environment);
        let seeded = server.seed().unwrap();
        let mut started = Self {
            server,
            base: String::new(),
            seeded,
            environment,
            place,
            bounds,
            devices: AtomicU64::new(0),
            stop: None,
            serving: None,
        };
        started.serve().await;
        started
    }

    async fn serve(&mut self) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        self.base = if self.server.is_secured() {
            format!("https://localhost:{}", address.port())
        } else {
            format!("http://{address}")
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let server = self.server.clone();
        let until = async move { drop(stopped.await) };
        self.serving = Some(tokio::spawn(async move { server.serve(listener, until).await.unwrap() }));
        self.stop = Some(stop);
    }

    /// Stops the server; its folder stays.
    pub(crate) async fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(serving) = self.serving.take() {
            serving.await.unwrap();
        }
    }

    /// Stops the server, lets `meanwhile` do something to its database, and starts it again at another port.
    pub(crate) async fn restarted(mut self, meanwhile: impl FnOnce(&Place)) -> Self {
        self.stop().await;
        let Self { server, place, environment, bounds, .. } = self;
        drop(server);
        meanwhile(&place);
        let server = place.open(bounds, &environment);
        let Self { base, seeded, devices, stop, serving, .. } = self;
        let mut again = Self { server, base, seeded, environment, place, bounds, devices, stop, serving };
        again.serve().await;
        again
    }

    /// Writes a backup to that file, while the server runs.
    pub(crate) fn backup(&self, to: &Path) {
        self.place.backup(&self.server, to);
    }

    /// Lets the server's clock jump.
    pub(crate) fn clock_steps(&self, by: SignedDuration) {
        self.environment.step(by);
    }

    pub(crate) fn laredo(&self) -> Uuid {
        self.seeded.yards[0].id
    }

    pub(crate) fn nuevo_laredo(&self) -> Uuid {
        self.seeded.yards[1].id
    }

    pub(crate) fn operator(&self, name: &str) -> Uuid {
        self.seeded.operators.iter().find(|operator| operator.name == name).expect("somebody of that name").id
    }

    /// A device of both yards, with María working on it.
    pub(crate) async fn device(&self, name: &str) -> TestDevice {
        self.device_of(name, &[self.laredo(), self.nuevo_laredo()]).await
    }

    pub(crate) async fn device_of(&self, name: &str, yards: &[Uuid]) -> TestDevice {
        let code = self.server.enrolment_code(None, yards, 72).unwrap();
        let at = self.devices.fetch_add(1, Ordering::Relaxed) + 1;
        let request = EnrolRequest::new(code, name);
        let response = client().post(format!("{}/v1/enrol", self.base)).json(&request).send().await.unwrap();
        let enrolled = response.json().await.unwrap();
        TestDevice::new(&self.base, u8::try_from(at).unwrap(), enrolled, yards[0], self.operator("María Torres"))
    }

    /// Calls as the admin.
    pub(crate) async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let mut request = client().request(method, format!("{}{path}", self.base));
        request = request.bearer_auth(&self.seeded.admin_token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    /// Every write to a record, over HTTP.
    pub(crate) async fn audit(&self, id: Uuid) -> Vec<AuditEntry> {
        self.admin(Method::GET, &format!("/v1/records/{id}/audit"), None).await.json().await.unwrap()
    }

    /// Brings a write back, over HTTP.
    pub(crate) async fn restores(&self, id: Uuid, write_id: Uuid) -> RestoreResponse {
        let body = json!({"write_id": write_id, "reason": "the other one was right"});
        self.admin(Method::POST, &format!("/v1/records/{id}/restore"), Some(body)).await.json().await.unwrap()
    }

    /// Closes, reopens or voids a record, over HTTP.
    pub(crate) async fn sets(&self, id: Uuid, act: &str) -> RestoreResponse {
        let body = json!({"reason": "office"});
        self.admin(Method::POST, &format!("/v1/records/{id}/{act}"), Some(body)).await.json().await.unwrap()
    }
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// The project's own Python, which `cargo xtask setup` installs.
pub(crate) fn python() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/python");
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    assert!(python.exists(), "{} is not there; run `cargo xtask setup`", python.display());
    python
}

/// What went wrong, of an answer that is not 2xx. It names the server like any other.
pub(crate) async fn api_error(response: Response) -> (u16, ApiError) {
    assert!(response.headers().contains_key("x-gatebook-server"));
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}
