//! `audit list`, `audit conflicts` and `audit restore`: what a yard manager sees of a record's history.

use std::fmt::Write as _;

use clap::Subcommand;
use gatebook_domain::{field_label, value_words, zone};
use gatebook_sync::wire::{AuditEntry, AuditOutcome, OfficeConflict, OfficeConflicts};
use gatebook_sync::{Authorship, content_differences};
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::{Data, Tenant};
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
    /// Shows where somebody overturned what the office had done without having seen it, until the office acts on the record
    /// again.
    Conflicts {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        tenant: Tenant,
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
                print!("{}", told(&server.audit(record)?));
            }
        }
        Command::Conflicts { data, tenant, json } => {
            let found = data.open()?.office_conflicts(tenant.id)?;
            if json {
                println!("{}", serde_json::to_string_pretty(&found)?);
            } else {
                print!("{}", conflicts(&found));
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

/// What of the office's was overturned, in words.
fn conflicts(found: &OfficeConflicts) -> String {
    if found.conflicts.is_empty() {
        return "Nothing that the office did was overturned.\n".to_owned();
    }
    let mut text = String::new();
    for OfficeConflict { record_id, record_title, set_aside, kept } in &found.conflicts {
        let _ = writeln!(text, "{record_title}");
        let _ = writeln!(text, "    record {record_id}");
        let _ = writeln!(text, "    set aside: the office, {}, write {}", when(set_aside), set_aside.write_id);
        let _ = writeln!(text, "    kept: {}, {}, write {}", who(kept, &[]), when(kept), kept.write_id);
        difference_lines(&mut text, set_aside, kept, "kept");
    }
    if found.more {
        let _ = writeln!(text, "There are more; they are listed when some of these are answered.");
    }
    let _ = writeln!(text, "Restore a version, close, reopen or void the record to answer.");
    text
}

/// The history in words, oldest first.
fn told(history: &[AuditEntry]) -> String {
    let in_force = history.iter().find(|entry| entry.outcome == AuditOutcome::Canonical);
    let mut text = String::new();
    for entry in history.iter().filter(|entry| entry.merged_into.is_none()) {
        let version = entry.version.map_or_else(|| "no version".to_owned(), |version| format!("version {version}"));
        let _ = writeln!(text, "{version}, {}, {}", when(entry), who(entry, history));
        let _ = writeln!(text, "    write {}", entry.write_id);
        if let Some(base) = entry.base {
            let _ = writeln!(text, "    made on version {}", base.version);
        }
        let _ = writeln!(text, "    {}", outcome(entry, history));
        if let (Some(since), many) = merged_into(entry, history) {
            let changes = if many == 1 { "change" } else { "changes" };
            let _ = writeln!(text, "    with {many} earlier {changes} of the same person, from {} on", when(since));
        }
        if !entry.reason.is_empty() {
            let _ = writeln!(text, "    reason: {}", entry.reason);
        }
        match in_force {
            Some(in_force) if entry.outcome != AuditOutcome::Canonical => {
                difference_lines(&mut text, entry, in_force, "in force");
            }
            _ => {}
        }
    }
    text
}

/// The first of the changes in whose stead this one is kept, and how many there are.
fn merged_into<'a>(entry: &AuditEntry, history: &'a [AuditEntry]) -> (Option<&'a AuditEntry>, usize) {
    let (mut stands_for, mut first, mut many) = (entry.write_id, None, 0);
    // Each of them names the next, and the history lists them in order.
    for earlier in history.iter().rev() {
        if earlier.merged_into == Some(stands_for) {
            (stands_for, first, many) = (earlier.write_id, Some(earlier), many + 1);
        }
    }
    (first, many)
}

/// When it was filed, by the yard's clock.
fn when(entry: &AuditEntry) -> String {
    let time = at_the_yard(entry.filed_at.unwrap_or(entry.received_at), &entry.content.zone);
    if entry.time_doubtful { format!("{time} (time doubtful)") } else { time }
}

/// A time as the yard's clock shows it; universal, and saying so, where nobody knows the yard's zone.
fn at_the_yard(at: Timestamp, zone: &str) -> String {
    match zone::find(zone) {
        Some(zone) => at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
        None => format!("{} (the time zone \"{zone}\" is not known)", at.strftime("%Y-%m-%d %H:%M:%S UTC")),
    }
}

fn who(entry: &AuditEntry, history: &[AuditEntry]) -> String {
    if entry.authorship == Some(Authorship::Office) {
        return who_at_the_office(entry);
    }
    match (entry.operator_name.as_str(), entry.device_name.as_str()) {
        (name, "") if is_given_back(entry) => match name {
            "" => "a device or the office".to_owned(),
            name => format!("{name} on a device that is not known"),
        },
        (name, "") => match restored_from(entry, history).or(Some(name)).filter(|name| !name.is_empty()) {
            Some(name) if is_restore(entry) => format!("the office, bringing back what {name} wrote"),
            Some(name) => name.to_owned(),
            None => "the office".to_owned(),
        },
        ("", device) => format!("somebody on {device}"),
        (name, device) => format!("{name} on {device}"),
    }
}

/// Whether a device gave it back after a restore of the server.
fn is_given_back(entry: &AuditEntry) -> bool {
    entry.restores == Some(entry.write_id)
}

fn is_restore(entry: &AuditEntry) -> bool {
    entry.restores.is_some_and(|write| write != entry.write_id)
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

/// Who wrote what an act of the office brings back, where that was not filed with it.
fn restored_from<'a>(entry: &AuditEntry, history: &'a [AuditEntry]) -> Option<&'a str> {
    let restores = entry.restores.filter(|_| is_restore(entry))?;
    let restored = history.iter().find(|other| other.write_id == restores)?;
    Some(restored.operator_name.as_str()).filter(|name| !name.is_empty())
}

