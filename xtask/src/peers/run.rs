//! Running a program that may hang, with all that it has started.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// How often it is looked at whether a program has ended.
const LOOK: Duration = Duration::from_millis(50);
/// Who was asked to end has this long for it.
const LAST: Duration = Duration::from_secs(5);
/// Of what a program said before it failed, this many lines are told.
const TOLD: usize = 4;

/// Runs it to its end and returns what it printed; says what it said last if it failed.
pub(super) fn within(command: &mut Command, patience: Duration) -> anyhow::Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let mut child = command.spawn().with_context(|| format!("cannot start `{name}`"))?;
    let (mut out, mut said) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    // Both at once: a program that fills one of them would wait for its reader.
    let printing = thread::spawn(move || {
        let mut text = Vec::new();
        out.read_to_end(&mut text).map(|_| text)
    });
    let saying = thread::spawn(move || {
        let mut text = Vec::new();
        said.read_to_end(&mut text).map(|_| text)
    });
    let Some(status) = ended(&mut child, patience)? else {
        end(&mut child)?;
        bail!("it was not through after {} s", patience.as_secs());
    };
    let text = |thread: thread::JoinHandle<std::io::Result<Vec<u8>>>| {
        let bytes = thread.join().unwrap_or_else(|_| Ok(Vec::new())).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let (printed, said) = (text(printing), text(saying));
    if !status.success() {
        let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        // What npm, Node and Python say first of an error tells more than its stack.
        let at = lines.iter().position(|line| line.to_lowercase().contains("error")).unwrap_or(0);
        let last: Vec<&str> = lines.into_iter().skip(at).take(TOLD).collect();
        bail!("`{name}` failed ({status}): {}", last.join(" / "));
    }
    Ok(printed)
}

fn ended(child: &mut Child, patience: Duration) -> anyhow::Result<Option<std::process::ExitStatus>> {
    let begun = Instant::now();
    while begun.elapsed() < patience {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(LOOK);
    }
    Ok(None)
}

/// Ends it and what it started: asks first, because a driver may have a server to end.
fn end(child: &mut Child) -> anyhow::Result<()> {
    #[cfg(unix)]
    for signal in ["-TERM", "-KILL"] {
        let group = format!("-{}", child.id());
        // Whoever has gone meanwhile need not be ended.
        let _ = Command::new("kill").args([signal, "--", &group]).stderr(Stdio::null()).status();
        if ended(child, LAST)?.is_some() {
            return Ok(());
        }
    }
    child.kill()?;
    child.wait()?;
    Ok(())
}
