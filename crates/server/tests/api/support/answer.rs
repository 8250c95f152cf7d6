//! What a device is told about what it sent.

use gatebook_sync::wire::{CanonicalState, Judged, Push, SyncResponse};
use gatebook_sync::{Canonical, Kept, Receipt, Rejection, RejectionCode, Verdict};

/// An answer, beside the page it answers.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) push: Vec<Push>,
    pub(crate) response: SyncResponse,
}

/// A rejection: code, path, message.
type Refused<'a> = (RejectionCode, Option<&'a str>, &'a str);

pub(crate) fn refused(verdict: &Verdict) -> Option<Refused<'_>> {
    match verdict {
        Verdict::Rejected(Rejection { code, path, message }) => Some((*code, path.as_deref(), message)),
        _ => None,
    }
}

impl Answer {
    fn only(&self) -> (&Push, &Judged) {
        let ([push], [judged]) = (self.push.as_slice(), self.response.verdicts.as_slice()) else {
            panic!("one record and one verdict expected: {self:?}");
        };
        assert_eq!((push.id, push.write_id), (judged.id, judged.write_id));
        (push, judged)
    }

    pub(crate) fn verdict(&self) -> &Verdict {
        &self.only().1.verdict
    }

    pub(crate) fn verdicts(&self) -> Vec<&Verdict> {
        self.response.verdicts.iter().map(|judged| &judged.verdict).collect()
    }

    /// It was taken, as that version. Returns what is held now.
    #[track_caller]
    pub(crate) fn accepted(&self, version: u64) -> Canonical {
        assert_eq!(self.verdict(), &Verdict::Accepted);
        let held = self.held();
        assert_eq!(held.receipt.version, version);
        held
    }

    /// It met another state and won, as that version.
    #[track_caller]
    pub(crate) fn won(&self, version: u64) -> Canonical {
        assert_eq!(self.verdict(), &Verdict::Conflict { kept: Kept::Incoming });
        let held = self.held();
        assert_eq!(held.receipt.version, version);
        held
    }

    /// It was not taken; the text for the operator says why.
    #[track_caller]
    pub(crate) fn rejected(&self, code: RejectionCode) -> (Option<&str>, &str) {
        match refused(self.verdict()) {
            Some((found, path, message)) if found == code => (path, message),
            _ => panic!("{code:?} expected: {:?}", self.verdict()),
        }
    }

    /// The canonical state that came with the verdict, in full.
    pub(crate) fn held(&self) -> Canonical {
        let (push, judged) = self.only();
        match judged.canonical.clone().expect("a canonical state") {
            CanonicalState::Record(canonical) => *canonical,
            CanonicalState::AsSent(receipt) => Canonical {
                id: push.id,
                receipt,
                write_id: push.write_id,
                device_id: None,
                content: push.content.clone(),
            },
        }
    }

    /// The receipts of a page that was taken as it was sent.
    pub(crate) fn receipts(&self) -> Vec<Receipt> {
        let receipt = |judged: &Judged| match &judged.canonical {
            Some(CanonicalState::AsSent(receipt)) => receipt.clone(),
            other => panic!("taken as sent expected: {other:?}"),
        };
        self.response.verdicts.iter().map(receipt).collect()
    }
}
