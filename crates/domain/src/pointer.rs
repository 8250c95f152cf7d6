//! The words for a field that differs and for its values, as a driver reads them in a notice.
//!
//! Paths are those of a difference: JSON Pointers in which list entries go by their name where they have one
//! (`/items/tires/result`, `/signatures/author_driver/strokes`) and by their place otherwise (`/seals/0/condition`).

use serde_json::Value;

use crate::Kind;
use crate::check::iso6346;
use crate::notice;
use crate::reference::Template;
use crate::words::{capitalize, class_word, humanize, one_line};

/// Characters of a value that are shown.
const LONGEST: usize = 80;

/// The name of a field as on the form. `template` is that of an inspection, where it is at hand.
#[must_use]
pub fn field_label(kind: Kind, path: &str, template: Option<&Template>) -> String {
    match path {
        notice::STATE => return "State of the record".to_owned(),
        notice::STATE_REASON => return "Reason".to_owned(),
        notice::YARD => return "Yard".to_owned(),
        _ => {}
    }
    let names: Vec<String> = path.split('/').skip(1).map(|name| name.replace("~1", "/").replace("~0", "~")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let label = match names.as_slice() {
        [] => "The whole record".to_owned(),
        ["items", item] | ["items", item, "result"] => item_label(item, template),
        ["items", item, rest @ ..] => joined(&item_label(item, template), rest),
        ["signatures", who] | ["signatures", who, "strokes"] => signature_label(who),
        ["signatures", who, rest @ ..] => format!("{}: {}", signature_label(who), words(rest)),
        ["submitted", ..] => "Handed in".to_owned(),
        ["refusal", ..] => "Refusal to sign".to_owned(),
        ["equipment", rest @ ..] if matches!(kind, Kind::Inspection | Kind::Assignment) => {
            joined(&capitalize(only_class(template).unwrap_or("equipment")), rest)
        }
        [list @ ("equipment" | "seals" | "damage" | "tires"), entry, rest @ ..] => {
            joined(&format!("{} {}", one_of(list), place(entry)), rest)
        }
        [first, rest @ ..] => joined(first_word(first), rest),
    };
    one_line(&capitalize(&label), LONGEST)
}

/// The class, where a template is made for one only.
fn only_class(template: Option<&Template>) -> Option<&'static str> {
    match template?.equipment_classes.as_slice() {
        [class] => Some(class_word(*class)),
        _ => None,
    }
}

fn item_label(item: &str, template: Option<&Template>) -> String {
    let by_key = |template: &Template| template.items.iter().position(|known| known.key == item);
    let by_place = |template: &Template| item.parse().ok().filter(|&at: &usize| at < template.items.len());
    template.and_then(|template| Some(&template.items[by_key(template).or_else(|| by_place(template))?])).map_or_else(
        || if item.parse::<usize>().is_ok() { format!("Item {}", place(item)) } else { humanize(item) },
        |known| known.label.clone(),
    )
}

fn signature_label(who: &str) -> String {
    match who {
        "author_driver" => "Signature of the driver".to_owned(),
        "releasing" | "receiving" => format!("Signature of the {who} carrier"),
        _ if who.parse::<usize>().is_ok() => format!("Signature {}", place(who)),
        _ => format!("Signature of the {}", who.replace('_', " ")),
    }
}

fn one_of(list: &str) -> &'static str {
    match list {
        "seals" => "Seal",
        "damage" => "Damage",
        "tires" => "Tire",
        _ => "Equipment",
    }
}

/// People count from one. Names, such as a tire's `LOF`, stay.
fn place(entry: &str) -> String {
    entry.parse::<usize>().ok().and_then(|at| at.checked_add(1)).map_or_else(|| entry.to_owned(), |at| at.to_string())
}

fn joined(first: &str, rest: &[&str]) -> String {
    if rest.is_empty() { first.to_owned() } else { format!("{first} {}", words(rest)) }
}

fn words(names: &[&str]) -> String {
    names.iter().map(|name| word(name)).collect::<Vec<_>>().join(" ")
}

fn first_word(name: &str) -> &str {
    match name {
        "releasing" => "releasing carrier",
        "receiving" => "receiving carrier",
        _ => known_word(name).unwrap_or(name),
    }
}

fn word(name: &str) -> String {
    known_word(name).map_or_else(|| place(&name.replace('_', " ")), str::to_owned)
}

