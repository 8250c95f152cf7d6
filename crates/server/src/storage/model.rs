//! What is stored, as the rest of the server knows it, whichever database holds it.

use gatebook_domain::RecordState;
use gatebook_sync::wire::AuditOutcome;
use gatebook_sync::{Authorship, Content, Fingerprint, Receipt, Verdict, VersionId, WallTime};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::error::ServerError;

/// An organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tenant {
    pub(super) key: i64,
    pub id: Uuid,
}

/// Where a tenant's feed stands: its newest place, and the newest time of receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counter {
    pub seq: u64,
    pub received_at: Timestamp,
}

/// Who a token of the office lets in.
#[derive(Debug, Clone)]
pub(crate) struct Admin {
    pub tenant: Tenant,
    /// Empty if the token was made without one.
    pub name: String,
}

/// A one-time code: what it is good for, and what became of it.
pub(crate) struct Code {
    pub tenant: Tenant,
    pub tenant_name: String,
    pub yards: Vec<Uuid>,
    pub expires_at: Timestamp,
    pub used: Option<Used>,
}

/// What a code was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Used {
    pub device: Uuid,
    /// When, and whose secret came with it. Without them it cannot be repeated.
    pub repeatable: Option<(Timestamp, [u8; 32])>,
}

impl Used {
    /// From how it is stored.
    pub(super) fn stored(device: Uuid, at: Option<i64>, secret_hash: Option<Vec<u8>>) -> Result<Self, ServerError> {
        let secret_hash = secret_hash.and_then(|hash| hash.try_into().ok());
        let repeatable =
            at.zip(secret_hash).map(|(at, hash)| Ok::<_, ServerError>((timestamp(at)?, hash))).transpose()?;
        Ok(Self { device, repeatable })
    }
}

/// A device as the office looks for it.
#[derive(Debug, Clone)]
pub(crate) struct FoundDevice {
    pub id: Uuid,
    pub tenant: Tenant,
    pub name: String,
    pub is_revoked: bool,
    pub joined_at: Timestamp,
    pub last_seen_at: Option<Timestamp>,
}

/// An enrolled device that showed its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub(crate) id: Uuid,
    pub(crate) tenant: Tenant,
    pub(crate) name: String,
    pub(crate) yards: Vec<Uuid>,
    pub(crate) revoked: bool,
    pub(crate) last_seen_at: Option<i64>,
}

impl Device {
    /// Its id.
    #[must_use]
    pub const fn id(&self) -> Uuid {
        self.id
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The yards it works for.
    #[must_use]
    pub fn yards(&self) -> &[Uuid] {
        &self.yards
    }

    /// Whether it may see records of that yard; of the organisation's (no yard) it sees all.
    pub(crate) fn sees(&self, yard: Option<Uuid>) -> bool {
        yard.is_none_or(|yard| self.yards.contains(&yard))
    }
}

/// A device as it is enrolled.
pub(crate) struct NewDevice<'a> {
    pub id: Uuid,
    pub tenant: Tenant,
    pub name: &'a str,
    pub token_hash: [u8; 32],
    pub code_hash: [u8; 32],
    pub now: Timestamp,
    pub yards: &'a [Uuid],
}

/// What has a place in the feed. Two histories may give one place and one time of receipt to different writes, because a
/// clock that is far behind counts on from the last receipt by the microsecond; and one write that a restored server lost
/// may be given back at the very place it had. What is given back has a greater number than it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    pub write_id: Uuid,
    /// Which of its record's versions it became.
    pub version: u64,
    pub received_at: Timestamp,
}

/// The canonical state of a record, as stored.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub record_id: Uuid,
    pub write_id: Uuid,
    pub device_id: Option<Uuid>,
    pub version: VersionId,
    pub seq: u64,
    pub received_at: Timestamp,
    pub content: Content,
    /// As what it had been taken before, if a device gave it back after a restore.
    pub put_back_from: Option<VersionId>,
    /// When it was filed, for people to read.
    pub filed: Option<WallTime>,
    /// It gives way to the next change of whoever wrote it, and leaves no body behind.
    pub is_draft: bool,
}

impl Held {
    /// Its receipt, not yet signed: enough to compare by.
    pub(crate) fn receipt(&self) -> Receipt {
        let VersionId { epoch, version } = self.version;
        Receipt { epoch, version, seq: self.seq, received_at: self.received_at, mac: String::new() }
    }
}

/// What has become of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Canonical,
    Superseded,
    /// Superseded by the next change of whoever wrote it, which is kept in its stead.
    Merged(Merged),
    SetAside {
        to: Uuid,
    },
    Unchanged,
    Rejected,
}

