//! Whose the bytes are. A device may have what it has brought itself, and what a record that it sees names by right.
//!
//! A record names bytes by right if whoever wrote it could have them, or if they were brought for it. Naming alone gives
//! nothing: a hash is soon known to many, and whoever put it into a record of its own yard could otherwise have another
//! yard's photo. What was once named by right stays so, whoever writes the record next.

use std::collections::{BTreeSet, HashSet};

use uuid::Uuid;

use super::hash::ContentHash;
use super::marks::attachment;
use crate::error::ServerError;
use crate::storage::{Device, Filing, Held, Outcome, Reading, Tenant, Upload, Writing};

/// Which of those bytes the device may have, as far as there are any.
pub(super) fn may_have(
    reading: &dyn Reading,
    device: &Device,
    hashes: &[ContentHash],
) -> Result<HashSet<ContentHash>, ServerError> {
    let proved = reading.proved_naming(device.tenant, hashes)?;
    may_have_by(reading, device, hashes, &proved)
}

/// The same; `proved` is what names them by right.
fn may_have_by(
    reading: &dyn Reading,
    device: &Device,
    hashes: &[ContentHash],
    proved: &BTreeSet<(ContentHash, Uuid)>,
) -> Result<HashSet<ContentHash>, ServerError> {
    let mut has = reading.brought_by(device.tenant, device.id, hashes)?;
    let others = proved.iter().filter(|(hash, _)| !has.contains(hash));
    let naming: Vec<Uuid> = others.map(|(_, record)| *record).collect();
    if !naming.is_empty() {
        let seen = reading.held(device.tenant, &naming)?.into_iter().filter(|held| device.sees(held.content.yard_id));
        let named = seen.filter_map(|held| Some((attachment(&held.content)?.1, held.record_id)));
        has.extend(named.filter(|named| proved.contains(named)).map(|(hash, _)| hash));
    }
    Ok(has)
}

/// Notes which of the judged writes name bytes by right, `by` the device that wrote them, or by the office. Returns all that
/// names the same bytes by right. To be called with the tenant's counter taken: whoever brings the bytes at the same time
/// has taken it before, or sees these records.
pub(super) fn prove(
    writing: &dyn Writing,
    tenant: Tenant,
    by: Option<&Device>,
    filings: &[Filing],
) -> Result<BTreeSet<(ContentHash, Uuid)>, ServerError> {
    let taken = filings.iter().filter(|filing| filing.outcome != Outcome::Rejected);
    let named: Vec<_> = taken.filter_map(|filing| Some((attachment(&filing.content)?.1, filing))).collect();
    let hashes = Vec::from_iter(named.iter().map(|(hash, _)| *hash).collect::<BTreeSet<_>>());
    if hashes.is_empty() {
        return Ok(BTreeSet::new());
    }
    writing.note_named(tenant, &hashes)?;
    let mut proved = writing.proved_naming(tenant, &hashes)?;
    let open: Vec<_> =
        named.into_iter().filter(|(hash, filing)| !proved.contains(&(*hash, filing.record_id))).collect();
    if open.is_empty() {
        return Ok(proved);
    }
    let had = match by {
        Some(device) => may_have_by(writing, device, &hashes, &proved)?,
        None => HashSet::new(),
    };
    let mut now_proved = BTreeSet::new();
    for (hash, filing) in open {
        // The server said so itself before it was put back to an older state, and of who brought the bytes nothing is left.
        let was_given_back = filing.restores == Some(filing.write_id);
        let is_by_right = was_given_back
            || match by {
                Some(_) => had.contains(&hash),
                None => is_of_who_brought(writing, tenant, filing.record_id, hash)?,
            };
        if is_by_right {
            now_proved.insert((hash, filing.record_id));
        }
    }
    if !now_proved.is_empty() {
        writing.prove(tenant, &now_proved)?;
        proved.extend(now_proved);
    }
    Ok(proved)
}

/// Bytes have come: notes who brought them, and that the records for which they did name them by right. `held` are the
/// records that name them. Returns whether there are any of which that was not known.
pub(super) fn brought(
    writing: &dyn Writing,
    tenant: Tenant,
    upload: &Upload,
    held: &[Held],
) -> Result<bool, ServerError> {
    let (hash, device) = (upload.new.sha256, upload.device_id);
    let proved = writing.proved_naming(tenant, &[hash])?;
    let mut now_proved = BTreeSet::new();
    for held in held {
        let named = (hash, held.record_id);
        let is_for_it = held.record_id == upload.new.record_id;
        if !proved.contains(&named)
            && (is_for_it
                || held.device_id == Some(device)
                || writers(writing, tenant, held.record_id)?.contains(&device))
        {
            now_proved.insert(named);
        }
    }
    if !now_proved.is_empty() {
        writing.prove(tenant, &now_proved)?;
    }
    Ok(!now_proved.is_empty())
}

/// Whether one of the devices that wrote the record has brought those bytes; what only the office wrote is its own.
fn is_of_who_brought(
    reading: &dyn Reading,
    tenant: Tenant,
    record: Uuid,
    hash: ContentHash,
) -> Result<bool, ServerError> {
    let writers = writers(reading, tenant, record)?;
    for device in &writers {
        if !reading.brought_by(tenant, *device, &[hash])?.is_empty() {
            return Ok(true);
        }
    }
    Ok(writers.is_empty())
}

/// The devices that have ever written the record.
fn writers(reading: &dyn Reading, tenant: Tenant, record: Uuid) -> Result<BTreeSet<Uuid>, ServerError> {
    Ok(reading.writes_of_record(tenant, record)?.into_iter().filter_map(|write| write.device_id).collect())
}
