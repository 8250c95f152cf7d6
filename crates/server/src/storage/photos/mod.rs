//! Photos: which bytes are held, which records named them, and what is being uploaded. Both databases take the same
//! statements, which lie in this folder; arguments stand in them in the order of their numbers, because SQLite counts
//! `$1` by its first appearance. What is done for a whole page at once each database does in its own way.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::Tenant;
use crate::error::ServerError;
use crate::photos::ContentHash;

/// Bytes that are held and verified.
#[derive(Debug, Clone)]
pub(crate) struct Blob {
    pub tenant: Tenant,
    pub sha256: ContentHash,
    pub size: u64,
    pub media_type: String,
    /// Where they lie in the store.
    pub name: String,
    pub stored_at: Timestamp,
    /// When somebody last asked for them, or brought them.
    pub wanted_at: Timestamp,
}

/// Where an upload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UploadState {
    /// Something is still to come, or to be verified.
    Open,
    /// Its bytes are held.
    Stored,
    /// It was not finished in time; what it had is gone.
    Expired,
}

/// An upload as it is begun.
#[derive(Debug, Clone)]
pub(crate) struct NewUpload {
    pub sha256: ContentHash,
    pub size: u64,
    pub media_type: String,
    /// The attachment whose bytes they are. It may arrive later than they do.
    pub record_id: Uuid,
    /// As the device gave it.
    pub metadata: String,
}

/// An upload.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub id: Uuid,
    pub device_id: Uuid,
    pub new: NewUpload,
    /// Bytes that are on the disk, from the first on.
    pub received: u64,
    pub state: UploadState,
    pub expires_at: Timestamp,
}

/// A piece of an upload.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub start: u64,
    pub length: u64,
    /// Where it lies in the store.
    pub name: String,
}

impl UploadState {
    /// As it is stored.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "open" => Self::Open,
            "stored" => Self::Stored,
            _ => Self::Expired,
        }
    }
}

/// What a [`Reading`](super::Reading) knows of photos.
pub(crate) trait ReadingPhotos {
    /// The bytes of that hash, if the tenant has them.
    fn blob(&self, tenant: Tenant, sha256: ContentHash) -> Result<Option<Blob>, ServerError>;
    /// Since when the tenant has bytes of those hashes, as far as it has them.
    fn held_since(
        &self,
        tenant: Tenant,
        hashes: &[ContentHash],
    ) -> Result<HashMap<ContentHash, Timestamp>, ServerError>;
    /// The records that ever named those bytes.
    fn records_naming(&self, tenant: Tenant, sha256: ContentHash) -> Result<Vec<Uuid>, ServerError>;
    /// Bytes that no record ever named and nobody has asked for since `before`.
    fn unreferenced_blobs(&self, before: Timestamp) -> Result<Vec<Blob>, ServerError>;
    /// Everything that is held, of all tenants.
    fn all_blobs(&self) -> Result<Vec<Blob>, ServerError>;
    /// Whether the bytes under that name are those in force for their hash.
    fn is_blob(&self, name: &str) -> Result<bool, ServerError>;
    /// An upload of the tenant.
    fn upload(&self, tenant: Tenant, id: Uuid) -> Result<Option<Upload>, ServerError>;
    /// What a device has begun and not finished, the furthest first.
    fn open_uploads(&self, tenant: Tenant, device: Uuid, now: Timestamp) -> Result<Vec<Upload>, ServerError>;
    /// What an upload consists of, in order.
    fn parts(&self, upload: Uuid) -> Result<Vec<Part>, ServerError>;
    /// Whether anything of that upload belongs into the store.
    fn is_upload_open(&self, id: Uuid) -> Result<bool, ServerError>;
    /// Uploads that were not finished in time.
    fn overdue_uploads(&self, now: Timestamp) -> Result<Vec<Uuid>, ServerError>;
}

/// What a [`Writing`](super::Writing) does with photos.
pub(crate) trait WritingPhotos: ReadingPhotos {
    /// Files bytes that are in place, unless the tenant has them already; whether it did.
    fn put_blob(&self, blob: &Blob) -> Result<bool, ServerError>;
    /// Bytes that the tenant has lie under `blob`'s name from now on, if until now they lay under that one; whether they
    /// did.
    fn move_blob(&self, blob: &Blob, from: &str) -> Result<bool, ServerError>;
    /// Notes that somebody counts on those bytes.
    fn want_blob(&self, tenant: Tenant, sha256: ContentHash, now: Timestamp) -> Result<(), ServerError>;
    /// When photos were last swept; from now on, that is now.
    fn swept(&self, now: Timestamp) -> Result<Option<Timestamp>, ServerError>;
    /// So much of the time up to now does not count for what nobody asks for.
    fn count_less(&self, unseen: SignedDuration, now: Timestamp) -> Result<(), ServerError>;
    /// Forgets bytes, if still no record ever named them and nobody has asked for them since `before`.
    fn remove_unreferenced(&self, blob: &Blob, before: Timestamp) -> Result<bool, ServerError>;
    /// Forgets bytes that are lost.
    fn remove_lost(&self, blob: &Blob) -> Result<bool, ServerError>;
    /// Notes which records name which bytes; in the order of both, so that two pages never wait for each other.
    fn refer(&self, tenant: Tenant, naming: &BTreeSet<(ContentHash, Uuid)>) -> Result<(), ServerError>;
    /// Begins an upload.
    fn put_upload(
        &self,
        id: Uuid,
        tenant: Tenant,
        device: Uuid,
        new: &NewUpload,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), ServerError>;
    /// An upload has a part more. False if somebody else has carried it on meanwhile, or it is over.
    fn add_part(&self, upload: Uuid, part: &Part, expires_at: Timestamp) -> Result<bool, ServerError>;
    /// The upload's bytes are held; until `expires_at` it can still be asked about.
    fn finish_upload(&self, upload: Uuid, expires_at: Timestamp) -> Result<(), ServerError>;
    /// Ends an upload that was not finished in time. False if it goes on after all.
    fn expire_upload(&self, upload: Uuid, now: Timestamp) -> Result<bool, ServerError>;
    /// Forgets an upload.
    fn remove_upload(&self, upload: Uuid) -> Result<(), ServerError>;
    /// Forgets uploads that have been over since before `before`.
    fn remove_old_uploads(&self, before: Timestamp) -> Result<(), ServerError>;
}
