//! Looking at JSON text without building it: how deep it goes, how much it would unfold into, whether it holds what cannot
//! be stored, and what stands at an offset.
//!
//! Bodies travel as raw text, for which the parser bounds neither depth nor content; this does, in one pass and without
//! recursion. The text is well-formed JSON (the parser has seen to that); anything else gives a useless answer, not a
//! failure.

/// What is worth knowing of a JSON text before it is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shape {
    /// Objects and lists within each other.
    pub depth: usize,
    /// Single values. An empty object or list counts as if something stood in it.
    pub values: usize,
    /// Where a string holds an escaped U+0000, or half of a pair of surrogates.
    pub unstorable_at: Option<usize>,
}

/// Looks a JSON text over.
pub(crate) fn shape(json: &str) -> Shape {
    let (mut shape, mut depth, mut in_text) = (Shape { values: 1, ..Shape::default() }, 0_usize, false);
    let bytes = json.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if in_text => {
                at += match unit_at(bytes, at) {
                    Some(0xd800..=0xdbff) if matches!(unit_at(bytes, at + 6), Some(0xdc00..=0xdfff)) => 11,
                    Some(0 | 0xd800..=0xdfff) => {
                        shape.unstorable_at.get_or_insert(at);
                        5
                    }
                    _ => 1,
                };
            }
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                shape.values += 1;
                shape.depth = shape.depth.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            b',' if !in_text => shape.values += 1,
            _ => {}
        }
        at += 1;
    }
    shape
}

/// The UTF-16 code unit that is escaped at that place, if one is.
fn unit_at(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// How far the parser had read when it gave up, as an offset into the text.
pub(crate) fn offset_of(json: &str, error: &serde_json::Error) -> usize {
    let before: usize = json.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    (before + error.column()).min(json.len())
}

/// An object or list that is open at some offset.
enum Open<'a> {
    Object { member: Option<&'a str> },
    List { at: usize },
}

/// Bytes of a pointer: names that make it longer are nothing anybody wrote by hand.
const POINTER: usize = 500;

/// What stands at `offset`, as a JSON Pointer (RFC 6901); empty for the text as a whole. If that would be very long, what
/// stands around it.
pub(crate) fn pointer_at(json: &str, offset: usize) -> String {
    let mut open: Vec<Open<'_>> = Vec::new();
    let bytes = json.as_bytes();
    let end = offset.min(bytes.len());
    let (mut at, mut last_text) = (0, "");
    while at < end {
        match bytes[at] {
            b'"' => {
                let begin = at + 1;
                at = begin;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                last_text = json.get(begin..at).unwrap_or_default();
            }
            b'{' => open.push(Open::Object { member: None }),
            b'[' => open.push(Open::List { at: 0 }),
            b'}' | b']' => drop(open.pop()),
            b':' => {
                if let Some(Open::Object { member }) = open.last_mut() {
                    *member = Some(last_text);
                }
            }
            b',' => match open.last_mut() {
                Some(Open::Object { member }) => *member = None,
                Some(Open::List { at }) => *at += 1,
                None => {}
            },
            _ => {}
        }
        at += 1;
    }
    let mut pointer = String::new();
    for part in open {
        let step = match part {
            Open::Object { member: Some(name) } if name.len() > POINTER => break,
            Open::Object { member: Some(name) } => name.replace('~', "~0").replace('/', "~1"),
            Open::Object { member: None } => continue,
            Open::List { at } => at.to_string(),
        };
        if pointer.len() + step.len() >= POINTER {
            break;
        }
        pointer.push('/');
        pointer.push_str(&step);
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_objects_and_lists_but_not_what_stands_in_texts() {
        assert_eq!(shape(r#"{"a":[{"b":1}],"c":"[[[["}"#).depth, 3);
        assert_eq!(shape(r#"["\"[[\\",[]]"#).depth, 2);
        assert_eq!(shape("7").depth, 0);
    }

    #[test]
    fn values_are_counted_but_not_what_stands_in_texts() {
        assert_eq!(shape(r#"{"a":[1,{"b":",,"}],"c":null}"#).values, 6);
        assert_eq!(shape(r#"["\",\"",[]]"#).values, 4, "an empty list counts as if something stood in it");
        assert_eq!(shape("7").values, 1);
    }

    #[test]
    fn what_cannot_be_stored_is_found_and_an_escaped_backslash_is_none() {
        let at = |json: &str| shape(json).unstorable_at;
        assert_eq!(at(r#"{"a":"x\u0000"}"#), Some(7));
        assert_eq!(at(r#"{"a":"x\\u0000"}"#), None);
        assert_eq!(at(r#"{"a\u0000":1}"#), Some(3));
        assert_eq!(at(r#"["\ud83d\ude9a\u00e9"]"#), None);
        for half in [r#"["\ud83d"]"#, r#"["\ud83dx\ude9a"]"#, r#"["\ude9a"]"#, r#"["\ud83d\ud83d\ude9a"]"#] {
            assert_eq!(at(half), Some(2), "{half}");
        }
    }

    #[test]
    fn what_the_parser_stumbles_over_is_named() {
        #[derive(Debug, serde::Deserialize)]
        struct Row {
            #[allow(dead_code, reason = "only its parsing is looked at")]
            name: String,
        }
        #[derive(Debug, serde::Deserialize)]
        struct Table {
            #[allow(dead_code, reason = "only its parsing is looked at")]
            rows: Vec<Row>,
        }
        for (json, pointer) in [
            ("{\"rows\":\n [{\"name\":\"a\"},\n {\"name\": 5}]}", "/rows/1/name"),
            (r#"{"rows":[{"name":5}]}"#, "/rows/0/name"),
            (r#"{"rows":[{"name":{}}]}"#, "/rows/0/name"),
            (r#"{"rows":[{"name":"\ud800"}]}"#, "/rows/0/name"),
            (r#"{"rows":[{"nome":"a"}]}"#, "/rows/0"),
            (r#"{"rows":{}}"#, "/rows"),
            ("{}", ""),
            (r"[]", ""),
        ] {
            let error = serde_json::from_str::<Table>(json).unwrap_err();
            assert_eq!(pointer_at(json, offset_of(json, &error)), pointer, "{json}: {error}");
        }
    }

    #[test]
    fn a_pointer_that_would_be_very_long_ends_at_what_stands_around_it() {
        let long = "x".repeat(1_000);
        let json = format!(r#"{{"push":[{{"{long}":1}}]}}"#);
        assert_eq!(pointer_at(&json, json.len() - 4), "/push/0");
        let deep = "{\"abc\":".repeat(1_000);
        let pointer = pointer_at(&deep, deep.len());
        assert!(pointer.starts_with("/abc/abc") && pointer.ends_with("/abc") && pointer.len() <= POINTER);
    }

    #[test]
    fn names_are_escaped_as_pointers_ask() {
        assert_eq!(pointer_at(r#"{"a/b~c":1}"#, 10), "/a~1b~0c");
    }
}
