//! The device's decision: what becomes of its row when an answer arrives.

use uuid::Uuid;

use crate::deliberate;
use crate::verdict::{Kept, Verdict};
use crate::version::VersionId;

/// What [`apply_verdict`] and [`apply_canonical`] have to know of a local row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LocalHead {
    /// The canonical state that the row equals, or that the operator's pending change was made on.
    pub base: Option<VersionId>,
    /// The newest write the server has not answered for good; `None` when nothing is pending.
    pub pending: Option<Uuid>,
    /// Newest canonical state seen while a change is pending (the shadow copy).
    pub shadow: Option<VersionId>,
}

/// What the device does with its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    Keep,
    /// The row becomes the canonical state of the answer; nothing is pending any more.
    Match,
    /// The row becomes the shadow copy, which is newer than the answer; nothing is pending any more.
    MatchShadow,
    /// The operator's newer change stays pending, now made on the canonical state of the answer, which is their own
    /// earlier one, and which also becomes the shadow copy.
    Rebase,
    /// The operator's change stays as it is; only the shadow copy becomes the canonical state of the answer.
    Shadow,
    /// The operator's change stays pending; only the shadow copy goes, because the record is no longer this device's.
    Forget,
    /// The row goes: what it said is safe at the server, and the state now in force is none that this device may see.
    Leave,
    /// The operator's text stays, marked with the server's reason, until it is edited or discarded. It is not sent
    /// again before that.
    MarkRejected,
}

/// What becomes of a row when the server has judged `write_id`. `canonical` is the state that came with the verdict;
/// it is absent when the server holds none (a rejected new record), and when the record has moved where this device does
/// not see it.
///
/// `is_own` says that this state is the judged write itself. If it is somebody else's, whoever has edited the record
/// since had not seen it, and the edit stays on its old base: on the new one it would pass for an answer to it.
#[must_use]
pub fn apply_verdict(
    local: LocalHead,
    write_id: Uuid,
    verdict: &Verdict,
    canonical: Option<VersionId>,
    is_own: bool,
) -> Change {
    let write_id = if deliberate!(ClearWithoutComparing) { local.pending.unwrap_or(write_id) } else { write_id };
    let Some(pending) = local.pending else {
        // A late copy of an answer that was already acted on.
        return canonical.map_or(Change::Keep, |canonical| apply_canonical(Some(local), canonical));
    };
    let is_newest = pending == write_id;
    match verdict {
        Verdict::Rejected(_) if is_newest => Change::MarkRejected,
        // The rejected write has been edited since; the edit will be judged on its own.
        Verdict::Rejected(_) => canonical.map_or(Change::Keep, |canonical| apply_canonical(Some(local), canonical)),
        // What the write says is in force, or in the audit table: either way it is safe at the server.
        Verdict::Accepted | Verdict::Conflict { kept: Kept::Incoming | Kept::Existing } => {
            apply_safe(local, is_newest, canonical, is_own)
        }
    }
}

fn apply_safe(local: LocalHead, is_newest: bool, canonical: Option<VersionId>, is_own: bool) -> Change {
    match canonical {
        None if is_newest && !deliberate!(KeepTakenOfLostScope) => Change::Leave,
        None => Change::Keep,
        Some(canonical) if is_newest => {
            if local.shadow.is_some_and(|shadow| shadow > canonical) {
                Change::MatchShadow
            } else {
                Change::Match
            }
        }
        Some(canonical) if !is_own && !deliberate!(RebaseOnUnseen) => apply_canonical(Some(local), canonical),
        Some(canonical) if local.base.is_some_and(|base| base >= canonical) => Change::Keep,
        Some(_) => Change::Rebase,
    }
}

/// What becomes of a row (or of no row) when a canonical state arrives that nobody asked about here.
#[must_use]
pub fn apply_canonical(local: Option<LocalHead>, canonical: VersionId) -> Change {
    let Some(local) = local else {
        return Change::Match;
    };
    if local.pending.is_some() && !deliberate!(PullOverwritesPending) {
        // What lies beside a pending change is what the server said last, and that alone counts: the change may have been
        // made on a state that a restore took from the server, after the record had left this device's scopes.
        let is_news = local.shadow.is_none_or(|shadow| shadow < canonical);
        return if is_news { Change::Shadow } else { Change::Keep };
    }
    if local.base.max(local.shadow).is_some_and(|newest| newest >= canonical) { Change::Keep } else { Change::Match }
}

/// What becomes of a row when its record has left a scope, by a state that is `left_in`. The row stays if it is already
/// what the record became, because the device receives that as well.
#[must_use]
pub fn apply_departure(local: LocalHead, left_in: VersionId) -> Change {
    if local.pending.is_some() {
        return if local.shadow.is_some_and(|shadow| shadow < left_in) { Change::Forget } else { Change::Keep };
    }
    if local.base.max(local.shadow).is_some_and(|known| known < left_in) { Change::Leave } else { Change::Keep }
}
