//! In which fields two states of a record differ.

use std::collections::{HashMap, HashSet};

use gatebook_domain::notice::{FieldDifference, STATE, STATE_REASON, YARD};
use gatebook_domain::raw;
use serde_json::value::RawValue;

use crate::same::is_same_text;
use crate::wire::Content;

/// Bytes of one side of a difference. What is longer is told to differ, and can be read in the states themselves.
const LONGEST: usize = 8 * 1024;
/// Bytes after which further differences are only counted.
const ROOM: usize = 32 * 1024;

/// The differences found, bounded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Differences {
    /// The first ones, in the order of the kept state's fields.
    pub listed: Vec<FieldDifference>,
    /// How many more there are.
    pub more: u32,
}

/// Compares two states of a record and lists at most `limit` differences: state, reason and yard first, then the bodies'.
/// States that do not say the same differ in something here, so that nobody is told of a conflict about nothing.
#[must_use]
pub fn content_differences(kept: &Content, set_aside: &Content, limit: usize) -> Differences {
    let mut found = Differences::default();
    let state = |content: &Content| Some(json(&content.state));
    let reason = |content: &Content| (!content.state_reason.is_empty()).then(|| json(&content.state_reason));
    let yard = |content: &Content| content.yard_id.map(|yard| json(&yard));
    for (path, kept, set_aside) in [
        (STATE, state(kept), state(set_aside)),
        (STATE_REASON, reason(kept), reason(set_aside)),
        (YARD, yard(kept), yard(set_aside)),
    ] {
        if kept != set_aside {
            report(path, kept.as_deref(), set_aside.as_deref(), limit, &mut found);
        }
    }
    compare(&mut String::new(), Some(kept.body.get()), Some(set_aside.body.get()), limit, &mut found);
    found
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("what stands beside a body is JSON")
}

/// Compares two bodies field by field and lists at most `limit` differences. They stay text, so that no digit is lost, and
/// so that a small text costs little whatever it would unfold into.
///
/// Objects are compared by name, lists of objects by what names their entries (`key`, `role`, `position`), other lists
/// of objects by place, anything else as a whole. A signature's strokes count as one field.
#[must_use]
pub fn differences(kept: &str, set_aside: &str, limit: usize) -> Differences {
    let mut found = Differences::default();
    compare(&mut String::new(), Some(kept), Some(set_aside), limit, &mut found);
    found
}

fn compare(path: &mut String, kept: Option<&str>, set_aside: Option<&str>, limit: usize, found: &mut Differences) {
    let (Some(kept), Some(set_aside)) = (kept, set_aside) else {
        return report(path, kept, set_aside, limit, found);
    };
    if is_same_text(kept, set_aside) {
        return;
    }
    if let (Some(a), Some(b)) = (raw::members(kept), raw::members(set_aside)) {
        return pairs(path, &a.into_iter().unzip(), &b.into_iter().unzip(), limit, found);
    }
    if let (Some(a), Some(b)) = (objects(kept), objects(set_aside)) {
        match common_names(&a, &b) {
            Some((names_a, names_b)) => pairs(path, &(names_a, a), &(names_b, b), limit, found),
            None => {
                for at in 0..a.len().max(b.len()) {
                    let of = |side: &[&'_ RawValue]| side.get(at).map(|entry| entry.get().to_owned());
                    descend(path, &at.to_string(), of(&a).as_deref(), of(&b).as_deref(), limit, found);
                }
            }
        }
        return;
    }
    report(path, Some(kept), Some(set_aside), limit, found);
}

/// Compares what has the same name on both sides: all of the one in its order, then what only the other has.
fn pairs(path: &mut String, kept: &Side<'_>, set_aside: &Side<'_>, limit: usize, found: &mut Differences) {
    let (in_kept, in_set_aside) = (by_name(kept), by_name(set_aside));
    let mut seen = HashSet::new();
    for name in kept.0.iter().chain(&set_aside.0).map(String::as_str) {
        if seen.insert(name) {
            let (a, b) = (in_kept.get(name).copied(), in_set_aside.get(name).copied());
            descend(path, name, a, b, limit, found);
        }
    }
}

/// Names, each with its value.
type Side<'a> = (Vec<String>, Vec<&'a RawValue>);

