//! `serve`: until it is asked to stop.

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};

use super::{Data, Network};
use crate::config::{Config, Tls};
use crate::server::Server;

/// Serves devices and the admin API until it is asked to stop.
#[derive(Args)]
pub(super) struct Serve {
    #[command(flatten)]
    data: Data,
    /// Address to listen at; port 0 takes a free one. Any other machine can reach 0.0.0.0:7480; that needs --tls-cert and
    /// --tls-key, or --tls-self-made, or a proxy that does TLS and --behind-proxy.
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
    #[command(flatten)]
    security: Security,
}

/// How devices reach it by TLS.
#[derive(Args)]
#[allow(clippy::struct_field_names, reason = "they are named as the options are")]
struct Security {
    /// A PEM file with the server's certificate, and after it those between it and its authority. When it or its key
    /// changes, the server takes the new one by itself.
    #[arg(long, env = "GATEBOOK_TLS_CERT", requires = "tls_key", conflicts_with = "tls_self_made")]
    tls_cert: Option<PathBuf>,
    /// A PEM file with the key of that certificate.
    #[arg(long, env = "GATEBOOK_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// For a server without a public name: it makes and renews its certificate itself, for these names and addresses at
    /// which devices find it, such as gatebook.local,192.168.1.20. Codes bring what devices know it by.
    #[arg(long, env = "GATEBOOK_TLS_SELF_MADE", value_name = "NAMES", value_delimiter = ',')]
    tls_self_made: Vec<String>,
}

impl Security {
    fn tls(&self) -> Tls {
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Tls::Files { certificate: certificate.clone(), key: key.clone() },
            _ if self.tls_self_made.is_empty() => Tls::Off,
            _ => Tls::SelfMade { names: self.tls_self_made.clone() },
        }
    }
}

/// Refuses to listen where others could read along.
fn check_way(listen: SocketAddr, config: &Config) -> anyhow::Result<()> {
    if listen.ip().to_canonical().is_loopback() || config.tls != Tls::Off || config.behind_proxy {
        return Ok(());
    }
    bail!(
        "at {listen} other machines reach the server, and without TLS anybody on the way reads along. Give it a certificate \
         with --tls-cert and --tls-key, or let it make one with --tls-self-made; if a proxy before it does TLS, say \
         --behind-proxy"
    )
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
        let config = Config { tls: self.security.tls(), ..self.network.bound(config) };
        check_way(self.listen, &config)?;
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
        let scheme = if server.is_secured() { "https" } else { "http" };
        writeln!(out, "Gatebook server listens at {scheme}://{}", listener.local_addr()?)?;
        tell_pin(server, &mut out)?;
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

/// Tells what devices know the server by, if it makes its certificate itself.
fn tell_pin(server: &Server, out: &mut impl std::io::Write) -> anyhow::Result<()> {
    // One that was made before and is not in use now may be unreadable and is no matter.
    if let Tls::SelfMade { .. } = server.config().tls
        && let Some(pin) = server.authority_pin()?
    {
        writeln!(out, "Its codes end in {pin}; a code from before goes on with that")?;
    }
    Ok(out.flush()?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_this_machine_nobody_reads_along() {
        let tls = Tls::SelfMade { names: vec!["gatebook.local".to_owned()] };
        let plain = Config::new("");
        let ways = [plain.clone(), Config { tls, ..plain.clone() }, Config { behind_proxy: true, ..plain }];
        for (listen, allowed) in [
            ("127.0.0.1:7480", [true, true, true]),
            ("127.8.0.1:7480", [true, true, true]),
            ("[::1]:7480", [true, true, true]),
            ("[::ffff:127.0.0.1]:7480", [true, true, true]),
            ("0.0.0.0:7480", [false, true, true]),
            ("[::]:7480", [false, true, true]),
            ("192.168.1.20:7480", [false, true, true]),
        ] {
            let listen = listen.parse().unwrap();
            assert_eq!(ways.each_ref().map(|config| check_way(listen, config).is_ok()), allowed, "{listen}");
        }
    }
}
