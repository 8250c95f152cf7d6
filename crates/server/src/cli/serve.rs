//! `serve`: until it is asked to stop.

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;

use anyhow::Context as _;

use super::{Data, LogFormat, Network};
use crate::config::Config;

pub(super) fn run(
    data: &Data,
    network: &Network,
    listen: SocketAddr,
    log_format: LogFormat,
    init: bool,
) -> anyhow::Result<()> {
    log(log_format);
    let server = data.open_as(network.bound(Config { may_begin: init, ..data.config() }))?;
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
