//! What a server is told when it starts.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use gatebook_sync::WallTime;
use gatebook_sync::wire::Limits;
use jiff::Timestamp;
use uuid::Uuid;

/// The server's clock and source of ids. A simulator gives its own.
pub trait Environment: Send + Sync + 'static {
    /// The clock. It may step back; receipts do not.
    fn now(&self) -> Timestamp;
    /// A new UUIDv7.
    fn new_id(&self) -> Uuid;
    /// Time since some moment in the past that no setting of the clock moves, if there is such a count. What the machine
    /// sleeps through is in it.
    fn uptime(&self) -> Option<Duration> {
        None
    }
    /// The clock, and whether what it shows is in doubt.
    fn wall_time(&self) -> WallTime {
        WallTime { at: self.now(), is_doubtful: false }
    }
}

/// The real clock and random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEnvironment;

impl Environment for SystemEnvironment {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn uptime(&self) -> Option<Duration> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
            Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?))
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        {
            // What passes while the machine sleeps may be missing from any other count.
            None
        }
    }
}

/// Bounds on what a request may cost.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// What devices are told and held to. `page_bytes` also bounds a request as it comes over the wire.
    pub limits: Limits,
    /// Bytes a request may unpack to. Above `limits.page_bytes`, so that a page that turned out a little larger than
    /// its device reckoned still gets its verdicts.
    pub unpacked_bytes: usize,
    /// Objects and lists within each other in a body.
    pub nesting: usize,
    /// Single values (texts, numbers, lists, objects) in a record's body. A small text may unfold into very many.
    pub values: usize,
    /// The same in a request.
    pub page_values: usize,
    /// Bytes that all requests together unpack to at a time; further ones wait for their turn.
    pub unpacked_at_once: usize,
    /// Bytes of bodies that judging one page may take up, beside the page: what the server holds of its records and their
    /// earlier states, what is filed, and what people are told of conflicts.
    pub judging_bytes: usize,
    /// Records in one answer, whatever the device would take.
    pub answer_records: u32,
    /// Bytes of bodies in one answer, whatever the device would take.
    pub answer_bytes: u32,
    /// Ranges of ids looked at in one answer to a device that looks for where it differs; it asks for the rest again.
    pub repair_ranges: usize,
    /// Records looked at for them.
    pub repair_entries: usize,
    /// Syncs at a time; further ones are told to come again. One is at work until its answer was read.
    pub concurrent_syncs: usize,
    /// Syncs of one device that may be here at a time, and uploads of one. One of them is at work, the others wait.
    pub requests_of_device: usize,
    /// How long a request waits until the one before it of the same device has ended.
    pub turn_time: Duration,
    /// Pauses, together, of whoever sends a body or reads an answer; what moves faster than `least_rate` makes up for them.
    pub patience: Duration,
    /// Bytes a second at which a body, an upload or an answer must move in the long run.
    pub least_rate: u32,
    /// Connections at a time; further ones wait until one ends.
    pub connections: usize,
    /// Connections of one address at a time, at most half of all; further ones are not let in. Does not hold behind a proxy.
    pub connections_of_address: usize,
    /// A connection waits so long for the whole head of a request, from when it began or the request before it ended.
    pub header_time: Duration,
    /// Devices that are told of news as it comes, at most half of the connections; further ones have to ask.
    pub open_streams: usize,
    /// How often it is looked whether there is a newer certificate.
    pub certificate_every: Duration,
    /// How often it is looked whether a device that is told of news was signed out by another process.
    pub revocations_every: Duration,
    /// A request that has come in full and takes longer is given up. What it changed stays changed, and a repeat is harmless.
    pub request_time: Duration,
    /// After being asked to stop, requests under way have this long.
    pub stopping_time: Duration,
    /// Wrong codes that may come from one address at once, before the rate holds.
    pub enrolment_burst: u32,
    /// Wrong codes that may come from one address per minute in the long run.
    pub enrolments_per_minute: u32,
    /// Photos.
    pub photos: PhotoBounds,
}

/// Bounds on what photos may cost.
#[derive(Debug, Clone, Copy)]
pub struct PhotoBounds {
    /// Bytes of one photo.
    pub photo_bytes: u64,
    /// Hashes a device may ask about in one request.
    pub hashes: u32,
    /// Photos that are looked for in the store at a time, for a device that asks what is held.
    pub looks_at_once: usize,
    /// Unfinished uploads of one device.
    pub open_uploads: usize,
    /// Uploads that carry bytes at a time, of one device one; further ones are told to come again.
    pub concurrent_uploads: usize,
    /// As `Bounds::patience`, for an upload: one that goes silent for so long is taken to be cut; what arrived is kept.
    pub silence: Duration,
    /// If nothing has come of an upload for so long, a newer request that carries it on takes its turn.
    pub rest: Duration,
    /// Asked how far an upload is, the server waits so long until it can say it.
    pub patience: Duration,
    /// What has arrived is made safe at least this often, however slow the link.
    pub part_time: Duration,
    /// An upload that makes no progress for so long is over.
    pub unfinished_for: Duration,
    /// Bytes that no record names and nobody asks for are kept for so long.
    pub unreferenced_for: Duration,
    /// How often the server sweeps.
    pub sweep_every: Duration,
}

