//! Local state in the words an operator reads.

use std::collections::BTreeSet;

use gatebook_domain::reference::{Assignment, Template};
use gatebook_domain::{Body, Kind, field_label, start_inspection, title, zone};
use gatebook_sync::Rejection;
use jiff::Timestamp;
use uuid::Uuid;

use crate::notifications::{Notification, NotificationKind};
use crate::view::{InboxItem, InboxWhat};

mod conflict;

pub(crate) use conflict::{Shown, conflict_item};

/// Who the office is called in the middle of a sentence.
pub(crate) const OFFICE: &str = "the office";

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
        Body::Attachment(_)
        | Body::Assignment(_)
        | Body::Template(_)
        | Body::Equipment(_)
        | Body::Carrier(_)
        | Body::Yard(_)
        | Body::Operator(_)
        | Body::Notice(_) => String::new(),
    }
}

fn join(parts: [&str; 2]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
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
        changed_since: false,
        differences: Vec::new(),
        more_differences: 0,
    }
}

/// A change by nobody, as the inbox shows it.
pub(crate) fn unsigned_item(
    id: Uuid,
    record_id: Uuid,
    kind: Kind,
    title: &str,
    at: Timestamp,
    unread: bool,
) -> InboxItem {
    InboxItem {
        id,
        what: InboxWhat::Unsigned,
        record_id,
        record_kind: kind,
        record_title: title.to_owned(),
        at,
        unread,
        headline: format!("Who was it? {title}"),
        explanation:
            "This does not say who entered it, and the server takes no record without a name. It is safe on this \
             device. Say who it was, and it is sent by itself."
                .to_owned(),
        changed_since: false,
        differences: Vec::new(),
        more_differences: 0,
    }
}

/// A change that the server could not handle for several rounds, as the inbox shows it.
pub(crate) fn stuck_item(id: Uuid, kind: Kind, title: &str, at: Timestamp, unread: bool) -> InboxItem {
    InboxItem {
        id,
        what: InboxWhat::Rejected,
        record_id: id,
        record_kind: kind,
        record_title: title.to_owned(),
        at,
        unread,
        headline: format!("Not sent yet: {title}"),
        explanation:
            "The server could not handle this record, though it takes others. It is safe on this device and is \
                      tried again with every sync. Tell the office that it does not arrive, and keep this device until \
                      it has."
                .to_owned(),
        changed_since: false,
        differences: Vec::new(),
        more_differences: 0,
    }
}

/// Records of a newer server that this app cannot show, as the inbox tells of them.
pub(crate) fn unreadable_item(id: Uuid, count: usize, at: Timestamp, unread: bool) -> InboxItem {
    let records = if count == 1 { "One record".to_owned() } else { format!("{count} records") };
    InboxItem {
        id,
        what: InboxWhat::Rejected,
        record_id: id,
        record_kind: Kind::Inspection,
        record_title: records.clone(),
        at,
        unread,
        headline: format!("Update this app: {records} cannot be shown"),
        explanation: format!(
            "{records} came from a newer version of Gatebook, in a form that this app cannot read yet. Nothing is lost: \
             they are kept as they came, and are shown as soon as the app is updated."
        ),
        changed_since: false,
        differences: Vec::new(),
        more_differences: 0,
    }
}

/// A notification of what waits unread in the inbox, of one sort.
///
/// A locked screen may show it to whoever walks past, and a shared kiosk to the next operator: so it says which kinds of
/// record, and no unit, plate, name or remark. Those are in the inbox, behind the lock.
pub(crate) fn inbox_notification(kind: NotificationKind, records: &[Kind]) -> Notification {
    let count = records.len();
    let (title, what_to_do) = match kind {
        NotificationKind::Rejection if count == 1 => (
            "The server has not taken a record".to_owned(),
            "Open Gatebook to read why. What was entered is still on this device.",
        ),
        NotificationKind::Rejection => (
            format!("The server has not taken {count} records"),
            "Open Gatebook to read why. What was entered is still on this device.",
        ),
        _ if count == 1 => ("A conflict needs your eye".to_owned(), "Open Gatebook to see what the server kept."),
        _ => (format!("{count} conflicts need your eye"), "Open Gatebook to see what the server kept."),
    };
    let kinds: BTreeSet<Kind> = records.iter().copied().collect();
    let kinds: Vec<&str> = kinds.into_iter().map(kind_words).collect();
    Notification { kind, title, body: format!("{}. {what_to_do}", capitalised(&kinds.join(", "))) }
}

