//! Whether two JSON texts say the same, however each was written: in whatever order its members come, and however its
//! numbers are spelled. `1`, `1.0` and `10e-1` are one number; two whole numbers are different if any digit is, be they as
//! long as they will.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Number, Value};
use sha2::{Digest as _, Sha256};

/// As deep as JSON is read elsewhere.
const DEPTH: usize = 128;

/// Whether both texts say the same; what is no JSON says nothing.
pub(crate) fn is_same_text(one: &str, other: &str) -> bool {
    one == other || is_same_raw(one, other, 0)
}

fn is_same_raw(one: &str, other: &str, depth: usize) -> bool {
    let (one, other) = (one.trim(), other.trim());
    if depth > DEPTH {
        return false;
    }
    let (Some(first), Some(second)) = (one.bytes().next(), other.bytes().next()) else { return false };
    match (first, second) {
        (b'{', b'{') => {
            let read = serde_json::from_str::<BTreeMap<String, &RawValue>>;
            let (Ok(one), Ok(other)) = (read(one), read(other)) else { return false };
            one.len() == other.len()
                && one.iter().zip(&other).all(|((name, one), (other_name, other))| {
                    name == other_name && is_same_raw(one.get(), other.get(), depth + 1)
                })
        }
        (b'[', b'[') => {
            let read = serde_json::from_str::<Vec<&RawValue>>;
            let (Ok(one), Ok(other)) = (read(one), read(other)) else { return false };
            one.len() == other.len()
                && one.iter().zip(&other).all(|(one, other)| is_same_raw(one.get(), other.get(), depth + 1))
        }
        (b'"', b'"') => {
            let read = serde_json::from_str::<String>;
            matches!((read(one), read(other)), (Ok(one), Ok(other)) if one == other)
        }
        (b'-' | b'0'..=b'9', b'-' | b'0'..=b'9') => one == other || is_same_number(one, other),
        _ => one == other,
    }
}

/// The same for all texts that say the same.
pub(crate) fn digest_of_text(text: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash_raw(&mut hash, text, 0);
    hash.finalize().into()
}

/// Each value as a letter for its sort, its length, and what it consists of, so that no two run into each other. What
/// cannot be read is the same only as itself, as in [`is_same_raw`].
fn hash_raw(hash: &mut Sha256, text: &str, depth: usize) {
    let text = text.trim();
    let mut item = |sort: u8, length: usize| {
        hash.update([sort]);
        hash.update((length as u64).to_be_bytes());
    };
    match text.bytes().next().filter(|_| depth <= DEPTH) {
        Some(b'{') => {
            if let Ok(members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) {
                item(b'{', members.len());
                for (name, value) in members {
                    hash_words(hash, b'n', &name);
                    hash_raw(hash, value.get(), depth + 1);
                }
                return;
            }
        }
        Some(b'[') => {
            if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(text) {
                item(b'[', items.len());
                for value in items {
                    hash_raw(hash, value.get(), depth + 1);
                }
                return;
            }
        }
        Some(b'"') => {
            if let Ok(words) = serde_json::from_str::<String>(text) {
                return hash_words(hash, b'"', &words);
            }
        }
        Some(b'-' | b'0'..=b'9') => {
            if let Some(Decimal { is_negative, digits, exponent }) = Decimal::read(text) {
                return hash_words(hash, b'#', &format!("{is_negative} {digits} {exponent}"));
            }
        }
        _ => {}
    }
    hash_words(hash, b'?', text);
}

fn hash_words(hash: &mut Sha256, sort: u8, words: &str) {
    hash.update([sort]);
    hash.update((words.len() as u64).to_be_bytes());
    hash.update(words);
}

fn is_same_number(one: &str, other: &str) -> bool {
    matches!((Decimal::read(one), Decimal::read(other)), (Some(one), Some(other)) if one == other)
}

/// A number as its digits, without zeros at either end, and the power of ten of the last.
#[derive(PartialEq)]
struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn read(text: &str) -> Option<Self> {
        let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent = exponent.parse::<i64>().ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        let significant = digits.trim_end_matches('0');
        if significant.is_empty() {
            return Some(Self { is_negative: false, digits: String::new(), exponent: 0 });
        }
        let exponent = exponent.checked_add(i64::try_from(digits.len() - significant.len()).ok()?)?;
        Some(Self { is_negative, digits: significant.to_owned(), exponent })
    }
}

