//! `gatebook-simulator`: runs seeds on all cores, replays one, looks for deliberate bugs.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use gatebook_simulator::{Bench, Bug, Outcome, Tally, Violation};

/// A seed takes a tenth of a second or less.
const LONGEST_SEED: Duration = Duration::from_secs(120);

#[derive(Parser)]
#[command(
    name = "cargo xtask simulate",
    about = "Runs simulated worlds: real clients, a real server, everything else against them"
)]
struct Cli {
    /// How many seeds to run; a thousand, unless it is said for how long.
    #[arg(long)]
    seeds: Option<u64>,
    /// The first of them.
    #[arg(long, default_value_t = 1)]
    start: u64,
    /// End after that many minutes, however many seeds were run.
    #[arg(long)]
    minutes: Option<f64>,
    /// Replay this seed alone and tell its story.
    #[arg(long)]
    seed: Option<u64>,
    /// With `--seed`: leave out every step without which the same invariant breaks.
    #[arg(long)]
    short: bool,
    /// Switch a deliberate bug on.
    #[arg(long, value_parser = bug)]
    bug: Option<Bug>,
    /// How many seeds it takes to find each deliberate bug; at most `--seeds` are tried for one.
    #[arg(long)]
    bugs: bool,
    /// Threads; all cores if not given.
    #[arg(long)]
    threads: Option<usize>,
}

impl Cli {
    fn count(&self) -> u64 {
        self.seeds.unwrap_or(if self.minutes.is_some() { u64::MAX - self.start } else { 1_000 })
    }
}

fn bug(name: &str) -> Result<Bug, String> {
    let names = || Bug::ALL.iter().map(|bug| bug.name()).collect::<Vec<_>>().join(", ");
    Bug::ALL.iter().find(|bug| bug.name() == name).copied().ok_or_else(|| format!("there are {}", names()))
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match (cli.seed, cli.bugs) {
        (Some(seed), _) => replay(seed, cli.bug, cli.short),
        (None, true) => find_bugs(&cli),
        (None, false) => run_many(&cli),
    };
    done.unwrap_or_else(|error| {
        eprintln!("the simulator could not run: {error:#}");
        ExitCode::FAILURE
    })
}

/// Plays one seed and tells its story.
fn replay(seed: u64, bug: Option<Bug>, is_short: bool) -> anyhow::Result<ExitCode> {
    let outcome = if is_short { Bench::new(bug)?.minimised(seed)?.2 } else { Bench::new(bug)?.run(seed, true)? };
    println!("{}\n\n{}", outcome.story.join("\n"), outcome.tally);
    Ok(match outcome.violation {
        None => {
            println!("seed {seed}: every invariant holds");
            ExitCode::SUCCESS
        }
        Some(violation) => {
            println!("seed {seed}: {violation}");
            ExitCode::FAILURE
        }
    })
}

/// What came of many seeds.
#[derive(Default)]
struct Total {
    ran: u64,
    tally: Tally,
    failed: BTreeMap<u64, Violation>,
}

fn run_many(cli: &Cli) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let total = seeds(cli, cli.bug, false)?;
    let seconds = began.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = total.ran as f64 / seconds;
    println!("{} seeds in {seconds:.1} s: {rate:.1} seeds/s, {:.2} million a day", total.ran, rate * 0.0864);
    println!("{}", total.tally);
    let Some((first, violation)) = total.failed.first_key_value() else {
        println!("no invariant was violated");
        return Ok(ExitCode::SUCCESS);
    };
    println!("{} seeds violated an invariant, the first: seed {first}: {violation}", total.failed.len());
    for (seed, violation) in total.failed.iter().skip(1).take(20) {
        println!("  seed {seed}: {violation}");
    }
    tell(*first, cli.bug)?;
    Ok(ExitCode::FAILURE)
}

/// The story of a failing seed, as short as it can be made.
fn tell(seed: u64, bug: Option<Bug>) -> anyhow::Result<()> {
    let (steps, of, outcome) = Bench::new(bug)?.minimised(seed)?;
    println!("\nThe story of seed {seed}, {steps} of its {of} steps:\n\n{}", outcome.story.join("\n"));
    println!("\nreplay the whole of it with\n  {}", replaying(seed, bug));
    Ok(())
}