/// A notification of photos that wait too long.
pub(crate) fn photos_notification(count: usize) -> Notification {
    let title = match count {
        1 => "A photo has not been sent yet".to_owned(),
        count => format!("{count} photos have not been sent yet"),
    };
    let body =
        "Nothing is lost. Open Gatebook where there is signal or Wi-Fi, and keep this device until they are sent.";
    Notification { kind: NotificationKind::PhotosWaiting, title, body: body.to_owned() }
}

fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Inspection => "inspection",
        Kind::GateEvent => "gate event",
        Kind::Interchange => "interchange",
        Kind::Attachment => "photo",
        Kind::Assignment
        | Kind::Template
        | Kind::Equipment
        | Kind::Carrier
        | Kind::Yard
        | Kind::Operator
        | Kind::Notice => "record",
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + chars.as_str())
}

/// A time of the day in the yard's zone, with the date. For a zone that nobody knows it says so: by another clock the time would
/// be wrong, and look right.
fn when(at: Timestamp, zone: &str) -> String {
    match zone::find(zone) {
        Some(zone) => at.to_zoned(zone).strftime("%b %-d at %H:%M:%S").to_string(),
        None => format!("a day that cannot be told (the time zone “{zone}” is not known)"),
    }
}

#[cfg(test)]
mod tests {
    use gatebook_domain::equipment::{EquipmentClass, EquipmentRef};
    use gatebook_domain::gate_event::{Direction, GateEvent};
    use gatebook_domain::inspection::ItemResult;
    use gatebook_domain::interchange::{Interchange, Movement};
    use gatebook_domain::us_dvir;
    use gatebook_sync::RejectionCode;

    use super::*;

    #[test]
    fn a_rejection_names_the_field_the_reason_and_what_to_do() {
        let rejection = Rejection::new(RejectionCode::Invalid, "Shorten this text.").at("/remarks");
        let item = rejection_item(Uuid::nil(), Kind::GateEvent, "Gate in", &rejection, Timestamp::UNIX_EPOCH, true);
        assert_eq!(item.headline, "Not accepted: Gate in");
        assert!(item.explanation.contains("Remarks: Shorten this text."), "{}", item.explanation);
        assert!(item.explanation.contains("still on this device"), "{}", item.explanation);
    }

    #[test]
    fn a_zone_that_nobody_knows_is_said_and_never_shown_as_another() {
        let at = "2026-03-04T20:05:00Z".parse().unwrap();
        assert_eq!(when(at, "America/Ojinaga"), "Mar 4 at 14:05:00");
        assert_eq!(when(at, "America/Ciudad_Juarez"), "Mar 4 at 13:05:00");
        let unknown = when(at, "Mars/Olympus");
        assert!(unknown.contains("“Mars/Olympus” is not known") && !unknown.contains("20:05"), "{unknown}");
    }

    #[test]
    fn the_second_line_of_a_record_is_what_tells_it_from_others() {
        let unit = EquipmentRef::new(EquipmentClass::Tractor, "T-9");
        let mut inspection = start_inspection(Uuid::nil(), &us_dvir(), unit, None);
        inspection.items[0].result = Some(ItemResult::Pass);
        assert_eq!(detail(&Body::Inspection(inspection)), "1 of 11 items");

        let mut event = GateEvent::new(Direction::In);
        event.driver.name = String::from("Ana");
        assert_eq!(detail(&Body::GateEvent(event.clone())), "Ana");
        event.carrier.name = String::from("Puente");
        assert_eq!(detail(&Body::GateEvent(event)), "Puente · Ana");

        let mut interchange = Interchange::new(Movement::InGate);
        interchange.releasing.name = String::from("Puente");
        assert_eq!(detail(&Body::Interchange(interchange.clone())), "Puente");
        interchange.receiving.name = String::from("Sierra");
        assert_eq!(detail(&Body::Interchange(interchange)), "Puente → Sierra");
    }
}
