//! What the office hands out so that a device may join: a one-time code and, from a server that made its certificate itself,
//! by what that server is known.

use std::fmt;
use std::str::FromStr;

use gatebook_domain::spelling::cleaned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// Letters and digits that are not taken for each other when read aloud or off a screen. 32 of them, so that each stands for
/// five bits.
pub const CODE_ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Letters of a one-time code: 50 bits, far beyond what the enrollment's rate limit lets anybody try while a code lives.
pub const CODE_LETTERS: usize = 10;
/// Letters of a pin: 100 bits. To pass for the server somebody has to find another certificate with just these.
pub const PIN_LETTERS: usize = 20;
/// They are shown in groups of so many, for reading aloud.
const GROUP: usize = 5;

/// What an authority that signs the certificates of one server is known by: the beginning of its certificate's SHA-256.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AuthorityPin(String);

impl AuthorityPin {
    /// The pin of an authority whose certificate is that, in DER.
    #[must_use]
    pub fn of(certificate: &[u8]) -> Self {
        let digest = Sha256::digest(certificate);
        let bit = |at: usize| usize::from((digest[at / 8] >> (7 - at % 8)) & 1);
        let letter = |at: usize| (0..5).fold(0, |value, bit_of| (value << 1) | bit(at * 5 + bit_of));
        Self((0..PIN_LETTERS).map(|at| char::from(CODE_ALPHABET[letter(at)])).collect())
    }

    /// Its letters without groups, as it is sent.
    #[must_use]
    pub fn letters(&self) -> &str {
        &self.0
    }
}

/// In groups, as people are shown it.
impl fmt::Display for AuthorityPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, letter) in self.0.chars().enumerate() {
            if at > 0 && at % GROUP == 0 {
                f.write_str("-")?;
            }
            write!(f, "{letter}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for AuthorityPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthorityPin({self})")
    }
}

/// The text is no pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pin has {PIN_LETTERS} letters and digits")]
pub struct NoPin;

/// Reads one however it was typed.
impl FromStr for AuthorityPin {
    type Err = NoPin;

    fn from_str(text: &str) -> Result<Self, NoPin> {
        let letters = plain_code(text);
        let is_pin = letters.len() == PIN_LETTERS && letters.bytes().all(|letter| CODE_ALPHABET.contains(&letter));
        if is_pin { Ok(Self(letters)) } else { Err(NoPin) }
    }
}

impl Serialize for AuthorityPin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AuthorityPin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a person types to join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinCode {
    /// The one-time code, which alone is sent.
    pub code: String,
    /// Which authority the server shows; nothing where its certificate is one that every device trusts.
    pub pin: Option<AuthorityPin>,
}

/// As people are shown it: the pin follows the code like more of the same.
impl fmt::Display for JoinCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)?;
        self.pin.as_ref().map_or(Ok(()), |pin| write!(f, "-{pin}"))
    }
}

impl JoinCode {
    /// Takes apart what was typed. What is no longer than a code alone is the code as it stands.
    ///
    /// # Errors
    /// What follows the code is no pin. The code must not be used without it then: the device would trust whom every device
    /// trusts, and not the server that the office named.
    pub fn read(typed: &str) -> Result<Self, NoPin> {
        let letters = plain_code(typed);
        match letters.split_at_checked(CODE_LETTERS) {
            Some((code, pin)) if !pin.is_empty() => Ok(Self { code: code.to_owned(), pin: Some(pin.parse()?) }),
            _ => Ok(Self { code: typed.trim().to_owned(), pin: None }),
        }
    }
}

/// A code as it is compared: blanks, hyphens and case do not matter.
#[must_use]
pub fn plain_code(code: &str) -> String {
    cleaned(code).chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_back_however_it_is_typed() {
        assert_eq!(plain_code(" abcde-f2h3j\n"), "ABCDEF2H3J");
        assert_eq!(plain_code("\u{202a}abcde–f\u{200b}2ｈ3j\u{202c}"), "ABCDEF2H3J");
    }

    #[test]
    fn a_pin_is_the_first_hundred_bits_of_the_digest() {
        // Of no bytes at all: e3b0c442 98fc1c14 9afbf4c8 …, five bits a letter.
        let pin = AuthorityPin::of(b"");
        assert_eq!(pin.to_string(), "6Q2NJ-SW29S-QBKGZ-58VEK");
        assert_ne!(AuthorityPin::of(b"another"), pin);
    }

    #[test]
    fn a_code_brings_its_pin_however_it_is_typed_and_a_code_alone_has_none() {
        let pin = AuthorityPin::of(b"certificate");
        let whole = JoinCode { code: "ABCDE-F2H3J".to_owned(), pin: Some(pin.clone()) }.to_string();
        assert_eq!(whole.len(), 35);
        for typed in [whole.clone(), whole.to_lowercase().replace('-', " "), format!(" {}\n", whole.replace('-', "–"))]
        {
            let read = JoinCode::read(&typed).unwrap();
            assert_eq!((read.code.as_str(), read.pin.as_ref()), ("ABCDEF2H3J", Some(&pin)), "{typed}");
        }
        for typed in [" ABCDE-F2H3J ", "used", ""] {
            let read = JoinCode::read(typed).unwrap();
            assert_eq!((read.code.as_str(), read.pin), (typed.trim(), None));
        }
    }

    #[test]
    fn a_code_whose_pin_was_mistyped_is_none() {
        let whole =
            JoinCode { code: "ABCDE-F2H3J".to_owned(), pin: Some(AuthorityPin::of(b"certificate")) }.to_string();
        for typed in
            [&whole[..whole.len() - 1], &format!("{whole}A"), "ABCDE-F2H3J-A", &whole.replace(&whole[12..14], "01")]
        {
            assert_eq!(JoinCode::read(typed), Err(NoPin), "{typed}");
        }
    }

    #[test]
    fn a_pin_is_kept_as_text() {
        let pin = AuthorityPin::of(b"certificate");
        let kept = serde_json::to_string(&pin).unwrap();
        assert_eq!(serde_json::from_str::<AuthorityPin>(&kept).unwrap(), pin);
        assert!(serde_json::from_str::<AuthorityPin>("\"ABC\"").is_err());
    }
}
