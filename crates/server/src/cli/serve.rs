//! `serve`: until it is asked to stop.

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::{Data, Network};
use crate::config::Config;
use crate::server::Server;

/// Serves devices and the admin API until it is asked to stop.
#[derive(Args)]
pub(super) struct Serve {
    #[command(flatten)]
    data: Data,
    /// Address to listen at; port 0 takes a free one.
    #[arg(long, env = "GATEBOOK_LISTEN", default_value = "127.0.0.1:7480")]
    listen: SocketAddr,
    /// How log lines are written. What is logged is set by GATEBOOK_LOG, such as "info" or "debug".
    #[arg(long, env = "GATEBOOK_LOG_FORMAT", value_enum, default_value = "plain")]
    log_format: LogFormat,
    /// Begin a new server if there is no database yet. Without this, an empty folder or database is refused: it is
    /// mostly a mistyped place.
    #[arg(long, env = "GATEBOOK_INIT")]
    init: bool,
    /// The server's key is lost for good: go on with the one in the key file, or with a new one if there is none. Every
    /// device then has to join anew with a code; what it holds stays on it, and it offers that again. To be given once.
    #[arg(long)]
    new_key: bool,
    #[command(flatten)]
    network: Network,
}

/// How log lines are written.
#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    /// For people.
    Plain,
    /// One JSON object a line.
    Json,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<()> {
        log(self.log_format);
        let config = Config { may_begin: self.init, new_key: self.new_key, ..self.data.config() };
        let config = self.network.bound(config);
        let server = self.data.opened_by(Server::open_to_serve, config)?;
        serve(&server, self.listen)
    }
}

fn serve(server: &Server, listen: SocketAddr) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen at {listen}; is another server running there?"))?;
        // A plain line on the standard output, for whoever started it with port 0; the log goes beside it.
        let mut out = std::io::stdout();
        writeln!(out, "Gatebook server listens at http://{}", listener.local_addr()?)?;
        out.flush()?;
        let sweeping = tokio::spawn({
            let server = server.clone();
            async move { server.keep_sweeping().await }
        });
        server.serve(listener, asked_to_stop()).await?;
        sweeping.abort();
        tracing::info!("stopped");
        Ok(())
    })
}

fn log(format: LogFormat) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("GATEBOOK_LOG").unwrap_or_else(|_| "info".into());
    let out = std::io::stderr;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(out).with_ansi(out().is_terminal());
    match format {
        LogFormat::Plain => subscriber.init(),
        LogFormat::Json => subscriber.json().init(),
    }
}

/// Completes when the process is told to stop: Ctrl-C, or SIGTERM from a service manager.
async fn asked_to_stop() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupted => {}
        () = terminated() => {}
    }
    tracing::info!("asked to stop; finishing what is under way");
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => drop(terminate.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