/// What remains of a version whose body was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Merged {
    /// The write that says what this one said, and more.
    pub into: Uuid,
    /// Of what its body said ([`Content::body_digest`]).
    pub body_digest: [u8; 32],
    /// What a receipt tells it by.
    pub mark: [u8; 16],
}

impl Merged {
    /// From how it is stored: all three, or it was not merged.
    pub(super) fn stored(
        into: Option<Uuid>,
        body_digest: Option<Vec<u8>>,
        mark: Option<Vec<u8>>,
    ) -> Result<Option<Self>, ServerError> {
        let Some(into) = into else { return Ok(None) };
        Ok(Some(Self { into, body_digest: digest(body_digest)?, mark: digest(mark)? }))
    }
}

fn digest<const LENGTH: usize>(bytes: Option<Vec<u8>>) -> Result<[u8; LENGTH], ServerError> {
    let bytes = bytes.unwrap_or_default();
    <[u8; LENGTH]>::try_from(bytes.as_slice()).map_err(|error| ServerError::unreadable("digest", error))
}

impl Outcome {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Canonical => "canonical",
            Self::Superseded | Self::Merged(_) => "superseded",
            Self::SetAside { .. } => "set_aside",
            Self::Unchanged => "unchanged",
            Self::Rejected => "rejected",
        }
    }

    pub(super) const fn set_aside_to(self) -> Option<Uuid> {
        match self {
            Self::SetAside { to } => Some(to),
            _ => None,
        }
    }

    pub(super) const fn merged(&self) -> Option<&Merged> {
        match self {
            Self::Merged(merged) => Some(merged),
            _ => None,
        }
    }
}

/// The outcome of a write in the audit list, from how it is stored.
pub(super) fn audit_outcome(name: &str, winner: Option<Uuid>, verdict: Verdict) -> AuditOutcome {
    match (name, winner, verdict) {
        (_, _, Verdict::Rejected(rejection)) => AuditOutcome::Rejected(rejection),
        ("canonical", _, _) => AuditOutcome::Canonical,
        ("unchanged", _, _) => AuditOutcome::Unchanged,
        ("set_aside", Some(to), _) => AuditOutcome::SetAside { to },
        _ => AuditOutcome::Superseded,
    }
}

/// Whose a write is, as it was known when the write was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribution {
    /// Empty for nobody, or for somebody the server does not know.
    pub operator_name: String,
    /// The device's; of what the office wrote, the name of who did; empty for the server itself.
    pub device_name: String,
    /// `None` where nobody can say, as of a state that came back after a restore without its device.
    pub authorship: Option<Authorship>,
}

/// A judged write on its way into the table. `received_at` and `seq` are stamped last of all.
#[derive(Debug)]
pub(crate) struct Filing {
    pub write_id: Uuid,
    pub record_id: Uuid,
    pub content: Content,
    pub device_id: Option<Uuid>,
    pub attribution: Attribution,
    pub base: Option<VersionId>,
    /// The write it brings back; itself, if a device gave it back after a restore of the server.
    pub restores: Option<Uuid>,
    pub reason: String,
    pub verdict: Verdict,
    pub outcome: Outcome,
    /// The version it becomes, if it becomes one.
    pub version: Option<VersionId>,
    /// Its place in the feed, if it becomes a version.
    pub seq: Option<u64>,
    pub received_at: Option<Timestamp>,
    /// When it was filed, for people to read: stamped as well, unless it is known from an earlier life of the server.
    pub filed: Option<WallTime>,
    /// It gives way to the next change of whoever wrote it, and leaves no body behind.
    pub is_draft: bool,
}

impl Filing {
    /// A write by the server that becomes the canonical state.
    pub(crate) fn own(record_id: Uuid, write_id: Uuid, version: VersionId, content: Content) -> Self {
        Self {
            write_id,
            record_id,
            content,
            device_id: None,
            attribution: Attribution::of_server(),
            base: None,
            restores: None,
            reason: String::new(),
            verdict: Verdict::Accepted,
            outcome: Outcome::Canonical,
            version: Some(version),
            seq: None,
            received_at: None,
            filed: None,
            is_draft: false,
        }
    }

    /// What is stored of its body.
    pub(super) fn kept_body(&self) -> &str {
        if self.outcome.merged().is_some() { "null" } else { self.content.body.get() }
    }

