//! JSON text, looked into one level at a time. What lies below stays text: no digit and no spelling of it is lost, and a
//! text costs memory by its length, whatever it would unfold into.

use std::fmt::Write as _;

use serde::Deserialize as _;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A member of an object: its name, and its value as it is written.
pub type Member<'a> = (String, &'a RawValue);

/// The members of an object, in their order; `None` for anything else.
#[must_use]
pub fn members(json: &str) -> Option<Vec<Member<'_>>> {
    struct InOrder;
    impl<'de> Visitor<'de> for InOrder {
        type Value = Vec<Member<'de>>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry::<String, &RawValue>()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    let json = json.trim_start();
    json.starts_with('{').then(|| serde_json::Deserializer::from_str(json).deserialize_map(InOrder).ok())?
}

/// The entries of a list; `None` for anything else.
#[must_use]
pub fn entries(json: &str) -> Option<Vec<&RawValue>> {
    let json = json.trim_start();
    json.starts_with('[').then(|| Vec::deserialize(&mut serde_json::Deserializer::from_str(json)).ok())?
}

/// The value of that name, as it counts: of a name that is written twice, the last.
#[must_use]
pub fn member<'a>(members: &[Member<'a>], name: &str) -> Option<&'a RawValue> {
    members.iter().rev().find(|(it, _)| it == name).map(|(_, value)| *value)
}

/// The object `json` with that member, or without it for `None`. Every other member stays where and as it was written.
/// What is no object stays as it is.
#[must_use]
pub fn with_member(json: &str, name: &str, value: Option<&str>) -> String {
    let Some(members) = members(json) else { return json.to_owned() };
    let mut value = value;
    let mut out = Object::begin(json.len());
    for (it, said) in members {
        if it != name {
            out.member(&it, said.get());
        } else if let Some(value) = value.take() {
            out.member(name, value);
        }
    }
    if let Some(value) = value {
        out.member(name, value);
    }
    out.end()
}

/// An object being written.
pub(crate) struct Object {
    text: String,
}

impl Object {
    pub(crate) fn begin(capacity: usize) -> Self {
        let mut text = String::with_capacity(capacity);
        text.push('{');
        Self { text }
    }

    pub(crate) fn member(&mut self, name: &str, value: &str) {
        let comma = if self.text.len() > 1 { "," } else { "" };
        let name = serde_json::to_string(name).expect("a text is JSON");
        write!(self.text, "{comma}{name}:{value}").expect("a String takes everything");
    }

    pub(crate) fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_member_is_replaced_added_or_removed_and_the_others_stay_as_they_were_written() {
        let json = r#" { "a": 1e2, "b" :[ 123456789012345678901234567890 ], "c":{"z":1,"a":-0.0}}"#;
        let (a, b, c) = ("1e2", "[ 123456789012345678901234567890 ]", r#"{"z":1,"a":-0.0}"#);
        assert_eq!(with_member(json, "b", Some("7")), format!(r#"{{"a":{a},"b":7,"c":{c}}}"#));
        assert_eq!(with_member(json, "b", None), format!(r#"{{"a":{a},"c":{c}}}"#));
        assert_eq!(with_member(json, "d", Some("7")), format!(r#"{{"a":{a},"b":{b},"c":{c},"d":7}}"#));
        assert_eq!(with_member(json, "d", None), format!(r#"{{"a":{a},"b":{b},"c":{c}}}"#));
        assert_eq!(with_member("{}", "d", Some("7")), r#"{"d":7}"#);
    }

    #[test]
    fn a_name_that_was_written_twice_is_said_once() {
        assert_eq!(with_member(r#"{"a":1,"b":2,"a":3}"#, "a", Some("7")), r#"{"a":7,"b":2}"#);
        assert_eq!(with_member(r#"{"a":1,"b":2,"a":3}"#, "a", None), r#"{"b":2}"#);
    }

    #[test]
    fn what_is_no_object_stays_as_it_is() {
        for json in ["[1]", "1e2", "\"a\"", "", "{"] {
            assert_eq!(with_member(json, "a", Some("7")), json);
        }
    }

    proptest! {
        #[test]
        fn every_number_keeps_its_digits_and_its_place(
            numbers in prop::collection::vec("-?[1-9][0-9]{0,40}(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?", 0..8),
        ) {
            let member = |(at, number): (usize, &String)| format!(r#""n{at}":{number}"#);
            let members: Vec<_> = numbers.iter().enumerate().map(member).collect();
            let json = format!("{{{}}}", members.join(","));
            let marked = with_member(&json, "stored_at", Some("\"now\""));
            prop_assert_eq!(with_member(&marked, "stored_at", None), json);
        }
    }
}
