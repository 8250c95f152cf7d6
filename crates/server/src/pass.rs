//! A device's token: what the server says of the device, sealed by its key. So a server that was restored from before the
//! enrollment knows the device all the same, and enters it again as it was enrolled.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use uuid::Uuid;

use crate::receipt::Key;

/// What such a token begins with.
const PREFIX: &str = "gbd1.";
/// Yards that a token names at most: it travels with each request, in a header that proxies bound.
const MOST_YARDS: usize = 128;
const ID: usize = 16;
const TAG: usize = 16;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pass {
    pub organization: Uuid,
    pub device: Uuid,
    pub name: String,
    /// The yards for which the device was enrolled.
    pub yards: Vec<Uuid>,
}

impl Pass {
    /// The token, always the same for the same content.
    pub(crate) fn seal(&self, key: &Key) -> String {
        let mut said = Vec::with_capacity(3 * ID + self.yards.len() * ID + self.name.len());
        said.extend_from_slice(self.organization.as_bytes());
        said.extend_from_slice(self.device.as_bytes());
        let yards = &self.yards[..self.yards.len().min(MOST_YARDS)];
        said.push(u8::try_from(yards.len()).expect("there are at most 128"));
        for yard in yards {
            said.extend_from_slice(yard.as_bytes());
        }
        said.extend_from_slice(self.name.as_bytes());
        said.extend_from_slice(&tag(key, &said));
        format!("{PREFIX}{}", BASE64.encode(said))
    }

    /// Reads a token; `None` if no server with that key gave it.
    pub(crate) fn open(token: &str, key: &Key) -> Option<Self> {
        let bytes = BASE64.decode(token.strip_prefix(PREFIX)?).ok()?;
        let (said, proof) = bytes.split_at_checked(bytes.len().checked_sub(TAG)?)?;
        if !bool::from(subtle::ConstantTimeEq::ct_eq(tag(key, said).as_slice(), proof)) {
            return None;
        }
        let (organization, rest) = id(said)?;
        let (device, rest) = id(rest)?;
        let (count, mut rest) = rest.split_first()?;
        let mut yards = Vec::new();
        for _ in 0..*count {
            let yard;
            (yard, rest) = id(rest)?;
            yards.push(yard);
        }
        Some(Self { organization, device, name: String::from_utf8(rest.to_vec()).ok()?, yards })
    }
}

fn tag(key: &Key, said: &[u8]) -> [u8; TAG] {
    key.seal("gatebook device token 1", &[said])
}

fn id(bytes: &[u8]) -> Option<(Uuid, &[u8])> {
    let (id, rest) = bytes.split_at_checked(ID)?;
    Some((Uuid::from_slice(id).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass() -> Pass {
        Pass {
            organization: Uuid::from_u128(1),
            device: Uuid::from_u128(2),
            name: "Héctor’s phone".to_owned(),
            yards: vec![Uuid::from_u128(3), Uuid::from_u128(4)],
        }
    }

    #[test]
    fn a_token_tells_whose_it_is_to_the_servers_with_its_key_only() {
        let (key, other) = (Key::of([7; 32]), Key::of([8; 32]));
        let token = pass().seal(&key);
        assert_eq!(Pass::open(&token, &key), Some(pass()));
        assert_eq!(Pass::open(&token, &other), None);
        assert_eq!(pass().seal(&key), token, "whoever repeats an enrollment gets the token of the first");
    }

    #[test]
    fn no_part_of_a_token_can_be_altered() {
        let key = Key::of([7; 32]);
        let token = pass().seal(&key);
        for at in 0..token.len() {
            let mut altered = token.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(Pass::open(std::str::from_utf8(&altered).unwrap(), &key), None, "letter {at}");
        }
        for foreign in ["", "gbd1.", "gbd1.AAAA", "nobody's"] {
            assert_eq!(Pass::open(foreign, &key), None, "{foreign}");
        }
    }
}
