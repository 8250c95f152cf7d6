//! The machine the server runs on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gatebook_server::{Bounds, Config, Server};
use jiff::Timestamp;

use super::{Happening, Run, World};
use crate::clock::{Instant, Machine, Time};
use crate::kill::{Desk, Image, Who};
use crate::script::{Limits, Script};
use crate::templates::{SERVER_DATABASE, Templates};

/// The server and its machine.
pub(crate) struct Host {
    pub folder: PathBuf,
    /// A backup was made.
    pub has_backup: bool,
    pub backed_up_at: Instant,
    /// When the oldest backup was made that was put in its place.
    pub restored_from: Option<Instant>,
    /// What answers in its place.
    pub impostor: Option<super::identity::Impostor>,
    /// Counts the lives it was restored to.
    pub life: u32,
    pub machine: Arc<Machine>,
    /// The latest time its clock has shown.
    pub latest: Timestamp,
    limits: Limits,
    server: Option<Server>,
    /// The other node, on the same database and folder, once requests have gone to it.
    other: Option<Server>,
    /// It is not to be reached, for all that it runs.
    pub is_down: bool,
}

impl Host {
    pub(crate) fn set_up(
        folder: &Path,
        templates: &Templates,
        time: &Time,
        script: &Script,
        desk: &Desk,
    ) -> anyhow::Result<Self> {
        let folder = folder.join("server");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("server.key"), &templates.key)?;
        std::fs::write(folder.join(SERVER_DATABASE), &templates.server)?;
        desk.keeps(Who::Server, folder.join(SERVER_DATABASE));
        let machine = Arc::new(Machine::new(time.clone(), 0xfe));
        machine.set_offset(script.cast.server_clock);
        let latest = gatebook_server::Environment::now(&*machine);
        let mut host = Self {
            folder,
            has_backup: false,
            backed_up_at: 0,
            restored_from: None,
            impostor: None,
            life: 0,
            machine,
            latest,
            limits: script.cast.limits,
            server: None,
            other: None,
            is_down: false,
        };
        host.open()?;
        Ok(host)
    }

    pub(crate) fn close(&mut self) {
        (self.server, self.other) = (None, None);
    }

    pub(crate) fn open(&mut self) -> Result<(), gatebook_server::ServerError> {
        self.server = Some(self.node()?);
        Ok(())
    }

    /// The other node answers from now on.
    pub(crate) fn change_node(&mut self) -> Result<(), gatebook_server::ServerError> {
        let other = match self.other.take() {
            Some(other) => other,
            None => self.node()?,
        };
        self.other = self.server.replace(other);
        Ok(())
    }

    fn node(&self) -> Result<Server, gatebook_server::ServerError> {
        let mut bounds = Bounds::default();
        bounds.limits.page_records = self.limits.page_records;
        bounds.limits.page_bytes = self.limits.page_bytes;
        bounds.limits.record_bytes = 16 * 1024;
        bounds.answer_records = self.limits.answer_records;
        // Nights are swept through once a day.
        bounds.photos.sweep_every = std::time::Duration::from_secs(12 * 60 * 60);
        let environment = Arc::clone(&self.machine);
        Server::open(Config { bounds, environment, ..Config::new(&self.folder) })
    }

    /// The server's code; it is always open, even while it is not to be reached.
    pub(crate) fn server(&self) -> Server {
        self.server.clone().expect("the server is open")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join(SERVER_DATABASE)
    }
}

impl World<'_> {
    /// Runs a piece of the server; `None` if it was killed in it. Then it is gone for `down`.
    pub(crate) fn on_server<T>(&mut self, down: Instant, work: impl FnOnce(&Server) -> T) -> Run<Option<T>> {
        self.host.latest = self.host.latest.max(gatebook_server::Environment::now(&*self.host.machine));
        let server = self.host.server();
        let done = self.desk.run(Who::Server, || work(&server));
        drop(server);
        match done {
            Ok(done) => Ok(Some(done)),
            Err(image) => {
                self.server_killed(&image, down)?;
                Ok(None)
            }
        }
    }

    fn server_killed(&mut self, image: &Image, down: Instant) -> Run {
        self.story.tell(self.time.now(), || "the server is killed".to_owned());
        self.host.impostor = None;
        self.host.close();
        self.oracle.photos.disturb_all(self.time.now());
        let put = image.put(&self.host.database());
        self.works("putting back what was on the server's disk", put)?;
        let opened = self.host.open();
        self.works("opening the server after it was killed", opened)?;
        self.gone_for(down);
        Ok(())
    }

    fn gone_for(&mut self, down: Instant) {
        self.host.is_down = true;
        self.after(down, Happening::ServerUp);
    }

    /// Killed outside of any request, and started again with other limits perhaps.
    pub(crate) fn server_down(&mut self, lasts: Instant, limits: Option<Limits>) -> Run {
        self.tally.fault(if limits.is_some() { "server killed, started with other limits" } else { "server killed" });
        if let Some(limits) = limits {
            self.host.limits = limits;
        }
        let image = self.desk.image(Who::Server);
        self.server_killed(&image, lasts)
    }

    pub(crate) fn server_up(&mut self) -> Run {
        if self.host.is_down {
            self.host.is_down = false;
            self.story.tell(self.time.now(), || "the server is back".to_owned());
            if self.script.has_photos {
                // It sweeps as it starts.
                return self.sweep(true);
            }
        }
        Ok(())
    }
}
