//! In which fields two states of a record differ.

use gatebook_domain::notice::{FieldDifference, STATE, STATE_REASON, YARD};
use serde_json::{Value, json};

use crate::same::is_same;
use crate::wire::Content;

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
    let beside = [
        (STATE, json!(kept.state), json!(set_aside.state)),
        (STATE_REASON, reason(kept), reason(set_aside)),
        (YARD, json!(kept.yard_id), json!(set_aside.yard_id)),
    ];
    for (path, kept, set_aside) in beside.iter().filter(|(_, kept, set_aside)| kept != set_aside) {
        report(path, said(kept), said(set_aside), limit, &mut found);
    }
    let parse = |content: &Content| serde_json::from_str::<Value>(content.body.get()).unwrap_or_default();
    compare(&mut String::new(), Some(&parse(kept)), Some(&parse(set_aside)), limit, &mut found);
    found
}

fn reason(content: &Content) -> Value {
    if content.state_reason.is_empty() { Value::Null } else { json!(content.state_reason) }
}

fn said(value: &Value) -> Option<&Value> {
    Some(value).filter(|value| !value.is_null())
}

/// Compares two bodies field by field and lists at most `limit` differences.
///
/// Objects are compared by name, lists of objects by what names their entries (`key`, `role`, `position`), other lists
/// of objects by place, anything else as a whole. A signature's strokes count as one field.
#[must_use]
pub fn differences(kept: &Value, set_aside: &Value, limit: usize) -> Differences {
    let mut found = Differences::default();
    compare(&mut String::new(), Some(kept), Some(set_aside), limit, &mut found);
    found
}

fn compare(path: &mut String, kept: Option<&Value>, set_aside: Option<&Value>, limit: usize, found: &mut Differences) {
    match (kept, set_aside) {
        (Some(a), Some(b)) if is_same(a, b) => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            for name in a.keys().chain(b.keys().filter(|name| !a.contains_key(*name))) {
                descend(path, name, a.get(name), b.get(name), limit, found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) if entries_are_objects(a) && entries_are_objects(b) => {
            if let Some(naming) = common_naming(a, b) {
                let find = |list: &'_ [Value], name: &str| list.iter().position(|entry| entry[naming] == name);
                for entry in a.iter().chain(b.iter().filter(|entry| find(a, name_of(entry, naming)).is_none())) {
                    let name = name_of(entry, naming);
                    let (in_a, in_b) = (find(a, name).map(|at| &a[at]), find(b, name).map(|at| &b[at]));
                    descend(path, name, in_a, in_b, limit, found);
                }
            } else {
                for at in 0..a.len().max(b.len()) {
                    descend(path, &at.to_string(), a.get(at), b.get(at), limit, found);
                }
            }
        }
        (a, b) => report(path, a, b, limit, found),
    }
}

fn descend(path: &mut String, name: &str, a: Option<&Value>, b: Option<&Value>, limit: usize, found: &mut Differences) {
    let length = path.len();
    path.push('/');
    path.push_str(&name.replace('~', "~0").replace('/', "~1"));
    compare(path, a, b, limit, found);
    path.truncate(length);
}

fn report(path: &str, kept: Option<&Value>, set_aside: Option<&Value>, limit: usize, found: &mut Differences) {
    if found.listed.len() < limit {
        found.listed.push(FieldDifference {
            path: path.to_owned(),
            kept: kept.map(Value::to_string),
            set_aside: set_aside.map(Value::to_string),
        });
    } else {
        found.more += 1;
    }
}

fn entries_are_objects(list: &[Value]) -> bool {
    list.iter().all(Value::is_object)
}

pub(crate) fn name_of<'a>(entry: &'a Value, naming: &str) -> &'a str {
    entry[naming].as_str().unwrap_or_default()
}

/// The field that names the entries of both lists, uniquely in each.
pub(crate) fn common_naming(a: &[Value], b: &[Value]) -> Option<&'static str> {
    let names_all = |list: &[Value], naming: &str| {
        let mut names: Vec<_> = list.iter().map(|entry| entry[naming].as_str()).collect();
        names.sort_unstable();
        names.iter().all(Option::is_some) && names.windows(2).all(|pair| pair[0] != pair[1])
    };
    ["key", "role", "position"].into_iter().find(|naming| names_all(a, naming) && names_all(b, naming))
}

#[cfg(test)]
mod tests {
    use gatebook_domain::RecordState;
    use serde_json::json;

    use super::*;

    fn paths(kept: &Value, set_aside: &Value) -> Vec<String> {
        differences(kept, set_aside, 40).listed.into_iter().map(|difference| difference.path).collect()
    }

    #[test]
    fn equal_bodies_have_none() {
        let body = json!({"a": [1, 2], "b": {"c": null}});
        assert_eq!(differences(&body, &body, 40), Differences::default());
    }

    #[test]
    fn a_number_spelled_otherwise_is_no_difference() {
        assert_eq!(paths(&json!({"a": 1, "b": {"c": [2.0]}}), &json!({"a": 1.0, "b": {"c": [2]}})), [""; 0]);
    }

    #[test]
    fn a_changed_a_missing_and_an_added_field_are_each_told_with_both_sides() {
        let found = differences(&json!({"a": 1, "b": "x"}), &json!({"a": 2, "c": true}), 40).listed;
        let told: Vec<_> = found.iter().map(|d| (d.path.as_str(), d.kept.as_deref(), d.set_aside.as_deref())).collect();
        assert_eq!(told, [("/a", Some("1"), Some("2")), ("/b", Some("\"x\""), None), ("/c", None, Some("true"))]);
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
        let found = differences(&numbered(1), &numbered(2), 40);
        assert_eq!((found.listed.len(), found.more), (40, 10));
    }

    #[test]
    fn names_with_slashes_are_escaped_as_json_pointers_ask() {
        assert_eq!(paths(&json!({"a/b~c": 1}), &json!({"a/b~c": 2})), ["/a~1b~0c"]);
    }
}
