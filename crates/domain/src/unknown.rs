//! Fields of a newer schema on their way through an edit. What a person edits does not show them, and what shows it may
//! not even be able to hold them: a web page knows no number beyond 2^53 and writes `1e2` as `100`. So a typed body does not
//! hold them at all; they stay text, and are put back, as they were written, into what comes of an edit ([`put_back`]).

use serde_json::value::RawValue;

use crate::raw::{Member, Object, entries, member, members};
use crate::{Body, Kind};

/// Whether the text of a body of `kind` says something that this version does not know.
///
/// # Errors
/// It is no body of that kind.
pub fn says_unknown(kind: Kind, text: &str) -> Result<bool, serde_json::Error> {
    fn below(text: &RawValue, known: &RawValue) -> bool {
        if let (Some(text), Some(known)) = (members(text.get()), members(known.get())) {
            text.iter().any(|(name, value)| match member(&known, name) {
                Some(known) => below(value, known),
                // What says nothing is not written by this version.
                None => !matches!(value.get(), "null" | "\"\"" | "[]" | "false"),
            })
        } else if let (Some(text), Some(known)) = (entries(text.get()), entries(known.get())) {
            text.iter().zip(&known).any(|(text, known)| below(text, known))
        } else {
            false
        }
    }
    let known = Body::from_json(kind, text)?.to_json();
    Ok(below(serde_json::from_str(text)?, serde_json::from_str(&known)?))
}

/// The text `next` of a body of `kind`, with the fields that this version does not know in `before`, the text it was edited
/// from. They stand as they were written there, at every level. Entries of a list are told again by what they say: one that
/// is unchanged keeps its own, wherever it stands now, and of the others each goes on from the one that it is most alike.
///
/// # Errors
/// One of the texts is no body of that kind.
pub fn put_back(before: &str, kind: Kind, next: &str) -> Result<String, serde_json::Error> {
    let known = Body::from_json(kind, before)?.to_json();
    let mut out = String::with_capacity(next.len());
    joined(serde_json::from_str(before)?, serde_json::from_str(&known)?, serde_json::from_str(next)?, &mut out);
    Ok(out)
}

/// Writes `after` with whatever `before` says that `known`, the same as this version knows it, does not.
fn joined(before: &RawValue, known: &RawValue, after: &RawValue, out: &mut String) {
    if let (Some(before), Some(known), Some(after)) =
        (members(before.get()), members(known.get()), members(after.get()))
    {
        objects(&before, &known, &after, out);
    } else if let (Some(before), Some(known), Some(after)) =
        (entries(before.get()), entries(known.get()), entries(after.get()))
    {
        lists(&before, &known, &after, out);
    } else {
        out.push_str(after.get());
    }
}

fn objects(before: &[Member<'_>], known: &[Member<'_>], after: &[Member<'_>], out: &mut String) {
    let mut object = Object::begin(0);
    for (name, value) in after {
        match (member(before, name), member(known, name)) {
            (Some(before), Some(known)) => {
                let mut below = String::new();
                joined(before, known, value, &mut below);
                object.member(name, &below);
            }
            _ => object.member(name, value.get()),
        }
    }
    for (at, (name, value)) in before.iter().enumerate() {
        let is_said_again = before[at + 1..].iter().any(|(later, _)| later == name);
        if member(known, name).is_none() && member(after, name).is_none() && !is_said_again {
            object.member(name, value.get());
        }
    }
    out.push_str(&object.end());
}

fn lists(before: &[&RawValue], known: &[&RawValue], after: &[&RawValue], out: &mut String) {
    let origins = origins(known, after);
    out.push('[');
    for (place, entry) in after.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        match origins[place] {
            Some(origin) => joined(before[origin], known[origin], entry, out),
            None => out.push_str(entry.get()),
        }
    }
    out.push(']');
}

/// From which entry of `known` each of `after` comes.
fn origins(known: &[&RawValue], after: &[&RawValue]) -> Vec<Option<usize>> {
    let mut is_free = vec![true; known.len()];
    let mut origins: Vec<Option<usize>> = after
        .iter()
        .map(|entry| {
            let same = (0..known.len()).find(|at| is_free[*at] && known[*at].get() == entry.get())?;
            is_free[same] = false;
            Some(same)
        })
        .collect();
    for (place, entry) in after.iter().enumerate().filter(|(_, entry)| entry.get().starts_with('{')) {
        if origins[place].is_some() {
            continue;
        }
        let alike = |at: &usize| (agreement(known[*at], entry), std::cmp::Reverse(*at));
        let best = (0..known.len()).filter(|at| is_free[*at]).max_by_key(alike);
        if let Some(best) = best.filter(|at| agreement(known[*at], entry) > 0) {
            is_free[best] = false;
            origins[place] = Some(best);
        }
    }
    origins
}

