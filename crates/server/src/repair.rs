//! Answers to a device that looks for where it differs: ranges of ids in tallied parts, and records it asks for by id.

use gatebook_sync::wire::{Entry, IdRange, Part, Repair, Repaired};
use gatebook_sync::{Scope, Tally};

use crate::error::ServerError;
use crate::pull::{Room, canonical};
use crate::receipt::Key;
use crate::storage::{Device, Reading};

/// Parts a range is answered in: halved four times at once.
const PARTS: usize = 16;
/// Records of a range up to which they are listed instead.
const LISTED: usize = 64;

/// Answers what the device asks, of the scopes that are its own.
pub(crate) fn answer(
    reading: &dyn Reading,
    key: &Key,
    device: &Device,
    asked: Repair,
    room: &mut Room,
) -> Result<Repaired, ServerError> {
    let mut repaired = Repaired::default();
    for range in asked.ranges {
        let is_its_own = match range.scope {
            Scope::Org => true,
            Scope::Yard(yard) => device.sees(Some(yard)),
        };
        if is_its_own {
            repaired.parts.extend(parts(range, reading.entries(device.tenant, range)?));
        }
    }
    for held in reading.held(device.tenant, &asked.fetch)? {
        // What does not fit, the device misses and asks for again.
        if device.sees(held.content.yard_id) && room.take(held.content.body.get().len()) {
            repaired.records.push(canonical(key, device, held));
        }
    }
    Ok(repaired)
}

/// Cuts a range into parts of about as many records each, without gaps between them.
fn parts(range: IdRange, entries: Vec<Entry>) -> Vec<Part> {
    if entries.len() <= LISTED {
        return vec![Part { range, tally: tally(&entries), entries: Some(entries) }];
    }
    let chunks: Vec<&[Entry]> = entries.chunks(entries.len().div_ceil(PARTS)).collect();
    let mut from = range.from;
    let mut parts = Vec::with_capacity(chunks.len());
    for (at, chunk) in chunks.iter().enumerate() {
        let is_last = at + 1 == chunks.len();
        let to = if is_last { range.to } else { chunk[chunk.len() - 1].id };
        parts.push(Part { range: IdRange { from, to, ..range }, tally: tally(chunk), entries: None });
        from = uuid::Uuid::from_u128(to.as_u128().wrapping_add(1));
    }
    parts
}

fn tally(entries: &[Entry]) -> Tally {
    entries.iter().map(|entry| entry.fingerprint).collect()
}

#[cfg(test)]
mod tests {
    use gatebook_sync::Fingerprint;
    use uuid::Uuid;

    use super::*;

    fn entries(count: u128) -> Vec<Entry> {
        (1..=count).map(|at| Entry { id: Uuid::from_u128(at * 10), fingerprint: Fingerprint(1) }).collect()
    }

    #[test]
    fn few_records_are_listed() {
        let parts = parts(IdRange::whole(Scope::Org), entries(64));
        assert_eq!((parts.len(), parts[0].entries.as_ref().map(Vec::len)), (1, Some(64)));
    }

    #[test]
    fn parts_cover_the_range_without_gaps_or_overlap() {
        for count in [65, 100, 1_000, 1_001] {
            let parts = parts(IdRange::whole(Scope::Org), entries(count));
            assert!(parts.len() <= PARTS);
            assert_eq!(parts[0].range.from, Uuid::nil());
            assert_eq!(parts[parts.len() - 1].range.to, Uuid::max());
            for pair in parts.windows(2) {
                assert_eq!(pair[0].range.to.as_u128() + 1, pair[1].range.from.as_u128());
            }
            assert_eq!(parts.iter().map(|part| u128::from(part.tally.records)).sum::<u128>(), count);
        }
    }
}
