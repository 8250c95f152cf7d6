//! Standard Carrier Alpha Codes: 2 to 4 letters, or `UNKN` for a carrier whose code nobody knows.

/// Stands for a code that is not known; the carrier must then be named.
pub const UNKNOWN: &str = "UNKN";

/// Capitals without blanks.
#[must_use]
pub fn normalize(text: &str) -> String {
    super::compact(text)
}

/// Whether a normalized text can be a SCAC.
#[must_use]
pub fn is_valid(code: &str) -> bool {
    (2..=4).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_to_four_letters() {
        for good in ["UP", "CSX", "SCNN", UNKNOWN] {
            assert!(is_valid(good), "{good}");
        }
        for bad in ["", "A", "ABCDE", "AB1", "ab", "ÄB"] {
            assert!(!is_valid(bad), "{bad}");
        }
        assert_eq!(normalize(" sc nn "), "SCNN");
        assert_eq!(normalize("sc\u{2060}nn\u{200b}"), "SCNN");
    }
}
