//! The command line. Each command opens the data folder, calls one method of the server and prints what came of it.

mod audit;
mod handles;
mod photos;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Parser, Subcommand};
use gatebook_sync::Epoch;
use jiff::Timestamp;
use uuid::Uuid;

use crate::backup::{MadeUnder, restore_made_under};
use crate::config::{Bounds, Config, PhotoBounds, PhotoStore};
use crate::error::ServerError;
use crate::server::Server;

#[derive(Parser)]
#[command(name = "gatebook-server", version, about = "Reconciles what Gatebook devices capture")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Where the server's data lies.
#[derive(Args)]
struct Data {
    /// The server's data folder.
    #[arg(long = "data", env = "GATEBOOK_DATA", default_value = "gatebook-data")]
    folder: PathBuf,
    /// A PostgreSQL database to use instead, postgres://user:password@host/name. Any number of servers may share it.
    ///
    /// Add ?sslmode=require for TLS with a certificate that this system trusts (SSL_CERT_FILE names another list of
    /// authorities), ?sslmode=disable for none. Without either there is TLS if the database has it, with any certificate.
    #[arg(long, env = "GATEBOOK_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// Connections to that database at a time.
    #[arg(long, env = "GATEBOOK_DATABASE_CONNECTIONS", default_value_t = 16)]
    database_connections: usize,
    /// The server's key, if not in the data folder. Made if it is not there and the database is new; servers that share
    /// a database need the same.
    #[arg(long, env = "GATEBOOK_KEY_FILE")]
    key_file: Option<PathBuf>,
    /// Where photos lie, if not in the data folder: another folder, or s3://bucket/prefix with keys, region and
    /// endpoint in the environment (AWS_…).
    #[arg(long, env = "GATEBOOK_PHOTOS")]
    photos: Option<PhotoStore>,
    /// A time server, host or host:port, that is asked when this machine's clock has jumped. While the two disagree nothing
    /// is filed. Without one, what is filed after a jump is marked as of doubtful time.
    #[arg(long, env = "GATEBOOK_TIME_SERVER")]
    time_server: Option<String>,
    /// Somebody has looked at this machine's clock, and it is right: what was filed last is no measure of it. To be given
    /// once, after the log said that the clock has jumped.
    #[arg(long)]
    trust_clock: bool,
}

impl Data {
    /// Opens what is there for one command, perhaps beside a server that is running.
    fn open(&self) -> anyhow::Result<Server> {
        self.opened_by(Server::open, self.config())
    }

    /// The same, and begins a new server if there is nothing.
    fn open_or_begin(&self) -> anyhow::Result<Server> {
        self.opened_by(Server::open, Config { may_begin: true, ..self.config() })
    }

    /// How a server is opened on it, if it may not begin one.
    fn config(&self) -> Config {
        let Self { database, database_connections, key_file, .. } = self;
        let (database, database_connections, key_file) = (database.clone(), *database_connections, key_file.clone());
        let (photos, time_server) = (self.photos.clone().unwrap_or_default(), self.time_server.clone());
        let trusts_clock = self.trust_clock;
        Config {
            database,
            database_connections,
            key_file,
            photos,
            time_server,
            trusts_clock,
            may_begin: false,
            ..Config::new(&self.folder)
        }
    }

    fn opened_by(
        &self,
        open: impl FnOnce(Config) -> Result<Server, ServerError>,
        config: Config,
    ) -> anyhow::Result<Server> {
        open(config).with_context(|| match self.database {
            Some(_) => "cannot open the database".to_owned(),
            None => format!("cannot open the data folder {}", self.folder.display()),
        })
    }
}

/// Who may come, and how fast.
#[derive(Args)]
struct Network {
    /// A proxy stands before the server and adds to each request, at the right of X-Forwarded-For, the address it comes from.
    /// Do not say so where none does: anybody could then give themselves another address with each request.
    #[arg(long, env = "GATEBOOK_BEHIND_PROXY")]
    behind_proxy: bool,
    /// The names and addresses at which devices find that proxy, such as gatebook.example.com. A device that joined elsewhere
    /// goes on there only if it is one of them.
    #[arg(long, env = "GATEBOOK_PUBLIC_NAMES", value_name = "NAMES", value_delimiter = ',', requires = "behind_proxy")]
    public_names: Vec<String>,
    /// Connections at a time, as far as the system's limit on file handles allows. Further ones wait.
    #[arg(long, env = "GATEBOOK_CONNECTIONS", default_value_t = Bounds::default().connections)]
    connections: usize,
    /// Connections from one address at a time; does not hold behind a proxy.
    #[arg(long, env = "GATEBOOK_CONNECTIONS_OF_ADDRESS", default_value_t = Bounds::default().connections_of_address)]
    connections_of_address: usize,
    /// Bytes a second at which bodies, uploads and answers must move, in the long run; pauses of half a minute are no
    /// matter.
    #[arg(long, env = "GATEBOOK_LEAST_RATE", default_value_t = Bounds::default().least_rate)]
    least_rate: u32,
    /// Syncs at a time.
    #[arg(long, env = "GATEBOOK_CONCURRENT_SYNCS", default_value_t = Bounds::default().concurrent_syncs)]
    concurrent_syncs: usize,
    /// Uploads at a time.
    #[arg(long, env = "GATEBOOK_CONCURRENT_UPLOADS", default_value_t = Bounds::default().photos.concurrent_uploads)]
    concurrent_uploads: usize,
}

