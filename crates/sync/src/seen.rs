//! Whether the words of a state were before a writer's eyes, though the state itself was not.

use gatebook_domain::RecordState;

use crate::wire::Content;

/// Whether whoever saw `base` has seen every word of `held`, both of them live.
///
/// A record may have been closed or voided and opened again in between, or changed and put back: what is held says what
/// the writer saw, so that nobody's words are lost when it gives way. Why it was opened again is not part of what it says.
/// To be closed or voided is a decision that has to have been seen itself.
#[must_use]
pub fn has_seen_every_word(base: &Content, held: &Content) -> bool {
    base.state == RecordState::Live && held.state == RecordState::Live && base.has_the_words_of(held)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::value::RawValue;
    use uuid::Uuid;

    use super::*;

    fn content(state: RecordState, reason: &str, body: &str) -> Content {
        Content {
            kind: "gate_event".to_owned(),
            yard_id: Some(Uuid::from_u128(1)),
            schema: 1,
            state,
            state_reason: reason.to_owned(),
            captured_at: Timestamp::UNIX_EPOCH,
            zone: "UTC".to_owned(),
            operator_id: None,
            body: RawValue::from_string(body.to_owned()).unwrap(),
        }
    }

    fn live(reason: &str, body: &str) -> Content {
        content(RecordState::Live, reason, body)
    }

    #[test]
    fn what_was_closed_and_opened_again_without_a_word_changed_was_seen() {
        assert!(has_seen_every_word(&live("", r#"{"a":1,"b":2}"#), &live("opened again", r#"{"b":2, "a":1}"#)));
    }

    #[test]
    fn another_word_another_yard_or_another_kind_was_not() {
        let base = live("", r#"{"a":1}"#);
        assert!(!has_seen_every_word(&base, &live("", r#"{"a":2}"#)));
        assert!(!has_seen_every_word(&base, &Content { yard_id: None, ..base.clone() }));
        assert!(!has_seen_every_word(&base, &Content { kind: "inspection".to_owned(), ..base.clone() }));
    }

    #[test]
    fn what_is_closed_or_voided_was_not_however_it_was_before() {
        let base = live("", "{}");
        for state in [RecordState::Closed, RecordState::Voided] {
            let held = content(state, "one", "{}");
            assert!(!has_seen_every_word(&base, &held));
            assert!(!has_seen_every_word(&held, &base));
            assert!(!has_seen_every_word(&held, &held));
        }
    }
}
