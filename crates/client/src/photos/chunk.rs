//! How many bytes go in one request: as many as the link carries in a few seconds, so that a cut costs little and a good
//! link is not asked every moment.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Small enough for a link that dies every moment: what is cut in the middle of a chunk does not count (and for the
/// simulator's photos, which are smaller than any camera's) …
const LEAST: u64 = if cfg!(feature = "simulation") { 96 } else { 8 * 1024 };
/// What is tried before anything is known of the link.
const FIRST: u64 = if cfg!(feature = "simulation") { 384 } else { 256 * 1024 };
/// … and large enough for the best link.
const MOST: u64 = 8 * 1024 * 1024;
/// A chunk is to take this long.
const TIME: Duration = Duration::from_secs(5);

/// Bytes of the next chunk. It is stored, so that the next run of the process begins with what this one has learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "u64", into = "u64")]
pub(crate) struct ChunkSize(u64);

impl From<u64> for ChunkSize {
    fn from(bytes: u64) -> Self {
        Self(bytes.clamp(LEAST, MOST))
    }
}

impl From<ChunkSize> for u64 {
    fn from(ChunkSize(bytes): ChunkSize) -> Self {
        bytes
    }
}

impl Default for ChunkSize {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl ChunkSize {
    pub(super) const fn bytes(self) -> u64 {
        self.0
    }

    /// After `bytes` went through in that time. It grows by doubling at most: one lucky moment proves little.
    #[must_use]
    pub(super) fn went_through(self, bytes: u64, took: Duration) -> Self {
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
        let wanted = bytes.saturating_mul(u64::try_from(TIME.as_millis()).unwrap_or(u64::MAX)) / millis;
        // The rest of a photo is short; that says little about a longer chunk.
        let wanted = if bytes < self.0 { wanted.max(self.0 / 2) } else { wanted };
        Self(wanted.min(self.0 * 2).clamp(LEAST, MOST))
    }

    /// After a cut.
    #[must_use]
    pub(super) fn was_cut(self) -> Self {
        Self((self.0 / 2).max(LEAST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where it settles on a link of that many bytes a second.
    fn settled(rate: u64) -> u64 {
        (0..20)
            .fold(ChunkSize::default(), |size, _| {
                size.went_through(size.bytes(), Duration::from_millis(size.bytes() * 1_000 / rate))
            })
            .bytes()
    }

    #[test]
    fn it_settles_at_what_the_link_carries_in_a_few_seconds() {
        assert_eq!(settled(1_000), LEAST);
        assert!((490_000..=510_000).contains(&settled(100_000)), "{}", settled(100_000));
        assert_eq!(settled(100_000_000), MOST);
    }

    #[test]
    fn it_at_most_doubles_and_a_cut_halves_it() {
        let size = ChunkSize::default();
        assert_eq!(size.went_through(size.bytes(), Duration::ZERO).bytes(), 2 * size.bytes());
        assert_eq!(size.was_cut().bytes(), size.bytes() / 2);
        assert_eq!((0..20).fold(size, |size, _| size.was_cut()).bytes(), LEAST);
    }
}
