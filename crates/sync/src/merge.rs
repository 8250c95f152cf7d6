//! Two changes of one body, joined.

use serde_json::{Map, Value};

use crate::same::is_same;

/// What both made of `before`, joined field by field: whatever `mine` changed stands, everything else is as in `theirs`.
/// Entries of lists that have names (a `key`, a `role`, a `position`) are joined by those; a list without names is one
/// field.
#[must_use]
pub fn merge(before: &Value, mine: &Value, theirs: &Value) -> Value {
    field(Some(before), Some(mine), Some(theirs)).unwrap_or_default()
}

fn field(before: Option<&Value>, mine: Option<&Value>, theirs: Option<&Value>) -> Option<Value> {
    if is_unchanged(mine, before) {
        return theirs.cloned();
    }
    if is_unchanged(theirs, before) || is_unchanged(mine, theirs) {
        return mine.cloned();
    }
    let (Some(mine), Some(theirs)) = (mine, theirs) else { return mine.cloned() };
    let joined = match (mine, theirs) {
        (Value::Object(mine), Value::Object(theirs)) => objects(before.and_then(Value::as_object), mine, theirs),
        (Value::Array(mine), Value::Array(theirs)) => lists(before.and_then(Value::as_array), mine, theirs),
        _ => mine.clone(),
    };
    Some(joined)
}

fn is_unchanged(now: Option<&Value>, before: Option<&Value>) -> bool {
    match (now, before) {
        (Some(now), Some(before)) => is_same(now, before),
        (now, before) => now.is_none() && before.is_none(),
    }
}

fn objects(before: Option<&Map<String, Value>>, mine: &Map<String, Value>, theirs: &Map<String, Value>) -> Value {
    let names = mine.keys().chain(theirs.keys().filter(|name| !mine.contains_key(*name)));
    let joined = names.filter_map(|name| {
        let then = before.and_then(|before| before.get(name));
        Some((name.clone(), field(then, mine.get(name), theirs.get(name))?))
    });
    Value::Object(joined.collect())
}

fn lists(before: Option<&Vec<Value>>, mine: &[Value], theirs: &[Value]) -> Value {
    let before = before.map_or(&[][..], Vec::as_slice);
    let naming = common_naming(mine, theirs).filter(|naming| common_naming(before, mine) == Some(*naming));
    let Some(naming) = naming else { return Value::Array(mine.to_vec()) };
    let find = |list: &'_ [Value], name: &str| list.iter().position(|entry| entry[naming] == name);
    let added = theirs.iter().filter(|entry| find(mine, name_of(entry, naming)).is_none());
    let joined = mine.iter().chain(added).filter_map(|entry| {
        let name = name_of(entry, naming);
        let of = |list: &'_ [Value]| find(list, name);
        field(of(before).map(|at| &before[at]), of(mine).map(|at| &mine[at]), of(theirs).map(|at| &theirs[at]))
    });
    Value::Array(joined.collect())
}

fn name_of<'a>(entry: &'a Value, naming: &str) -> &'a str {
    entry[naming].as_str().unwrap_or_default()
}

/// The field that names the entries of both lists, uniquely in each.
fn common_naming(a: &[Value], b: &[Value]) -> Option<&'static str> {
    let names_all = |list: &[Value], naming: &str| {
        let mut names: Vec<_> = list.iter().map(|entry| entry[naming].as_str()).collect();
        names.sort_unstable();
        names.iter().all(Option::is_some) && names.windows(2).all(|pair| pair[0] != pair[1])
    };
    ["key", "role", "position"].into_iter().find(|naming| names_all(a, naming) && names_all(b, naming))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_only_one_side_changed_is_as_that_side_has_it() {
        let before = json!({"odometer": 1, "remarks": "", "seal": "A"});
        let mine = json!({"odometer": 2, "remarks": "", "seal": "A"});
        let theirs = json!({"odometer": 1, "remarks": "flat tire"});
        assert_eq!(merge(&before, &mine, &theirs), json!({"odometer": 2, "remarks": "flat tire"}));
    }

    #[test]
    fn a_number_spelled_otherwise_is_no_change() {
        let (before, mine, theirs) = (json!({"a": 1, "b": 1}), json!({"a": 1.0, "b": 2}), json!({"a": 3, "b": 1.0}));
        assert_eq!(merge(&before, &mine, &theirs), json!({"a": 3, "b": 2}));
    }

    #[test]
    fn of_a_field_that_both_changed_mine_stands() {
        let joined = merge(&json!({"a": 1, "b": 1}), &json!({"a": 2}), &json!({"a": 3, "b": 4}));
        assert_eq!(joined, json!({"a": 2}), "also where mine took it away");
    }

    #[test]
    fn answers_of_a_list_are_joined_by_their_keys() {
        let item = |key: &str, result: Value| json!({"key": key, "result": result});
        let before = json!([item("horn", json!(null)), item("tires", json!(null))]);
        let mine = json!([item("horn", json!("pass")), item("tires", json!(null))]);
        let theirs =
            json!([item("tires", json!("fail_major")), item("horn", json!(null)), item("lamps", json!("pass"))]);
        let joined =
            json!([item("horn", json!("pass")), item("tires", json!("fail_major")), item("lamps", json!("pass"))]);
        assert_eq!(merge(&before, &mine, &theirs), joined);
    }

    #[test]
    fn a_list_without_names_is_one_field() {
        let joined = merge(&json!({"seals": [{"n": "A"}]}), &json!({"seals": [{"n": "B"}]}), &json!({"seals": []}));
        assert_eq!(joined, json!({"seals": [{"n": "B"}]}));
    }

    #[test]
    fn joining_with_what_nobody_changed_changes_nothing() {
        let (one, other) = (json!({"a": [1, 2], "b": {"c": 1}}), json!({"a": [], "b": {}}));
        assert_eq!(merge(&one, &other, &one), other);
        assert_eq!(merge(&one, &one, &other), other);
    }
}