fn known_word(name: &str) -> Option<&'static str> {
    Some(match name {
        "carrier_id" | "equipment_id" | "assignment_id" => "picked from the list",
        "equipment_provider" => "equipment provider",
        "gross_weight_kg" => "gross weight (kg)",
        "about" => "part that is shown",
        "accuracy_m" => "accuracy (m)",
        "lane" => "lane or lot",
        "licence_number" => "license number",
        "licence_region" => "license issued by",
        "motor_carrier" => "motor carrier",
        "media_type" => "kind of file",
        "occurred_at" => "time it happened",
        "override_reason" => "reason for keeping the number",
        "receipt_number" => "receipt number",
        "recorded_images" => "damage on recorded images",
        "sha256" => "bytes",
        "scac" => "SCAC",
        "stored_at" => "held by the server since",
        "taken_at" => "time it was taken",
        "time_source" => "how that time is known",
        "size_type" => "size and type",
        "tread_32nds" => "tread depth (32nds)",
        "usdot" => "USDOT number",
        _ => return None,
    })
}

/// A value as a driver reads it, at most 80 characters. An absent value is `null`.
#[must_use]
pub fn value_words(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(true) => "Yes".to_owned(),
        Value::Bool(false) => "No".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text_words(text),
        Value::Array(entries) if entries.is_empty() => "nothing".to_owned(),
        Value::Array(entries) if entries.iter().all(is_stroke) => "a signature".to_owned(),
        // Every entry takes at least one character, so no later one can show.
        Value::Array(entries) => entries.iter().take(LONGEST).map(value_words).collect::<Vec<_>>().join(", "),
        Value::Object(members) => object_words(members),
    };
    one_line(&text, LONGEST)
}

fn is_stroke(entry: &Value) -> bool {
    entry.as_array().is_some_and(|points| points.iter().all(Value::is_number))
}

fn text_words(text: &str) -> String {
    match text {
        _ if text.trim().is_empty() => "nothing".to_owned(),
        "fail_minor" => "Minor defect".to_owned(),
        "fail_major" => "Major defect".to_owned(),
        "iso_container" => "Container (ISO)".to_owned(),
        "author_driver" => "Driver".to_owned(),
        "km" | "mi" => text.to_owned(),
        _ if ENUM_WORDS.contains(&text) => humanize(text),
        _ if uuid::Uuid::try_parse(text).is_ok() => "an entry of the list".to_owned(),
        _ => text.to_owned(),
    }
}

/// Names of enum values that read well with their underscores gone.
#[rustfmt::skip]
const ENUM_WORDS: [&str; 48] = [
    "admin", "bent", "bobtail", "bottom", "broken", "carrier", "chassis", "customs", "cut", "damaged", "dent",
    "domestic_container", "electronic_fault", "empty", "flat", "front", "genset", "good", "hole", "in", "in_gate",
    "intact", "interior", "left", "loaded", "missing", "not_applicable", "operator", "out", "out_gate", "pass", "patch",
    "rear", "recap", "receiving", "releasing", "repair_certifier", "reviewing_driver", "right", "scrape", "shipper",
    "slid_flat", "street", "supervisor", "terminal", "top", "tractor", "trailer",
];

