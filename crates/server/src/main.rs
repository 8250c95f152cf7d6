//! `gatebook-server`: see `gatebook-server --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    gatebook_server::cli::main()
}