/// In how many members two entries agree.
fn agreement(one: &RawValue, other: &RawValue) -> usize {
    let (Some(one), Some(other)) = (members(one.get()), members(other.get())) else { return 0 };
    one.iter().filter(|(name, value)| member(&other, name).is_some_and(|it| it.get() == value.get())).count()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::gate_event::GateEvent;
    use crate::samples;

    const FIELD: [Kind; 3] = [Kind::Inspection, Kind::GateEvent, Kind::Interchange];

    /// Numbers that no page keeps, each in every object of the body.
    const NEWS: &str = r#""news":[-18.0,1e2,9007199254740993,123456789012345678901234567890]"#;

    fn from_a_newer_app(value: &Value) -> String {
        match value {
            Value::Object(members) => {
                let known = members.iter().map(|(name, member)| format!("\"{name}\": {}", from_a_newer_app(member)));
                format!("{{ {NEWS}, {} }}", known.collect::<Vec<_>>().join(", "))
            }
            Value::Array(entries) => {
                format!("[{}]", entries.iter().map(from_a_newer_app).collect::<Vec<_>>().join(", "))
            }
            other => other.to_string(),
        }
    }

    fn objects_in(value: &Value) -> usize {
        match value {
            Value::Object(members) => 1 + members.values().map(objects_in).sum::<usize>(),
            Value::Array(entries) => entries.iter().map(objects_in).sum(),
            _ => 0,
        }
    }

    fn put_back_into(next: GateEvent, before: &str) -> String {
        put_back(before, Kind::GateEvent, &Body::GateEvent(next).to_json()).unwrap()
    }

    fn event(text: &str) -> GateEvent {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_is_edited_shows_no_field_of_a_newer_schema_at_any_level() {
        for kind in FIELD {
            let full = samples::full(kind);
            let body = Body::from_json(kind, &from_a_newer_app(&full)).unwrap();
            let shown: Value = serde_json::from_str(&body.to_json()).unwrap();
            assert_eq!(shown, full);
            assert!(says_unknown(kind, &from_a_newer_app(&full)).unwrap());
            assert!(!says_unknown(kind, &full.to_string()).unwrap());
        }
    }

    #[test]
    fn what_comes_of_an_edit_has_them_all_as_they_were_written() {
        for kind in FIELD {
            let full = samples::full(kind);
            let before = from_a_newer_app(&full);
            let next = put_back(&before, kind, &full.to_string()).unwrap();
            assert_eq!(next.matches(NEWS).count(), objects_in(&full), "{kind:?}");
            assert_eq!(serde_json::from_str::<Value>(&next).unwrap(), serde_json::from_str::<Value>(&before).unwrap());
        }
    }

    #[test]
    fn a_field_that_was_emptied_does_not_come_back() {
        let before = r#"{"direction":"in","lane":"4","equipment":[],"carrier":{"name":"A","scac":"AAAA","new":1}}"#;
        let next = put_back_into(event(r#"{"direction":"in","equipment":[]}"#), before);
        assert_eq!(
            serde_json::from_str::<Value>(&next).unwrap(),
            json!({"direction": "in", "equipment": [], "driver": {"name": ""}, "carrier": {"name": "", "new": 1}})
        );
    }

    #[test]
    fn an_entry_keeps_its_own_when_others_are_removed_added_or_edited() {
        let before = r#"{"direction":"in","equipment":[],"seals":[
            {"number":"A","new":1.0},{"number":"B","condition":"broken","new":2.0},{"number":"C","class":"H","new":3.0}]}"#;
        let mut next = event(before);
        next.seals.remove(0);
        next.seals[1].number = "C-1".to_owned();
        next.seals.insert(0, serde_json::from_value(json!({"number": "D", "condition": "missing"})).unwrap());
        let next = put_back_into(next, before);
        let seals = &serde_json::from_str::<Value>(&next).unwrap()["seals"];
        let new = |at: usize| (seals[at]["number"].as_str().unwrap(), seals[at].get("new").cloned());
        assert_eq!([new(0), new(1), new(2)], [("D", None), ("B", Some(json!(2.0))), ("C-1", Some(json!(3.0)))]);
    }

    #[test]
    fn a_name_that_was_written_twice_is_put_back_once_as_it_counts() {
        let before = r#"{"new":1,"direction":"in","equipment":[],"new":2}"#;
        let next = put_back_into(event(before), before);
        assert!(next.contains(r#""new":2"#) && !next.contains(r#""new":1"#), "{next}");
    }
}
