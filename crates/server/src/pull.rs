//! The pull half of an answer: news of each of the device's scopes, within what the device will take.

use std::collections::{BTreeMap, HashMap};

use gatebook_sync::wire::{Judged, ScopePage, Take};
use gatebook_sync::{Canonical, Epoch, Receipt, Scope};
use rusqlite::Connection;
use uuid::Uuid;

use crate::error::ServerError;
use crate::receipt::Key;
use crate::storage::{self, Device, FeedRow, Held, sql};

/// Bytes of JSON around a body, roughly.
const ENVELOPE_BYTES: usize = 500;

/// What is new for a device.
pub(crate) struct News {
    pub epoch: Epoch,
    pub scopes: Vec<ScopePage>,
    pub more: bool,
}

/// Reads the news behind the device's cursors. What the verdicts of the same answer carry already is left out.
pub(crate) fn pull(
    connection: &Connection,
    key: &Key,
    device: &Device,
    known_epoch: Option<Epoch>,
    cursors: &BTreeMap<Scope, u64>,
    take: Take,
    verdicts: &[Judged],
) -> Result<News, ServerError> {
    let epoch = storage::epoch(connection)?;
    let newest = sql::counter(connection, device.tenant)?.seq;
    let carried: HashMap<Uuid, &Receipt> =
        verdicts.iter().filter_map(|judged| Some((judged.id, judged.canonical.as_ref()?.receipt()))).collect();
    let mut room = Room { records: take.records.max(1), bytes: i64::from(take.bytes), used: false };
    let mut more = false;
    let mut scopes = Vec::new();
    for scope in std::iter::once(Scope::Org).chain(device.yards.iter().copied().map(Scope::Yard)) {
        // A cursor of another epoch, or ahead of the counter, is of a server that has since been restored.
        let from = cursors.get(&scope).copied().filter(|at| known_epoch == Some(epoch) && *at <= newest).unwrap_or(0);
        let mut page = ScopePage { scope, records: Vec::new(), cursor: from };
        let mut cut = false;
        sql::walk_feed(connection, device.tenant, scope, from, |FeedRow { id, held }| {
            let is_carried = carried.get(&id).is_some_and(|receipt| receipt.version_id() == held.version);
            if !is_carried && !room.take(held.content.body.get().len() + ENVELOPE_BYTES) {
                cut = true;
                return false;
            }
            page.cursor = held.seq;
            if !is_carried {
                let place = (held.seq, held.received_at);
                let receipt = key.receipt(device.tenant_uuid, (id, held.write_id), held.version, place, &held.content);
                let Held { write_id, device_id, content, .. } = held;
                page.records.push(Canonical { id, receipt, write_id, device_id, content });
            }
            true
        })?;
        more |= cut;
        scopes.push(page);
    }
    Ok(News { epoch, scopes, more })
}

/// What the device will still take. One record always fits, so that a large one cannot stop the feed.
struct Room {
    records: u32,
    bytes: i64,
    used: bool,
}

impl Room {
    fn take(&mut self, bytes: usize) -> bool {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        if self.records == 0 || (self.used && bytes > self.bytes) {
            return false;
        }
        self.records -= 1;
        self.bytes = self.bytes.saturating_sub(bytes);
        self.used = true;
        true
    }
}
