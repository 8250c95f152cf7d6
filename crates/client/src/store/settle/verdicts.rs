//! The server's verdicts on what was pushed.

use gatebook_sync::wire::{CanonicalState, Judged, Push};
use gatebook_sync::{Canonical, Change, Fingerprint, Verdict, apply_canonical, apply_verdict, deliberate};
use rusqlite::Connection;
use uuid::Uuid;

use super::Settling;
use crate::error::StoreError;
use crate::store::row::RecordRow;
use crate::store::{Enrolment, settings};

impl Settling<'_> {
    /// Acts on the verdict on a write.
    pub(super) fn judged(&self, push: Option<&Push>, judged: Judged) -> Result<(), StoreError> {
        let Some(local) = RecordRow::head(self.connection, judged.id)? else {
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
        let says_it = local.pending == Some(judged.write_id) || deliberate!(ReceiptOfOtherWords);
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
        let rejection = if let Verdict::Rejected(rejection) = &judged.verdict { Some(rejection.clone()) } else { None };
        let canonical = match judged.canonical {
            Some(canonical) => whole(self.connection, canonical, push)?,
            None => None,
        };
        if change == Change::MarkRejected && deliberate!(DropTheRejected) {
            return self.act(judged.id, Change::Leave, None);
        }
        if change == Change::MarkRejected {
            let mut row = RecordRow::find(self.connection, judged.id)?.ok_or(StoreError::NotFound(judged.id))?;
            row.rejection = rejection;
            if let Some(canonical) = canonical
                && apply_canonical(Some(local), canonical.receipt.version_id()) == Change::Shadow
            {
                self.about_to_change(judged.id, Change::Shadow, Some(canonical.write_id))?;
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
            (Change::Match, Some(canonical)) => RecordRow::canonical(canonical).put(connection),
            (Change::MatchShadow, _) => {
                found()?.shadow.map_or(Ok(()), |shadow| RecordRow::canonical(shadow).put(connection))
            }
            (Change::Rebase | Change::Shadow, Some(canonical)) => {
                let mut row = found()?;
                if change == Change::Rebase {
                    row.base = Some(canonical.receipt.clone());
                }
                if row.shadow.as_ref().is_none_or(|shadow| canonical.receipt.is_newer_than(&shadow.receipt)) {
                    row.shadow = Some(canonical);
                }
                row.put(connection)
            }
            (Change::Forget, _) => RecordRow { shadow: None, ..found()? }.put(connection),
            (Change::Leave, _) => RecordRow::delete(connection, id),
            (Change::Keep | Change::MarkRejected | Change::Match | Change::Rebase | Change::Shadow, _) => Ok(()),
        }
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