    /// Its receipt, not yet signed, if it became a version. Before it is stamped it counts as received after everything
    /// else, as it will be.
    pub(crate) fn receipt(&self) -> Option<Receipt> {
        let VersionId { epoch, version } = self.version?;
        let received_at = self.received_at.unwrap_or(Timestamp::MAX);
        Some(Receipt { epoch, version, seq: self.seq.unwrap_or(u64::MAX), received_at, mac: String::new() })
    }

    /// As what it had been taken before, if a device gave it back after a restore.
    pub(crate) fn put_back_from(&self) -> Option<VersionId> {
        self.base.filter(|_| self.restores == Some(self.write_id))
    }

    /// Its place in the feed and what stands for it in tallies, if it is the record's canonical state from now on. What
    /// a later record of the same page displaced is in the audit table only.
    pub(super) fn canonical_place(&self) -> Option<(u64, Fingerprint)> {
        match (self.outcome, self.receipt()) {
            (Outcome::Canonical, Some(receipt)) => Some((receipt.seq, Fingerprint::of(self.record_id, &receipt))),
            _ => None,
        }
    }

    /// When it was received, in microseconds.
    pub(super) fn received_microsecond(&self) -> i64 {
        self.received_at.expect("filings are stamped before they are filed").as_microsecond()
    }

    /// When it was filed, in microseconds, and whether that is doubtful.
    pub(super) fn filed_microsecond(&self) -> (Option<i64>, bool) {
        (self.filed.map(|filed| filed.at.as_microsecond()), self.filed.is_some_and(|filed| filed.is_doubtful))
    }

    /// Its verdict, as it is stored.
    pub(super) fn verdict_json(&self) -> String {
        serde_json::to_string(&self.verdict).expect("verdicts are JSON")
    }
}

/// What the ledger knows of a write.
#[derive(Debug, Clone)]
pub(crate) struct LedgerEntry {
    pub write_id: Uuid,
    pub record_id: Uuid,
    pub verdict: Verdict,
    /// Its body is null if it was merged.
    pub content: Content,
    pub merged: Option<Merged>,
}

/// A write as the audit list tells of it.
#[derive(Debug, Clone)]
pub(crate) struct StoredWrite {
    pub write_id: Uuid,
    pub record_id: Uuid,
    pub device_id: Option<Uuid>,
    /// `None` of what was filed before names were.
    pub attribution: Option<Attribution>,
    pub outcome: AuditOutcome,
    pub version: Option<u64>,
    pub restores: Option<Uuid>,
    pub reason: String,
    pub received_at: Timestamp,
    pub filed: Option<WallTime>,
    /// Its body is null if it was merged.
    pub content: Content,
    /// The version it was made on.
    pub base: Option<VersionId>,
    pub merged: Option<Merged>,
}

/// A version that a record has had, and what it was made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ancestor {
    pub record_id: Uuid,
    pub version: VersionId,
    pub write_id: Uuid,
    /// The state it was made on; of a state that was put back after a restore, what it had been before.
    pub base: Option<VersionId>,
}

/// Whose a write is, from how it is stored: without names if it was filed before names were.
pub(super) fn attribution(
    operator_name: Option<String>,
    device_name: Option<String>,
    authorship: Option<&str>,
) -> Option<Attribution> {
    let (operator_name, device_name) = operator_name.zip(device_name)?;
    Some(Attribution { operator_name, device_name, authorship: authorship.and_then(Authorship::named) })
}

/// The name of a record's state in SQL.
pub(crate) const fn state_name(state: RecordState) -> &'static str {
    match state {
        RecordState::Live => "live",
        RecordState::Closed => "closed",
        RecordState::Voided => "voided",
    }
}

/// The state of that name.
pub(super) fn state_named(name: &str) -> RecordState {
    match name {
        "closed" => RecordState::Closed,
        "voided" => RecordState::Voided,
        _ => RecordState::Live,
    }
}

/// A forged base can claim any number; what no server ever counted to is left out.
pub(super) fn storable(number: u64) -> Option<i64> {
    i64::try_from(number).ok()
}

pub(super) fn timestamp(microseconds: i64) -> Result<Timestamp, ServerError> {
    Timestamp::from_microsecond(microseconds).map_err(|error| ServerError::unreadable("time", error))
}

pub(super) fn wall_time(microseconds: Option<i64>, is_doubtful: bool) -> Result<Option<WallTime>, ServerError> {
    microseconds.map(|at| Ok(WallTime { at: timestamp(at)?, is_doubtful })).transpose()
}

pub(super) fn microseconds(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

pub(super) fn verdict_of(json: &str) -> Result<Verdict, ServerError> {
    serde_json::from_str(json).map_err(|error| ServerError::unreadable("verdict", error))
}
