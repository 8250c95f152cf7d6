//! The vocabulary of the tests: a yard with a real server, devices that join it, and ways to it that fail.

mod device;
mod fuse;
mod impostor;
mod link;
mod way;

use std::net::SocketAddr;
use std::sync::Arc;

use gatebook_client::{Device, DeviceConfig, Environment, SystemEnvironment};
use gatebook_server::{Bounds, Config, Seeded, Server, Tls};
use gatebook_sync::AuthorityPin;
use gatebook_sync::wire::AuditEntry;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) use device::{FixedClock, TestDevice, VERSION};
pub(crate) use fuse::{Fuse, Holds};
pub(crate) use impostor::Impostor;
pub(crate) use link::Link;
pub(crate) use way::{Deaf, Editing, Meanwhile, Refusing};

/// A yard with a real server on a free port.
pub(crate) struct TestYard {
    folder: TempDir,
    pub(crate) server: Server,
    pub(crate) seeded: Seeded,
    pub(crate) address: SocketAddr,
}

impl TestYard {
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::open(Config::new(folder.path().join("server"))).unwrap();
        let seeded = server.seed().unwrap();
        let address = serve(server.clone()).await;
        Self { folder, server, seeded, address }
    }

    /// One whose server has no public name, and makes its certificate itself.
    pub(crate) async fn open_without_a_name() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::open(without_a_name(folder.path())).unwrap();
        let seeded = server.seed().unwrap();
        let address = serve(server.clone()).await;
        Self { folder, server, seeded, address }
    }

    /// The same server as after a restart, at another address.
    pub(crate) async fn started_anew_without_a_name(&self) -> SocketAddr {
        serve(Server::open(without_a_name(self.folder.path())).unwrap()).await
    }

    /// The same after its authority was lost: it makes another one.
    pub(crate) async fn started_anew_with_another_authority(&self) -> (SocketAddr, AuthorityPin) {
        std::fs::remove_file(self.folder.path().join("server/server.authority")).unwrap();
        let server = Server::open(without_a_name(self.folder.path())).unwrap();
        let pin = server.authority_pin().unwrap().unwrap();
        (serve(server).await, pin)
    }

    /// Where everything of this yard lies.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Another server on the same data, which has no place for a sync.
    pub(crate) async fn served_without_places(&self) -> SocketAddr {
        let bounds = Bounds { concurrent_syncs: 0, ..Bounds::default() };
        let config = Config { bounds, ..Config::new(self.folder.path().join("server")) };
        serve(Server::open(config).unwrap()).await
    }

    /// Another server on the same data, before which a proxy stands.
    pub(crate) async fn served_to_a_proxy(&self) -> SocketAddr {
        let config = Config { behind_proxy: true, ..Config::new(self.folder.path().join("server")) };
        serve(Server::open(config).unwrap()).await
    }

    /// A server on the same data that has another key, as it is if the key was given up for lost.
    pub(crate) async fn served_with_another_key(&self) -> SocketAddr {
        let key_file = Some(self.folder.path().join("other.key"));
        let config = Config { key_file, new_key: true, ..Config::new(self.folder.path().join("server")) };
        serve(Server::open(config).unwrap()).await
    }

    /// A one-time code for a device of all yards.
    pub(crate) fn code(&self) -> String {
        let yards: Vec<Uuid> = self.seeded.yards.iter().map(|yard| yard.id).collect();
        self.server.enrolment_code(None, &yards, 72).unwrap()
    }

    pub(crate) fn operator(&self, name: &str) -> Uuid {
        self.seeded.operators.iter().find(|operator| operator.name == name).unwrap().id
    }

    /// A device that has not joined yet; its link is up.
    pub(crate) async fn new_device(&self, name: &'static str) -> TestDevice {
        self.new_device_at(name, Arc::new(SystemEnvironment)).await
    }

    /// The same, with its own clock.
    pub(crate) async fn new_device_at(&self, name: &'static str, environment: Arc<dyn Environment>) -> TestDevice {
        let folder = self.folder.path().join(name);
        let config = DeviceConfig { environment, ..DeviceConfig::new(folder.clone(), VERSION) };
        let device = Device::open(config).unwrap();
        TestDevice { name, folder, device, link: Link::to(self.address).await, server: self.address }
    }

    /// A device that has joined, on which that person works in Laredo. Its own link is cut then, so that it syncs only
    /// when the test asks for a round.
    pub(crate) async fn device(&self, name: &'static str, operator: &str) -> TestDevice {
        let joined = self.new_device(name).await;
        joined.joins(&self.code()).await;
        joined.device.choose_operator(Some(self.operator(operator))).unwrap();
        joined.device.choose_yard(self.seeded.yards[0].id).unwrap();
        joined.goes_offline().await;
        joined
    }

    /// Every write to a record that the server has judged.
    pub(crate) fn audit(&self, id: Uuid) -> Vec<AuditEntry> {
        self.server.audit(id).unwrap()
    }
}

fn without_a_name(folder: &std::path::Path) -> Config {
    Config { tls: Tls::SelfMade { names: vec!["127.0.0.1".to_owned()] }, ..Config::new(folder.join("server")) }
}

async fn serve(server: Server) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { server.serve(listener, std::future::pending()).await.unwrap() });
    address
}
