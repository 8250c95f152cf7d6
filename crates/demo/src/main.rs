//! The main job, played through: two real devices and a real server over real HTTP, a link that is cut, a process that
//! is killed, a conflict, its account in both inboxes, and the losing version brought back. Ends with an error if
//! anything is lost.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use gatebook_client::scheduler::Event;
use gatebook_client::view::{InboxItem, RecordView};
use gatebook_client::{Device, DeviceConfig};
use gatebook_server::Server;
use gatebook_sync::wire::AuditOutcome;
use gatebook_testbed::{Link, capture};
use tempfile::TempDir;
use uuid::Uuid;

/// How long anything may take that takes a second.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_env("GATEBOOK_LOG").unwrap_or_else(|_| "off".into()))
        .init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("gatebook-demo: {error}");
            return ExitCode::FAILURE;
        }
    };
    let played = runtime.block_on(async {
        match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["capture-until-killed", folder, record] => capture_until_killed(Path::new(folder), record.parse()?).await,
            ["--app", program] => {
                let played = play().await?;
                open_app(Path::new(program), &played).await
            }
            _ => play().await.map(drop),
        }
    });
    match played {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nThe story did not end as it must: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A device under the demonstration's eyes.
struct Held {
    name: &'static str,
    folder: PathBuf,
    device: Device,
}

impl Held {
    fn open(folder: &Path, name: &'static str) -> anyhow::Result<Self> {
        let folder = folder.join(name.replace(' ', "-"));
        let device = Device::open(DeviceConfig::new(folder.clone(), env!("CARGO_PKG_VERSION")))?;
        Ok(Self { name, folder, device })
    }

    async fn join(&self, link: &Link, code: &str, operator: &str) -> anyhow::Result<()> {
        self.device.enrol(&link.url(), code, self.name).await?;
        self.until("its reference data has come", |device| Ok(!device.operators()?.is_empty())).await?;
        let people = self.device.operators()?;
        let person = people.iter().find(|person| person.name == operator).context("the seed has that operator")?;
        self.device.choose_operator(Some(person.id))?;
        self.until("its work list is there", |device| Ok(!device.work_list()?.assigned.is_empty())).await
    }

    /// Syncs, and waits until nothing is pending.
    async fn settle(&self) -> anyhow::Result<()> {
        self.device.notify(Event::Manual);
        self.until("everything is with the server", |device| {
            Ok(device.store().pending_count()? == 0 && !device.sync_status().borrow().running)
        })
        .await
    }

    async fn until(&self, what: &str, holds: impl Fn(&Device) -> anyhow::Result<bool>) -> anyhow::Result<()> {
        let (mut changes, mut status) = (self.device.changes(), self.device.sync_status());
        let waited = tokio::time::timeout(PATIENCE, async {
            while !holds(&self.device)? {
                tokio::select! {
                    changed = changes.changed() => changed?,
                    changed = status.changed() => changed?,
                }
            }
            anyhow::Ok(())
        });
        waited.await.with_context(|| format!("{}: waited in vain until {what}", self.name))?
    }
}

/// What the story leaves behind: the server and all that the devices have brought to it.
struct Played {
    server: Server,
    yards: Vec<Uuid>,
    link: Link,
    folder: TempDir,
}

async fn play() -> anyhow::Result<Played> {
    let folder = tempfile::tempdir()?;
    let (server, address) = gatebook_testbed::serve(&folder.path().join("server")).await?;
    let seeded = server.seed()?;
    let (her_link, his_link) = (Link::to(address).await?, Link::to(address).await?);

    say("Two devices join Puente Logistics in Laredo: Maria's phone and Héctor's phone.");
    let maria = Held::open(folder.path(), "Marias phone")?;
    let hector = Held::open(folder.path(), "Hectors phone")?;
    maria.join(&her_link, &seeded.codes[0].code, "María Torres").await?;
    hector.join(&his_link, &seeded.codes[1].code, "Héctor Salinas").await?;
    let shared = shared_assignment(&maria.device, &hector.device)?;

    her_link.cut();
    his_link.cut();
    say("The signal is gone for both. Both begin the same assigned inspection.");
    let record_id = capture::inspection(&maria.device, shared, true)?.id;
    println!("  Maria finds a major defect at the tires, signs and submits.");

    say("Héctor's app is killed in the middle of the inspection, without a warning.");
    let hector = killed_in_the_middle(hector, shared)?;
    let done = capture::inspection(&hector.device, shared, false)?;
    ensure!(done.id == record_id, "both work on one record");
    println!("  Reopened at the same item; he finds everything in order, signs and submits.");
    let gate = capture::gate_event(&hector.device)?;
    let interchange = capture::interchange(&hector.device)?;
    println!("  Still without signal he records: {}.\n  And: {}.", gate.title, interchange.title);

    say("The signal is back. Maria's phone syncs first, then Héctor's, then Maria's again.");
    her_link.mend();
    maria.settle().await?;
    his_link.mend();
    for held in [&hector, &maria] {
        held.settle().await?;
    }
    maria.until("she has the conflict in her inbox", |device| Ok(!device.inbox()?.is_empty())).await?;
    hector.until("he has the conflict in his inbox", |device| Ok(!device.inbox()?.is_empty())).await?;
    for held in [&maria, &hector] {
        tell_inbox(held)?;
    }
    same_on_both(&maria, &hector, &[record_id, gate.id, interchange.id]).await?;

    say("The server's audit table holds every version of the inspection:");
    let audit = server.audit(record_id)?;
    for entry in &audit {
        let outcome = match &entry.outcome {
            AuditOutcome::Canonical => "in force",
            AuditOutcome::SetAside { .. } => "set aside in the conflict",
            AuditOutcome::Superseded => "followed by a later version",
            AuditOutcome::Unchanged => "said the same",
            AuditOutcome::Rejected(_) => "not accepted",
        };
        let at = entry.received_at.strftime("%H:%M:%S UTC");
        println!("  received {at} from {} on {}: {outcome}", entry.operator_name, entry.device_name);
    }
    let loser = audit
        .iter()
        .find(|entry| matches!(entry.outcome, AuditOutcome::SetAside { .. }))
        .context("Maria's version must be in the audit table")?;
    ensure!(loser.operator_name == "María Torres", "the version received first is the one set aside");

    say("The office looks at the tires, finds that Maria was right, and brings her version back.");
    server.restore_version(loser.write_id, "Tires checked in the yard: Maria's report is right")?;
    for held in [&maria, &hector] {
        held.settle().await?;
        held.until("the restored version has come", |device| Ok(capture::has_major_defect(&device.record(record_id)?)))
            .await?;
        println!("  {} shows the major defect again.", held.name);
    }
    same_on_both(&maria, &hector, &[record_id, gate.id, interchange.id]).await?;
    say("Nothing was lost: every version is in force, in the audit table, or both.");
    let yards = seeded.yards.iter().map(|yard| yard.id).collect();
    Ok(Played { server, yards, link: her_link, folder })
}

/// Opens the app, enrolled with María working, beside the story's server, until it is closed or Ctrl-C.
async fn open_app(program: &Path, played: &Played) -> anyhow::Result<()> {
    let Played { server, yards, link, folder } = played;
    let data = folder.path().join("app");
    let device = Device::open(DeviceConfig::new(data.clone(), env!("CARGO_PKG_VERSION")))?;
    let held = Held { name: "Yard kiosk", folder: data, device };
    held.join(link, &server.enrolment_code(None, yards, 72)?, "María Torres").await?;
    let Held { folder: data, device, .. } = held;
    drop(device);
    say("The app opens, enrolled as the yard's kiosk with María working; the conflict is in her inbox.");
    println!("  The server is at {}, until the app is closed or Ctrl-C.", link.url());
    println!("  Another device joins with the code {}.", server.enrolment_code(None, yards, 72)?);
    let mut app = tokio::process::Command::new(program).env("GATEBOOK_DATA", data).kill_on_drop(true).spawn()?;
    tokio::select! {
        ended = app.wait() => drop(ended?),
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(())
}

/// An assignment that both have on their list.
fn shared_assignment(a: &Device, b: &Device) -> anyhow::Result<Uuid> {
    let theirs = b.work_list()?.assigned;
    let shared = a
        .work_list()?
        .assigned
        .into_iter()
        .find(|item| {
            item.kind == gatebook_domain::Kind::Inspection && theirs.iter().any(|it| it.record_id == item.record_id)
        })
        .context("the seed assigns something to both")?;
    println!("  Both see “{}” on their lists.", shared.title);
    shared.assignment_id.context("an assigned item names its assignment")
}

/// Has another process capture on the device's data, kills it, and opens the device again.
fn killed_in_the_middle(held: Held, assignment: Uuid) -> anyhow::Result<Held> {
    let Held { name, folder, device } = held;
    drop(device);
    let mut child = Command::new(std::env::current_exe()?)
        .arg("capture-until-killed")
        .arg(&folder)
        .arg(assignment.to_string())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut output = std::io::BufReader::new(child.stdout.take().context("the child prints")?);
    let mut saved = 0;
    let mut line = String::new();
    while saved < 5 && std::io::BufRead::read_line(&mut output, &mut line)? > 0 {
        saved = line.trim().parse()?;
        line.clear();
    }
    child.kill()?;
    child.wait()?;
    ensure!(saved == 5, "the capturing process ended by itself");
    let device = Device::open(DeviceConfig::new(folder.clone(), env!("CARGO_PKG_VERSION")))?;
    let items = capture::answered(&device, assignment)?;
    if items < saved {
        bail!("{saved} items were saved before the kill, {items} are there after it");
    }
    println!("  {saved} items had been saved; after the kill {items} are there.");
    Ok(Held { name, folder, device })
}

async fn capture_until_killed(folder: &Path, assignment: Uuid) -> anyhow::Result<()> {
    let device = Device::open(DeviceConfig::new(folder.to_owned(), env!("CARGO_PKG_VERSION")))?;
    let mut saved = 0;
    while capture::answer_next(&device, assignment)? {
        saved += 1;
        println!("{saved}");
        // A person takes a moment for each item; the kill must find work left to do.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    std::future::pending().await
}

fn tell_inbox(held: &Held) -> anyhow::Result<()> {
    println!("\n  Inbox of {}:", held.name);
    for InboxItem { headline, explanation, differences, .. } in held.device.inbox()? {
        println!("    {headline}\n    {explanation}");
        for difference in differences.iter().take(4) {
            println!("      {}: kept “{}”, set aside “{}”", difference.label, difference.kept, difference.set_aside);
        }
    }
    Ok(())
}

/// What one device sent may be on its way to the other.
async fn same_on_both(a: &Held, b: &Held, records: &[Uuid]) -> anyhow::Result<()> {
    for id in records {
        let body = |device: &Device| device.record(*id).map(|record: RecordView| record.body).ok();
        a.until("both devices show the same", |device| {
            let (here, there) = (body(device), body(&b.device));
            Ok(here.is_some() && here == there)
        })
        .await?;
    }
    Ok(())
}

fn say(text: &str) {
    println!("\n{text}");
}