fn outcome(entry: &AuditEntry, history: &[AuditEntry]) -> String {
    let said = match &entry.outcome {
        AuditOutcome::Canonical => "in force".to_owned(),
        AuditOutcome::Superseded => "followed by a later version".to_owned(),
        AuditOutcome::Unchanged => "said what was in force already".to_owned(),
        AuditOutcome::Rejected(rejection) => format!("not accepted: {}", rejection.message),
        AuditOutcome::SetAside { to } => match history.iter().find(|other| other.write_id == *to) {
            Some(winner) => format!("set aside in a conflict; kept was that of {}", who(winner, history)),
            None => "set aside in a conflict".to_owned(),
        },
    };
    match entry.restores {
        Some(_) if is_given_back(entry) => format!("{said}; given back by a device after a restore of the server"),
        Some(write) => format!("{said}; brings back write {write}"),
        None => said,
    }
}

/// In what a version differs from `other`, which is `called` so.
fn difference_lines(text: &mut String, entry: &AuditEntry, other: &AuditEntry, called: &str) {
    let found = content_differences(&other.content, &entry.content, LISTED);
    let words = |json: &Option<String>| {
        value_words(&json.as_deref().and_then(|json| serde_json::from_str::<Value>(json).ok()).unwrap_or_default())
    };
    for difference in &found.listed {
        let label = entry
            .content
            .known_kind()
            .map_or_else(|| difference.path.clone(), |kind| field_label(kind, &difference.path, None));
        let (here, there) = (words(&difference.set_aside), words(&difference.kept));
        let _ = writeln!(text, "      {label}: {here}; {called}: {there}");
    }
    if found.more > 0 {
        let _ = writeln!(text, "      and {} more differences", found.more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_yard_and_one_by_no_known_clock_says_so() {
        let at = "2026-03-04T20:05:00Z".parse().unwrap();
        assert_eq!(at_the_yard(at, "America/Ciudad_Juarez"), "2026-03-04 13:05:00 MST");
        assert_eq!(at_the_yard(at, "America/Ojinaga"), "2026-03-04 14:05:00 CST");
        let told = at_the_yard(at, "Mars/Olympus");
        assert_eq!(told, "2026-03-04 20:05:00 UTC (the time zone \"Mars/Olympus\" is not known)");
    }
}
