//! `photos sweep`: what a server does by itself at intervals, now.

use clap::Subcommand;

use super::Data;
use crate::photos::Sweep;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Deletes uploads that were not finished in time and photos that no record ever named, takes up photos that the
    /// database does not know (after a restore), and counts those that are lost. A server does so by itself; both may
    /// sweep at the same time.
    Sweep {
        #[command(flatten)]
        data: Data,
        /// Forget photos that are lost: their records say so from then on, and devices that still have them send them
        /// again. Make sure first that the place where photos lie is the right one.
        #[arg(long)]
        forget_lost: bool,
    },
}

pub(super) fn run(command: Command) -> anyhow::Result<()> {
    let Command::Sweep { data, forget_lost } = command;
    let server = data.open()?;
    let sweep = if forget_lost { Sweep::ForgetLost } else { Sweep::Whole };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("{}", runtime.block_on(server.sweep_photos(sweep))?);
    Ok(())
}
