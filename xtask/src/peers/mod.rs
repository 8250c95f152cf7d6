//! `cargo xtask bench peers`: how fast others sync the same work, with ours beside them in the same run.
//!
//! Each peer is installed at a pinned version into a folder of its own in `target/tools/peers`, with nothing of the
//! product's. A driver of ours (`xtask/peers/<peer>`) writes records on one client, brings them to a server and from there
//! to another client, and prints one line of JSON. A peer that cannot be installed or run is told with its reason, and
//! stops none of the others.

mod link;
mod run;
mod table;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::command::{root, succeeds, tool, tools};
use crate::setup;
use link::{Link, free_port};
use run::within;
use table::{Measured, Table};

/// Another maker's way to sync.
struct Peer {
    name: &'static str,
    /// Its folder, here and where it is installed.
    folder: &'static str,
    language: Language,
    /// What its driver takes beside the records and the ports.
    more: &'static [&'static str],
    /// What to know before comparing.
    note: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    JavaScript,
    Python,
}

const PEERS: [Peer; 7] = [
    Peer {
        name: "Anki 26.9.3",
        folder: "anki",
        language: Language::Python,
        more: &[],
        note: "SQLite at all three; saved one by one, not durable",
    },
    Peer {
        name: "PouchDB 9.0.0",
        folder: "pouchdb",
        language: Language::JavaScript,
        more: &[],
        note: "LevelDB at all three; saved by 500",
    },
    Peer {
        name: "RxDB 17.6.0, by 500",
        folder: "rxdb",
        language: Language::JavaScript,
        more: &["500"],
        note: "in memory at all three, the least of a server; saved at once",
    },
    Peer {
        name: "RxDB 17.6.0, by 2,500",
        folder: "rxdb",
        language: Language::JavaScript,
        more: &["2500"],
        note: "the same in pages of our size",
    },
    Peer {
        name: "Turso 0.6.0, sync 0.7.2",
        folder: "turso",
        language: Language::JavaScript,
        more: &[],
        note: "files of SQLite's kind at all three; last write wins; saved in one transaction",
    },
    Peer {
        name: "TinyBase 10.0.1",
        folder: "tinybase",
        language: Language::JavaScript,
        more: &[],
        note: "clients in memory, a file at the server; saved in one transaction",
    },
    Peer {
        name: "Automerge repo 2.5.6",
        folder: "automerge",
        language: Language::JavaScript,
        more: &[],
        note: "files at all three, one document of all records; saved in one change",
    },
];

/// Records, and the round trip of the link if it is not loopback: the flows that Gatebook's own figures are of.
const FLOWS: [(u32, Option<Duration>); 2] = [(10_000, None), (2_000, Some(Duration::from_millis(300)))];
/// A peer that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(300);
/// Gatebook's own flows have to be built first.
const PATIENCE_WITH_US: Duration = Duration::from_secs(3_600);

/// Installs the peers, runs everything once and prints the table.
pub(crate) fn compare() -> anyhow::Result<()> {
    setup::all()?;
    let mut table = Table::default();
    eprintln!("\nGatebook …");
    match ours() {
        Ok(figures) => table.ours(figures),
        Err(error) => table.failed("Gatebook", &error),
    }
    for peer in &PEERS {
        eprintln!("{} …", peer.name);
        if let Err(error) = installed(peer) {
            table.failed(peer.name, &error.context("it cannot be installed"));
            continue;
        }
        for (records, round_trip) in FLOWS {
            let flow = table::flow(records, round_trip);
            match measured(peer, records, round_trip) {
                Ok(figures) => table.add(figures),
                Err(error) => table.failed(&format!("{}, {flow}", peer.name), &error),
            }
        }
    }
    println!("\n{table}");
    Ok(())
}

/// Our own flows, from the bench that holds them to their aims; and what a database alone takes for the same rows.
fn ours() -> anyhow::Result<Vec<Measured>> {
    let bench = ["bench", "--quiet", "--package", "gatebook-client", "--bench", "figures", "--", "peers"];
    let told = within(tool("cargo").args(bench), PATIENCE_WITH_US)?;
    let lines = told.lines().filter(|line| line.starts_with('{'));
    let figures: Vec<_> = lines.map(|line| figures(line, None, "")).collect::<Result<_, _>>()?;
    if figures.is_empty() {
        bail!("the bench printed no figures");
    }
    Ok(figures)
}

