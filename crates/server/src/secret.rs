//! Random secrets: keys, tokens and one-time codes. They come from the operating system, never from the injected
//! environment: a simulation needs them unguessable no less than a real server.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatebook_sync::{CODE_ALPHABET, CODE_LETTERS};
use sha2::{Digest as _, Sha256};

use crate::error::ServerError;

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

/// What a secret is stored as. All of them are long and random, so that a fast hash is enough.
pub(crate) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

#[cfg(test)]
mod tests {
    use gatebook_sync::plain_code;

    use super::*;

    #[test]
    fn a_code_is_read_back_however_it_is_typed() {
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
