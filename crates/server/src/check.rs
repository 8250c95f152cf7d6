//! What can be said of an offered record without looking at the database: whether its content keeps its kind's rules.
//! Each record is checked for itself; a bad one spoils no other.

use gatebook_domain::record::Writer;
use gatebook_domain::{Body, Kind, validate};
use gatebook_sync::{Content, Rejection, RejectionCode};

use crate::config::Bounds;

/// The typed body of a record the field may write, or why it is not taken.
pub(crate) fn check(content: &Content, bounds: &Bounds) -> Result<Body, Rejection> {
    let kind = known_kind(content)?;
    let json = content.body.get();
    if json.len() > bounds.limits.record_bytes as usize {
        return Err(Rejection::new(
            RejectionCode::TooLarge,
            format!(
                "This record is too large ({} KB; at most {} KB fit). Shorten its notes, or split it into two records.",
                json.len() / 1024,
                bounds.limits.record_bytes / 1024
            ),
        ));
    }
    if nesting(json) > bounds.nesting {
        return Err(invalid("This record is built in a way the server cannot read. Update the app and save it again."));
    }
    let body = Body::from_json(kind, json).map_err(|error| {
        invalid(format!("The server cannot read this record ({error}). Update the app, then save the record again."))
    })?;
    if kind.in_yard() != content.yard_id.is_some() {
        return Err(invalid("This record names no yard. Choose the yard, then save the record again."));
    }
    let errors: Vec<_> = validate(&body, None).into_iter().filter(gatebook_domain::Problem::is_error).collect();
    match errors.split_first() {
        None => Ok(body),
        Some((first, [])) => Err(invalid(first.message.clone()).at(first.path.clone())),
        Some((first, others)) => {
            let message = format!("{} There are {} more things to correct.", first.message, others.len());
            Err(invalid(message).at(first.path.clone()))
        }
    }
}

fn known_kind(content: &Content) -> Result<Kind, Rejection> {
    let Some(kind) = content.known_kind() else {
        return Err(Rejection::new(
            RejectionCode::UnknownKind,
            "The server does not know this kind of record yet. It stays on this device; ask the office to update the \
             server.",
        ));
    };
    if kind.writer() == Writer::Field {
        Ok(kind)
    } else {
        Err(Rejection::new(
            RejectionCode::NotPermitted,
            "This can only be changed at the office. Ask them to correct it.",
        ))
    }
}

fn invalid(message: impl Into<String>) -> Rejection {
    Rejection::new(RejectionCode::Invalid, message)
}

/// How deep objects and lists lie within each other.
fn nesting(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_counts_brackets_outside_of_text_only() {
        assert_eq!(nesting("7"), 0);
        assert_eq!(nesting(r#"{"a":[{}],"b":[]}"#), 3);
        assert_eq!(nesting(r#"{"a":"[[[[\"[[","b":1}"#), 1);
        assert_eq!(nesting(&"[".repeat(100_000)), 100_000);
    }
}
