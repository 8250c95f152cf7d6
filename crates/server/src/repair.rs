//! Answers to a device that looks for where it differs: ranges of ids in tallied parts, and records it asks for by id.
//!
//! Whatever it asks, an answer looks at so many ranges and entries and no more. What is left over of its ranges goes back
//! as parts with a tally that nobody comes to ([`UNSEEN`]), so that the device asks for them again, as for any part in
//! which it differs. Each answer gets further, so it comes to an end.

use gatebook_sync::wire::{Entry, IdRange, Part, Repair, Repaired};
use gatebook_sync::{Canonical, Fingerprint, Scope, Tally};
use uuid::Uuid;

use crate::config::Bounds;
use crate::error::ServerError;
use crate::pull::{Room, canonical};
use crate::receipt::Key;
use crate::storage::{Device, Reading, Tenant};

/// Parts a range is answered in: halved four times at once.
pub(crate) const PARTS: usize = 16;
/// Records of a range up to which they are listed instead.
pub(crate) const LISTED: usize = 64;
/// Records fetched at a time, so that few are in memory that turn out not to fit.
const FETCHED: usize = 32;
/// Stands for what was not looked at.
const UNSEEN: Tally = Tally { records: u64::MAX, sum: Fingerprint(u64::MAX) };

/// What one answer may still look at.
pub(crate) struct Budget {
    ranges: usize,
    entries: usize,
}

impl Budget {
    pub(crate) fn of(bounds: &Bounds) -> Self {
        Self { ranges: bounds.repair_ranges.max(1), entries: bounds.repair_entries.max(1) }
    }
}

/// Answers what the device asks, of the scopes that are its own.
pub(crate) fn answer(
    reading: &dyn Reading,
    key: &Key,
    device: &Device,
    asked: Repair,
    mut budget: Budget,
    room: &mut Room,
) -> Result<Repaired, ServerError> {
    let mut repaired = Repaired::default();
    for range in asked.ranges {
        let is_its_own = match range.scope {
            Scope::Org => true,
            Scope::Yard(yard) => device.sees(Some(yard)),
        };
        if is_its_own {
            look(reading, device.tenant, range, &mut budget, &mut repaired.parts)?;
        }
    }
    for ids in asked.fetch.chunks(FETCHED) {
        if !fetch(reading, key, device, ids, room, &mut repaired.records)? {
            break;
        }
    }
    Ok(repaired)
}

/// Answers a range as far as the budget goes.
fn look(
    reading: &dyn Reading,
    tenant: Tenant,
    range: IdRange,
    budget: &mut Budget,
    found: &mut Vec<Part>,
) -> Result<(), ServerError> {
    if budget.ranges == 0 || budget.entries == 0 {
        found.push(unseen(range));
        return Ok(());
    }
    // One more than may be looked at, so that the end of the list is the end of the range.
    let mut entries = reading.entries(tenant, range, budget.entries.saturating_add(1))?;
    let (seen, rest) = split(range, &mut entries, budget.entries);
    budget.ranges -= 1;
    budget.entries -= entries.len();
    found.extend(parts(seen, entries));
    found.extend(rest.map(unseen));
    Ok(())
}

/// Cuts what was read of a range down to `limit` entries; the range they are of, and what is left of it.
fn split(range: IdRange, entries: &mut Vec<Entry>, limit: usize) -> (IdRange, Option<IdRange>) {
    let is_cut = entries.len() > limit;
    entries.truncate(limit);
    match entries.last().filter(|_| is_cut) {
        Some(last) => (IdRange { to: last.id, ..range }, Some(IdRange { from: next(last.id), ..range })),
        None => (range, None),
    }
}

/// Fetches those records. False: not all of them fit. What does not, the device misses and asks for again.
fn fetch(
    reading: &dyn Reading,
    key: &Key,
    device: &Device,
    ids: &[Uuid],
    room: &mut Room,
    found: &mut Vec<Canonical>,
) -> Result<bool, ServerError> {
    let mut all_fit = true;
    for held in reading.held(device.tenant, ids)? {
        if !device.sees(held.content.yard_id) {
            continue;
        }
        if room.take(held.content.body.get().len()) {
            found.push(canonical(key, device, held));
        } else {
            all_fit = false;
        }
    }
    Ok(all_fit)
}

const fn unseen(range: IdRange) -> Part {
    Part { range, tally: UNSEEN, entries: None }
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
        from = next(to);
    }
    parts
}

const fn next(id: Uuid) -> Uuid {
    Uuid::from_u128(id.as_u128().wrapping_add(1))
}

fn tally(entries: &[Entry]) -> Tally {
    entries.iter().map(|entry| entry.fingerprint).collect()
}

#[cfg(test)]
mod tests {
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
    fn what_is_left_of_a_range_begins_where_the_answer_ends() {
        let range = IdRange::whole(Scope::Org);
        let mut cut = entries(11);
        let (seen, rest) = split(range, &mut cut, 10);
        assert_eq!((cut.len(), seen.from, seen.to), (10, range.from, Uuid::from_u128(100)));
        assert_eq!(rest, Some(IdRange { from: Uuid::from_u128(101), ..range }));

        let mut whole = entries(10);
        assert_eq!(split(range, &mut whole, 10), (range, None));
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
