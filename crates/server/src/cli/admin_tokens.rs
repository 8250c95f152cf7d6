//! `admin-tokens list` and `admin-tokens revoke`: who may act for the office, and who no longer may.

use clap::Subcommand;

use super::{Data, Tenant};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Lists every token that was made, and until when each is good.
    List {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        tenant: Tenant,
    },
    /// Takes a token back: whoever comes with it is not let in any more, even if an older backup is put in place.
    Revoke {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        tenant: Tenant,
        /// The first word of its line in the list, or its name where no other token has the same.
        token: String,
    },
}

pub(super) fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::List { data, tenant } => {
            for token in data.open()?.admin_tokens(tenant.id)? {
                println!("{token}");
            }
        }
        Command::Revoke { data, tenant, token } => {
            let revoked = data.open()?.revoke_admin_token(tenant.id, &token)?;
            println!("The admin token {revoked} is taken back.");
        }
    }
    Ok(())
}
