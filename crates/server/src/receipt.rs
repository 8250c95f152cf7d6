//! Receipts: the server's proof of what it took, under a key that lies outside the database, so that a restored backup
//! does not bring back an old one.
//!
//! A receipt's `mac` is `digest.said.tag`: a digest of the write and its content, what else is [`Said`] of it (which
//! device wrote it, when it was filed), and the code over both, the record, the tenant and the rest of the receipt. So a
//! receipt can be proved without the content (a write's base, of which a restored server may hold nothing) and with it (a
//! re-offer), and it tells itself who wrote the state: whoever offers it has no say in that.
//!
//! Receipts given before that are `digest.tag`. They are in devices' databases and prove the state as they always did,
//! but nothing of who wrote it. The two are told apart by the number of parts, and their tags are made over different
//! words, so that none of the one form is any of the other with something cut off.

use std::io::ErrorKind;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use gatebook_sync::wire::ServerIdentity;
use gatebook_sync::{Content, DeviceKey, Receipt, Said};
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
            Err(error) => Err(ServerError::KeyUnreadable(path.to_owned(), error)),
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
        crate::files::place_secret(path, &crate::secret::bytes::<32>()?)?;
        let bytes = std::fs::read(path)?;
        bytes.try_into().map(Self).map_err(|_| ServerError::BadKey(path.to_owned()))
    }

    /// Signs the receipt of a version that the server has taken.
    pub(crate) fn sign(
        &self,
        tenant: Uuid,
        record_id: Uuid,
        write_id: Uuid,
        said: Said,
        receipt: &mut Receipt,
        content: &Content,
    ) {
        let digest = digest(write_id, content);
        let said = said.to_string();
        let tag = self.tag(tenant, record_id, receipt, &digest, Some(&said));
        receipt.mac = format!("{}.{said}.{}", BASE64.encode(digest), BASE64.encode(tag));
    }

    /// What receipts tell the state of that write by.
    pub(crate) fn mark_of(write_id: Uuid, content: &Content) -> [u8; KEPT] {
        digest(write_id, content)
    }

    /// Puts into a receipt that has not been signed that mark.
    pub(crate) fn put_mark(receipt: &mut Receipt, mark: &[u8; KEPT]) {
        receipt.mac = BASE64.encode(mark);
    }

    /// Puts into a receipt that has not been signed what tells its state from others of the same number and time.
    pub(crate) fn mark(receipt: &mut Receipt, write_id: Uuid, content: &Content) {
        Self::put_mark(receipt, &Self::mark_of(write_id, content));
    }

    /// Whether this server gave the receipt, for whatever content.
    pub(crate) fn gave(&self, tenant: Uuid, record_id: Uuid, receipt: &Receipt) -> bool {
        let Some(Parts { digest, said, tag }) = Parts::of(&receipt.mac) else { return false };
        let expected = self.tag(tenant, record_id, receipt, &digest, said);
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
        let is_of_content = Parts::of(&receipt.mac).is_some_and(|parts| parts.digest == of_content);
        is_of_content && self.gave(tenant, record_id, receipt)
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

    fn tag(
        &self,
        tenant: Uuid,
        record_id: Uuid,
        receipt: &Receipt,
        digest: &[u8; KEPT],
        said: Option<&str>,
    ) -> [u8; KEPT] {
        let mut mac = self.hmac();
        mac.update(if said.is_some() { b"gatebook receipt 2" } else { b"gatebook receipt 1" });
        mac.update(tenant.as_bytes());
        mac.update(record_id.as_bytes());
        for number in [receipt.epoch.0, receipt.version, receipt.seq] {
            mac.update(&number.to_be_bytes());
        }
        mac.update(&receipt.received_at.as_microsecond().to_be_bytes());
        mac.update(digest);
        // Last, and everything before it is of fixed length.
        mac.update(said.unwrap_or_default().as_bytes());
        kept(&mac.finalize().into_bytes())
    }
}

/// A receipt's `mac`, taken apart.
struct Parts<'a> {
    digest: [u8; KEPT],
    said: Option<&'a str>,
    tag: [u8; KEPT],
}

