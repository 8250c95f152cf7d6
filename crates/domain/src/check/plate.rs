//! Licence plates: the number as painted, and who issued it.

use crate::spelling::cleaned;

/// Capitals, with at most one blank in a row.
#[must_use]
pub fn normalize_number(text: &str) -> String {
    super::capitals(&cleaned(text))
}

/// Capitals without blanks.
#[must_use]
pub fn normalize_region(text: &str) -> String {
    super::compact(text)
}

/// Whether a normalized text can stand on a plate.
#[must_use]
pub fn is_valid_number(number: &str) -> bool {
    super::is_code(number, 12, b" -")
}

/// Whether a normalized text can be a state, province or country, such as `TX` or `TAMPS`.
#[must_use]
pub fn is_valid_region(region: &str) -> bool {
    super::is_code(region, 8, b"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plate_has_up_to_12_letters_digits_blanks_and_hyphens() {
        for good in ["R", "P12 3456", "88-AB-1C"] {
            assert!(is_valid_number(good), "{good}");
        }
        for bad in ["", "1234567890123", "P_12", "p12"] {
            assert!(!is_valid_number(bad), "{bad}");
        }
        assert_eq!(normalize_number("  p12   3456 "), "P12 3456");
        assert_eq!(normalize_number("88‑ab—1c\u{200b}"), "88-AB-1C");
    }

    #[test]
    fn a_region_has_up_to_8_letters_and_digits() {
        for good in ["TX", "TAMPS", "ON"] {
            assert!(is_valid_region(good), "{good}");
        }
        for bad in ["", "TAMAULIPAS", "N L", "N.L."] {
            assert!(!is_valid_region(bad), "{bad}");
        }
        assert_eq!(normalize_region(" n l"), "NL");
        assert_eq!(normalize_region("\u{200e}ＴＸ"), "TX");
    }
}
