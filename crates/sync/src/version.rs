//! How states of a record are ordered.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Which life of the server took a version. A server restored from a backup begins a new, greater epoch.
/// The number is the Unix time in milliseconds at which the epoch began, so that two restores of one backup differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Epoch(pub u64);

/// A state of one record; the greater is the newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VersionId {
    /// The epoch that took it.
    pub epoch: Epoch,
    /// Counts the record's states from 1.
    pub version: u64,
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.version, self.epoch.0)
    }
}

/// The server's proof that it took a version. Devices keep the receipt of each canonical state they hold; after a
/// restore from backup it is what puts the state back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Receipt {
    /// The epoch that took it.
    pub epoch: Epoch,
    /// Counts the record's states from 1.
    pub version: u64,
    /// Its place in the tenant's feed when it was taken.
    pub seq: u64,
    /// When the server received it, to the microsecond. Orders exactly as `seq` within an epoch, and is what decides.
    pub received_at: Timestamp,
    /// `digest.said.tag`: a digest of the write and its content, what else is said of it (`device:microseconds`, the device
    /// that wrote it and when it was filed, either of which may be empty, with a `?` behind if that time is in doubt), and a
    /// message authentication code over tenant, record, all of the above and those two, by the server's key. Of receipts
    /// given by older servers `digest.tag`, which say nothing else.
    pub mac: String,
}

impl Receipt {
    /// Which state it is the receipt of.
    #[must_use]
    pub const fn version_id(&self) -> VersionId {
        VersionId { epoch: self.epoch, version: self.version }
    }

    /// Whether it is of a later state. The time of receipt tells two states apart that have the same number because a
    /// backup was put in place behind the server's back.
    #[must_use]
    pub fn is_newer_than(&self, other: &Self) -> bool {
        (self.version_id(), self.received_at) > (other.version_id(), other.received_at)
    }

    /// Whether both are receipts of the very same state. Number and time are not enough: where the clock is behind, times
    /// of receipt are counted on from the last one, and a backup put in place behind the server's back counts again.
    #[must_use]
    pub fn is_same_state(&self, other: &Self) -> bool {
        self.version_id() == other.version_id()
            && self.received_at == other.received_at
            && self.digest() == other.digest()
    }

    /// Whether both are receipts of the same write and the same words, whatever number and time they were given: a write
    /// that a restored server lost and was given again is the state that people have seen.
    #[must_use]
    pub fn is_of_same_write(&self, other: &Self) -> bool {
        self.digest() == other.digest()
    }

    /// What else it says of the write; `None`: it was given by an older server. Proved if the receipt is.
    #[must_use]
    pub fn said(&self) -> Option<Said> {
        match *self.mac.split('.').collect::<Vec<_>>() {
            [_, said, _] => said.parse().ok(),
            _ => None,
        }
    }

    /// When the write was filed, by the server's clock of that moment: this is what people read. `received_at` is not, for
    /// it never runs backwards: after a clock that was once wrong it goes on from there. Where the receipt says nothing of
    /// it, the two are taken to be the same.
    #[must_use]
    pub fn filed_at(&self) -> Timestamp {
        self.said().and_then(|said| said.filed).map_or(self.received_at, |filed| filed.at)
    }

    /// The part of `mac` that stands for the write and what it says.
    fn digest(&self) -> &str {
        self.mac.split('.').next().unwrap_or_default()
    }
}

/// What a receipt says of a write besides what orders it and what it consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Said {
    /// The device that wrote it; `None`: the server or the office did, or nobody can tell any more.
    pub device_id: Option<Uuid>,
    /// When it was filed. Unknown of what was filed before that was kept.
    pub filed: Option<WallTime>,
}

/// What a server's clock showed. It orders nothing and decides nothing; people read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WallTime {
    /// To the microsecond.
    pub at: Timestamp,
    /// It may be wrong: the clock had jumped and nobody could say which was right, or it and the device's clock cannot
    /// both have been right.
    pub is_doubtful: bool,
}

/// `<device>:<microseconds since 1970>`, with a `?` behind if that is in doubt; either may be empty. It is short, and none
/// of its letters is the full stop that parts a receipt's `mac`.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(device_id) = self.device_id {
            write!(f, "{}", device_id.simple())?;
        }
        f.write_str(":")?;
        match self.filed {
            Some(WallTime { at, is_doubtful }) => {
                write!(f, "{}{}", at.as_microsecond(), if is_doubtful { "?" } else { "" })
            }
            None => Ok(()),
        }
    }
}

/// It is not what a receipt says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not what a receipt says")]
pub struct NotSaid;

impl FromStr for Said {
    type Err = NotSaid;

    fn from_str(text: &str) -> Result<Self, NotSaid> {
        let (device_id, filed) = text.split_once(':').ok_or(NotSaid)?;
        let device_id = match device_id {
            "" => None,
            id => Some(id.parse().map_err(|_| NotSaid)?),
        };
        let filed = match filed.strip_suffix('?').unwrap_or(filed) {
            "" => None,
            microseconds => {
                let at = Timestamp::from_microsecond(microseconds.parse().map_err(|_| NotSaid)?);
                Some(WallTime { at: at.map_err(|_| NotSaid)?, is_doubtful: filed.ends_with('?') })
            }
        };
        let said = Self { device_id, filed };
        // One thing is said in one way only.
        if said.to_string() == text { Ok(said) } else { Err(NotSaid) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_receipt_says_is_read_as_it_is_written_and_in_no_other_way() {
        let (device_id, at) = (Uuid::from_u128(7), Timestamp::from_microsecond(1_772_636_400_077_000).unwrap());
        for device_id in [None, Some(device_id)] {
            for filed in [None, Some(false), Some(true)].map(|is| is.map(|is_doubtful| WallTime { at, is_doubtful })) {
                let said = Said { device_id, filed };
                assert_eq!(said.to_string().parse(), Ok(said), "{said}");
            }
        }
        let long = "00000000-0000-0000-0000-000000000007:";
        for text in ["", "?", ":?", "7:", ":x", ":01", ":+1", ":1??", long, "::"] {
            assert_eq!(text.parse::<Said>(), Err(NotSaid), "{text}");
        }
    }

    #[test]
    fn people_read_when_it_was_filed_and_of_older_receipts_when_it_was_received() {
        let [received_at, at] = [2_000, 1_000].map(|second| Timestamp::from_second(second).unwrap());
        let said = Said { device_id: None, filed: Some(WallTime { at, is_doubtful: false }) };
        let receipt = |mac: String| Receipt { epoch: Epoch(1), version: 1, seq: 1, received_at, mac };
        assert_eq!(receipt(format!("digest.{said}.tag")).filed_at(), at);
        for older in ["digest.tag", "digest", "", "digest.:.tag"] {
            assert_eq!(receipt(older.to_owned()).filed_at(), received_at, "{older}");
        }
    }
}
