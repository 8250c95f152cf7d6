//! Local state in the words an operator reads.

use std::collections::BTreeSet;

use gatebook_domain::notice::{Notice, NoticeSide};
use gatebook_domain::reference::{Assignment, Template};
use gatebook_domain::{Body, Kind, field_label, start_inspection, title, value_words};
use gatebook_sync::Rejection;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use uuid::Uuid;

use crate::notifications::{Notification, NotificationKind};
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
        aside_at = when(filed_at(&notice.set_aside), zone),
        kept_at = when(filed_at(&notice.kept), zone),
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
        _ => "record",
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

/// When a side was filed, for people to read.
fn filed_at(side: &NoticeSide) -> Timestamp {
    side.filed_at.unwrap_or(side.received_at)
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

#[cfg(test)]
mod tests {
    use gatebook_domain::Extra;
    use gatebook_domain::equipment::{EquipmentClass, EquipmentRef};
    use gatebook_domain::gate_event::{Direction, GateEvent};
    use gatebook_domain::inspection::ItemResult;
    use gatebook_domain::interchange::{Interchange, Movement};
    use gatebook_domain::notice::FieldDifference;
    use gatebook_domain::us_dvir;
    use gatebook_sync::RejectionCode;

    use super::*;

    const MARIA: Uuid = Uuid::from_u128(1);
    const HECTOR: Uuid = Uuid::from_u128(2);
    const ZONE: &str = "America/Chicago";

    fn side_of(operator: Option<Uuid>, name: &str, received_at: &str) -> NoticeSide {
        NoticeSide {
            write_id: Uuid::nil(),
            operator_id: operator,
            operator_name: name.to_owned(),
            device_name: "kiosk".to_owned(),
            received_at: received_at.parse().unwrap(),
            filed_at: None,
            captured_at: received_at.parse().unwrap(),
        }
    }

    /// Héctor's version was kept, María's set aside.
    fn notice(addressee_id: Uuid) -> Notice {
        let difference = |path: &str, kept: &str, set_aside: Option<&str>| FieldDifference {
            path: path.to_owned(),
            kept: Some(kept.to_owned()),
            set_aside: set_aside.map(str::to_owned),
        };
        Notice {
            addressee_id,
            record_id: Uuid::from_u128(9),
            record_kind: Kind::GateEvent,
            record_title: "Gate in · T-9".to_owned(),
            kept: side_of(Some(HECTOR), "Héctor Salinas", "2026-03-04T15:05:00Z"),
            set_aside: side_of(Some(MARIA), "María Torres", "2026-03-04T15:00:00Z"),
            differences: vec![
                difference("/remarks", "\"dented\"", None),
                difference("/carrier/carrier_id", "\"0195f2a0-0000-7000-8000-000000000001\"", None),
            ],
            more_differences: 0,
            count: 1,
            extra: Extra::new(),
        }
    }

    fn item_for(addressee: Uuid) -> InboxItem {
        conflict_item(Uuid::nil(), &notice(addressee), ZONE, Timestamp::UNIX_EPOCH, true)
    }

    #[test]
    fn each_reads_the_conflict_from_their_own_side() {
        let (hers, his) = (item_for(MARIA), item_for(HECTOR));
        assert_eq!(hers.headline, "Héctor Salinas’s version was kept: Gate in · T-9");
        assert!(hers.explanation.starts_with("Héctor Salinas and you changed this record"), "{}", hers.explanation);
        assert_eq!(his.headline, "Your version was kept: Gate in · T-9");
        assert!(his.explanation.starts_with("You and María Torres changed this record"), "{}", his.explanation);
        assert!(his.explanation.contains("so yours is the one in force"), "{}", his.explanation);
    }

    #[test]
    fn times_are_those_of_the_yard() {
        let told = item_for(MARIA).explanation;
        assert!(told.contains("your change on Mar 4 at 09:00:00"), "{told}");
        assert!(told.contains("Héctor Salinas’s change on Mar 4 at 09:05:00"), "{told}");
    }

    #[test]
    fn differences_are_told_by_the_forms_names_and_without_ids() {
        let told = item_for(MARIA).differences;
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].label.as_str(), told[0].kept.as_str()), ("Remarks", "dented"));
        assert_ne!(told[0].set_aside, "");
    }

    #[test]
    fn a_conflict_that_comes_again_says_how_often() {
        let twice = Notice { count: 2, ..notice(MARIA) };
        let item = conflict_item(Uuid::nil(), &twice, ZONE, Timestamp::UNIX_EPOCH, true);
        assert!(item.explanation.ends_with("This happened 2 times on this record."), "{}", item.explanation);
    }

    #[test]
    fn somebody_without_a_name_is_somebody_else() {
        let unknown = Notice { kept: side_of(None, "", "2026-03-04T15:05:00Z"), ..notice(MARIA) };
        let item = conflict_item(Uuid::nil(), &unknown, ZONE, Timestamp::UNIX_EPOCH, true);
        assert!(item.headline.starts_with("somebody else’s version"), "{}", item.headline);
    }

    #[test]
    fn a_rejection_names_the_field_the_reason_and_what_to_do() {
        let rejection = Rejection::new(RejectionCode::Invalid, "Shorten this text.").at("/remarks");
        let item = rejection_item(HECTOR, Kind::GateEvent, "Gate in", &rejection, Timestamp::UNIX_EPOCH, true);
        assert_eq!(item.headline, "Not accepted: Gate in");
        assert!(item.explanation.contains("Remarks: Shorten this text."), "{}", item.explanation);
        assert!(item.explanation.contains("still on this device"), "{}", item.explanation);
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
