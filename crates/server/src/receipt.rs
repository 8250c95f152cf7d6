//! Receipts: the server's proof of what it took, under a key that lies outside the database, so that a restored backup
//! does not bring back an old one.
//!
//! A receipt's `mac` is two parts: a digest of the content, and the code over that digest, the record, the tenant and
//! the rest of the receipt. So a receipt can be proved without the content (a write's base, of which a restored server
//! may hold nothing), and with it (a re-offer).

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use gatebook_sync::wire::ServerIdentity;
use gatebook_sync::{Content, DeviceKey, Receipt};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::ServerError;

/// Name of the key in the data folder.
pub(crate) const KEY_FILE: &str = "server.key";
/// 128 bits of each hash are kept: enough against forgery, and half the bytes on the air.
const KEPT: usize = 16;

/// The server's key.
pub(crate) struct Key([u8; 32]);

impl Key {
    /// Reads the key, making one at first.
    pub(crate) fn open(path: &Path) -> Result<Self, ServerError> {
        match Self::read(path)? {
            Some(key) => Ok(key),
            None => Self::create(path),
        }
    }

    /// Reads the key, if it is there.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, ServerError> {
        match std::fs::read(path) {
            Ok(bytes) => bytes.try_into().map(|key| Some(Self(key))).map_err(|_| ServerError::BadKey(path.to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Tells this key from others without telling what it is.
    pub(crate) fn check(&self) -> [u8; KEPT] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(b"gatebook key check 1");
        kept(&mac.finalize().into_bytes())
    }

    /// A key of those bytes.
    #[cfg(test)]
    pub(crate) const fn of(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// How devices of that organization know this server again.
    pub(crate) fn identity(&self, organization: Uuid) -> ServerIdentity {
        ServerIdentity { organization, key: BASE64.encode(self.seal("gatebook key id 1", &[])) }
    }

    /// The key that this server shares with one device.
    pub(crate) fn of_device(&self, device: Uuid) -> DeviceKey {
        let mut mac = self.hmac();
        mac.update(b"gatebook device key 1");
        mac.update(device.as_bytes());
        DeviceKey::new(mac.finalize().into_bytes().into())
    }

    /// Makes the key. Two servers that start at once on one folder end up with the same: the second finds the first's.
    fn create(path: &Path) -> Result<Self, ServerError> {
        let key = crate::secret::bytes::<32>()?;
        // Written aside and linked into place whole, so that a power cut never leaves half a key.
        let unfinished = path.with_extension(format!("key.{}", Uuid::new_v4()));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&unfinished)?;
        file.write_all(&key)?;
        file.sync_all()?;
        let placed = std::fs::hard_link(&unfinished, path);
        std::fs::remove_file(&unfinished)?;
        match placed {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error.into()),
            _ => {
                crate::files::sync_folder_of(path)?;
                let bytes = std::fs::read(path)?;
                bytes.try_into().map(Self).map_err(|_| ServerError::BadKey(path.to_owned()))
            }
        }
    }

    /// Signs the receipt of a version that the server has taken.
    pub(crate) fn sign(&self, tenant: Uuid, record_id: Uuid, write_id: Uuid, receipt: &mut Receipt, content: &Content) {
        let digest = digest(write_id, content);
        let tag = self.tag(tenant, record_id, receipt, &digest);
        receipt.mac = format!("{}.{}", BASE64.encode(digest), BASE64.encode(tag));
    }

    /// Puts into a receipt that has not been signed what tells its state from others of the same number and time.
    pub(crate) fn mark(receipt: &mut Receipt, write_id: Uuid, content: &Content) {
        receipt.mac = BASE64.encode(digest(write_id, content));
    }

    /// Whether this server gave the receipt, for whatever content.
    pub(crate) fn gave(&self, tenant: Uuid, record_id: Uuid, receipt: &Receipt) -> bool {
        let Some((digest, tag)) = parts(&receipt.mac) else { return false };
        let expected = self.tag(tenant, record_id, receipt, &digest);
        bool::from(subtle::ConstantTimeEq::ct_eq(expected.as_slice(), tag.as_slice()))
    }

    /// Whether this server gave the receipt for just that content.
    pub(crate) fn gave_for(
        &self,
        tenant: Uuid,
        record_id: Uuid,
        write_id: Uuid,
        receipt: &Receipt,
        content: &Content,
    ) -> bool {
        let of_content = digest(write_id, content);
        self.gave(tenant, record_id, receipt) && parts(&receipt.mac).is_some_and(|(digest, _)| digest == of_content)
    }

    /// A code over anything else that devices show again. `what` keeps the sorts apart; the parts are of fixed length.
    pub(crate) fn seal(&self, what: &str, parts: &[&[u8]]) -> [u8; KEPT] {
        let mut mac = self.hmac();
        mac.update(what.as_bytes());
        for part in parts {
            mac.update(part);
        }
        kept(&mac.finalize().into_bytes())
    }

    fn hmac(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(&self.0).expect("HMAC takes keys of any length")
    }

    fn tag(&self, tenant: Uuid, record_id: Uuid, receipt: &Receipt, digest: &[u8]) -> [u8; KEPT] {
        let mut mac = self.hmac();
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
    use jiff::Timestamp;
    use serde_json::value::RawValue;

    use super::*;

    const TENANT: Uuid = Uuid::from_u128(5);
    const RECORD: Uuid = Uuid::from_u128(2);
    const WRITE: Uuid = Uuid::from_u128(3);

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

    fn signed(key: &Key) -> Receipt {
        let received_at = Timestamp::UNIX_EPOCH;
        let mut receipt = Receipt { epoch: Epoch(9), version: 4, seq: 17, received_at, mac: String::new() };
        key.sign(TENANT, RECORD, WRITE, &mut receipt, &content("{}"));
        receipt
    }

    #[test]
    fn a_receipt_proves_its_state_and_nothing_else() {
        let key = Key([7; 32]);
        let (genuine, body) = (signed(&key), content("{}"));
        assert!(key.gave(TENANT, RECORD, &genuine));
        assert!(key.gave_for(TENANT, RECORD, WRITE, &genuine, &body));

        let other = Uuid::from_u128(9);
        assert!(!key.gave_for(TENANT, RECORD, WRITE, &genuine, &content(r#"{"a":1}"#)), "other content");
        assert!(!key.gave_for(TENANT, RECORD, other, &genuine, &body), "another write");
        assert!(!key.gave_for(TENANT, other, WRITE, &genuine, &body), "another record");
        assert!(!key.gave_for(other, RECORD, WRITE, &genuine, &body), "another tenant");
        assert!(!Key([8; 32]).gave(TENANT, RECORD, &genuine), "another key");
    }

    #[test]
    fn no_part_of_a_receipt_can_be_altered() {
        let key = Key([7; 32]);
        let alterations: [fn(&mut Receipt); 6] = [
            |receipt| receipt.version += 1,
            |receipt| receipt.seq += 1,
            |receipt| receipt.epoch.0 += 1,
            |receipt| receipt.received_at += jiff::SignedDuration::from_micros(1),
            |receipt| receipt.mac.clear(),
            |receipt| receipt.mac.insert(0, 'A'),
        ];
        for (at, alter) in alterations.into_iter().enumerate() {
            let mut forged = signed(&key);
            alter(&mut forged);
            assert!(!key.gave(TENANT, RECORD, &forged), "alteration {at}");
        }
    }

    #[test]
    fn the_key_is_made_once_and_a_damaged_one_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let first = Key::open(&folder.path().join(KEY_FILE)).unwrap().0;
        assert_eq!(Key::open(&folder.path().join(KEY_FILE)).unwrap().0, first);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        std::fs::write(folder.path().join(KEY_FILE), b"short").unwrap();
        assert!(matches!(Key::open(&folder.path().join(KEY_FILE)), Err(ServerError::BadKey(_))));
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_key() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        Key::open(&folder.path().join(KEY_FILE)).unwrap();
        let mode = std::fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