/// An object goes by what names it on the form.
fn object_words(members: &serde_json::Map<String, Value>) -> String {
    let text = |name: &str| members.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let said = |name: &str| members.get(name).map_or_else(String::new, value_words);
    if members.contains_key("strokes") {
        return text("name").map_or_else(|| "a signature".to_owned(), |name| format!("a signature by {name}"));
    }
    if members.contains_key("result") {
        return text("note").map_or_else(|| said("result"), |note| format!("{}: {note}", said("result")));
    }
    if let Some(number) = text("number") {
        return if members.contains_key("class") { iso6346::display(number) } else { number.to_owned() };
    }
    if members.contains_key("damage_type") {
        return format!("{}, {}", said("damage_type"), said("view").to_lowercase());
    }
    if members.contains_key("position") {
        return format!("{}: {}", said("position"), said("condition"));
    }
    if members.contains_key("unit") {
        return format!("{} {}", said("value"), said("unit"));
    }
    ["name", "scac", "label", "reason", "at", "key"]
        .into_iter()
        .find_map(text)
        .map_or_else(|| "an entry".to_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::equipment::EquipmentClass;
    use crate::us_dvir;

    #[test]
    fn fields_are_called_as_on_the_form() {
        let template = us_dvir();
        for (kind, path, label) in [
            (Kind::Inspection, "/items/tires/result", "Tires"),
            (Kind::Inspection, "/items/wipers", "Windshield wipers"),
            (Kind::Inspection, "/items/10/note", "Emergency equipment note"),
            (Kind::Inspection, "/items/brake~1hoses/note", "Brake/hoses note"),
            (Kind::Inspection, "/items/99/note", "Item 100 note"),
            (Kind::Inspection, "/equipment/number", "Equipment number"),
            (Kind::Inspection, "/remarks", "Remarks"),
            (Kind::Inspection, "/motor_carrier/usdot", "Motor carrier USDOT number"),
            (Kind::Inspection, "/signatures/author_driver/strokes", "Signature of the driver"),
            (Kind::Inspection, "/signatures/0/name", "Signature 1: name"),
            (Kind::Inspection, "/submitted/at", "Handed in"),
            (Kind::GateEvent, "/equipment/0/number", "Equipment 1 number"),
            (Kind::GateEvent, "/equipment/1/plate/region", "Equipment 2 plate region"),
            (Kind::GateEvent, "/seals/0/condition", "Seal 1 condition"),
            (Kind::GateEvent, "/driver/licence_number", "Driver license number"),
            (Kind::Interchange, "/releasing/scac", "Releasing carrier SCAC"),
            (Kind::Interchange, "/tires/LOF/condition", "Tire LOF condition"),
            (Kind::Interchange, "/signatures/receiving", "Signature of the receiving carrier"),
            (Kind::Interchange, "", "The whole record"),
            (Kind::GateEvent, "state", "State of the record"),
            (Kind::GateEvent, "/state", "State"),
        ] {
            assert_eq!(field_label(kind, path, Some(&template)), label, "{path}");
        }
    }

    #[test]
    fn a_template_for_one_class_gives_its_unit_that_name() {
        let mut template = us_dvir();
        template.equipment_classes = vec![EquipmentClass::IsoContainer];
        assert_eq!(field_label(Kind::Inspection, "/equipment/number", Some(&template)), "Container number");
    }

    #[test]
    fn without_its_template_an_item_goes_by_its_key() {
        assert_eq!(field_label(Kind::Inspection, "/items/service_brakes/result", None), "Service brakes");
    }

    #[test]
    fn values_are_told_in_words() {
        for (value, words) in [
            (json!("fail_major"), "Major defect"),
            (json!("pass"), "Pass"),
            (json!("slid_flat"), "Slid flat"),
            (json!(null), "nothing"),
            (json!(""), "nothing"),
            (json!([]), "nothing"),
            (json!(true), "Yes"),
            (json!(21_000), "21000"),
            (json!("2026-03-04T17:30:00Z"), "2026-03-04T17:30:00Z"),
            (json!([[1, 2, 3, 4], [5, 6]]), "a signature"),
            (json!({"strokes": [[1, 2]], "name": "Luis Vega"}), "a signature by Luis Vega"),
            (json!({"key": "tires", "result": "fail_minor", "note": "worn"}), "Minor defect: worn"),
            (json!({"class": "iso_container", "number": "CSQU3054383"}), "CSQU 305438 3"),
            (json!({"number": "UL-88", "condition": "broken"}), "UL-88"),
            (json!({"value": 12, "unit": "km"}), "12 km"),
            (json!({"view": "left", "damage_type": "dent"}), "Dent, left"),
            (json!(["tractor", "chassis"]), "Tractor, Chassis"),
        ] {
            assert_eq!(value_words(&value), words, "{value}");
        }
        assert_eq!(value_words(&json!("x".repeat(100))), format!("{}…", "x".repeat(79)));
    }

    proptest! {
        #[test]
        fn any_path_and_text_is_put_into_words_without_a_panic(path in "(/[a-z0-9~_]{0,12}){0,5}|\\PC*", text in "\\PC*") {
            for kind in Kind::ALL {
                prop_assert!(field_label(kind, &path, Some(&us_dvir())).chars().count() <= LONGEST);
            }
            for value in [json!(text), json!([text, text]), json!({"name": text})] {
                prop_assert!(value_words(&value).chars().count() <= LONGEST);
            }
        }
    }
}
