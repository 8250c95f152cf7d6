//! The device's decision: what becomes of its row when an answer arrives.

use uuid::Uuid;

use crate::deliberate;
use crate::verdict::Verdict;
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
    /// The row goes: the server has taken the write, and the record is in a scope that the device no longer receives.
    Leave,
    /// The operator's text stays, marked with the server's reason, until it is edited or discarded. It is not sent
    /// again before that.
    MarkRejected,
}

/// What becomes of a row when the server has judged `write_id`. `canonical` is the state that came with the verdict;
/// it is missing from the rejection of a record that the server does not hold, and where the device may no longer see it.
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
    match (verdict, canonical) {
        (Verdict::Rejected(_), _) if pending == write_id => Change::MarkRejected,
        // The rejected write has been edited since; the edit will be judged on its own.
        (Verdict::Rejected(_), Some(canonical)) => apply_canonical(Some(local), canonical),
        (_, None) if pending == write_id && !deliberate!(KeepTakenOfLostScope) => Change::Leave,
        (_, None) => Change::Keep,
        (_, Some(canonical)) if pending == write_id => {
            if local.shadow.is_some_and(|shadow| shadow > canonical) {
                Change::MatchShadow
            } else {
                Change::Match
            }
        }
        (_, Some(canonical)) if !is_own && !deliberate!(RebaseOnUnseen) => apply_canonical(Some(local), canonical),
        (_, Some(canonical)) => {
            if local.base.is_some_and(|base| base >= canonical) {
                Change::Keep
            } else {
                Change::Rebase
            }
        }
    }
}

/// What becomes of a row (or of no row) when a canonical state arrives that nobody asked about here.
#[must_use]
pub fn apply_canonical(local: Option<LocalHead>, canonical: VersionId) -> Change {
    let Some(local) = local else {
        return Change::Match;
    };
    let newest = local.base.max(local.shadow);
    if newest.is_some_and(|newest| newest >= canonical) {
        return Change::Keep;
    }
    if local.pending.is_some() && !deliberate!(PullOverwritesPending) { Change::Shadow } else { Change::Match }
}
