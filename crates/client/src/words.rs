//! Local state in the words an operator reads.

use gatebook_domain::notice::{Notice, NoticeSide};
use gatebook_domain::reference::{Assignment, Template};
use gatebook_domain::{Body, Kind, field_label, start_inspection, title, value_words};
use gatebook_sync::Rejection;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use uuid::Uuid;

use crate::view::{DifferenceView, InboxItem, InboxWhat};

/// What an assignment nobody has begun is called.
pub(crate) fn assignment_title(assignment: &Assignment, template: Option<&Template>) -> String {
    match template {
        Some(template) => {
            let begun = start_inspection(assignment.template_id, template, assignment.equipment.clone(), None);
            title(&Body::Inspection(begun))
        }
        None => title(&Body::Assignment(assignment.clone())),
    }
}

/// The second line of a record in a list.
pub(crate) fn detail(body: &Body) -> String {
    match body {
        Body::Inspection(inspection) => {
            let done = inspection.items.iter().filter(|item| item.result.is_some()).count();
            format!("{done} of {} items", inspection.items.len())
        }
        Body::GateEvent(event) => join([event.carrier.name.as_str(), event.driver.name.as_str()]),
        Body::Interchange(interchange) => {
            let (from, to) = (interchange.releasing.name.as_str(), interchange.receiving.name.as_str());
            if from.is_empty() || to.is_empty() { join([from, to]) } else { format!("{from} → {to}") }
        }
        _ => String::new(),
    }
}

fn join(parts: [&str; 2]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// A notice as the inbox shows it.
pub(crate) fn conflict_item(id: Uuid, notice: &Notice, zone: &str, at: Timestamp, unread: bool) -> InboxItem {
    let mine_kept = notice.kept.operator_id == Some(notice.addressee_id);
    let kept = side(&notice.kept, notice.addressee_id);
    let aside = side(&notice.set_aside, notice.addressee_id);
    let headline = if mine_kept {
        format!("Your version was kept: {}", notice.record_title)
    } else {
        format!("{kept}’s version was kept: {}", notice.record_title)
    };
    let again = match notice.count {
        0 | 1 => String::new(),
        count => format!(" This happened {count} times on this record."),
    };
    let explanation = format!(
        "{kept_start} and {aside} changed this record without seeing each other’s change. The server received {aside_possessive} \
         change on {aside_at} and {kept_possessive} change on {kept_at}, so {kept_absolute} is the one in force. Nothing is lost: \
         {aside_possessive} version is in the audit table, and an admin can bring it back.{again}",
        kept_start = capitalised(&kept),
        aside_possessive = possessive(&aside),
        kept_possessive = possessive(&kept),
        kept_absolute = if kept == "you" { "yours".to_owned() } else { possessive(&kept) },
        aside_at = when(notice.set_aside.received_at, zone),
        kept_at = when(notice.kept.received_at, zone),
    );
    InboxItem {
        id,
        what: if mine_kept { InboxWhat::ConflictKept } else { InboxWhat::ConflictSetAside },
        record_id: notice.record_id,
        record_kind: notice.record_kind,
        record_title: notice.record_title.clone(),
        at,
        unread,
        headline,
        explanation,
        differences: notice
            .differences
            .iter()
            // What an id stands for differs beside it, in words.
            .filter(|difference| !difference.path.ends_with("_id"))
            .map(|difference| DifferenceView {
                label: field_label(notice.record_kind, &difference.path, None),
                kept: value(difference.kept.as_deref(), zone),
                set_aside: value(difference.set_aside.as_deref(), zone),
            })
            .collect(),
        more_differences: notice.more_differences,
    }
}

/// A change that the server would not take, as the inbox shows it.
pub(crate) fn rejection_item(
    id: Uuid,
    kind: Kind,
    title: &str,
    rejection: &Rejection,
    at: Timestamp,
    unread: bool,
) -> InboxItem {
    let field =
        rejection.path.as_deref().map(|path| format!("{}: ", field_label(kind, path, None))).unwrap_or_default();
    InboxItem {
        id,
        what: InboxWhat::Rejected,
        record_id: id,
        record_kind: kind,
        record_title: title.to_owned(),
        at,
        unread,
        headline: format!("Not accepted: {title}"),
        explanation: format!(
            "The server did not take your last change. {field}{} What you entered is still on this device: open the \
             record, correct it, and it is sent again by itself.",
            rejection.message
        ),
        differences: Vec::new(),
        more_differences: 0,
    }
}

fn side(side: &NoticeSide, addressee: Uuid) -> String {
    if side.operator_id == Some(addressee) {
        "you".to_owned()
    } else if side.operator_name.is_empty() {
        "somebody else".to_owned()
    } else {
        side.operator_name.clone()
    }
}

fn possessive(who: &str) -> String {
    if who == "you" { "your".to_owned() } else { format!("{who}’s") }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + chars.as_str())
}

/// A time of the day in the yard's zone, with the date.
fn when(at: Timestamp, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).strftime("%b %-d at %H:%M:%S").to_string()
}

fn value(json: Option<&str>, zone: &str) -> String {
    let value = json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or(Value::Null);
    match value.as_str().and_then(|text| text.parse().ok()) {
        Some(time) => when(time, zone),
        None => value_words(&value),
    }
}
