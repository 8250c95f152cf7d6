//! The server's decision: what becomes of a write.

use gatebook_domain::RecordState;
use jiff::Timestamp;

use crate::deliberate;
use crate::verdict::{Kept, Rejection, RejectionCode, Verdict};
use crate::version::{Epoch, Receipt, VersionId};
use crate::wire::Content;

/// What the server holds of a record.
#[derive(Debug, Clone, Copy)]
pub struct Existing<'a> {
    /// Receipt of the canonical state.
    pub receipt: &'a Receipt,
    /// The canonical state.
    pub content: &'a Content,
    /// As what it had been taken before, if a device gave it back after a restore: then its receipt's number and epoch are
    /// not those with which it was received.
    pub put_back_from: Option<VersionId>,
    /// When it was first filed, by the server's clock of that moment.
    pub filed_at: Timestamp,
}

impl Existing<'_> {
    fn taken_as(&self) -> VersionId {
        self.put_back_from.unwrap_or(self.receipt.version_id())
    }

    /// Whether it was received after the state with that receipt, or is that state. A later epoch received it later,
    /// whatever its clock said then; within one, the time of receipt decides.
    fn is_received_after(&self, other: &Receipt) -> bool {
        let is_of_later_epoch = self.taken_as().epoch > other.epoch;
        is_of_later_epoch || self.receipt.received_at >= other.received_at
    }

    /// Whether whoever made the state with that receipt may have seen this one: it was received before, in the same life of
    /// the server, and has a smaller number. Whatever is made of a state has a greater number than it, also after a restore,
    /// so where a restore was not announced and the clock stood still, the numbers still tell. What came back from a life
    /// of which that receipt's knew nothing, nobody saw.
    fn was_seen_by(&self, other: &Receipt) -> bool {
        let is_numbered_before = self.taken_as().version < other.version;
        let is_of_its_life = self.put_back_from.is_none_or(|from| from.epoch == other.epoch);
        is_numbered_before && is_of_its_life && (!self.is_received_after(other) || self.was_overturned_by(other))
    }

    /// Whether the state with that receipt was made when this one, which a device gave back since, had long been there. A
    /// state that is given back against what was written since the restore counts as received anew, so only when it was
    /// first filed tells. Two lives of which nobody said that there was a restore between them share an epoch: of those
    /// that time tells which was the earlier.
    fn was_overturned_by(&self, other: &Receipt) -> bool {
        self.put_back_from.is_some() && self.filed_at < other.filed_at()
    }
}

/// How a write stands to those of its own device to the same record that had no answer yet when it was made. The device
/// names them; its id alone says nothing, because several people share a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sequence {
    /// None of them plays a part.
    #[default]
    Alone,
    /// What is held is one of them: the writer went on from it, although its receipt had not come back.
    AfterHeld,
    /// A later write of the device has been judged that names this one as made before it.
    BeforeJudged,
}

/// On what ground something is offered.
#[derive(Debug, Clone, Copy)]
pub enum Offer<'a> {
    /// An operator's write, made on that canonical state; `None`: on nothing.
    Write {
        /// Receipt of the state it was made on. Its authenticity is for the caller to check.
        base: Option<&'a Receipt>,
        /// How it stands to other writes of its device to the same record.
        sequence: Sequence,
        /// It only takes back those other writes, and changes nothing where none of them is held.
        withdraws: bool,
    },
    /// A canonical state that the device holds and the server may have lost.
    Reoffer {
        /// Its receipt. Its authenticity is for the caller to check.
        receipt: &'a Receipt,
        /// Whether the server's own books show that this state was displaced in the normal course: by what it holds, or
        /// by something that came before that.
        overtaken: bool,
    },
}

/// What a device offers.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// On what ground.
    pub offer: Offer<'a>,
    /// The state offered.
    pub content: &'a Content,
    /// Whether the writer may change what is closed or voided ([`Authorship::may_reopen`](crate::Authorship::may_reopen)):
    /// the office, never somebody whom a device merely names.
    pub may_reopen: bool,
    /// What the checks that need more than these two states found: validity, permission, scope, size, receipts.
    pub refusal: Option<&'a Rejection>,
}

/// What the server does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Change nothing; keep the payload for the admin.
    Reject(Rejection),
    /// It says what the canonical state says. Record the verdict, make no version.
    Unchanged,
    /// It becomes the canonical state.
    Take {
        /// The version it becomes.
        version: VersionId,
        /// It displaces a state that its writer had not seen: mark that one as set aside and tell both operators.
        displaces: bool,
        /// It keeps the time at which it was first received (a re-offer); otherwise it is received now.
        received_at: Option<Timestamp>,
    },
    /// The canonical state stays; file this one in the audit table as set aside and tell both operators.
    SetAside,
    /// The canonical state stays, and whoever made it, or something before it, knew of this one: file it in the audit
    /// table as superseded. Nobody is told.
    Overtaken,
}

impl Decision {
    /// What the device is told.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Reject(rejection) => Verdict::Rejected(rejection.clone()),
            Self::Unchanged | Self::Overtaken | Self::Take { displaces: false, .. } => Verdict::Accepted,
            Self::Take { displaces: true, .. } => Verdict::Conflict { kept: Kept::Incoming },
            Self::SetAside => Verdict::Conflict { kept: Kept::Existing },
        }
    }
}