fn by_name<'a>((names, values): &'a Side<'_>) -> HashMap<&'a str, &'a str> {
    names.iter().map(String::as_str).zip(values.iter().map(|value| value.get())).collect()
}

fn descend(path: &mut String, name: &str, a: Option<&str>, b: Option<&str>, limit: usize, found: &mut Differences) {
    let length = path.len();
    path.push('/');
    path.push_str(&name.replace('~', "~0").replace('/', "~1"));
    compare(path, a, b, limit, found);
    path.truncate(length);
}

fn report(path: &str, kept: Option<&str>, set_aside: Option<&str>, limit: usize, found: &mut Differences) {
    let told = |side: &str| if side.len() > LONGEST { "\"…\"".to_owned() } else { side.to_owned() };
    let bytes = |it: &FieldDifference| {
        it.path.len() + it.kept.as_ref().map_or(0, String::len) + it.set_aside.as_ref().map_or(0, String::len)
    };
    let has_room = found.listed.iter().map(bytes).sum::<usize>() < ROOM;
    if found.listed.len() < limit && path.len() <= LONGEST && has_room {
        found.listed.push(FieldDifference {
            path: path.to_owned(),
            kept: kept.map(told),
            set_aside: set_aside.map(told),
        });
    } else {
        found.more += 1;
    }
}

/// The entries of a list, if each is an object.
fn objects(json: &str) -> Option<Vec<&RawValue>> {
    raw::entries(json).filter(|entries| entries.iter().all(|entry| entry.get().starts_with('{')))
}

/// What names the entries of both lists, uniquely in each.
fn common_names(a: &[&RawValue], b: &[&RawValue]) -> Option<(Vec<String>, Vec<String>)> {
    ["key", "role", "position"].into_iter().find_map(|naming| Some((names(a, naming)?, names(b, naming)?)))
}

fn names(list: &[&RawValue], naming: &str) -> Option<Vec<String>> {
    let name = |entry: &&RawValue| serde_json::from_str(raw::member(&raw::members(entry.get())?, naming)?.get()).ok();
    let names: Vec<String> = list.iter().map(name).collect::<Option<_>>()?;
    let distinct: HashSet<_> = names.iter().collect();
    (distinct.len() == names.len()).then_some(names)
}

#[cfg(test)]
mod tests {
    use gatebook_domain::RecordState;
    use serde_json::{Value, json};

    use super::*;

    fn compared(kept: &Value, set_aside: &Value) -> Differences {
        differences(&kept.to_string(), &set_aside.to_string(), 40)
    }

    fn paths(kept: &Value, set_aside: &Value) -> Vec<String> {
        compared(kept, set_aside).listed.into_iter().map(|difference| difference.path).collect()
    }

    #[test]
    fn equal_bodies_have_none() {
        let body = json!({"a": [1, 2], "b": {"c": null}});
        assert_eq!(compared(&body, &body), Differences::default());
    }

    #[test]
    fn a_number_spelled_otherwise_is_no_difference() {
        assert_eq!(paths(&json!({"a": 1, "b": {"c": [2.0]}}), &json!({"a": 1.0, "b": {"c": [2]}})), [""; 0]);
    }

    #[test]
    fn a_changed_a_missing_and_an_added_field_are_each_told_with_both_sides() {
        let found = compared(&json!({"a": 1, "b": "x"}), &json!({"a": 2, "c": true})).listed;
        let told: Vec<_> = found.iter().map(|d| (d.path.as_str(), d.kept.as_deref(), d.set_aside.as_deref())).collect();
        assert_eq!(told, [("/a", Some("1"), Some("2")), ("/b", Some("\"x\""), None), ("/c", None, Some("true"))]);
    }

