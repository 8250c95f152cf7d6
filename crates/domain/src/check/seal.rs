//! Seal numbers: up to 21 capitals, digits and hyphens.

/// Capitals without blanks.
#[must_use]
pub fn normalize(text: &str) -> String {
    super::compact(text)
}

/// Whether a normalized text can be a seal's number.
#[must_use]
pub fn is_valid(number: &str) -> bool {
    super::is_code(number, 21, b"-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_to_21_letters_digits_and_hyphens() {
        for good in ["1", "UL-8812345", "A23456789012345678901"] {
            assert!(is_valid(good), "{good}");
        }
        for bad in ["", "A234567890123456789012", "AB/12", "ab12"] {
            assert!(!is_valid(bad), "{bad}");
        }
        assert_eq!(normalize(" ul 8812345 "), "UL8812345");
        assert_eq!(normalize("UL‑8812345"), "UL-8812345");
    }
}