/// The same of values that were read already.
pub(crate) fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || is_same_read_number(one, other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, one)| other.get(name).is_some_and(|other| is_same(one, other)))
        }
        _ => one == other,
    }
}

fn is_same_read_number(one: &Number, other: &Number) -> bool {
    is_same_number(&one.to_string(), &other.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn one_number_may_be_spelled_in_many_ways() {
        for (one, other) in [
            ("1", "1.0"),
            ("-18", "-18.0"),
            ("100", "1e2"),
            ("0.5", "5E-1"),
            ("0", "-0.0"),
            ("123456789012345678901234567890", "123456789012345678901234567890.0"),
            ("1e400", "10e399"),
        ] {
            assert!(is_same_text(one, other), "{one} {other}");
            assert!(is_same_text(
                &format!(r#"{{"a":[{one}],"b":2}}"#),
                &format!(r#"{{ "b": 2.0, "a": [ {other} ] }}"#)
            ));
        }
    }

    #[test]
    fn another_digit_is_another_number_however_long() {
        for (one, other) in [
            ("9007199254740993", "9007199254740992"),
            ("9007199254740993", "9007199254740992.0"),
            ("12345678901234567890123", "12345678901234567890124"),
            ("1", "-1"),
            ("1", "10"),
            ("1", "\"1\""),
            ("1e99999999999999999999", "2e99999999999999999999"),
        ] {
            assert!(!is_same_text(one, other), "{one} {other}");
        }
    }

    #[test]
    fn texts_lists_and_members_are_compared_as_what_they_say() {
        assert!(is_same_text(r#"["\u00e9", null, true]"#, r#"["é",null,true]"#));
        for other in ["[1]", "[1,2,3]", "[2,1]", r#"{"a":1}"#, "null", "", "[1,2"] {
            assert!(!is_same_text("[1,2]", other), "{other}");
        }
        assert!(!is_same_text(r#"{"a":1}"#, r#"{"a":1,"b":null}"#));
    }

    #[test]
    fn texts_have_one_digest_just_if_they_say_the_same() {
        let texts = [
            "1",
            "1.0",
            "10e-1",
            "-1",
            "0",
            "-0.0",
            "9007199254740993",
            "9007199254740992",
            "null",
            "true",
            "\"1\"",
            "[]",
            "[1]",
            "[1.0]",
            "[1,2]",
            "[[1],2]",
            "[1,[2]]",
            "[[1,2]]",
            "{}",
            r#"{"a":1,"b":2}"#,
            r#"{ "b": 2.0, "a": 1 }"#,
            r#"{"a":{"b":2}}"#,
            r#"{"a":1,"b":[2]}"#,
            r#"["\u00e9"]"#,
            r#"["é"]"#,
            "1e99999999999999999999",
            "2e99999999999999999999",
            "[1,2",
        ];
        for one in texts {
            for other in texts {
                assert_eq!(digest_of_text(one) == digest_of_text(other), is_same_text(one, other), "{one} {other}");
            }
        }
    }

    #[test]
    fn nothing_is_read_so_deep_that_the_stack_ends() {
        let deep = |end: &str| format!("{}{end}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(!is_same_text(&deep("1"), &deep("2")));
    }

    proptest! {
        #[test]
        fn two_numbers_are_one_just_if_their_digits_are(
            digits in "[1-9][0-9]{22,29}", at in 0_usize..23, other in 0_u8..10, zeros in 0_usize..4,
        ) {
            let mut changed = digits.clone();
            changed.replace_range(at..=at, &other.to_string());
            let zeros = "0".repeat(zeros);
            let [written, spelled, other] =
                [digits.clone(), format!("{digits}.{zeros}0"), changed.clone()].map(|it| format!("{{ \"new\": [{it}] }}"));
            prop_assert!(is_same_text(&written, &spelled));
            prop_assert_eq!(is_same_text(&written, &other), digits == changed);
        }
    }

    #[test]
    fn values_that_were_read_are_compared_alike() {
        assert!(is_same(&json!({"a": [1, {"b": 2.0}]}), &json!({"a": [1.0, {"b": 2}]})));
        assert!(!is_same(&json!(9_007_199_254_740_993_u64), &json!(9_007_199_254_740_992.0)));
        assert!(!is_same(&json!({"a": 1}), &json!({"b": 1})));
    }
}