/// The command that replays a seed.
fn replaying(seed: u64, bug: Option<Bug>) -> String {
    let with_bug = bug.map(|bug| format!(" --bug {}", bug.name())).unwrap_or_default();
    format!("cargo xtask simulate --seed {seed}{with_bug}")
}

/// Runs a seed, and says which it was if that panics or cannot go on.
fn run_one(bench: &mut Bench, seed: u64, bug: Option<Bug>) -> anyhow::Result<Outcome> {
    let command = || format!("seed {seed} broke off; replay it with\n  {}", replaying(seed, bug));
    match catch_unwind(AssertUnwindSafe(|| bench.run(seed, false))) {
        Ok(done) => done.with_context(command),
        Err(_) => Err(anyhow::anyhow!("{}", command())),
    }
}

/// Ends everything when a seed does not end, as when a lock is held for ever, and says which.
fn watch(running: &[Mutex<Option<(u64, Instant)>>], is_over: &AtomicBool, bug: Option<Bug>) {
    while !is_over.load(Ordering::Relaxed) {
        for slot in running {
            let Some((seed, since)) = *slot.lock().unwrap_or_else(PoisonError::into_inner) else { continue };
            if since.elapsed() > LONGEST_SEED {
                eprintln!("seed {seed} does not end; replay it with\n  {}", replaying(seed, bug));
                std::process::exit(1);
            }
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// How many seeds it takes to find each bug.
fn find_bugs(cli: &Cli) -> anyhow::Result<ExitCode> {
    let mut missed = 0;
    println!("| bug | what it does wrong | seeds needed | found by |\n|---|---|---|---|");
    let is_asked_for = |bug: &Bug| cli.bug.is_none_or(|only| only == *bug);
    for bug in Bug::ALL.iter().filter(|bug| is_asked_for(bug)) {
        let total = seeds(cli, Some(*bug), true)?;
        if let Some((seed, violation)) = total.failed.first_key_value() {
            let (needed, found_by) = (seed - cli.start + 1, violation.invariant.words());
            println!("| `{}` |{} | {needed} | {found_by} |", bug.name(), bug.what());
        } else {
            missed += 1;
            println!("| `{}` |{} | not found in {} | |", bug.name(), bug.what(), total.ran);
        }
    }
    Ok(if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs seeds on all threads; up to the first that fails, if that is all that is asked.
fn seeds(cli: &Cli, bug: Option<Bug>, stop_at_first: bool) -> anyhow::Result<Total> {
    let threads = cli.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into));
    let (next, stop) = (AtomicU64::new(cli.start), AtomicBool::new(false));
    let end = cli.start + cli.count();
    let deadline = cli.minutes.map(|minutes| Instant::now() + Duration::from_secs_f64(minutes * 60.0));
    let total = Mutex::new(Total::default());
    let running: Vec<Mutex<Option<(u64, Instant)>>> = (0..threads).map(|_| Mutex::default()).collect();
    let is_over = AtomicBool::new(false);
    let work = |slot: &Mutex<Option<(u64, Instant)>>| -> anyhow::Result<()> {
        let mut bench = Bench::new(bug)?;
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let is_late = deadline.is_some_and(|deadline| Instant::now() > deadline);
            if seed >= end || is_late || stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some((seed, Instant::now()));
            let outcome = run_one(&mut bench, seed, bug).inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
            let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
            total.ran += 1;
            total.tally.add(&outcome.tally);
            if let Some(violation) = outcome.violation {
                stop.store(stop_at_first || total.failed.len() >= 200, Ordering::Relaxed);
                total.failed.insert(seed, violation);
            }
        }
    };
    let work = &work;
    std::thread::scope(|scope| {
        let workers: Vec<_> = running
            .iter()
            .map(|slot| {
                scope.spawn(move || {
                    let done = work(slot);
                    *slot.lock().unwrap_or_else(PoisonError::into_inner) = None;
                    done
                })
            })
            .collect();
        scope.spawn(|| watch(&running, &is_over, bug));
        let joined: Vec<_> = workers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        is_over.store(true, Ordering::Relaxed);
        joined.into_iter().try_for_each(|done| done.unwrap_or_else(|panic| resume_unwind(panic)))
    })?;
    Ok(total.into_inner().unwrap_or_else(PoisonError::into_inner))
}
