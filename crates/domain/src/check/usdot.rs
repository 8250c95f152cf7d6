//! USDOT numbers: 1 to 8 digits.

/// Without blanks.
#[must_use]
pub fn normalize(text: &str) -> String {
    super::compact(text)
}

/// Whether a normalized text can be a USDOT number.
#[must_use]
pub fn is_valid(number: &str) -> bool {
    (1..=8).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_to_eight_digits() {
        for good in ["7", "2217641", "12345678"] {
            assert!(is_valid(good), "{good}");
        }
        for bad in ["", "123456789", "12A4", "-12", "١٢"] {
            assert!(!is_valid(bad), "{bad}");
        }
        assert_eq!(normalize(" 221 7641"), "2217641");
        assert_eq!(normalize("\u{202a}２217641\u{202c}"), "2217641");
    }
}