fn measured(peer: &Peer, records: u32, round_trip: Option<Duration>) -> anyhow::Result<Measured> {
    let place = place(peer);
    // Each run begins with nothing.
    let data = place.join("data");
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    let server = free_port()?;
    let link = round_trip.map(|round_trip| Link::delayed(server, round_trip / 2)).transpose()?;
    let client = link.as_ref().map_or(server, |link| link.port);
    let (program, driver) = match peer.language {
        Language::JavaScript => (PathBuf::from("node"), "bench.mjs"),
        Language::Python => (python(&place), "bench.py"),
    };
    let mut command = tool(program.to_str().context("the repository's path is text")?);
    command.arg(driver).args([records, u32::from(server), u32::from(client)].map(|number| number.to_string()));
    let told = within(command.args(peer.more).current_dir(&place), PATIENCE)?;
    let line = told.lines().rfind(|line| line.starts_with('{')).context("it printed no figures")?;
    let figures = figures(line, round_trip, peer.note)?;
    Ok(Measured { who: peer.name.to_owned(), ..figures })
}

/// Reads a line of figures. Everything must have arrived: what is fast because it lost something is no figure.
fn figures(line: &str, round_trip: Option<Duration>, note: &str) -> anyhow::Result<Measured> {
    let line: Value = serde_json::from_str(line)?;
    let number = |name: &str| line[name].as_f64();
    let records = number("records").context("it does not say how many records")?;
    if let Some(arrived) = number("arrived").filter(|arrived| (arrived - records).abs() > 0.5) {
        bail!("{arrived} of {records} records arrived");
    }
    let saved_per_s = number("saved_per_s").or(number("write_ms").map(|write| records * 1e3 / write));
    let both_ms = number("both_ms").or_else(|| Some(number("push_ms")? + number("pull_ms")?));
    let round_trip_ms = number("round_trip_ms").or(round_trip.map(|time| time.as_secs_f64() * 1e3));
    Ok(Measured {
        who: line["who"].as_str().unwrap_or_default().to_owned(),
        flow: table::flow_of(records, round_trip_ms),
        saved_per_s,
        push_ms: number("push_ms"),
        pull_ms: number("pull_ms"),
        both_ms,
        note: line["note"].as_str().unwrap_or(note).to_owned(),
    })
}

/// Where the peer is installed and runs.
fn place(peer: &Peer) -> PathBuf {
    tools().join("peers").join(peer.folder)
}

fn python(place: &Path) -> PathBuf {
    place.join(if cfg!(windows) { "venv/Scripts/python.exe" } else { "venv/bin/python" })
}

/// Brings the driver up to date and installs what it needs, unless that is there.
fn installed(peer: &Peer) -> anyhow::Result<()> {
    let (drivers, place) = (root().join("xtask/peers"), place(peer));
    std::fs::create_dir_all(&place)?;
    for entry in std::fs::read_dir(drivers.join(peer.folder))? {
        let entry = entry?;
        std::fs::copy(entry.path(), place.join(entry.file_name()))?;
    }
    std::fs::copy(drivers.join("record.mjs"), place.join("record.mjs"))?;
    let pinned = match peer.language {
        Language::JavaScript => "package.json",
        Language::Python => "requirements.txt",
    };
    let (wanted, stamp) = (std::fs::read(place.join(pinned))?, place.join("installed"));
    if std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    match peer.language {
        Language::JavaScript => {
            let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
            let install = ["install", "--no-audit", "--no-fund", "--loglevel=error"];
            within(tool(npm).args(install).current_dir(&place), PATIENCE)?;
        }
        Language::Python => {
            let python = python(&place);
            if !succeeds(tool(&python.to_string_lossy()).arg("--version")) {
                let system = if cfg!(windows) { "python" } else { "python3" };
                within(tool(system).args(["-m", "venv", "venv"]).current_dir(&place), PATIENCE)?;
            }
            let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", pinned];
            within(tool(&python.to_string_lossy()).args(install).current_dir(&place), PATIENCE)?;
        }
    }
    Ok(std::fs::write(stamp, wanted)?)
}
