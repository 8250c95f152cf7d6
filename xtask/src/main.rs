//! The project's own commands: `cargo xtask <command>`.

mod command;
mod demo;
mod peers;
mod platforms;
mod setup;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use command::{cargo, npm};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Gatebook's own commands")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs everything the other commands need that is not there yet.
    Setup,
    /// Plays the main job with two devices, a server and a link that is cut.
    Demo {
        /// End after the story instead of opening the app.
        #[arg(long)]
        once: bool,
    },
    /// Formatting, lints, all tests, the UI's checks. What CI runs.
    Test,
    /// Runs simulated worlds on all cores: real clients and a real server against every fault there is. See
    /// `cargo xtask simulate -- --help`.
    Simulate {
        /// For the simulator, such as `--seeds 100000`, `--minutes 10`, `--seed 42 --short`, `--bug NAME` or `--bugs`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measures what the project is held to, in the release profile, and prints the figures beside their aims.
    Bench {
        /// Measure this instead.
        what: Option<Comparison>,
    },
    /// Prints how many records readers of the feed miss while twelve write at once: none, but by the naive control.
    Stress,
    /// Prints what the planner of sync rounds costs: wake-ups, requests and waits on days of each kind.
    Planner,
    /// Keeps what this version's devices and servers write to their disks, as what every later version is tested to open.
    Fixtures {
        /// The version, such as `0.2.0`. What is there already is never made anew.
        name: String,
    },
    /// Checks phones, kiosks and WebAssembly as far as that goes without their SDKs, and says what it skipped.
    CheckPlatforms {
        /// Only these; all when none is named.
        only: Vec<platforms::Check>,
    },
    /// Writes anew what the pages have from Rust: `ui/shared/bindings.ts` from the app's commands, and their tests' clocks.
    Bindings,
    /// Makes all icons anew from `icons/icon.svg`.
    Icons,
}

/// What can be measured beside the project's own figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Comparison {
    /// The same flows in other makers' engines, at pinned versions, with ours in the same run.
    Peers,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Setup => setup::all(),
        Command::Demo { once } => demo::play(once),
        Command::Test => test(),
        Command::Simulate { arguments } => simulate(&arguments.iter().map(String::as_str).collect::<Vec<_>>()),
        Command::Bench { what: None } => bench(),
        Command::Bench { what: Some(Comparison::Peers) } => peers::compare(),
        Command::Stress => stress(),
        Command::Planner => planner(),
        Command::Fixtures { name } => {
            setup::all().and_then(|()| cargo(&["run", "--quiet", "--package", "gatebook-fixtures", "--", &name]))
        }
        Command::CheckPlatforms { only } => platforms::check(&only, platforms::Effort::Full),
        Command::Bindings => bindings(),
        Command::Icons => npm(&["exec", "--", "tauri", "icon", "icons/icon.svg"]),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ncargo xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn test() -> anyhow::Result<()> {
    setup::all()?;
    cargo(&["fmt", "--all", "--check"])?;
    // The app's pages are built into its binary, so they come before anything that compiles it.
    npm(&["run", "check"])?;
    npm(&["run", "test"])?;
    npm(&["run", "build"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"])?;
    // The product as it is built for people; the simulator's hooks are in its own tests alone.
    cargo(&["nextest", "run", "--workspace"])?;
    let simulator = ["--cargo-profile", "simulate", "--package", "gatebook-simulator", "--features", "simulation"];
    cargo(&[&["nextest", "run"], simulator.as_slice()].concat())?;
    platforms::check(&[], platforms::Effort::Small)?;
    no_release_with_bugs()?;
    // First that it finds what is wrong, then that nothing is.
    simulate(&["--bugs", "--seeds", "1000"])?;
    simulate(&["--seeds", "2000", "--minutes", "2"])
}

/// A release does not build with the deliberate bugs in it.
fn no_release_with_bugs() -> anyhow::Result<()> {
    let release = ["check", "--release", "--package", "gatebook-sync", "--features", "simulation"];
    let tried = command::tool("cargo").args(release).output()?;
    let told = String::from_utf8_lossy(&tried.stderr);
    let is_refused = !tried.status.success() && told.contains("a release build must not have it");
    anyhow::ensure!(is_refused, "a release with deliberate bugs is to be refused for them, and was not:\n{told}");
    Ok(())
}

/// In a profile of its own: as fast as a release, with the debug assertions without which it does not build.
fn simulate(arguments: &[&str]) -> anyhow::Result<()> {
    let run =
        ["run", "--quiet", "--profile", "simulate", "--package", "gatebook-simulator", "--features", "simulation"];
    cargo(&[run.as_slice(), &["--"], arguments].concat())
}

fn bench() -> anyhow::Result<()> {
    setup::all()?;
    // The whole flows first: they are what is promised. What a page costs the server tells where the time goes.
    cargo(&["bench", "--package", "gatebook-client", "--bench", "figures"])?;
    for bench in ["page", "postgres", "upload"] {
        cargo(&["bench", "--package", "gatebook-server", "--bench", bench])?;
    }
    Ok(())
}

/// The figures are those of the test that wants none missed, and some by the control.
fn stress() -> anyhow::Result<()> {
    setup::all()?;
    cargo(&["nextest", "run", "--package", "gatebook-server", "--test", "feed", "--no-capture"])
}

/// The figures are those of the tests that hold them to their bounds.
fn planner() -> anyhow::Result<()> {
    cargo(&[
        "test",
        "--quiet",
        "--package",
        "gatebook-client",
        "--test",
        "planner",
        "--",
        "--nocapture",
        "--test-threads=1",
    ])
}

fn bindings() -> anyhow::Result<()> {
    command::run(command::tool("cargo").args(["test", "--test", "bindings"]).env("GATEBOOK_WRITE_BINDINGS", "1"))
}
