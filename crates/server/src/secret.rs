//! Random secrets: keys, tokens and one-time codes. They come from the operating system, never from the injected
//! environment: a simulation needs them unguessable no less than a real server.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatebook_domain::spelling::cleaned;
use sha2::{Digest as _, Sha256};

use crate::error::ServerError;

/// Letters and digits that are not taken for each other when read aloud or off a screen. 32 of them, so that each
/// random byte picks one without favouring any.
const CODE_ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// 50 bits: far beyond what the enrolment's rate limit lets anybody try while a code lives.
const CODE_LETTERS: usize = 10;

/// Random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], ServerError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(bytes)
}

/// A new token, as it is sent.
pub(crate) fn token() -> Result<String, ServerError> {
    Ok(URL_SAFE_NO_PAD.encode(bytes::<32>()?))
}

/// A new one-time code, in two groups for reading aloud.
pub(crate) fn code() -> Result<String, ServerError> {
    let letters: String = bytes::<CODE_LETTERS>()?
        .iter()
        .map(|byte| char::from(CODE_ALPHABET[usize::from(*byte) % CODE_ALPHABET.len()]))
        .collect();
    let (first, second) = letters.split_at(CODE_LETTERS / 2);
    Ok(format!("{first}-{second}"))
}

/// A code as it is compared: blanks, hyphens and case do not matter.
pub(crate) fn plain_code(code: &str) -> String {
    cleaned(code).chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

/// What a secret is stored as. All of them are long and random, so that a fast hash is enough.
pub(crate) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_back_however_it_is_typed() {
        assert_eq!(plain_code(" abcde-f2h3j\n"), "ABCDEF2H3J");
        assert_eq!(plain_code("\u{202a}abcde–f\u{200b}2ｈ3j\u{202c}"), "ABCDEF2H3J");
        let code = code().unwrap();
        assert_eq!(plain_code(&code.to_lowercase().replace('-', " ")), plain_code(&code));
        assert_eq!(plain_code(&code).len(), CODE_LETTERS);
    }

    #[test]
    fn no_two_secrets_are_alike() {
        assert_ne!(token().unwrap(), token().unwrap());
        assert_ne!(code().unwrap(), code().unwrap());
    }
}