    #[test]
    fn no_digit_of_a_long_number_is_lost() {
        let (one, other) = (r#"{"new":12345678901234567890123}"#, r#"{"new":12345678901234567890124}"#);
        let found = differences(one, other, 40).listed;
        assert_eq!(found[0].kept.as_deref(), Some("12345678901234567890123"));
        assert_eq!(found[0].set_aside.as_deref(), Some("12345678901234567890124"));
        assert_eq!(differences(r#"{"new":1e2}"#, r#"{"new":100}"#, 40), Differences::default());
    }

    #[test]
    fn a_side_that_is_very_long_is_told_to_differ() {
        let found = compared(&json!({"new": "x".repeat(LONGEST)}), &json!({"new": 1})).listed;
        assert_eq!((found[0].kept.as_deref(), found[0].set_aside.as_deref()), (Some("\"…\""), Some("1")));
    }

    #[test]
    fn so_much_is_told_and_the_rest_is_counted() {
        let long =
            |text: &str| Value::Object((0..20).map(|i| (format!("f{i:02}"), json!(text.repeat(4_000)))).collect());
        let found = compared(&long("x"), &long("y"));
        assert_eq!((found.listed.len(), found.more), (5, 15));
    }

    #[test]
    fn list_items_are_matched_by_key_not_by_place() {
        let kept = json!({"items": [{"key": "horn", "result": "pass"}, {"key": "tires", "result": "pass"}]});
        let aside = json!({"items": [{"key": "tires", "result": "fail_major"}, {"key": "horn", "result": "pass"}]});
        assert_eq!(paths(&kept, &aside), ["/items/tires/result"]);
    }

    #[test]
    fn unnamed_list_entries_are_matched_by_place() {
        let kept = json!({"seals": [{"number": "A"}, {"number": "B"}]});
        let aside = json!({"seals": [{"number": "A"}]});
        assert_eq!(paths(&kept, &aside), ["/seals/1"]);
    }

    #[test]
    fn a_drawn_signature_is_one_field() {
        let sign = |strokes: Value| json!({"signatures": [{"role": "author_driver", "strokes": strokes}]});
        assert_eq!(
            paths(&sign(json!([[1, 2, 3, 4], [5, 6]])), &sign(json!([[9, 9]]))),
            ["/signatures/author_driver/strokes"]
        );
    }

    fn content(state: RecordState, reason: &str, body: &str) -> Content {
        Content {
            kind: "gate_event".to_owned(),
            yard_id: None,
            schema: 1,
            state,
            state_reason: reason.to_owned(),
            captured_at: jiff::Timestamp::UNIX_EPOCH,
            zone: "UTC".to_owned(),
            operator_id: None,
            body: serde_json::value::RawValue::from_string(body.to_owned()).unwrap(),
        }
    }

    fn told(kept: &Content, set_aside: &Content) -> Vec<(String, Option<String>, Option<String>)> {
        let found = content_differences(kept, set_aside, 40).listed;
        found.into_iter().map(|it| (it.path, it.kept, it.set_aside)).collect()
    }

    fn entry(path: &str, kept: Option<&str>, set_aside: Option<&str>) -> (String, Option<String>, Option<String>) {
        (path.to_owned(), kept.map(str::to_owned), set_aside.map(str::to_owned))
    }

    #[test]
    fn a_void_differs_from_an_edit_in_state_and_reason_and_in_what_was_edited() {
        let void = content(RecordState::Voided, "entered twice", r#"{"lane":"4"}"#);
        let edit = content(RecordState::Live, "", r#"{"lane":"5"}"#);
        assert_eq!(
            told(&void, &edit),
            [
                entry("state", Some("\"voided\""), Some("\"live\"")),
                entry("state_reason", Some("\"entered twice\""), None),
                entry("/lane", Some("\"4\""), Some("\"5\"")),
            ]
        );
    }

    #[test]
    fn two_voids_for_different_reasons_and_two_yards_differ() {
        let void = |reason| content(RecordState::Voided, reason, "{}");
        assert_eq!(told(&void("a"), &void("b")), [entry("state_reason", Some("\"a\""), Some("\"b\""))]);
        let moved = Content { yard_id: Some(uuid::Uuid::nil()), ..void("a") };
        let nil = format!("\"{}\"", uuid::Uuid::nil());
        assert_eq!(told(&moved, &void("a")), [entry("yard_id", Some(&nil), None)]);
    }

    #[test]
    fn no_more_are_listed_than_asked_and_the_rest_is_counted() {
        let numbered = |n: i64| Value::Object((0..50).map(|i| (format!("f{i:02}"), json!(n))).collect());
        let found = compared(&numbered(1), &numbered(2));
        assert_eq!((found.listed.len(), found.more), (40, 10));
    }

    #[test]
    fn names_with_slashes_are_escaped_as_json_pointers_ask() {
        assert_eq!(paths(&json!({"a/b~c": 1}), &json!({"a/b~c": 2})), ["/a~1b~0c"]);
    }
}
