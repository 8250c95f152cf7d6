//! Container numbers with a check digit (ISO 6346): `CSQU 305438 3`.
//!
//! Three letters for the owner, one for the category, six digits, one check digit. The sum behind the digit is taken
//! modulo 11, and the remainder 10 is printed as 0; two consequences are told apart here: numbers of that remainder,
//! and numbers of digit 0 in which a swap of neighbors would go unnoticed.

use crate::spelling::cleaned;

/// Digits and letters before the check digit.
const BODY: usize = 10;

/// Why a text is no container number, whatever its digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormatFault {
    /// Neither 10 nor 11 characters.
    #[error("a container number has 4 letters, 6 digits and 1 check digit")]
    Length,
    /// The owner code is not three letters A to Z.
    #[error("a container number begins with 3 letters for its owner")]
    Owner,
    /// The fourth letter is none of U, J, Z, R.
    #[error("the fourth letter of a container number is U, J, Z or R")]
    Category,
    /// The serial number or the check digit is not made of digits.
    #[error("the last 7 characters of a container number are digits")]
    Serial,
}

/// What a container number turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// In order.
    Valid,
    /// In order, but so is the other number, in which two neighbors are swapped: read it again.
    ReadAgain {
        /// The number it may be mistaken for.
        swapped: String,
    },
    /// In order with digit 0 that stands for the remainder 10. Discouraged, yet such containers are in service.
    RemainderTen,
    /// The check digit does not fit.
    WrongCheckDigit {
        /// What the rest of the number asks for.
        expected: u8,
        /// What was read.
        found: u8,
    },
    /// The check digit was left out.
    MissingCheckDigit {
        /// What the rest of the number asks for.
        expected: u8,
    },
    /// No container number at all.
    BadFormat(FormatFault),
}

/// Capitals without blanks, and without hyphens where what is left of it is built like a container number. The sort may be
/// a mistake, and a hyphen is part of the number of a trailer: what no container can be called keeps its hyphens.
#[must_use]
pub fn normalize(text: &str) -> String {
    let number = super::compact(text);
    let bare = without_hyphens(&number);
    if is_built_like_one(&bare) { bare } else { number }
}

/// Four letters and six or seven digits.
fn is_built_like_one(number: &str) -> bool {
    matches!(number.len(), BODY | 11)
        && number.bytes().take(4).all(|byte| byte.is_ascii_uppercase())
        && number.bytes().skip(4).all(|byte| byte.is_ascii_digit())
}

fn without_hyphens(number: &str) -> String {
    number.replace('-', "")
}

/// In groups as painted, `CSQU 305438 3`; a text that is no container number is only cleaned.
#[must_use]
pub fn display(text: &str) -> String {
    let number = normalize(text);
    if !is_built_like_one(&number) {
        return cleaned(text);
    }
    let (owner, rest) = number.split_at(4);
    let (serial, digit) = rest.split_at(6);
    format!("{owner} {serial} {digit}").trim_end().to_owned()
}

/// Judges a text, in whatever spelling.
#[must_use]
pub fn check(text: &str) -> Outcome {
    let number = without_hyphens(&normalize(text));
    if let Some(fault) = format_fault(&number) {
        return Outcome::BadFormat(fault);
    }
    let (body, digit) = number.as_bytes().split_at(BODY);
    let remainder = remainder(body);
    let expected = remainder % 10;
    match digit.first().map(|digit| digit - b'0') {
        None => Outcome::MissingCheckDigit { expected },
        Some(found) if found != expected => Outcome::WrongCheckDigit { expected, found },
        Some(_) if remainder == 10 => Outcome::RemainderTen,
        Some(0) => swapped_twin(body).map_or(Outcome::Valid, |swapped| Outcome::ReadAgain { swapped }),
        Some(_) => Outcome::Valid,
    }
}

/// The check digit that a number's first ten characters ask for, if they are such.
#[must_use]
pub fn check_digit(text: &str) -> Option<u8> {
    let number = without_hyphens(&normalize(text));
    let body = number.get(..BODY)?;
    format_fault(body).is_none().then(|| remainder(body.as_bytes()) % 10)
}

fn format_fault(number: &str) -> Option<FormatFault> {
    let bytes = number.as_bytes();
    if !matches!(number.chars().count(), BODY | 11) {
        Some(FormatFault::Length)
    } else if !bytes[..3].iter().all(u8::is_ascii_uppercase) {
        Some(FormatFault::Owner)
    } else if !matches!(bytes[3], b'U' | b'J' | b'Z' | b'R') {
        Some(FormatFault::Category)
    } else if !bytes[4..].iter().all(u8::is_ascii_digit) {
        Some(FormatFault::Serial)
    } else {
        None
    }
}

/// Letters count upward from 10, leaving out the multiples of 11.
fn value(character: u8) -> u32 {
    match character {
        b'0'..=b'9' => u32::from(character - b'0'),
        b'A' => 10,
        b'B'..=b'K' => u32::from(character - b'B') + 12,
        b'L'..=b'U' => u32::from(character - b'L') + 23,
        _ => u32::from(character - b'V') + 34,
    }
}

fn remainder(body: &[u8]) -> u8 {
    let sum: u32 = body.iter().enumerate().map(|(place, &character)| value(character) << place).sum();
    u8::try_from(sum % 11).expect("a remainder of 11 is below 11")
}