impl Network {
    /// The same server, so bounded.
    fn bound(&self, config: Config) -> Config {
        let Self { behind_proxy, connections_of_address, least_rate, concurrent_syncs, .. } = *self;
        let connections = handles::connections(self.connections);
        let photos = PhotoBounds { concurrent_uploads: self.concurrent_uploads, ..config.bounds.photos };
        let bounds =
            Bounds { concurrent_syncs, least_rate, connections, connections_of_address, photos, ..config.bounds };
        Config { behind_proxy, public_names: self.public_names.clone(), bounds, ..config }
    }
}

/// Whose data it is about.
#[derive(Args)]
struct Tenant {
    /// The organisation's id; needed only if there are several.
    #[arg(long = "tenant", env = "GATEBOOK_TENANT")]
    id: Option<Uuid>,
}

#[derive(Subcommand)]
enum Command {
    /// Serves devices and the admin API until it is asked to stop.
    Serve(serve::Serve),
    /// Loads a demonstration organisation with the yards of Laredo and Nuevo Laredo. Begins a new server if there is none.
    Seed {
        #[command(flatten)]
        data: Data,
        /// Print what was made as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Makes a one-time code with which a device joins.
    EnrolmentCode {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        tenant: Tenant,
        /// A yard the device will work for; repeat for several.
        #[arg(long = "yard", env = "GATEBOOK_YARD", value_delimiter = ',', required = true)]
        yards: Vec<Uuid>,
        /// Hours until the code expires.
        #[arg(long, env = "GATEBOOK_VALID_HOURS", default_value_t = 72)]
        valid_hours: u32,
    },
    /// Makes a token for an admin.
    AdminToken {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        tenant: Tenant,
        /// Whose it is, such as "Dana Okafor": what is done with it is filed under this name.
        #[arg(long, env = "GATEBOOK_ADMIN_NAME", default_value = "")]
        name: String,
    },
    /// Signs a device out. What it holds stays on it.
    Revoke {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        tenant: Tenant,
        /// The device's id, or its name within the organization.
        #[arg(long, env = "GATEBOOK_DEVICE")]
        device: String,
    },
    /// Shows every version of a record, or brings one back.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Looks after photos.
    #[command(subcommand)]
    Photos(photos::Command),
    /// Copies the database to a file while the server runs. Keep `server.key` with it, in another place.
    Backup {
        #[command(flatten)]
        data: Data,
        /// The file to write.
        #[arg(long, env = "GATEBOOK_BACKUP_TO")]
        to: PathBuf,
    },
    /// Begins a new epoch, after a PostgreSQL database was restored by PostgreSQL's own tools.
    NewEpoch {
        #[command(flatten)]
        data: Data,
        /// The epoch of the database that was replaced, if this machine's clock may be behind the time it began.
        #[arg(long, env = "GATEBOOK_AFTER_EPOCH")]
        after: Option<u64>,
        /// When the replaced database last received something, for the same reason: 2026-03-04T15:00:00Z.
        #[arg(long, env = "GATEBOOK_RECEIVED_UNTIL")]
        received_until: Option<Timestamp>,
    },
    /// Puts a backup in place and begins a new epoch. Stop the server first; the old database is set aside.
    Restore {
        #[command(flatten)]
        data: Data,
        /// The backup.
        #[arg(long, env = "GATEBOOK_RESTORE_FROM")]
        from: PathBuf,
        /// The key under which the backup was made is lost for good, and the server has had another since. Without this,
        /// such a backup is refused.
        #[arg(long)]
        new_key: bool,
    },
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    crate::private::from_now_on();
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gatebook-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(serve) => return serve.run(),
        Command::Seed { data, json } => {
            let seeded = data.open_or_begin()?.seed()?;
            if json {
                println!("{}", serde_json::to_string_pretty(&seeded)?);
            } else {
                println!("{seeded}");
            }
        }
        Command::EnrolmentCode { data, tenant, yards, valid_hours } => {
            println!("{}", data.open()?.enrolment_code(tenant.id, &yards, valid_hours)?);
        }
        Command::AdminToken { data, tenant, name } => {
            println!("{}", data.open()?.admin_token(tenant.id, &name)?);
        }
        Command::Revoke { data, tenant, device } => {
            data.open()?.revoke(tenant.id, &device)?;
            println!("{device} is signed out.");
        }
        Command::Audit(command) => audit::run(command)?,
        Command::Photos(command) => photos::run(command)?,
        Command::Backup { data, to } => {
            data.open()?.backup(&to)?;
            println!("The backup is {}. Keep server.key with it, in another place.", to.display());
        }
        Command::NewEpoch { data, after, received_until } => {
            let epoch = data.open()?.begin_epoch(after.map(Epoch), received_until)?;
            println!("Epoch {} begins. Devices offer again what the database lacks.", epoch.0);
        }
        Command::Restore { data, from, new_key } => {
            if data.database.is_some() {
                bail!("put the backup in place with PostgreSQL's own tools, then run `gatebook-server new-epoch`");
            }
            let key = data.config().key_path();
            let made_under = if new_key { MadeUnder::AnyKey } else { MadeUnder::KeyAt(&key) };
            let epoch = restore_made_under(made_under, &data.folder, &from, Timestamp::now())?;
            println!("The backup is in place; epoch {} begins. Devices offer again what it lacks.", epoch.0);
        }
    }
    Ok(())
}
