//! The command line.

mod audit;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use uuid::Uuid;

use crate::config::Config;
use crate::server::{Server, put_backup_in_place};

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
    #[arg(long, env = "GATEBOOK_DATA", default_value = "gatebook-data")]
    data: PathBuf,
}

impl Data {
    fn open(&self) -> anyhow::Result<Server> {
        Server::open(Config::new(&self.data))
            .with_context(|| format!("cannot open the data folder {}", self.data.display()))
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    Plain,
    Json,
}

#[derive(Subcommand)]
enum Command {
    /// Serves devices and the admin API until it is asked to stop.
    Serve {
        #[command(flatten)]
        data: Data,
        /// Address to listen at; port 0 takes a free one.
        #[arg(long, env = "GATEBOOK_LISTEN", default_value = "127.0.0.1:7480")]
        listen: SocketAddr,
        /// How log lines are written.
        #[arg(long, env = "GATEBOOK_LOG_FORMAT", value_enum, default_value = "plain")]
        log: LogFormat,
    },
    /// Loads a demonstration organisation with the yards of Laredo and Nuevo Laredo.
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
        /// The organisation, if there are several.
        #[arg(long)]
        tenant: Option<Uuid>,
        /// A yard the device will work for; repeat for several.
        #[arg(long = "yard", required = true)]
        yards: Vec<Uuid>,
        /// Hours until the code expires.
        #[arg(long, default_value_t = 72)]
        valid_hours: u32,
    },
    /// Makes a token for an admin.
    AdminToken {
        #[command(flatten)]
        data: Data,
        /// The organisation, if there are several.
        #[arg(long)]
        tenant: Option<Uuid>,
    },
    /// Signs a device out. What it holds stays on it.
    Revoke {
        #[command(flatten)]
        data: Data,
        /// The device's id or name.
        #[arg(long)]
        device: String,
    },
    /// Shows every version of a record, or brings one back.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Copies the database to a file while the server runs. Keep `server.key` with it, in another place.
    Backup {
        #[command(flatten)]
        data: Data,
        /// The file to write.
        #[arg(long)]
        to: PathBuf,
    },
    /// Puts a backup in place and begins a new epoch. Stop the server first; the old database is set aside.
    Restore {
        #[command(flatten)]
        data: Data,
        /// The backup.
        #[arg(long)]
        from: PathBuf,
    },
}

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
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
        Command::Serve { data, listen, log } => serve(&data, listen, log),
        Command::Seed { data, json } => {
            let seeded = data.open()?.seed()?;
            if json {
                println!("{}", serde_json::to_string_pretty(&seeded)?);
            } else {
                println!("{seeded}");
            }
            Ok(())
        }
        Command::EnrolmentCode { data, tenant, yards, valid_hours } => {
            println!("{}", data.open()?.enrolment_code(tenant, &yards, valid_hours)?);
            Ok(())
        }
        Command::AdminToken { data, tenant } => {
            println!("{}", data.open()?.admin_token(tenant)?);
            Ok(())
        }
        Command::Revoke { data, device } => {
            data.open()?.revoke(&device)?;
            println!("{device} is signed out.");
            Ok(())
        }
        Command::Audit(command) => audit::run(command),
        Command::Backup { data, to } => Ok(data.open()?.backup(&to)?),
        Command::Restore { data, from } => {
            let epoch = put_backup_in_place(&data.data, &from, Timestamp::now())?;
            println!("The backup is in place; epoch {} begins. Devices offer again what it lacks.", epoch.0);
            Ok(())
        }
    }
}

fn serve(data: &Data, listen: SocketAddr, log: LogFormat) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_env("GATEBOOK_LOG").unwrap_or_else(|_| "info".into());
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match log {
        LogFormat::Plain => subscriber.init(),
        LogFormat::Json => subscriber.json().init(),
    }
    let server = data.open()?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen at {listen}; is another server running there?"))?;
        println!("Gatebook server listens at http://{}", listener.local_addr()?);
        server.serve(listener, asked_to_stop()).await?;
        tracing::info!("stopped");
        Ok(())
    })
}

async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = interrupt => {}
                    _ = terminate.recv() => {}
                }
            }
            Err(_) => drop(interrupt.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
}
