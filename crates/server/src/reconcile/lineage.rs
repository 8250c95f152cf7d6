//! What records have been through, to tell a state that a restored server lost and that was displaced in the normal
//! course from one that nobody who wrote since has seen.

use std::collections::HashMap;

use gatebook_sync::Receipt;
use uuid::Uuid;

use crate::storage::Ancestor;

/// The versions that records have had.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    of: HashMap<Uuid, Vec<Ancestor>>,
}

impl Lineage {
    pub(super) fn of(ancestors: Vec<Ancestor>) -> Self {
        let mut lineage = Self::default();
        for ancestor in ancestors {
            lineage.add(ancestor);
        }
        lineage
    }

    pub(super) fn add(&mut self, ancestor: Ancestor) {
        self.of.entry(ancestor.record_id).or_default().push(ancestor);
    }

    /// Whether a version was made of the state with that receipt, or of one that had displaced it in the same epoch.
    pub(super) fn is_overtaken(&self, record_id: Uuid, receipt: &Receipt) -> bool {
        let offered = receipt.version_id();
        let ancestors = self.of.get(&record_id).map(Vec::as_slice).unwrap_or_default();
        // Another state has its number: there was a restore that nobody announced, and epoch and version tell nothing.
        let is_forked = ancestors.iter().any(|it| it.version == offered && it.received_at != receipt.received_at);
        let was_seen = |it: &Ancestor| it.base.is_some_and(|base| base.epoch == offered.epoch && base >= offered);
        !is_forked && ancestors.iter().any(was_seen)
    }
}

#[cfg(test)]
mod tests {
    use gatebook_sync::{Epoch, VersionId};
    use jiff::Timestamp;

    use super::*;

    const RECORD: Uuid = Uuid::from_u128(7);

    fn id(epoch: u64, version: u64) -> VersionId {
        VersionId { epoch: Epoch(epoch), version }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn made(version: VersionId, received_at: i64, base: Option<VersionId>) -> Ancestor {
        Ancestor { record_id: RECORD, version, received_at: at(received_at), base }
    }

    fn offered(epoch: u64, version: u64, received_at: i64) -> Receipt {
        Receipt { epoch: Epoch(epoch), version, seq: 0, received_at: at(received_at), mac: String::new() }
    }

    #[test]
    fn a_state_is_overtaken_by_what_was_made_of_it_or_of_its_successor() {
        let lineage = Lineage::of(vec![made(id(2, 6), 50, Some(id(1, 5)))]);
        assert!(lineage.is_overtaken(RECORD, &offered(1, 5, 50)));
        assert!(lineage.is_overtaken(RECORD, &offered(1, 4, 40)));
        assert!(!lineage.is_overtaken(RECORD, &offered(1, 6, 60)), "nobody has seen that one");
        assert!(!lineage.is_overtaken(Uuid::nil(), &offered(1, 4, 40)));
    }

    #[test]
    fn numbers_of_another_epoch_tell_nothing() {
        let lineage = Lineage::of(vec![made(id(2, 6), 50, Some(id(2, 5)))]);
        assert!(!lineage.is_overtaken(RECORD, &offered(1, 4, 40)));
    }

    #[test]
    fn after_a_restore_nobody_announced_an_equal_number_is_not_an_equal_state() {
        let lineage = Lineage::of(vec![made(id(1, 5), 70, Some(id(1, 4))), made(id(1, 6), 80, Some(id(1, 5)))]);
        assert!(!lineage.is_overtaken(RECORD, &offered(1, 5, 50)));
    }
}