impl<'a> Parts<'a> {
    fn of(mac: &'a str) -> Option<Self> {
        let bytes = |part| BASE64.decode(part).ok()?.try_into().ok();
        match *mac.split('.').collect::<Vec<_>>() {
            [digest, tag] => Some(Self { digest: bytes(digest)?, said: None, tag: bytes(tag)? }),
            [digest, said, tag] => {
                said.parse::<Said>().ok()?;
                Some(Self { digest: bytes(digest)?, said: Some(said), tag: bytes(tag)? })
            }
            _ => None,
        }
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

#[cfg(test)]
mod tests {
    use gatebook_sync::{Epoch, WallTime};
    use jiff::Timestamp;
    use serde_json::value::RawValue;

    use super::*;

    const TENANT: Uuid = Uuid::from_u128(5);
    const RECORD: Uuid = Uuid::from_u128(2);
    const WRITE: Uuid = Uuid::from_u128(3);
    const DEVICE: Uuid = Uuid::from_u128(0x0195_f2a0_0000_7000_8000_00de_0000_0004);

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
        key.sign(TENANT, RECORD, WRITE, said(Some(DEVICE)), &mut receipt, &content("{}"));
        receipt
    }

    fn said(device_id: Option<Uuid>) -> Said {
        Said { device_id, filed: Some(WallTime { at: Timestamp::UNIX_EPOCH, is_doubtful: false }) }
    }

    /// As receipts were given before they told who wrote the state.
    fn signed_before(key: &Key) -> Receipt {
        let mut receipt = signed(key);
        let digest = digest(WRITE, &content("{}"));
        let tag = key.tag(TENANT, RECORD, &receipt, &digest, None);
        receipt.mac = format!("{}.{}", BASE64.encode(digest), BASE64.encode(tag));
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
    fn a_receipt_proves_who_wrote_the_state_and_when_it_was_filed_and_tells_it_itself() {
        let key = Key([7; 32]);
        let receipt = signed(&key);
        assert_eq!(receipt.said(), Some(said(Some(DEVICE))));
        let mut office = receipt.clone();
        key.sign(TENANT, RECORD, WRITE, said(None), &mut office, &content("{}"));
        assert_eq!((key.gave(TENANT, RECORD, &office), office.said()), (true, Some(said(None))));

        let [digest, genuine, tag] = *receipt.mac.split('.').collect::<Vec<_>>() else { panic!("{}", receipt.mac) };
        let others = [
            said(Some(Uuid::from_u128(5))).to_string(),
            said(None).to_string(),
            Said::default().to_string(),
            genuine.replace(":0", ":1"),
            format!("{genuine}?"),
            genuine.to_uppercase(),
            String::new(),
        ];
        let mut forged: Vec<String> = others.iter().map(|other| format!("{digest}.{other}.{tag}")).collect();
        forged.extend([format!("{digest}.{tag}"), format!("{digest}.{genuine}.{genuine}.{tag}")]);
        let [_, _, of_office] = *office.mac.split('.').collect::<Vec<_>>() else { panic!("{}", office.mac) };
        forged.extend([format!("{digest}.{genuine}.{of_office}"), format!("{digest}.{of_office}")]);
        for mac in forged {
            assert!(!key.gave(TENANT, RECORD, &Receipt { mac: mac.clone(), ..receipt.clone() }), "{mac}");
        }
    }

    #[test]
    fn a_receipt_of_before_proves_the_state_and_not_who_wrote_it() {
        let key = Key([7; 32]);
        let (before, now) = (signed_before(&key), signed(&key));
        assert!(key.gave_for(TENANT, RECORD, WRITE, &before, &content("{}")));
        assert_eq!(before.said(), None);
        assert!(before.is_same_state(&now), "what tells states apart has not changed");
        let [digest, tag] = *before.mac.split('.').collect::<Vec<_>>() else { panic!("{}", before.mac) };
        for said in [Said::default(), said(Some(DEVICE))] {
            let mac = format!("{digest}.{said}.{tag}");
            assert!(!key.gave(TENANT, RECORD, &Receipt { mac, ..before.clone() }), "nobody is added to it");
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
