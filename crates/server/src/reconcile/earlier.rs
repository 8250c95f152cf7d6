//! States that writes were made on and that are not in force any more: whether their writers have seen every word of what
//! is, whatever happened to the record in between.

use std::collections::{BTreeSet, HashMap};

use gatebook_sync::{Content, Receipt, has_seen_every_word};
use uuid::Uuid;

use crate::error::ServerError;
use crate::photos::unmarked;
use crate::receipt::Key;
use crate::storage::{Held, Reading, StoredWrite, Tenant};

/// What records said in states that writes of the page were made on.
#[derive(Default)]
pub(super) struct Earlier {
    writes: HashMap<(Uuid, u64), Vec<StoredWrite>>,
}

impl Earlier {
    /// Looks up those states of those records; each held state comes with the base of a write on it.
    pub(super) fn load<'a>(
        reading: &dyn Reading,
        tenant: Tenant,
        based: impl Iterator<Item = (&'a Held, &'a Receipt)>,
    ) -> Result<Self, ServerError> {
        let wanted: BTreeSet<_> = based
            .filter(|(held, base)| has_changed_since(held, base))
            .map(|(held, base)| (held.record_id, base.version_id()))
            .collect();
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        let mut earlier = Self::default();
        for write in reading.writes_of_versions(tenant, &Vec::from_iter(wanted))? {
            if let Some(version) = write.version {
                earlier.writes.entry((write.record_id, version)).or_default().push(write);
            }
        }
        Ok(earlier)
    }

    /// The receipt of what is held, if whoever wrote on `base` has seen every word of it: the record was closed and opened
    /// again, or put back to what it said, or the server added its own word on a photo. Nobody's change is lost then.
    pub(super) fn effective_base(&self, held: &Held, base: &Receipt) -> Option<Receipt> {
        if !has_changed_since(held, base) {
            return None;
        }
        let is_base = |write: &&StoredWrite| {
            let mut receipt = base.clone();
            match &write.merged {
                Some(merged) => Key::put_mark(&mut receipt, &merged.mark),
                None => Key::mark(&mut receipt, write.write_id, &write.content),
            }
            receipt.is_of_same_write(base)
        };
        let writes = self.writes.get(&(held.record_id, base.version)).map(Vec::as_slice).unwrap_or_default();
        let then = writes.iter().find(is_base)?;
        let has_seen = match &then.merged {
            Some(merged) => merged.said(&then.content, &held.content),
            None => has_seen_all(&then.content, &held.content),
        };
        has_seen.then(|| marked_receipt(held))
    }
}

/// Whether whoever saw `then` has seen every word of `now`, whatever the server itself says in either of a photo.
pub(super) fn has_seen_all(then: &Content, now: &Content) -> bool {
    match (unmarked(then), unmarked(now)) {
        (Some(then), Some(now)) => then.says_the_same_as(&now) || has_seen_every_word(&then, &now),
        _ => has_seen_every_word(then, now),
    }
}

/// What stands for that state where a base is compared with it.
pub(super) fn marked_receipt(held: &Held) -> Receipt {
    let mut receipt = held.receipt();
    Key::mark(&mut receipt, held.write_id, &held.content);
    receipt
}

/// Whether the record has changed in this epoch since that state of it.
fn has_changed_since(held: &Held, base: &Receipt) -> bool {
    base.epoch == held.version.epoch && base.version < held.version.version
}