/// Decides what becomes of `incoming`.
///
/// `epoch` is the server's present one, `existing` what it holds of the record. Of a write that was judged before nothing
/// is decided: the ledger has its verdict. The last writer wins by the time the server received it, whole record at a time; no device clock
/// is looked at.
#[must_use]
pub fn decide(epoch: Epoch, existing: Option<Existing<'_>>, incoming: Incoming<'_>) -> Decision {
    if let Some(rejection) = incoming.refusal {
        return Decision::Reject(rejection.clone());
    }
    match incoming.offer {
        Offer::Write { sequence, withdraws: true, .. } if existing.is_some() && sequence != Sequence::AfterHeld => {
            Decision::Unchanged
        }
        Offer::Write { base, sequence, .. } => decide_write(epoch, existing, base, sequence, incoming),
        Offer::Reoffer { receipt, overtaken } => decide_reoffer(epoch, existing, receipt, overtaken, incoming.content),
    }
}

fn decide_write(
    epoch: Epoch,
    existing: Option<Existing<'_>>,
    base: Option<&Receipt>,
    sequence: Sequence,
    incoming: Incoming<'_>,
) -> Decision {
    let known = base.map_or(0, |base| base.version);
    let Some(existing) = existing else {
        return take(epoch, known + 1, false);
    };
    if sequence == Sequence::BeforeJudged && !deliberate!(LateOwnWriteWins) {
        return Decision::Overtaken;
    }
    let held = existing.receipt;
    let next = known.max(held.version) + 1;
    let goes_on_from_held = sequence == Sequence::AfterHeld && !deliberate!(ConflictWithOneself);
    let on_current = goes_on_from_held || base.is_some_and(|base| base.is_of_same_write(held));
    // A base received after what is held means that the server lost something (a restore from backup) and has taken
    // nothing since that the writer had not seen.
    let lost_since = !on_current && base.is_some_and(|base| existing.was_seen_by(base));

    if existing.content.says_the_same_as(incoming.content) {
        return if on_current { take(epoch, next, false) } else { Decision::Unchanged };
    }
    match existing.content.state {
        // Who closed or voided it was followed by somebody who might: the writer had seen what was made of it.
        RecordState::Closed | RecordState::Voided if lost_since => {}
        RecordState::Closed if !incoming.may_reopen => {
            return Decision::Reject(Rejection::new(
                RejectionCode::Final,
                "The office has closed this record. Ask them to reopen it if it has to change.",
            ));
        }
        // A void is never undone by somebody who had not seen it, and of those who had only by the office.
        RecordState::Voided if deliberate!(UnvoidByStaleEdit) => {}
        RecordState::Voided if !on_current && incoming.content.state != RecordState::Voided => {
            return Decision::SetAside;
        }
        // Two who void one record agree in that it does not count; they may differ in the reason, as in anything else.
        RecordState::Voided if !on_current => {}
        RecordState::Voided if !incoming.may_reopen => {
            return Decision::Reject(Rejection::new(
                RejectionCode::Final,
                "This record was voided. Start a new one instead, or ask the office to bring it back.",
            ));
        }
        RecordState::Live | RecordState::Closed | RecordState::Voided => {}
    }
    if deliberate!(TrustDeviceClocks) && !on_current && existing.content.captured_at > incoming.content.captured_at {
        return Decision::SetAside;
    }
    let has_seen_held = on_current || lost_since;
    if !has_seen_held && is_draft_over_report(existing.content, incoming.content) {
        return Decision::SetAside;
    }
    take(epoch, next, !has_seen_held)
}

/// Whether a version that nobody has submitted would displace one that somebody has. What was submitted and signed gives
/// way only to somebody who has seen it.
fn is_draft_over_report(held: &Content, offered: &Content) -> bool {
    held.is_submitted() && !offered.is_submitted() && !deliberate!(DraftDisplacesSubmitted)
}

fn decide_reoffer(
    epoch: Epoch,
    existing: Option<Existing<'_>>,
    receipt: &Receipt,
    overtaken: bool,
    offered: &Content,
) -> Decision {
    let Some(existing) = existing else {
        return take_back(epoch, receipt.version + 1, receipt, false);
    };
    let held = existing.receipt;
    let next = held.version.max(receipt.version) + 1;
    if receipt.is_of_same_write(held) {
        Decision::Unchanged
    } else if !existing.is_received_after(receipt) {
        let displaces = !existing.was_seen_by(receipt);
        if displaces && is_draft_over_report(existing.content, offered) {
            return Decision::SetAside;
        }
        take_back(epoch, next, receipt, displaces)
    } else if overtaken {
        Decision::Overtaken
    } else if existing.was_seen_by(receipt) {
        // What is held was put back first, and counts as received when it was.
        take(epoch, next, false)
    } else if would_have_stood(offered, existing.content) {
        take(epoch, next, true)
    } else {
        Decision::SetAside
    }
}

/// Whether a state that was lost would have stood against whoever has written since without having seen it, had it not
/// been lost: a void, or a report that was submitted against a draft.
fn would_have_stood(lost: &Content, since: &Content) -> bool {
    since.state == RecordState::Live
        && (lost.state == RecordState::Voided || lost.state == RecordState::Live && is_draft_over_report(lost, since))
}

const fn take(epoch: Epoch, version: u64, displaces: bool) -> Decision {
    Decision::Take { version: VersionId { epoch, version }, displaces, received_at: None }
}

const fn take_back(epoch: Epoch, version: u64, receipt: &Receipt, displaces: bool) -> Decision {
    Decision::Take { version: VersionId { epoch, version }, displaces, received_at: Some(receipt.received_at) }
}
