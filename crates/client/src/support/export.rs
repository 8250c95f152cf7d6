//! Everything pending in one file, for when a device has to be replaced before it could send what it holds.
//!
//! A zip archive of `records.jsonl` (each record that the server has not taken), `offered.jsonl` (states that a restored
//! server has yet to be offered), `photos/<sha256>.jpg` (photos it has not confirmed) and, last, `manifest.json`: an
//! archive without it was cut short.

use std::io::Write;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::archive::{Archive, ArchiveError};
use crate::error::StoreError;
use crate::photos::Photos;
use crate::store::apart::{self, Waiting};
use crate::store::{Enrolment, HeldPhoto, Store};

/// Of the archive's layout.
const FORMAT: u32 = 1;

/// What waits on this device, for the support page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct SupportView {
    /// Records that the server has not taken, also those it rejected.
    pub records: u32,
    /// Photos that the server has not confirmed.
    pub photos: u32,
    /// Their bytes.
    #[cfg_attr(feature = "specta", specta(type = u32))]
    pub photo_bytes: u64,
}

/// What an export holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Exported {
    /// Records that the server has not taken.
    pub records: u32,
    /// States that a restored server has yet to be offered.
    pub offered: u32,
    /// Photos that it has not confirmed.
    pub photos: u32,
    /// Photos that should be here and cannot be read.
    pub missing: u32,
}

/// What an export would hold now.
pub(crate) fn view(store: &Store) -> Result<SupportView, StoreError> {
    let records = store.look_apart(apart::count_waiting)?;
    let waiting = waiting_photos(store)?;
    Ok(SupportView {
        records,
        photos: u32::try_from(waiting.len()).unwrap_or(u32::MAX),
        photo_bytes: waiting.iter().map(|photo| photo.size).sum(),
    })
}

/// Writes the archive to `out`, a record and a part of a photo at a time. Records go on being saved meanwhile.
pub(crate) fn export_pending(
    store: &Store,
    photos: &Photos,
    enrolment: Option<&Enrolment>,
    made_by: (&str, Timestamp),
    out: impl Write,
) -> Result<Exported, ArchiveError> {
    let mut archive = Archive::new(out);
    let mut exported = Exported::default();
    // Photos are looked for first: one that is confirmed meanwhile is in the file all the same.
    let waiting = waiting_photos(store)?;
    store.look_apart(|connection| {
        archive.begin("records.jsonl")?;
        apart::each_waiting(connection, |record| {
            exported.records += 1;
            match record {
                Waiting::Readable(record) => line(&mut archive, record),
                Waiting::Unreadable(record) => line(&mut archive, record),
            }
        })?;
        archive.begin("offered.jsonl")?;
        apart::each_offered(connection, |state| {
            exported.offered += 1;
            line(&mut archive, state)
        })
    })?;
    let mut listed = Vec::new();
    for photo in waiting {
        let whole = copy_photo(&mut archive, photos, &photo)?;
        exported.photos += u32::from(whole);
        exported.missing += u32::from(!whole);
        listed.push(json!({ "sha256": photo.sha256, "size": photo.size, "whole": whole }));
    }
    let (app_version, made_at) = made_by;
    let manifest = json!({
        "format": FORMAT,
        "app_version": app_version,
        "made_at": made_at,
        "tenant": enrolment.map(|it| json!({ "id": it.tenant_id, "name": it.tenant_name })),
        "device": enrolment.map(|it| json!({ "id": it.device_id, "name": it.device_name })),
        "records": exported.records,
        "offered": exported.offered,
        "photos": listed,
    });
    archive.file("manifest.json", manifest.to_string().as_bytes())?;
    archive.finish()?;
    Ok(exported)
}

/// Copies the photo and says whether its bytes are those that its name says.
fn copy_photo<W: Write>(archive: &mut Archive<W>, photos: &Photos, photo: &HeldPhoto) -> Result<bool, ArchiveError> {
    let file = match photos.picture(&photo.sha256).map(std::fs::File::open) {
        Some(Ok(file)) => file,
        failed => {
            tracing::warn!(sha256 = photo.sha256, error = ?failed.and_then(Result::err), "a photo cannot be exported");
            return Ok(false);
        }
    };
    archive.begin(&format!("photos/{}.jpg", photo.sha256))?;
    let mut hash = Sha256::new();
    let is_read = archive.copy(file, |bytes| hash.update(bytes))?;
    Ok(is_read && format!("{:x}", hash.finalize()) == photo.sha256)
}

fn waiting_photos(store: &Store) -> Result<Vec<HeldPhoto>, StoreError> {
    let held = store.held_photos()?;
    Ok(held.into_iter().filter(|photo| photo.confirmed_ms.is_none()).collect())
}

fn line<W: Write>(archive: &mut Archive<W>, value: &impl Serialize) -> Result<(), ArchiveError> {
    let mut text = serde_json::to_vec(value).expect("records are JSON");
    text.push(b'\n');
    archive.write(&text)
}
