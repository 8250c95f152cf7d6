//! `POST /v1/sync`: push page and pull page in one round trip.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::content::{Canonical, Content};
use super::enrolment::{Membership, ServerIdentity};
use super::repair::{Repair, Repaired};
use crate::scope::Scope;
use crate::tally::Tally;
use crate::verdict::Verdict;
use crate::version::{Epoch, Receipt, VersionId};

/// What a device sends.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SyncRequest {
    /// The protocol it speaks.
    pub protocol: u32,
    /// The app's version, for the server's log.
    #[serde(default)]
    pub app: String,
    /// The server epoch it knows; absent at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// Up to which `seq` it has everything, by scope; a scope not named starts at 0.
    #[serde(default)]
    pub cursors: BTreeMap<Scope, u64>,
    /// Pending records, current state each.
    #[serde(default)]
    pub push: Vec<Push>,
    /// Canonical states that the server may have lost, after its epoch changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reoffer: Vec<Canonical>,
    /// The `mark` of the last answer, as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// What it asks in order to find where it differs from the server.
    #[serde(default, skip_serializing_if = "Repair::is_empty")]
    pub repair: Repair,
    /// How much it will take.
    pub take: Take,
    /// The server it belongs to. Any other refuses. A device that does not know it is told its
    /// `membership`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerIdentity>,
}

/// One pending record.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Push {
    /// The record, UUIDv7 made on the device.
    pub id: Uuid,
    /// The local write. A repeat of it returns the same verdict and changes nothing.
    pub write_id: Uuid,
    /// Receipt of the canonical state on which the change was made; absent for a record the server never had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Receipt>,
    /// The device's earlier writes to this record, oldest first, after which this one was made and whose verdicts it had
    /// not heard by then. Where the server holds one of them, it is what this write was made on; one that arrives after
    /// this write changes nothing any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub follows: Vec<Uuid>,
    /// The operator has given up what `follows` names: this write takes it back. Where the server holds none of it, there
    /// is nothing to take back, and nothing changes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdraws: bool,
    /// What it now says.
    pub content: Content,
}

/// Earlier writes that a [`Push`] may name in `follows`. A device names the newest; a server looks at no more.
pub const FOLLOWED: usize = 200;

/// How much a device will take in one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Take {
    /// Pulled records at most.
    pub records: u32,
    /// Bytes of pulled bodies at most, except that one record always comes.
    pub bytes: u32,
}

/// What the server answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SyncResponse {
    /// The protocol it speaks.
    pub protocol: u32,
    /// Its epoch. If it is not the one the device knows, the device starts its cursors again.
    pub epoch: Epoch,
    /// Its clock, for display only.
    pub server_time: Timestamp,
    /// That may be wrong: nothing is to be made to depend on it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub time_doubtful: bool,
    /// One for each pushed and each re-offered record.
    pub verdicts: Vec<Judged>,
    /// One for each scope the device receives. A scope that is not named is no longer the device's.
    pub scopes: Vec<ScopePage>,
    /// There is more to pull: come again at once.
    pub more: bool,
    /// How far the server's history has come, for the device to show again as it is. A server whose history does not
    /// hold it any more knows that a backup was put in place, and begins a new epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// What the device asked in order to find where it differs.
    #[serde(default, skip_serializing_if = "Repaired::is_empty")]
    pub repaired: Repaired,
    /// What the device obeys from now on.
    pub limits: Limits,
    /// Who answers. A device that belongs to another server acts on nothing of this answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerIdentity>,
    /// For a device that did not name its server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub membership: Option<Membership>,
    /// Writes whose verdicts the reader cannot read. Never sent: whoever reads the answer of a newer server fills it in.
    #[serde(skip)]
    pub unread: Vec<Uuid>,
}

/// The verdict on one write.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Judged {
    /// The record.
    pub id: Uuid,
    /// The write that was judged.
    pub write_id: Uuid,
    /// The server's word.
    pub verdict: Verdict,
    /// The canonical state now; absent when the server holds none (a rejected new record), or none that this device
    /// may see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canonical: Option<CanonicalState>,
}

/// The canonical state that comes with a verdict.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CanonicalState {
    /// Exactly what was sent; only its receipt is news.
    AsSent(Receipt),
    /// This.
    Record(Box<Canonical>),
}

impl CanonicalState {
    /// Its receipt.
    #[must_use]
    pub fn receipt(&self) -> &Receipt {
        match self {
            Self::AsSent(receipt) => receipt,
            Self::Record(canonical) => &canonical.receipt,
        }
    }
}

/// News of one scope.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScopePage {
    /// Which.
    pub scope: Scope,
    /// Canonical states by ascending `seq`, without those that a verdict of the same answer carries.
    pub records: Vec<Canonical>,
    /// Records that are no longer in this scope.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Departure>,
    /// The device has everything up to here once it has stored this page.
    pub cursor: u64,
    /// What the scope holds; with its last page. The device must then come to the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tally: Option<Tally>,
}

/// A record that moved out of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Departure {
    /// Which.
    pub id: Uuid,
    /// Its state now. A device that holds an older one drops it.
    pub version: VersionId,
}

/// What the server allows. Devices obey from the moment they hear it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Limits {
    /// Pushed records a page.
    pub page_records: u32,
    /// Bytes a request, as JSON before compression.
    pub page_bytes: u32,
    /// Bytes of one record's body.
    pub record_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { page_records: 2_500, page_bytes: 4 * 1024 * 1024, record_bytes: 256 * 1024 }
    }
}
