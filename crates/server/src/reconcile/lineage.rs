//! What records have been through, to tell a state that a restored server lost and that was displaced in the normal
//! course from one that nobody who wrote since has seen.

use std::collections::HashMap;

use gatebook_sync::VersionId;
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

    /// Whether a version was made of the state that write became, or of one that had displaced it in the same epoch.
    pub(super) fn is_overtaken(&self, record_id: Uuid, offered: VersionId, write_id: Uuid) -> bool {
        let ancestors = self.of.get(&record_id).map(Vec::as_slice).unwrap_or_default();
        // Another state has its number: there was a restore that nobody announced, and epoch and version tell nothing.
        let is_forked = ancestors.iter().any(|it| it.version == offered && it.write_id != write_id);
        let was_seen = |it: &Ancestor| it.base.is_some_and(|base| base.epoch == offered.epoch && base >= offered);
        !is_forked && ancestors.iter().any(was_seen)
    }
}

#[cfg(test)]
mod tests {
    use gatebook_sync::Epoch;

    use super::*;

    const RECORD: Uuid = Uuid::from_u128(7);
    const LOST: Uuid = Uuid::from_u128(50);

    fn id(epoch: u64, version: u64) -> VersionId {
        VersionId { epoch: Epoch(epoch), version }
    }

    fn made(version: VersionId, write_id: u128, base: Option<VersionId>) -> Ancestor {
        Ancestor { record_id: RECORD, version, write_id: Uuid::from_u128(write_id), base }
    }

    #[test]
    fn a_state_is_overtaken_by_what_was_made_of_it_or_of_its_successor() {
        let lineage = Lineage::of(vec![made(id(2, 6), 70, Some(id(1, 5)))]);
        assert!(lineage.is_overtaken(RECORD, id(1, 5), LOST));
        assert!(lineage.is_overtaken(RECORD, id(1, 4), LOST));
        assert!(!lineage.is_overtaken(RECORD, id(1, 6), LOST), "nobody has seen that one");
        assert!(!lineage.is_overtaken(Uuid::nil(), id(1, 4), LOST));
    }

    #[test]
    fn numbers_of_another_epoch_tell_nothing() {
        let lineage = Lineage::of(vec![made(id(2, 6), 70, Some(id(2, 5)))]);
        assert!(!lineage.is_overtaken(RECORD, id(1, 4), LOST));
    }

    #[test]
    fn after_a_restore_nobody_announced_an_equal_number_is_not_an_equal_state() {
        let lineage = Lineage::of(vec![made(id(1, 5), 70, Some(id(1, 4))), made(id(1, 6), 80, Some(id(1, 5)))]);
        assert!(!lineage.is_overtaken(RECORD, id(1, 5), LOST));
    }
}
