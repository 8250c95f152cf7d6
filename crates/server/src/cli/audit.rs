//! `audit list` and `audit restore`: what a yard manager sees of a record's history.

use std::fmt::Write as _;

use clap::Subcommand;
use gatebook_domain::{field_label, value_words};
use gatebook_sync::differences;
use gatebook_sync::wire::{AuditEntry, AuditOutcome};
use jiff::tz::TimeZone;
use serde_json::Value;
use uuid::Uuid;

use super::Data;

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
            let entries = data.open()?.audit_list(record)?;
            if json {
                println!("{}", serde_json::to_string_pretty(&entries)?);
            } else {
                print!("{}", told(&entries));
            }
        }
        Command::Restore { data, write, reason } => {
            let restored = data.open()?.audit_restore(write, &reason)?;
            println!("Restored as version {}. It reaches every device with its next sync.", restored.version);
        }
    }
    Ok(())
}

/// The history in words, oldest first.
pub(crate) fn told(entries: &[AuditEntry]) -> String {
    let mut text = String::new();
    let in_force = entries.iter().find(|entry| entry.outcome == AuditOutcome::Canonical);
    for entry in entries {
        let zone = TimeZone::get(&entry.content.zone).unwrap_or(TimeZone::UTC);
        let when = entry.received_at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %Z");
        let who = match (entry.operator_name.as_str(), entry.device_name.as_str()) {
            ("", "") => "the office".to_owned(),
            (name, "") => format!("{name}, at the office"),
            ("", device) => format!("somebody on {device}"),
            (name, device) => format!("{name} on {device}"),
        };
        let version = entry.version.map_or_else(|| "–".to_owned(), |version| format!("version {version}"));
        let _ = writeln!(text, "{version:<11} {when}  {who}");
        let _ = writeln!(text, "            write {}", entry.write_id);
        let _ = writeln!(text, "            {}", outcome(entry, entries));
        if let (Some(in_force), false) = (in_force, entry.outcome == AuditOutcome::Canonical) {
            difference_lines(&mut text, entry, in_force);
        }
    }
    text
}

fn outcome(entry: &AuditEntry, entries: &[AuditEntry]) -> String {
    let said = match &entry.outcome {
        AuditOutcome::Canonical => "in force".to_owned(),
        AuditOutcome::Superseded => "followed by a later version".to_owned(),
        AuditOutcome::Unchanged => "said what was in force already".to_owned(),
        AuditOutcome::Rejected(rejection) => format!("not accepted: {}", rejection.message),
        AuditOutcome::SetAside { to } => {
            let winner = entries.iter().find(|other| other.write_id == *to);
            let by = winner.map_or("another version", |winner| winner.operator_name.as_str());
            format!("set aside in a conflict; kept was that of {by}")
        }
    };
    match entry.restores {
        Some(write) => format!("{said}; brings back write {write}"),
        None => said,
    }
}

fn difference_lines(text: &mut String, entry: &AuditEntry, in_force: &AuditEntry) {
    let parse = |entry: &AuditEntry| serde_json::from_str::<Value>(entry.content.body.get()).unwrap_or_default();
    let found = differences(&parse(in_force), &parse(entry), 12);
    let words = |json: &Option<String>| {
        value_words(&json.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default())
    };
    for difference in &found.listed {
        let label = entry
            .content
            .known_kind()
            .map_or_else(|| difference.path.clone(), |kind| field_label(kind, &difference.path, None));
        let (here, now) = (words(&difference.set_aside), words(&difference.kept));
        let _ = writeln!(text, "              {label}: {here}; in force: {now}");
    }
    if found.more > 0 {
        let _ = writeln!(text, "              and {} more differences", found.more);
    }
}
