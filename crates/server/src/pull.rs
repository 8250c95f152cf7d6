//! The pull half of an answer: news of each of the device's scopes, within what the device will take.

use std::collections::{BTreeMap, HashMap};

use gatebook_sync::wire::{Judged, ScopePage, SyncRequest, Take};
use gatebook_sync::{Canonical, Epoch, Scope, VersionId, deliberate};
use uuid::Uuid;

use crate::config::Bounds;
use crate::error::ServerError;
use crate::receipt::Key;
use crate::storage::{Device, Held, Reading};

/// What is new for a device.
pub(crate) struct News {
    pub epoch: Epoch,
    pub scopes: Vec<ScopePage>,
    pub more: bool,
}

/// What a device asks for.
pub(crate) struct Asked {
    epoch: Option<Epoch>,
    cursors: BTreeMap<Scope, u64>,
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
        Self { epoch: request.epoch, cursors: std::mem::take(&mut request.cursors), room }
    }
}

/// Reads the news behind the device's cursors. What the verdicts of the same answer carry already is left out.
pub(crate) fn pull(
    reading: &Reading<'_>,
    key: &Key,
    device: &Device,
    mut asked: Asked,
    verdicts: &[Judged],
) -> Result<News, ServerError> {
    let epoch = reading.epoch()?;
    let newest = reading.counter(device.tenant)?.seq;
    let carried: HashMap<Uuid, VersionId> = verdicts
        .iter()
        .filter_map(|judged| Some((judged.id, judged.canonical.as_ref()?.receipt().version_id())))
        .collect();
    let mut news = News { epoch, scopes: Vec::with_capacity(1 + device.yards.len()), more: false };
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
            .filter(|at| asked.epoch == Some(epoch) && (*at <= newest || deliberate!(CursorByTimestamp)));
        let cursor = known.unwrap_or(0);
        let mut page = ScopePage { scope, records: Vec::new(), cursor };
        let from = if deliberate!(CursorByTimestamp) { 0 } else { cursor };
        reading.feed(device.tenant, scope, from, |row| {
            if deliberate!(CursorByTimestamp) && row.received() <= cursor {
                return Ok(true);
            }
            let is_carried = carried.get(&row.record_id()?) == Some(&row.version()?);
            if !is_carried && !asked.room.take(row.body_bytes()?) {
                news.more = true;
                return Ok(false);
            }
            page.cursor = if deliberate!(CursorByTimestamp) { page.cursor.max(row.received()) } else { row.seq()? };
            if !is_carried {
                page.records.push(canonical(key, device, row.held()?));
            }
            Ok(true)
        })?;
        news.scopes.push(page);
    }
    Ok(news)
}

fn canonical(key: &Key, device: &Device, held: Held) -> Canonical {
    let mut receipt = held.receipt();
    let Held { record_id, write_id, device_id, content, .. } = held;
    key.sign(device.tenant.id, record_id, write_id, &mut receipt, &content);
    Canonical { id: record_id, receipt, write_id, device_id, content }
}

/// What the device will still take. One record always fits, so that a large one cannot stop the feed.
struct Room {
    records: u32,
    bytes: usize,
    is_untouched: bool,
}

impl Room {
    fn take(&mut self, bytes: usize) -> bool {
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
