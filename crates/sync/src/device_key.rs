//! The key that a device shares with the server it belongs to.
//!
//! A status code says nothing about who sent it: a server started on an empty folder, or a proxy, answers 401 as well as the
//! right one. So a device is signed out only by an answer that carries a proof under this key, over the nonce that the device
//! sent with that very request.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::AuthorityPin;
use crate::wire::ProofRequest;

/// A key of one device. The server derives it from its own and stores it nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceKey([u8; 32]);

impl DeviceKey {
    /// The key of those bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What proves that the office has signed the device out, in answer to a request that brought `nonce`.
    #[must_use]
    pub fn revocation(&self, device: Uuid, nonce: &str) -> String {
        self.tag(b"gatebook revoked 1", device, nonce)
    }

    /// Whether `proof` is that.
    #[must_use]
    pub fn proves_revocation(&self, device: Uuid, nonce: &str, proof: &str) -> bool {
        self.revocation(device, nonce).as_bytes().ct_eq(proof.as_bytes()).into()
    }

    /// What proves, in a request to join that brings `secret`, that its sender was that device before. Nobody who receives it
    /// can do anything else with it, so it does no harm if somebody typed the address of a wrong server.
    #[must_use]
    pub fn succession(&self, device: Uuid, secret: &str) -> String {
        self.tag(b"gatebook joins anew 1", device, secret)
    }

    /// Whether `proof` is that.
    #[must_use]
    pub fn proves_succession(&self, device: Uuid, secret: &str, proof: &str) -> bool {
        self.succession(device, secret).as_bytes().ct_eq(proof.as_bytes()).into()
    }

    /// What proves that the server at that host is the device's own.
    #[must_use]
    pub fn own_server(&self, asked: &ProofRequest) -> String {
        let ProofRequest { device_id, nonce, host, authority } = asked;
        let authority = authority.as_ref().map_or("", AuthorityPin::letters);
        self.tag(b"gatebook own server 2", *device_id, &format!("{host}\n{authority}\n{nonce}"))
    }

    /// Whether `proof` is that.
    #[must_use]
    pub fn proves_own_server(&self, asked: &ProofRequest, proof: &str) -> bool {
        self.own_server(asked).as_bytes().ct_eq(proof.as_bytes()).into()
    }

    fn tag(&self, what: &[u8], device: Uuid, text: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(what);
        mac.update(device.as_bytes());
        mac.update(text.as_bytes());
        BASE64.encode(mac.finalize().into_bytes())
    }
}

/// Never what it is.
impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceKey(…)")
    }
}

impl Serialize for DeviceKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for DeviceKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| serde::de::Error::custom("a device key is 32 bytes in Base64"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: Uuid = Uuid::from_u128(1);

    #[test]
    fn a_revocation_is_proved_to_one_device_in_answer_to_one_request() {
        let key = DeviceKey::new([7; 32]);
        let proof = key.revocation(DEVICE, "nonce");
        assert!(key.proves_revocation(DEVICE, "nonce", &proof));
        assert!(!key.proves_revocation(DEVICE, "another request's", &proof));
        assert!(!key.proves_revocation(Uuid::from_u128(2), "nonce", &proof));
        assert!(!DeviceKey::new([8; 32]).proves_revocation(DEVICE, "nonce", &proof));
        assert!(!key.proves_revocation(DEVICE, "nonce", ""));
        assert!(!key.proves_revocation(DEVICE, "nonce", &key.succession(DEVICE, "nonce")), "it proves something else");
    }

    #[test]
    fn a_server_is_proved_to_be_the_devices_own_where_it_was_asked_and_nowhere_else() {
        let key = DeviceKey::new([7; 32]);
        let asked = |host: &str, authority: Option<&[u8]>, nonce: &str| ProofRequest {
            device_id: DEVICE,
            nonce: nonce.to_owned(),
            host: host.to_owned(),
            authority: authority.map(AuthorityPin::of),
        };
        let here = asked("gatebook.example.com", None, "nonce");
        let proof = key.own_server(&here);
        assert!(key.proves_own_server(&here, &proof));
        assert!(!DeviceKey::new([8; 32]).proves_own_server(&here, &proof), "of another server");
        for elsewhere in [
            asked("elsewhere.example.com", None, "nonce"),
            asked("gatebook.example.com", Some(b"its authority"), "nonce"),
            asked("gatebook.example.com", None, "another"),
            ProofRequest { device_id: Uuid::from_u128(2), ..here.clone() },
        ] {
            assert!(!key.proves_own_server(&elsewhere, &proof), "{elsewhere:?}");
        }
        assert!(!key.proves_own_server(&here, &key.revocation(DEVICE, "nonce")), "that is another proof");
        assert!(!key.proves_revocation(DEVICE, "nonce", &proof), "that is another proof");
    }

    #[test]
    fn a_key_travels_as_text_and_is_shown_to_nobody() {
        let key = DeviceKey::new([7; 32]);
        let text = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<DeviceKey>(&text).unwrap(), key);
        assert!(serde_json::from_str::<DeviceKey>("\"c2hvcnQ\"").is_err());
        assert_eq!(format!("{key:?}"), "DeviceKey(…)");
    }
}
