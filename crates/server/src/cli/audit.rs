//! `audit list` and `audit restore`: what a yard manager sees of a record's history.

use std::fmt::Write as _;

use clap::Subcommand;
use gatebook_domain::{field_label, value_words};
use gatebook_sync::wire::{AuditEntry, AuditOutcome};
use gatebook_sync::{Authorship, differences};
use jiff::tz::TimeZone;
use serde_json::Value;
use uuid::Uuid;

use super::Data;
use crate::admin::Audited;
use crate::attribution::OFFICE;

/// Differences listed for each version.
const LISTED: usize = 12;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Shows every version of a record.
    List {
        #[command(flatten)]
        data: Data,
        /// The record.
        record: Uuid,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Makes an earlier version the one in force again, as a normal new version.
    Restore {
        #[command(flatten)]
        data: Data,
        /// The write to bring back, from `audit list`.
        write: Uuid,
        /// Why; kept with the record.
        #[arg(long, default_value = "")]
        reason: String,
    },
}

pub(super) fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::List { data, record, json } => {
            let server = data.open()?;
            if json {
                println!("{}", serde_json::to_string_pretty(&server.audit(record)?)?);
            } else {
                print!("{}", told(&server.history(record)?));
            }
        }
        Command::Restore { data, write, reason } => {
            let restored = data.open()?.restore_version(write, &reason)?;
            println!("Restored as version {}. It reaches every device with its next sync.", restored.version);
            println!("To undo this, restore the version that was in force before.");
        }
    }
    Ok(())
}

/// The history in words, oldest first.
fn told(history: &[Audited]) -> String {
    let in_force = history.iter().find(|audited| audited.entry.outcome == AuditOutcome::Canonical);
    let mut text = String::new();
    for audited in history {
        let Audited { entry, reason } = audited;
        let version = entry.version.map_or_else(|| "no version".to_owned(), |version| format!("version {version}"));
        let _ = writeln!(text, "{version}, {}, {}", when(entry), who(entry));
        let _ = writeln!(text, "    write {}", entry.write_id);
        let _ = writeln!(text, "    {}", outcome(entry, history));
        if !reason.is_empty() {
            let _ = writeln!(text, "    reason: {reason}");
        }
        match in_force {
            Some(in_force) if entry.outcome != AuditOutcome::Canonical => {
                difference_lines(&mut text, entry, &in_force.entry);
            }
            _ => {}
        }
    }
    text
}

/// When it was filed, by the yard's clock.
fn when(entry: &AuditEntry) -> String {
    let zone = TimeZone::get(&entry.content.zone).unwrap_or(TimeZone::UTC);
    let time = entry.filed_at.unwrap_or(entry.received_at).to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %Z");
    if entry.time_doubtful { format!("{time} (time doubtful)") } else { time.to_string() }
}

fn who(entry: &AuditEntry) -> String {
    if entry.authorship == Some(Authorship::Office) {
        return who_at_the_office(entry);
    }
    match (entry.operator_name.as_str(), entry.device_name.as_str()) {
        (name, "") if is_given_back(entry) => match name {
            "" => "a device or the office".to_owned(),
            name => format!("{name} on a device that is not known"),
        },
        ("", "") => "the office".to_owned(),
        (name, "") if entry.restores.is_some_and(|write| write != entry.write_id) => {
            format!("the office, bringing back what {name} wrote")
        }
        (name, "") => name.to_owned(),
        ("", device) => format!("somebody on {device}"),
        (name, device) => format!("{name} on {device}"),
    }
}

/// Whether a device gave it back after a restore of the server.
fn is_given_back(entry: &AuditEntry) -> bool {
    entry.restores == Some(entry.write_id)
}

/// Who at the office, as far as a token has a name.
fn who_at_the_office(entry: &AuditEntry) -> String {
    let who = match entry.device_name.as_str() {
        OFFICE => "the office".to_owned(),
        name => format!("{name} at the office"),
    };
    match (entry.operator_name.as_str(), entry.restores) {
        ("", _) | (_, None) => who,
        (name, Some(_)) => format!("{who}, bringing back what {name} wrote"),
    }
}

fn outcome(entry: &AuditEntry, history: &[Audited]) -> String {
    let said = match &entry.outcome {
        AuditOutcome::Canonical => "in force".to_owned(),
        AuditOutcome::Superseded => "followed by a later version".to_owned(),
        AuditOutcome::Unchanged => "said what was in force already".to_owned(),
        AuditOutcome::Rejected(rejection) => format!("not accepted: {}", rejection.message),
        AuditOutcome::SetAside { to } => match history.iter().find(|other| other.entry.write_id == *to) {
            Some(winner) => format!("set aside in a conflict; kept was that of {}", who(&winner.entry)),
            None => "set aside in a conflict".to_owned(),
        },
    };
    match entry.restores {
        Some(_) if is_given_back(entry) => format!("{said}; given back by a device after a restore of the server"),
        Some(write) => format!("{said}; brings back write {write}"),
        None => said,
    }
}

fn difference_lines(text: &mut String, entry: &AuditEntry, in_force: &AuditEntry) {
    let parse = |entry: &AuditEntry| serde_json::from_str::<Value>(entry.content.body.get()).unwrap_or_default();
    let found = differences(&parse(in_force), &parse(entry), LISTED);
    let words = |json: &Option<String>| {
        value_words(&json.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default())
    };
    for difference in &found.listed {
        let label = entry
            .content
            .known_kind()
            .map_or_else(|| difference.path.clone(), |kind| field_label(kind, &difference.path, None));
        let (here, now) = (words(&difference.set_aside), words(&difference.kept));
        let _ = writeln!(text, "      {label}: {here}; in force: {now}");
    }
    if found.more > 0 {
        let _ = writeln!(text, "      and {} more differences", found.more);
    }
}
