//! Rules for attachments: the bytes can be found and shown.

use super::findings::Findings;
use super::times;
use crate::attachment::Attachment;
use crate::problem::ProblemCode;

/// What devices and the office can show.
pub const MEDIA_TYPES: [&str; 5] = ["image/jpeg", "image/png", "image/webp", "image/heic", "application/pdf"];

pub(super) fn check(found: &mut Findings, attachment: &Attachment) {
    if !is_sha256(&attachment.sha256) {
        let message = "Take the photo again: the record of it does not say which bytes it is about.";
        found.error("/sha256", ProblemCode::BadFormat, message);
    }
    if attachment.size == 0 {
        found.error("/size", ProblemCode::Required, "Take the photo again: this one is empty.");
    }
    times::taken_at(found, attachment.taken_at);
    if !MEDIA_TYPES.contains(&attachment.media_type.as_str()) {
        let message = "Attach a JPEG, PNG, WebP or HEIC picture or a PDF; other files cannot be shown.";
        found.error("/media_type", ProblemCode::BadFormat, message);
    }
}

/// Whether it is 64 small hexadecimal digits.
fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::problem::ProblemCode;
    use crate::{Body, Kind, samples, validate};

    fn problems(change: impl FnOnce(&mut Value)) -> Vec<(String, ProblemCode)> {
        let mut value = samples::full(Kind::Attachment);
        change(&mut value);
        let body = Body::from_json(Kind::Attachment, &value.to_string()).unwrap();
        validate(&body, None).into_iter().map(|problem| (problem.path, problem.code)).collect()
    }

    #[test]
    fn the_bytes_are_named_by_their_hash_in_one_way_only() {
        assert_eq!(problems(|_| {}), []);
        for wrong in ["", "ab", &"A".repeat(64), &"g".repeat(64), &"a".repeat(65)] {
            let found = problems(|body| body["sha256"] = json!(wrong));
            assert_eq!(found, [("/sha256".to_owned(), ProblemCode::BadFormat)], "{wrong}");
        }
    }

    #[test]
    fn nothing_is_empty_and_everything_can_be_shown() {
        assert_eq!(problems(|body| body["size"] = json!(0)), [("/size".to_owned(), ProblemCode::Required)]);
        let found = problems(|body| body["media_type"] = json!("text/html"));
        assert_eq!(found, [("/media_type".to_owned(), ProblemCode::BadFormat)]);
    }
}