/// A number with the same check digit in which two neighboring digits are swapped. Letters are left out: owner codes
/// are known by sight, and some of their swaps can never be noticed, whatever the digit.
fn swapped_twin(body: &[u8]) -> Option<String> {
    let digit = remainder(body) % 10;
    (4..BODY - 1).filter(|&place| body[place] != body[place + 1]).find_map(|place| {
        let mut other = body.to_vec();
        other.swap(place, place + 1);
        let is_twin = remainder(&other) % 10 == digit;
        is_twin.then(|| format!("{}{digit}", String::from_utf8_lossy(&other)))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_worked_number_has_the_sum_6185_and_the_digit_3() {
        let sum: u32 = b"CSQU305438".iter().enumerate().map(|(place, &c)| value(c) << place).sum();
        assert_eq!((sum, check_digit("CSQU305438")), (6185, Some(3)));
    }

    #[test]
    fn letters_count_from_10_and_skip_11_22_and_33() {
        let values: Vec<u32> = (b'A'..=b'Z').map(value).collect();
        let told: Vec<u32> = (10..=38).filter(|value| value % 11 != 0).collect();
        assert_eq!(values, told);
    }

    #[test]
    fn numbers_in_service_are_valid() {
        for number in
            ["CSQU3054383", "TCNU7200794", "TOLU4734787", "MSKU2666542", "NYKU3086856", "HDMU6804878", "MSCU1234566"]
        {
            assert_eq!(check(number), Outcome::Valid, "{number}");
        }
    }

    #[test]
    fn blanks_hyphens_and_small_letters_are_only_spelling() {
        for spelling in [
            "csqu 305438 3",
            "CSQU-305438-3",
            "  Csqu\u{a0}305438\u{2013}3\n",
            "CSQU\u{200b}3054383",
            "\u{202a}CSQU3054383\u{202c}",
            "CSQU 305438 ３",
        ] {
            assert_eq!(normalize(spelling), "CSQU3054383");
            assert_eq!(check(spelling), Outcome::Valid);
        }
    }

    #[test]
    fn what_is_built_otherwise_keeps_its_hyphens() {
        for other in ["PX-20999", "CSQU-30543", "C5QU-305438-3", "-", "CSQU-305438-33"] {
            assert_eq!(normalize(other), other);
        }
        assert_eq!(check("C5QU-305438-3"), Outcome::BadFormat(FormatFault::Owner));
    }

    #[test]
    fn a_wrong_digit_is_told_with_the_right_one() {
        assert_eq!(check("CSQU3054384"), Outcome::WrongCheckDigit { expected: 3, found: 4 });
    }

    #[test]
    fn a_missing_digit_is_told_from_a_wrong_length() {
        assert_eq!(check("CSQU305438"), Outcome::MissingCheckDigit { expected: 3 });
        assert_eq!(check("CSQU30543"), Outcome::BadFormat(FormatFault::Length));
        assert_eq!(check("CSQU30543833"), Outcome::BadFormat(FormatFault::Length));
    }

    #[test]
    fn a_letter_among_the_digits_is_a_fault_of_the_serial_number() {
        assert_eq!(check("CSQU3054Z83"), Outcome::BadFormat(FormatFault::Serial));
        assert_eq!(check("CSQU30543٨3"), Outcome::BadFormat(FormatFault::Serial));
    }

    #[test]
    fn owner_and_category_are_letters_of_their_sort() {
        assert_eq!(check("C5QU3054383"), Outcome::BadFormat(FormatFault::Owner));
        assert_eq!(check("CSQX3054383"), Outcome::BadFormat(FormatFault::Category));
        for category in ["J", "Z", "R"] {
            let body = format!("CSQ{category}305438");
            let digit = check_digit(&body).unwrap();
            assert!(!matches!(check(&format!("{body}{digit}")), Outcome::BadFormat(_)), "{category}");
        }
    }

    #[test]
    fn remainder_ten_is_printed_as_zero_and_told() {
        assert_eq!(remainder(b"HASU431617"), 10);
        assert_eq!(check("HASU4316170"), Outcome::RemainderTen);
        assert_eq!(check("HASU4316171"), Outcome::WrongCheckDigit { expected: 0, found: 1 });
    }

    #[test]
    fn a_swap_that_the_digit_zero_cannot_show_asks_for_a_second_look() {
        assert_eq!(check("CMAU1693120"), Outcome::ReadAgain { swapped: "CMAU1639120".to_owned() });
        // Its twin has the remainder 10, which asks for the second look by itself.
        assert_eq!(check("CMAU1639120"), Outcome::RemainderTen);
    }

    #[test]
    fn display_groups_container_numbers_and_leaves_other_texts() {
        assert_eq!(display("csqu3054383"), "CSQU 305438 3");
        assert_eq!(display("EMHU270791"), "EMHU 270791");
        assert_eq!(display(" what? "), "what?");
    }

    proptest! {
        #[test]
        fn any_one_changed_digit_is_noticed(owner in "[A-Z]{3}[UJZR]", serial in "[0-9]{6}", place in 4_usize..11, other in b'0'..=b'9') {
            let body = format!("{owner}{serial}");
            prop_assume!(remainder(body.as_bytes()) != 10);
            let mut number = format!("{body}{}", check_digit(&body).unwrap()).into_bytes();
            prop_assume!(number[place] != other);
            number[place] = other;
            let changed = String::from_utf8(number).unwrap();
            // A change into a number of remainder 10 with digit 0 keeps its warning; nothing passes as valid.
            let is_noticed = matches!(check(&changed), Outcome::WrongCheckDigit { .. } | Outcome::RemainderTen);
            prop_assert!(is_noticed, "{changed}");
        }

        #[test]
        fn any_text_is_judged_without_a_panic(text in "\\PC*") {
            let _ = (check(&text), display(&text), check_digit(&text));
        }
    }
}
