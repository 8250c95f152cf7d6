//! Limits on texts: how long, and no U+0000 anywhere.
//!
//! They hold for fields this version knows. What a newer schema says beside them is not in a typed body.

use serde_json::value::RawValue;

use super::findings::Findings;
use crate::problem::ProblemCode;
use crate::{Body, raw};

/// Characters a field of one line takes.
const SHORT: usize = 120;
/// Characters a field of several lines takes.
const LONG: usize = 4000;

/// Fields of one line.
#[rustfmt::skip]
const SHORT_FIELDS: [&str; 24] = [
    "about", "brand", "code", "component", "device_name", "job", "key", "label", "lane", "licence_number", "licence_region",
    "name", "number", "operator_name", "place", "receipt_number", "reference", "region", "scac", "size", "size_type",
    "source", "time_zone", "usdot",
];
/// Fields of several lines.
const LONG_FIELDS: [&str; 6] = ["hint", "note", "override_reason", "reason", "remark", "remarks"];
/// Fields that hold objects or lists in which such fields stand.
#[rustfmt::skip]
const CONTAINERS: [&str; 24] = [
    "by", "carrier", "damage", "differences", "driver", "equipment", "equipment_provider", "in_force", "items", "kept",
    "motor_carrier", "odometer", "plate", "receiving", "refusal", "releasing", "seals", "set_aside", "settled",
    "signatures", "submitted", "template", "tires", "tractor",
];

/// What is known of a field from its name.
#[derive(Clone, Copy, PartialEq)]
enum Field {
    Text { limit: usize },
    Container,
    Unlimited,
}

impl Field {
    fn named(name: &str) -> Self {
        if SHORT_FIELDS.contains(&name) {
            Self::Text { limit: SHORT }
        } else if LONG_FIELDS.contains(&name) {
            Self::Text { limit: LONG }
        } else if CONTAINERS.contains(&name) {
            Self::Container
        } else {
            Self::Unlimited
        }
    }
}

/// How many characters a text of that name takes in a body, if that is bounded.
#[must_use]
pub fn text_limit(name: &str) -> Option<usize> {
    match Field::named(name) {
        Field::Text { limit } => Some(limit),
        Field::Container | Field::Unlimited => None,
    }
}

/// Looks at every text of the body.
pub(super) fn check(found: &mut Findings, body: &Body) {
    let text = body.to_json();
    let whole: &RawValue = serde_json::from_str(&text).expect("a body is written as JSON");
    walk(found, "", whole, Field::Container);
}

fn walk(found: &mut Findings, path: &str, value: &RawValue, field: Field) {
    let json = value.get();
    if json.starts_with('"') {
        judge(found, path, json, field);
    } else if let Some(entries) = raw::entries(json) {
        for (place, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.get().starts_with(['"', '{', '['])) {
            walk(found, &format!("{path}/{place}"), entry, field);
        }
    } else if let Some(members) = raw::members(json) {
        for (name, member) in members {
            let below = if field == Field::Container { Field::named(&name) } else { Field::Unlimited };
            walk(found, &format!("{path}/{name}"), member, below);
        }
    }
}

const NUL_MESSAGE: &str = "Delete this text and type it again: it holds a character that cannot be stored.";

/// Judges a text by how it is written in JSON.
fn judge(found: &mut Findings, path: &str, written: &str, field: Field) {
    let limit = if let Field::Text { limit } = field { limit } else { usize::MAX };
    if written.len() <= limit && !written.contains("\\u0000") {
        return;
    }
    let text: String = serde_json::from_str(written).expect("a text is written as one");
    if text.contains('\0') {
        found.error(path, ProblemCode::TextHasNul, NUL_MESSAGE);
    }
    let length = text.chars().count();
    if length > limit {
        let message = format!("Shorten this text: it has {length} characters, and {limit} fit.");
        found.error(path, ProblemCode::TextTooLong, message);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::validate;
    use super::*;
    use crate::Kind;
    use crate::samples;

    /// Names whose values have a form of their own: enums, numbers, ids, times, and what the server writes.
    #[rustfmt::skip]
    const OF_FIXED_FORM: [&str; 65] = [
        "accuracy_m", "height", "latitude", "longitude", "media_type", "parent_id", "pixels", "sha256", "stored_at",
        "taken_at", "time_source", "width",
        "addressee_id", "affixed_by", "asks_parties", "assignment_id", "at", "captured_at", "carrier_id", "class",
        "condition", "count", "damage_type", "direction", "due_at", "equipment_classes", "equipment_id", "filed_at",
        "gross_weight_kg", "inspection_id", "load", "more_differences", "movement", "occurred_at", "operator_id", "path",
        "position", "received_at", "record_id", "record_kind", "record_title", "recorded_images", "result", "revision",
        "role", "signed_at", "strokes", "template_id", "tread_32nds", "unit", "value", "view", "write_id", "yard_ids",
        "kept", "set_aside", "signatures", "template", "equipment", "carrier",
        "brings_back", "office", "state", "state_reason", "told_at",
    ];

    fn names(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    into.push(name.clone());
                    names(member, into);
                }
            }
            Value::Array(entries) => entries.iter().for_each(|entry| names(entry, into)),
            _ => {}
        }
    }

    #[test]
    fn every_field_of_every_kind_has_its_limit_decided() {
        for kind in Kind::ALL {
            let mut found = Vec::new();
            names(&samples::full(kind), &mut found);
            for name in found {
                let known = Field::named(&name) != Field::Unlimited || OF_FIXED_FORM.contains(&name.as_str());
                assert!(known, "decide how long `{name}` of {kind:?} may be");
            }
        }
    }

    fn problems(kind: Kind, change: impl FnOnce(&mut Value)) -> Vec<(String, ProblemCode)> {
        let mut value = samples::full(kind);
        change(&mut value);
        let body = Body::from_json(kind, &value.to_string()).unwrap();
        validate(&body, None).into_iter().filter(crate::Problem::is_error).map(|p| (p.path, p.code)).collect()
    }

    #[test]
    fn a_line_takes_120_characters_and_remarks_4000() {
        let too_long = |path: &str| vec![(path.to_owned(), ProblemCode::TextTooLong)];
        assert_eq!(problems(Kind::GateEvent, |body| body["lane"] = json!("ü".repeat(120))), []);
        assert_eq!(problems(Kind::GateEvent, |body| body["lane"] = json!("u".repeat(121))), too_long("/lane"));
        assert_eq!(problems(Kind::GateEvent, |body| body["remarks"] = json!("u".repeat(4000))), []);
        assert_eq!(problems(Kind::GateEvent, |body| body["remarks"] = json!("u".repeat(4001))), too_long("/remarks"));
        assert_eq!(
            problems(Kind::Inspection, |body| body["items"][1]["note"] = json!("u".repeat(4001))),
            too_long("/items/1/note")
        );
    }

    #[test]
    fn no_text_holds_the_nul_character() {
        let nul = |path: &str| vec![(path.to_owned(), ProblemCode::TextHasNul)];
        assert_eq!(problems(Kind::GateEvent, |body| body["remarks"] = json!("a\0b")), nul("/remarks"));
    }

    #[test]
    fn fields_of_a_newer_schema_may_be_longer_than_ours() {
        let longer = json!({"name": "u".repeat(9000)});
        assert_eq!(problems(Kind::GateEvent, |body| body["reefer"] = longer), []);
    }
}
