//! Looking at JSON text without building it: how deep it goes, whether it holds U+0000, and what stands at an offset.
//!
//! Bodies travel as raw text, for which the parser bounds neither depth nor content; this does, in one pass and without
//! recursion. The text is well-formed JSON (the parser has seen to that); anything else gives a useless answer, not a
//! failure.

/// What is worth knowing of a JSON text before it is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shape {
    /// Objects and lists within each other.
    pub depth: usize,
    /// Where a string holds an escaped U+0000.
    pub nul_at: Option<usize>,
}

/// Looks a JSON text over.
pub(crate) fn shape(json: &str) -> Shape {
    let (mut shape, mut depth, mut in_text) = (Shape::default(), 0_usize, false);
    let bytes = json.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if in_text => {
                if shape.nul_at.is_none() && bytes[at..].starts_with(b"\\u0000") {
                    shape.nul_at = Some(at);
                }
                at += 1;
            }
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                shape.depth = shape.depth.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    shape
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
    fn an_escaped_nul_is_found_and_an_escaped_backslash_is_none() {
        assert_eq!(shape(r#"{"a":"x\u0000"}"#).nul_at, Some(7));
        assert_eq!(shape(r#"{"a":"x\\u0000"}"#).nul_at, None);
        assert_eq!(shape(r#"{"a\u0000":1}"#).nul_at, Some(3));
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