impl Default for PhotoBounds {
    fn default() -> Self {
        const HOUR: Duration = Duration::from_secs(60 * 60);
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            photo_bytes: 64 * 1024 * 1024,
            hashes: 1_000,
            looks_at_once: 16,
            open_uploads: 256,
            concurrent_uploads: 64,
            silence: Duration::from_secs(30),
            rest: Duration::from_secs(1),
            patience: Duration::from_secs(10),
            part_time: Duration::from_secs(10),
            unfinished_for: DAY * 7,
            unreferenced_for: DAY * 30,
            sweep_every: HOUR,
        }
    }
}

/// Where photos lie.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PhotoStore {
    /// In the folder `photos` of the data folder.
    #[default]
    DataFolder,
    /// In that folder.
    Folder(PathBuf),
    /// In S3-compatible storage: `s3://bucket/prefix`, with keys, region and endpoint from the environment (`AWS_…`).
    Bucket(String),
}

impl FromStr for PhotoStore {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text.contains("://") { Self::Bucket(text.to_owned()) } else { Self::Folder(text.into()) })
    }
}

/// Whether devices reach the server by TLS, and by which certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Tls {
    /// They do not: they are on this machine, or a proxy does it.
    #[default]
    Off,
    /// By the certificate in these PEM files. They are looked at again and again, and what they hold then is used.
    Files {
        /// The certificate, and after it those between it and its authority.
        certificate: PathBuf,
        /// Its key.
        key: PathBuf,
    },
    /// By certificates of an authority of the server's own, which devices learn of with their code. It lies beside the
    /// server's key.
    SelfMade {
        /// The names and addresses at which devices find the server.
        names: Vec<String>,
    },
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            unpacked_bytes: 5 * 1024 * 1024,
            nesting: 64,
            values: 64 * 1024,
            page_values: 1024 * 1024,
            unpacked_at_once: 32 * 1024 * 1024,
            judging_bytes: 12 * 1024 * 1024,
            answer_records: 10_000,
            answer_bytes: 4 * 1024 * 1024,
            repair_ranges: 32,
            repair_entries: 100_000,
            concurrent_syncs: 64,
            requests_of_device: 4,
            turn_time: Duration::from_secs(10),
            patience: Duration::from_secs(30),
            least_rate: 1_024,
            connections: 8_192,
            connections_of_address: 1_024,
            header_time: Duration::from_secs(30),
            open_streams: 4_096,
            certificate_every: Duration::from_secs(10),
            revocations_every: Duration::from_secs(2),
            request_time: Duration::from_secs(60),
            stopping_time: Duration::from_secs(30),
            enrolment_burst: 30,
            enrolments_per_minute: 30,
            photos: PhotoBounds::default(),
        }
    }
}

/// How a server is opened.
#[derive(Clone)]
pub struct Config {
    /// Where its database and key lie.
    pub data: PathBuf,
    /// Address of a PostgreSQL database that is used instead of the embedded one, `postgres://…`. Any number of servers
    /// may share it; `data` is not used then.
    pub database: Option<String>,
    /// Connections to that database at a time.
    pub database_connections: usize,
    /// Where the key lies, if not in `data`. Servers that share a database share the key.
    pub key_file: Option<PathBuf>,
    /// Where photos lie.
    pub photos: PhotoStore,
    /// A time server (`host` or `host:port`) that is asked when the clock has jumped.
    pub time_server: Option<String>,
    /// Somebody has looked, and the clock is right now, whatever time was filed last.
    pub trusts_clock: bool,
    /// Whether a new server may begin where there is no database. A mistyped place must not become an empty server that
    /// knows nobody's device: on the command line this has to be asked for.
    pub may_begin: bool,
    /// The server's key is lost for good: it goes on with the one in the key file, whatever key the database knew, or with
    /// a new one if there is none. To devices it is another server until they join anew.
    pub new_key: bool,
    /// Whether a proxy stands before the server, and adds to each request at the right of `X-Forwarded-For` the address it
    /// comes from. Where none does, anybody could write there what they like.
    pub behind_proxy: bool,
    /// The names and addresses at which devices find it if TLS is a proxy's. Devices that are told of a new address go on
    /// there only if it is one of them.
    pub public_names: Vec<String>,
    /// Whether devices reach it by TLS.
    pub tls: Tls,
    /// Bounds.
    pub bounds: Bounds,
    /// Clock and ids.
    pub environment: Arc<dyn Environment>,
}

impl Config {
    /// A real server with its data in that folder.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            database: None,
            database_connections: 16,
            key_file: None,
            photos: PhotoStore::default(),
            time_server: None,
            trusts_clock: false,
            may_begin: true,
            new_key: false,
            behind_proxy: false,
            public_names: Vec::new(),
            tls: Tls::Off,
            bounds: Bounds::default(),
            environment: Arc::new(SystemEnvironment),
        }
    }
}

impl Config {
    /// Where the key lies.
    pub(crate) fn key_path(&self) -> PathBuf {
        self.key_file.clone().unwrap_or_else(|| self.data.join(crate::receipt::KEY_FILE))
    }

    /// Where the authority lies that the server makes for itself: beside its key, and it is kept with it.
    pub(crate) fn authority_path(&self) -> PathBuf {
        self.key_path().with_extension("authority")
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the database's address: it may hold a password.
        f.debug_struct("Config").field("data", &self.data).field("bounds", &self.bounds).finish_non_exhaustive()
    }
}
