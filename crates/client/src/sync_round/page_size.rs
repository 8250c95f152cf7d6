//! How much to put into one page: large where the link carries it, small where it does not.

use gatebook_sync::wire::Limits;

use crate::error::StoreError;
use crate::store::{Store, settings};

/// Bytes of a page below which it is never made; a handful of records.
const SMALLEST: u32 = 32 * 1024;

/// The size of the next page. Quarters its aim with each page that broke, doubles it with each that got through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize {
    allowed: Limits,
    bytes: u32,
}

impl PageSize {
    /// Starts with what the server last allowed.
    #[must_use]
    pub fn new(allowed: Limits) -> Self {
        Self { allowed, bytes: allowed.page_bytes }
    }

    /// Starts with what an earlier process learned of the link, if any did.
    pub(crate) fn resumed(store: &Store) -> Result<Self, StoreError> {
        let allowed = store.setting(&settings::LIMITS)?.unwrap_or_default();
        let learned = store.setting(&settings::PAGE_BYTES)?;
        Ok(Self { allowed, bytes: learned.unwrap_or(allowed.page_bytes).max(SMALLEST) })
    }

    /// Keeps what was learned for the next process, which without it would break as many pages again.
    pub(crate) fn keep(self, store: &Store) -> Result<(), StoreError> {
        store.set(&settings::PAGE_BYTES, Some(&self.bytes))
    }

    /// What the next page may hold; `at_most` records, if that is given.
    #[must_use]
    pub fn limits(&self, at_most: Option<u32>) -> Limits {
        Limits {
            page_records: at_most.unwrap_or(u32::MAX).min(self.allowed.page_records).max(1),
            page_bytes: self.bytes.min(self.allowed.page_bytes),
            record_bytes: self.allowed.record_bytes,
        }
    }

    /// A page got through; the server now allows that much.
    pub fn worked(&mut self, allowed: Limits) {
        self.allowed = allowed;
        self.bytes = self.bytes.saturating_mul(2).clamp(SMALLEST, allowed.page_bytes.max(SMALLEST));
    }

    /// A page did not get through that might have, had it been smaller.
    pub fn failed(&mut self) {
        self.bytes = (self.bytes / 4).max(SMALLEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: Limits = Limits { page_records: 2_500, page_bytes: 4 << 20, record_bytes: 1 << 18 };

    #[test]
    fn a_link_that_breaks_pages_gets_smaller_ones_and_grows_back() {
        let mut size = PageSize::new(ALLOWED);
        assert_eq!(size.limits(None).page_bytes, 4 << 20);
        for _ in 0..10 {
            size.failed();
        }
        assert_eq!(size.limits(None).page_bytes, SMALLEST);
        for _ in 0..10 {
            size.worked(ALLOWED);
        }
        assert_eq!(size.limits(None).page_bytes, 4 << 20);
    }

    #[test]
    fn the_servers_limits_are_obeyed_from_the_moment_they_are_heard() {
        let mut size = PageSize::new(ALLOWED);
        size.worked(Limits { page_records: 10, page_bytes: 50_000, record_bytes: 1_000 });
        assert_eq!(size.limits(None), Limits { page_records: 10, page_bytes: 50_000, record_bytes: 1_000 });
    }

    #[test]
    fn a_page_always_has_room_for_one_record() {
        let none = Limits { page_records: 0, page_bytes: 0, record_bytes: 0 };
        assert_eq!(PageSize::new(none).limits(None).page_records, 1);
    }
}
