//! The consistency check: what device and server compare to know that they hold the same, without naming a record.
//!
//! Each canonical state has a [`Fingerprint`] made of its record's id and its place in the order of states. A
//! [`Tally`] is a count and the sum of fingerprints, so that it is kept up to date by adding and taking away, in any
//! order, and a part of a scope can be tallied like the whole. It finds mistakes and losses; it proves nothing against
//! somebody who forges: receipts do that.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::version::Receipt;

/// 64 bits that stand for one canonical state. Written as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// The fingerprint of a record's state: of (id, epoch, version), and of the time of receipt, by which two states
    /// differ that were given the same number because a backup was put in place behind the server's back.
    #[must_use]
    pub fn of(id: Uuid, receipt: &Receipt) -> Self {
        let (high, low) = id.as_u64_pair();
        let received_at = receipt.received_at.as_microsecond().cast_unsigned();
        Self(
            [low, receipt.epoch.0, receipt.version, received_at]
                .into_iter()
                .fold(mix(high), |hash, part| mix(hash ^ part)),
        )
    }

    /// As databases keep it.
    #[must_use]
    pub const fn to_sql(self) -> i64 {
        self.0.cast_signed()
    }

    /// As it was kept.
    #[must_use]
    pub const fn from_sql(stored: i64) -> Self {
        Self(stored.cast_unsigned())
    }
}

/// The finaliser of splitmix64: every bit of the result depends on every bit of `x`.
const fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16).map(Self).map_err(serde::de::Error::custom)
    }
}

/// How many canonical states there are, and the sum of their fingerprints (modulo 2^64).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tally {
    /// How many.
    pub records: u64,
    /// The sum, as 16 hexadecimal digits.
    pub sum: Fingerprint,
}

impl Tally {
    /// The tally of nothing.
    pub const EMPTY: Self = Self { records: 0, sum: Fingerprint(0) };

    /// From sums of the lower and the upper halves of fingerprints, taken apart so that a database adds them up without
    /// overflow.
    #[must_use]
    pub const fn from_halves(records: u64, lower: u64, upper: u64) -> Self {
        Self { records, sum: Fingerprint(lower.wrapping_add(upper.wrapping_shl(32))) }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { records: self.records + other.records, sum: Fingerprint(self.sum.0.wrapping_add(other.sum.0)) }
    }
}

impl FromIterator<Fingerprint> for Tally {
    fn from_iter<I: IntoIterator<Item = Fingerprint>>(states: I) -> Self {
        states.into_iter().fold(Self::EMPTY, |tally, sum| tally.plus(Self { records: 1, sum }))
    }
}
