//! PostgreSQL's `text` takes every character but U+0000. A record that holds one is rejected, yet what was sent is kept
//! and compared with what is sent again, so it is stored in another form: as JSON, behind a mark.

use std::borrow::Cow;

const MARK: char = '\u{1}';

/// How a text is stored.
pub(super) fn stored(text: &str) -> Cow<'_, str> {
    if text.contains('\0') || text.starts_with(MARK) {
        Cow::Owned(format!("{MARK}{}", serde_json::Value::from(text)))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text that is stored so.
pub(super) fn plain(stored: String) -> Result<String, serde_json::Error> {
    match stored.strip_prefix(MARK) {
        Some(json) => serde_json::from_str(json),
        None => Ok(stored),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back_and_none_is_stored_with_the_forbidden_character() {
        for text in ["", "plain", "nul \0 within", "\u{1}", "\u{1}\"looks stored\"", "ñ \u{2}\0\u{1}"] {
            let stored = stored(text).into_owned();
            assert!(!stored.contains('\0'));
            assert_eq!(plain(stored).unwrap(), text);
        }
    }
}
