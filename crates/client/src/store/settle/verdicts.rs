//! The server's verdicts on what was pushed.

use gatebook_sync::wire::{CanonicalState, Judged, Push};
use gatebook_sync::{Canonical, Change, Fingerprint, RejectionCode, apply_canonical, apply_verdict, deliberate};
use rusqlite::Connection;
use uuid::Uuid;

use super::Settling;
use crate::error::StoreError;
use crate::store::row::RecordRow;
use crate::store::{Enrolment, corrections, forms, settings, unanswered};

impl Settling<'_> {
    /// Acts on the verdict on a write.
    pub(super) fn judged(&self, push: Option<&Push>, judged: Judged) -> Result<(), StoreError> {
        let local = RecordRow::head(self.connection, judged.id)?;
        if self.has_unanswered {
            let what = unanswered::Judged {
                is_pending: local.is_some_and(|local| local.pending == Some(judged.write_id)),
                is_rejected: judged.verdict.rejection().is_some(),
                is_in_force: judged.canonical.as_ref().is_some_and(|canonical| is_of_write(canonical, judged.write_id)),
            };
            unanswered::judged(self.connection, judged.id, judged.write_id, what)?;
        }
        let Some(local) = local else {
            return Ok(());
        };
        let version = judged.canonical.as_ref().map(|canonical| canonical.receipt().version_id());
        let makes = match &judged.canonical {
            Some(CanonicalState::AsSent(_)) => Some(judged.write_id),
            Some(CanonicalState::Record(canonical)) => Some(canonical.write_id),
            None => None,
        };
        let is_own = makes == Some(judged.write_id);
        let change = apply_verdict(local, judged.write_id, &judged.verdict, version, is_own);
        self.about_to_change(judged.id, change, makes)?;
        let says_it = local.pending == Some(judged.write_id);
        if let (Change::Match, Some(CanonicalState::AsSent(receipt)), true) = (change, &judged.canonical, says_it) {
            // By far the most common answer: the row says it already, only the receipt is new.
            self.connection.prepare_cached(include_str!("../match_as_sent.sql"))?.execute((
                judged.id,
                receipt.epoch.0,
                receipt.version,
                receipt.seq,
                receipt.received_at.to_string(),
                &receipt.mac,
                Fingerprint::of(judged.id, receipt).to_sql(),
            ))?;
            return Ok(());
        }
        let rejection = judged.verdict.rejection().cloned();
        let canonical = match judged.canonical {
            Some(canonical) => whole(self.connection, canonical, push)?,
            None => None,
        };
        if change == Change::MarkRejected && deliberate!(DropTheRejected) {
            return self.act(judged.id, Change::Leave, None);
        }
        if change == Change::MarkRejected {
            let mut row = RecordRow::find(self.connection, judged.id)?.ok_or(StoreError::NotFound(judged.id))?;
            // The server will not know that base under the number of any other change either: saved again, this one is made
            // on what the server holds, which is shown beside it, or on nothing if it holds nothing.
            let is_unproved =
                rejection.as_ref().is_some_and(|rejection| rejection.code == RejectionCode::ForgedReceipt);
            row.rejection = rejection;
            if is_unproved && canonical.is_none() {
                row.base = None;
            }
            if let Some(canonical) = canonical
                && (is_unproved || apply_canonical(Some(local), canonical.receipt.version_id()) == Change::Shadow)
            {
                self.about_to_change(judged.id, Change::Shadow, Some(canonical.write_id))?;
                self.met(&row, &canonical)?;
                if is_unproved {
                    row.base = Some(canonical.receipt.clone());
                }
                row.shadow = Some(canonical);
            }
            return row.put(self.connection);
        }
        self.act(judged.id, change, canonical)
    }

    /// Does to the row what was decided.
    pub(super) fn act(&self, id: Uuid, change: Change, canonical: Option<Canonical>) -> Result<(), StoreError> {
        let connection = self.connection;
        let found = || RecordRow::find(connection, id)?.ok_or(StoreError::NotFound(id));
        match (change, canonical) {
            (Change::Match, Some(canonical)) => {
                forms::about_to_give_way(connection, id, canonical.write_id)?;
                RecordRow::canonical(canonical).put(connection)
            }
            (Change::MatchShadow, _) => {
                let Some(shadow) = found()?.shadow else { return Ok(()) };
                forms::about_to_give_way(connection, id, shadow.write_id)?;
                RecordRow::canonical(shadow).put(connection)
            }
            (Change::Rebase | Change::Shadow, Some(canonical)) => {
                let mut row = found()?;
                if row.parked && canonical.content.is_submitted() {
                    return corrections::unpark(connection, row, canonical);
                }
                if change == Change::Rebase {
                    row.base = Some(canonical.receipt.clone());
                }
                if row.shadow.as_ref().is_none_or(|shadow| canonical.receipt.is_newer_than(&shadow.receipt)) {
                    if change == Change::Shadow {
                        self.met(&row, &canonical)?;
                    }
                    row.shadow = Some(canonical);
                }
                row.put(connection)
            }
            (Change::Forget, _) => RecordRow { shadow: None, ..found()? }.put(connection),
            (Change::Leave, _) => self.leave(id),
            (Change::Keep | Change::MarkRejected | Change::Match | Change::Rebase | Change::Shadow, _) => Ok(()),
        }
    }
}

impl Settling<'_> {
    /// A canonical state has come beside a pending change. Somebody else's is told of where the change is being made.
    fn met(&self, row: &RecordRow, canonical: &Canonical) -> Result<(), StoreError> {
        let is_own = canonical.write_id == row.write_id
            || unanswered::is_among(self.connection, row.id, Some(canonical.write_id))?
            || row.base.as_ref().is_some_and(|base| base.is_of_same_write(&canonical.receipt));
        if is_own { Ok(()) } else { forms::met(self.connection, row, canonical) }
    }

    /// The row goes, but for a correction that was begun of it.
    pub(super) fn leave(&self, id: Uuid) -> Result<(), StoreError> {
        let Some(correction) = corrections::find(self.connection, id)? else {
            unanswered::forget(self.connection, id)?;
            return RecordRow::delete(self.connection, id);
        };
        let row = RecordRow::find(self.connection, id)?.ok_or(StoreError::NotFound(id))?;
        corrections::park(self.connection, row, correction)
    }
}

/// Whether that write made it so.
fn is_of_write(canonical: &CanonicalState, write_id: Uuid) -> bool {
    match canonical {
        CanonicalState::AsSent(_) => true,
        CanonicalState::Record(canonical) => canonical.write_id == write_id,
    }
}

/// The canonical state in full. When the server answers "as you sent it" about a write that has been edited since, the
/// row no longer says it; the page that was sent does, and this device wrote it.
fn whole(
    connection: &Connection,
    canonical: CanonicalState,
    push: Option<&Push>,
) -> Result<Option<Canonical>, StoreError> {
    Ok(match (canonical, push) {
        (CanonicalState::Record(canonical), _) => Some(*canonical),
        (CanonicalState::AsSent(_), None) => None,
        (CanonicalState::AsSent(receipt), Some(push)) => {
            let enrolment: Option<Enrolment> = settings::get(connection, &settings::ENROLMENT)?;
            Some(Canonical {
                id: push.id,
                receipt,
                write_id: push.write_id,
                device_id: enrolment.map(|enrolment| enrolment.device_id),
                content: push.content.clone(),
            })
        }
    })
}
