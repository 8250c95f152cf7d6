//! Identifiers: the one spelling each is kept in, and whether a text is one.

pub mod iso6346;
pub mod plate;
pub mod scac;
pub mod seal;
pub mod usdot;

use crate::equipment::EquipmentClass;
use crate::spelling::cleaned;

/// The spelling in which an equipment number of that class is kept: capitals without blanks, and container numbers
/// without hyphens. Taken for another sort for a while, a number comes out of it as it went in.
#[must_use]
pub fn normalize_number(class: EquipmentClass, text: &str) -> String {
    match class {
        EquipmentClass::IsoContainer | EquipmentClass::DomesticContainer => iso6346::normalize(text),
        _ => compact(text),
    }
}

/// How an equipment number is shown: container numbers in groups (`CSQU 305438 3`), others as they are.
#[must_use]
pub fn display_number(class: EquipmentClass, number: &str) -> String {
    match class {
        EquipmentClass::IsoContainer | EquipmentClass::DomesticContainer => iso6346::display(number),
        _ => cleaned(number),
    }
}

/// Whether a normalized number can be a North American domestic container's: four letters ending in U, six digits,
/// perhaps a seventh. It has no check digit to prove.
#[must_use]
pub fn is_domestic_container(number: &str) -> bool {
    let bytes = number.as_bytes();
    matches!(bytes.len(), 10 | 11)
        && bytes[..3].iter().all(u8::is_ascii_uppercase)
        && bytes[3] == b'U'
        && bytes[4..].iter().all(u8::is_ascii_digit)
}

/// Whether a normalized number can be painted on a tractor, trailer, chassis or genset.
#[must_use]
pub fn is_unit_number(number: &str) -> bool {
    is_code(number, 20, b"-")
}

/// Whether a normalized text can be an ISO 6346 size and type, of the present codes or of the older ones.
#[must_use]
pub fn is_size_type(text: &str) -> bool {
    text.len() == 4 && is_code(text, 4, b"")
}

/// Cleaned, in capitals, without blanks.
pub(crate) fn compact(text: &str) -> String {
    capitals(&cleaned(text).replace(' ', ""))
}

/// Cleaned, with capitals. A mark may be one with a capital, or with the letter before a blank that is gone, and then it is, so
/// that doing so twice changes nothing more.
pub(crate) fn capitals(text: &str) -> String {
    cleaned(&text.to_ascii_uppercase())
}

/// 1 to `longest` capitals, digits and characters of `also`.
pub(crate) fn is_code(text: &str, longest: usize, also: &[u8]) -> bool {
    (1..=longest).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || also.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domestic_container_has_four_letters_ending_in_u_and_six_or_seven_digits() {
        for good in ["EMHU 270791", "emhu-2707913"] {
            assert!(is_domestic_container(&normalize_number(EquipmentClass::DomesticContainer, good)), "{good}");
        }
        for bad in ["EMHZ270791", "EMHU27079", "EMHU27079134", "EMH1270791", ""] {
            assert!(!is_domestic_container(bad), "{bad}");
        }
    }

    #[test]
    fn a_unit_number_keeps_its_hyphen_and_loses_its_blanks() {
        assert_eq!(normalize_number(EquipmentClass::Trailer, " trl-22 07 "), "TRL-2207");
        for pasted in ["PX–20931", "px\u{2011}20931", "\u{202a}PX-\u{200b}20931\u{202c}"] {
            assert_eq!(normalize_number(EquipmentClass::Trailer, pasted), "PX-20931", "{pasted:?}");
        }
        assert!(is_unit_number("TRL-2207"));
        for bad in ["", "TRL/22", "trl", "ÄB12", "123456789012345678901"] {
            assert!(!is_unit_number(bad), "{bad}");
        }
    }

    #[test]
    fn a_number_is_the_same_after_a_guess_of_its_sort_that_was_taken_back() {
        for number in ["PX-20999", "T-118", "CH-12", "AB-1-C"] {
            for guess in [EquipmentClass::IsoContainer, EquipmentClass::DomesticContainer] {
                let meanwhile = normalize_number(guess, number);
                assert_eq!(normalize_number(EquipmentClass::Trailer, &meanwhile), number, "{guess:?}");
            }
        }
    }

    #[test]
    fn the_spelling_of_a_spelling_is_itself() {
        for odd in ["H¨", "i\u{307}", "H\u{200b}\u{308}", " i \u{307}-1"] {
            let (once, plate) = (compact(odd), plate::normalize_number(odd));
            assert_eq!((compact(&once), plate::normalize_number(&plate)), (once, plate), "{odd:?}");
        }
    }

    #[test]
    fn a_size_and_type_is_four_letters_or_digits_of_old_or_new_codes() {
        for good in ["45G1", "L5G1", "42R0", "451G"] {
            assert!(is_size_type(good), "{good}");
        }
        for bad in ["45G", "45G12", "45-1", "45g1"] {
            assert!(!is_size_type(bad), "{bad}");
        }
    }
}
