//! Receipts: the server's proof of what it took, under a key that lies outside the database, so that a restored backup
//! does not bring back an old one.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use gatebook_sync::{Canonical, Content, Receipt, VersionId};
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::ServerError;

const KEY_FILE: &str = "server.key";
/// 128 bits of each hash are kept: enough against forgery, and half the bytes on the air.
const KEPT: usize = 16;

/// The server's key.
pub(crate) struct Key([u8; 32]);

impl Key {
    /// Reads the key of the data folder, making one at first.
    pub(crate) fn open(folder: &Path) -> Result<Self, ServerError> {
        let path = folder.join(KEY_FILE);
        match std::fs::read(&path) {
            Ok(bytes) => bytes.try_into().map(Self).map_err(|_| ServerError::BadKey(path)),
            Err(error) if error.kind() == ErrorKind::NotFound => Self::create(&path),
            Err(error) => Err(error.into()),
        }
    }

    fn create(path: &Path) -> Result<Self, ServerError> {
        let key = crate::secret::bytes::<32>()?;
        let unfinished = path.with_extension("part");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&unfinished)?;
        file.write_all(&key)?;
        file.sync_all()?;
        std::fs::rename(unfinished, path)?;
        Ok(Self(key))
    }

    /// The receipt of a version that the server has taken.
    pub(crate) fn receipt(
        &self,
        tenant: Uuid,
        (record_id, write_id): (Uuid, Uuid),
        version: VersionId,
        (seq, received_at): (u64, Timestamp),
        content: &Content,
    ) -> Receipt {
        let digest = digest(write_id, content);
        let mut receipt =
            Receipt { epoch: version.epoch, version: version.version, seq, received_at, mac: String::new() };
        let tag = self.tag(tenant, record_id, &receipt, &digest);
        receipt.mac = format!("{}.{}", BASE64.encode(digest), BASE64.encode(tag));
        receipt
    }

    /// Whether this server gave the receipt, for whatever content.
    pub(crate) fn gave(&self, tenant: Uuid, record_id: Uuid, receipt: &Receipt) -> bool {
        let Some((digest, tag)) = parts(&receipt.mac) else { return false };
        let expected = self.tag(tenant, record_id, receipt, &digest);
        bool::from(subtle::ConstantTimeEq::ct_eq(expected.as_slice(), tag.as_slice()))
    }

    /// Whether this server gave the receipt for just that content.
    pub(crate) fn gave_for(&self, tenant: Uuid, canonical: &Canonical) -> bool {
        let of_content = digest(canonical.write_id, &canonical.content);
        self.gave(tenant, canonical.id, &canonical.receipt)
            && parts(&canonical.receipt.mac).is_some_and(|(digest, _)| digest == of_content)
    }

    fn tag(&self, tenant: Uuid, record_id: Uuid, receipt: &Receipt, digest: &[u8]) -> [u8; KEPT] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(b"gatebook receipt 1");
        mac.update(tenant.as_bytes());
        mac.update(record_id.as_bytes());
        for number in [receipt.epoch.0, receipt.version, receipt.seq] {
            mac.update(&number.to_be_bytes());
        }
        mac.update(&receipt.received_at.as_microsecond().to_be_bytes());
        mac.update(digest);
        kept(&mac.finalize().into_bytes())
    }
}

fn digest(write_id: Uuid, content: &Content) -> [u8; KEPT] {
    let mut hash = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    field(write_id.as_bytes());
    field(content.kind.as_bytes());
    field(content.yard_id.as_ref().map_or(&[][..], |id| id.as_bytes()));
    field(&content.schema.to_be_bytes());
    field(crate::storage::state_name(content.state).as_bytes());
    field(content.state_reason.as_bytes());
    field(&content.captured_at.as_nanosecond().to_be_bytes());
    field(content.zone.as_bytes());
    field(content.operator_id.as_ref().map_or(&[][..], |id| id.as_bytes()));
    field(content.body.get().as_bytes());
    kept(&hash.finalize())
}

fn kept(hash: &[u8]) -> [u8; KEPT] {
    hash[..KEPT].try_into().expect("SHA-256 is longer")
}

fn parts(mac: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let (digest, tag) = mac.split_once('.')?;
    Some((BASE64.decode(digest).ok()?, BASE64.decode(tag).ok()?))
}

#[cfg(test)]
mod tests {
    use gatebook_sync::Epoch;
    use serde_json::value::RawValue;

    use super::*;

    fn content(body: &str) -> Content {
        Content {
            kind: "gate_event".to_owned(),
            yard_id: Some(Uuid::from_u128(1)),
            schema: 1,
            state: gatebook_domain::RecordState::Live,
            state_reason: String::new(),
            captured_at: Timestamp::UNIX_EPOCH,
            zone: "UTC".to_owned(),
            operator_id: None,
            body: RawValue::from_string(body.to_owned()).unwrap(),
        }
    }

    fn canonical(key: &Key, tenant: Uuid) -> Canonical {
        let (id, write_id) = (Uuid::from_u128(2), Uuid::from_u128(3));
        let version = VersionId { epoch: Epoch(9), version: 4 };
        let content = content("{}");
        let receipt = key.receipt(tenant, (id, write_id), version, (17, Timestamp::UNIX_EPOCH), &content);
        Canonical { id, receipt, write_id, device_id: None, content }
    }

    #[test]
    fn a_receipt_proves_its_state_and_nothing_else() {
        let (key, tenant) = (Key([7; 32]), Uuid::from_u128(5));
        let genuine = canonical(&key, tenant);
        assert!(key.gave_for(tenant, &genuine));

        let mut forgeries = vec![Canonical { id: Uuid::from_u128(9), ..genuine.clone() }];
        forgeries.push(Canonical { write_id: Uuid::from_u128(9), ..genuine.clone() });
        forgeries.push(Canonical { content: content(r#"{"a":1}"#), ..genuine.clone() });
        let altered = |alter: fn(&mut Receipt)| {
            let mut forgery = genuine.clone();
            alter(&mut forgery.receipt);
            forgery
        };
        forgeries.push(altered(|receipt| receipt.version += 1));
        forgeries.push(altered(|receipt| receipt.seq += 1));
        forgeries.push(altered(|receipt| receipt.epoch.0 += 1));
        forgeries.push(altered(|receipt| receipt.received_at += jiff::SignedDuration::from_secs(1)));
        forgeries.push(altered(|receipt| receipt.mac = String::new()));
        for forgery in forgeries {
            assert!(!key.gave_for(tenant, &forgery), "{forgery:?}");
        }
        assert!(!key.gave_for(Uuid::from_u128(6), &genuine), "another tenant");
        assert!(!Key([8; 32]).gave_for(tenant, &genuine), "another key");
    }

    #[test]
    fn the_key_is_made_once_and_a_damaged_one_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let first = Key::open(folder.path()).unwrap().0;
        assert_eq!(Key::open(folder.path()).unwrap().0, first);
        std::fs::write(folder.path().join(KEY_FILE), b"short").unwrap();
        assert!(matches!(Key::open(folder.path()), Err(ServerError::BadKey(_))));
    }
}
