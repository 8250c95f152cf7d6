//! The pull half of an answer: news of each of the device's scopes, within what the device will take.

use std::collections::{BTreeMap, HashMap};

use gatebook_sync::wire::{Judged, Repair, Repaired, ScopePage, SyncRequest, Take};
use gatebook_sync::{Canonical, Epoch, Said, Scope, VersionId, deliberate};
use uuid::Uuid;

use crate::config::Bounds;
use crate::error::ServerError;
use crate::mark::mark;
use crate::receipt::Key;
use crate::repair::{self, Budget};
use crate::storage::{Device, Held, Reading};

/// What is new for a device.
pub(crate) struct News {
    pub epoch: Epoch,
    pub scopes: Vec<ScopePage>,
    pub more: bool,
    pub mark: Option<String>,
    pub repaired: Repaired,
}

/// What a device asks for.
pub(crate) struct Asked {
    epoch: Option<Epoch>,
    cursors: BTreeMap<Scope, u64>,
    repair: Repair,
    budget: Budget,
    room: Room,
}

impl Asked {
    /// What that request asks for, within what the server gives at a time.
    pub(crate) fn of(request: &mut SyncRequest, bounds: &Bounds) -> Self {
        let Take { records, bytes } = request.take;
        let room = Room {
            records: records.clamp(1, bounds.answer_records),
            bytes: bytes.min(bounds.answer_bytes) as usize,
            is_untouched: true,
        };
        let (cursors, repair) = (std::mem::take(&mut request.cursors), std::mem::take(&mut request.repair));
        Self { epoch: request.epoch, cursors, repair, budget: Budget::of(bounds), room }
    }
}

/// Reads the news behind the device's cursors. What the verdicts of the same answer carry already is left out.
pub(crate) fn pull(
    reading: &dyn Reading,
    key: &Key,
    device: &Device,
    mut asked: Asked,
    verdicts: &[Judged],
) -> Result<News, ServerError> {
    let epoch = reading.epoch()?;
    let counter = reading.counter(device.tenant)?;
    let carried: HashMap<Uuid, VersionId> = verdicts
        .iter()
        .filter_map(|judged| Some((judged.id, judged.canonical.as_ref()?.receipt().version_id())))
        .collect();
    let mut scopes = Vec::with_capacity(1 + device.yards.len());
    let mut more = false;
    let mut yards = device.yards.clone();
    if deliberate!(ShowEveryYard) {
        yards.extend(asked.cursors.keys().filter_map(|scope| scope.yard_id()).filter(|yard| !device.sees(Some(*yard))));
    }
    for scope in std::iter::once(Scope::Org).chain(yards.into_iter().map(Scope::Yard)) {
        // A cursor of another epoch, or ahead of the counter, is of a server that has since been restored.
        let known = asked
            .cursors
            .get(&scope)
            .copied()
            .filter(|at| asked.epoch == Some(epoch) && (*at <= counter.seq || deliberate!(CursorByTimestamp)));
        let page = scope_page(reading, key, device, scope, known.unwrap_or(0), &carried, &mut asked.room)?;
        more |= page.tally.is_none();
        scopes.push(page);
    }
    let mark = mark(reading, key, device.tenant, epoch, counter)?;
    let repaired = repair::answer(reading, key, device, asked.repair, asked.budget, &mut asked.room)?;
    Ok(News { epoch, scopes, more, mark, repaired })
}

/// One scope's news behind the cursor: what it holds and what left it, by their places in the feed. The page that
/// reaches the end carries the tally.
fn scope_page(
    reading: &dyn Reading,
    key: &Key,
    device: &Device,
    scope: Scope,
    cursor: u64,
    carried: &HashMap<Uuid, VersionId>,
    room: &mut Room,
) -> Result<ScopePage, ServerError> {
    let mut page = ScopePage { scope, records: Vec::new(), left: Vec::new(), cursor, tally: None };
    // One more than there is room for, so that the end of the list is the end of the feed.
    let mut departures =
        reading.departures(device.tenant, scope, cursor, room.records.saturating_add(1))?.into_iter().peekable();
    let mut is_cut = false;
    let mut depart = |page: &mut ScopePage, room: &mut Room, before: u64| {
        while let Some((seq, departure)) = departures.next_if(|(seq, _)| *seq < before) {
            if !room.take(0) {
                return false;
            }
            page.cursor = seq;
            if !deliberate!(ForgetDepartures) {
                page.left.push(departure);
            }
        }
        true
    };
    let from = if deliberate!(CursorByTimestamp) { 0 } else { cursor };
    reading.feed(device.tenant, scope, from, &mut |row| {
        let seq = if deliberate!(CursorByTimestamp) { row.received().max(page.cursor) } else { row.seq()? };
        if deliberate!(CursorByTimestamp) && row.received() <= cursor {
            return Ok(true);
        }
        let is_carried = carried.get(&row.record_id()?) == Some(&row.version()?);
        if !depart(&mut page, room, seq) || (!is_carried && !room.take(row.body_bytes()?)) {
            is_cut = true;
            return Ok(false);
        }
        page.cursor = seq;
        if !is_carried {
            page.records.push(canonical(key, device, row.held()?));
        }
        Ok(true)
    })?;
    if !is_cut && depart(&mut page, room, u64::MAX) {
        page.tally = Some(reading.tally(device.tenant, scope)?);
    }
    Ok(page)
}

pub(crate) fn canonical(key: &Key, device: &Device, held: Held) -> Canonical {
    let mut receipt = held.receipt();
    let Held { record_id, write_id, device_id, filed, content, .. } = held;
    let said = Said { device_id, filed };
    key.sign(device.tenant.id, record_id, write_id, said, &mut receipt, &content);
    Canonical { id: record_id, receipt, write_id, device_id, content }
}

/// What the device will still take. One record always fits, so that a large one cannot stop the feed.
pub(crate) struct Room {
    records: u32,
    bytes: usize,
    is_untouched: bool,
}

impl Room {
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        if self.records == 0 || (bytes > self.bytes && !self.is_untouched) {
            return false;
        }
        self.records -= 1;
        self.bytes = self.bytes.saturating_sub(bytes);
        self.is_untouched = false;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(records: u32, bytes: usize) -> Room {
        Room { records, bytes, is_untouched: true }
    }

    #[test]
    fn one_record_always_fits() {
        let mut room = room(5, 100);
        assert!(room.take(1_000));
        assert!(!room.take(1));
    }

    #[test]
    fn no_more_is_taken_than_fits() {
        let mut by_bytes = room(5, 100);
        assert_eq!([60, 40, 1].map(|bytes| by_bytes.take(bytes)), [true, true, false]);
        let mut by_count = room(2, 100);
        assert_eq!([1, 1, 1].map(|bytes| by_count.take(bytes)), [true, true, false]);
    }
}
