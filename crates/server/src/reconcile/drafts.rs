//! What one person enters on one device comes as one write after the other: with signal, a record that is filled in by a
//! hundred taps is a hundred versions. Each stays in the ledger for ever. Of their bodies only the last is kept, as long as
//! nobody else had a part in any of them and nobody has submitted them.

use gatebook_domain::{Kind, RecordState};
use gatebook_sync::{Content, deliberate};
use uuid::Uuid;

use crate::receipt::Key;
use crate::storage::{Filing, Held, Merged};

/// A version that may give way to the next one of whoever wrote it.
pub(super) struct Draft<'a> {
    write_id: Uuid,
    device_id: Option<Uuid>,
    content: &'a Content,
    gives_way: bool,
}

impl<'a> From<&'a Held> for Draft<'a> {
    fn from(held: &'a Held) -> Self {
        let &Held { write_id, device_id, ref content, is_draft, .. } = held;
        Self { write_id, device_id, content, gives_way: is_draft }
    }
}

impl<'a> From<&'a Filing> for Draft<'a> {
    fn from(filing: &'a Filing) -> Self {
        let &Filing { write_id, device_id, ref content, is_draft, .. } = filing;
        Self { write_id, device_id, content, gives_way: is_draft }
    }
}

/// Whether it is a form that nobody has submitted, closed or voided.
pub(super) fn is_draft(content: &Content) -> bool {
    content.known_kind().is_some_and(Kind::is_form) && content.state == RecordState::Live && !content.is_submitted()
}

/// What remains of a version that is superseded, if `next` is kept in its stead.
pub(super) fn merged(earlier: &Draft<'_>, next: &Filing) -> Option<Merged> {
    let is_writers_own = earlier.device_id == next.device_id
        && earlier.content.operator_id == next.content.operator_id
        && earlier.content.yard_id == next.content.yard_id;
    let is_merged = earlier.gives_way && next.is_draft && (is_writers_own || deliberate!(MergeWhatOthersWrote));
    is_merged.then(|| Merged {
        into: next.write_id,
        body_digest: earlier.content.body_digest(),
        mark: Key::mark_of(earlier.write_id, earlier.content),
    })
}

impl Merged {
    /// Whether what was merged, of which all but the body is left, said what `other` says.
    pub(super) fn said(&self, left: &Content, other: &Content) -> bool {
        let is_alike = left.kind == other.kind
            && left.yard_id == other.yard_id
            && left.state == other.state
            && left.state_reason == other.state_reason;
        is_alike && self.body_digest == other.body_digest()
    }
}
