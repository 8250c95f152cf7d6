//! Healing of a server that was restored from a backup: what this device holds and the server has not shown to hold since
//! is offered again, each state with its receipt. What gives way meanwhile is kept until it has been offered as well.

use gatebook_domain::Kind;
use gatebook_domain::record::Writer;
use gatebook_sync::wire::{CanonicalState, Judged};
use gatebook_sync::{Canonical, Change, Rejection, RejectionCode, Verdict};
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::Settling;
use crate::error::StoreError;
use crate::store::row::RecordRow;
use crate::store::{forms, settings};

/// The epoch changed: nothing of what is known here is known to be at the server.
pub(super) fn begin(connection: &Connection) -> Result<(), StoreError> {
    connection.execute("INSERT OR IGNORE INTO unconfirmed SELECT id FROM records WHERE fingerprint IS NOT NULL", [])?;
    settings::put(connection, &settings::STARTING_AGAIN, Some(&true))
}

/// Whether a state that is replaced now may be one that the server has lost.
pub(super) fn is_under_way(connection: &Connection) -> Result<bool, StoreError> {
    Ok(connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM unconfirmed)")?.query_row([], |row| row.get(0))?)
}

/// Whether anything waits to be offered again.
pub(super) fn has_offers(connection: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM unconfirmed) OR EXISTS (SELECT 1 FROM displaced WHERE refused IS NULL)";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// The record's state is to be offered again.
pub(super) fn doubt(connection: &Connection, id: Uuid) -> Result<(), StoreError> {
    connection.prepare_cached("INSERT OR IGNORE INTO unconfirmed VALUES (?1)")?.execute([id])?;
    Ok(())
}

/// What is held no longer cannot be offered.
pub(super) fn forget_missing(connection: &Connection) -> Result<(), StoreError> {
    let sql = "DELETE FROM unconfirmed WHERE id NOT IN (SELECT id FROM records WHERE fingerprint IS NOT NULL)";
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

fn confirm(connection: &Connection, id: Uuid) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM unconfirmed WHERE id = ?1")?.execute([id])?;
    Ok(())
}

fn is_unconfirmed(connection: &Connection, id: Uuid) -> Result<bool, StoreError> {
    let mut found = connection.prepare_cached("SELECT 1 FROM unconfirmed WHERE id = ?1")?;
    Ok(found.query_row([id], |_| Ok(())).optional()?.is_some())
}

fn displace(connection: &Connection, known: &Canonical, refused: Option<&str>) -> Result<(), StoreError> {
    let state = serde_json::to_string(known).expect("contract types are always JSON");
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO displaced (write_id, record_id, state, refused) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((known.write_id, known.id, state, refused))?;
    Ok(())
}

impl Settling<'_> {
    /// Before a row's known state changes, or stays: if the server shows the very write that made it, it is confirmed; if
    /// it gives way unconfirmed, it is kept to be offered.
    pub(super) fn about_to_change(&self, id: Uuid, change: Change, shown: Option<Uuid>) -> Result<(), StoreError> {
        if !self.healing || !is_unconfirmed(self.connection, id)? {
            return Ok(());
        }
        let known = RecordRow::find(self.connection, id)?.and_then(|row| row.known());
        let Some(known) = known else { return confirm(self.connection, id) };
        if shown == Some(known.write_id) {
            return confirm(self.connection, id);
        }
        match change {
            Change::Keep | Change::MarkRejected => Ok(()),
            Change::Match | Change::MatchShadow | Change::Rebase | Change::Shadow | Change::Forget | Change::Leave => {
                displace(self.connection, &known, None)?;
                confirm(self.connection, id)
            }
        }
    }

    /// The verdict on a state that was offered again. It is the server's word on this very state, whatever the numbers.
    pub(super) fn reoffered(&self, offered: &Canonical, judged: Judged) -> Result<(), StoreError> {
        let connection = self.connection;
        connection.prepare_cached("DELETE FROM displaced WHERE write_id = ?1")?.execute([offered.write_id])?;
        let row = RecordRow::find(connection, offered.id)?;
        let holds_it = |row: &RecordRow| row.known().is_some_and(|known| known.write_id == offered.write_id);
        let canonical = judged.canonical.map(|canonical| match canonical {
            CanonicalState::Record(canonical) => *canonical,
            CanonicalState::AsSent(receipt) => Canonical { receipt, ..offered.clone() },
        });
        let (held, row) = match row {
            Some(row) if holds_it(&row) => {
                confirm(connection, offered.id)?;
                (true, Some(row))
            }
            row => (false, row),
        };
        if let Verdict::Rejected(rejection) = &judged.verdict {
            tracing::warn!(id = %offered.id, ?rejection, "the server does not believe a state it once gave");
            return match (held, row) {
                (true, Some(row)) => self.unprovable(row, canonical, rejection),
                (_, row) => self.unprovable_and_displaced(offered, row, rejection),
            };
        }
        match (held, row, canonical) {
            (true, Some(row), Some(canonical)) => self.adopt(row, offered, canonical),
            (true, Some(row), None) => self.act(row.id, if row.pending { Change::Forget } else { Change::Leave }, None),
            (_, _, Some(canonical)) => self.pulled(canonical).map(drop),
            (_, _, None) => Ok(()),
        }
    }

    /// Takes over what the server has in place of `known`, which may be the same write under another receipt.
    pub(super) fn adopt(&self, mut row: RecordRow, known: &Canonical, canonical: Canonical) -> Result<(), StoreError> {
        if !row.pending {
            forms::about_to_give_way(self.connection, row.id, canonical.write_id)?;
            return RecordRow::canonical(canonical).put(self.connection);
        }
        let is_same = canonical.write_id == known.write_id;
        if is_same && row.base.as_ref().is_some_and(|base| base.is_same_state(&known.receipt)) {
            row.base = Some(canonical.receipt.clone());
        }
        row.shadow = Some(canonical);
        row.put(self.connection)
    }

    /// The state the row equals, or the pending change was made on, can no longer be proved: the server's key was lost, or
    /// the device's database was tampered with. Nothing that an operator saw saved is lost by it: where the server holds
    /// nothing, the state goes to it as an ordinary write; where it holds another, the operator decides.
    fn unprovable(
        &self,
        mut row: RecordRow,
        canonical: Option<Canonical>,
        rejection: &Rejection,
    ) -> Result<(), StoreError> {
        if row.pending {
            if let Some(known) = row.known().filter(|_| row.is_fields()) {
                displace(self.connection, &known, Some(&rejection.message))?;
            }
            // The pending change goes on as one made on nothing, so that whatever the server holds is a conflict to it.
            (row.base, row.shadow) = (None, canonical);
            return row.put(self.connection);
        }
        match canonical {
            None if row.is_fields() => {
                (row.pending, row.base) = (true, None);
                row.put(self.connection)
            }
            None => RecordRow::delete(self.connection, row.id),
            Some(canonical) if row.is_fields() && !canonical.content.says_the_same_as(&row.content) => {
                contest(row, canonical).put(self.connection)
            }
            Some(canonical) => RecordRow::canonical(canonical).put(self.connection),
        }
    }

    fn unprovable_and_displaced(
        &self,
        offered: &Canonical,
        row: Option<RecordRow>,
        rejection: &Rejection,
    ) -> Result<(), StoreError> {
        let is_fields = offered.content.known_kind().is_some_and(|kind: Kind| kind.writer() == Writer::Field);
        if !is_fields || row.as_ref().is_some_and(|row| row.content.says_the_same_as(&offered.content)) {
            return Ok(());
        }
        match row.and_then(|row| row.as_canonical()) {
            Some(canonical) => contest(RecordRow::canonical(offered.clone()), canonical).put(self.connection),
            None => displace(self.connection, offered, Some(&rejection.message)),
        }
    }
}

/// The row's text as a change that the server would not take, on top of what it holds: shown in the inbox, to be sent
/// again or given up.
fn contest(row: RecordRow, canonical: Canonical) -> RecordRow {
    let message = "The server was restored and can no longer confirm this version; it holds another one now. Open the \
                   record and decide: to keep what is shown, send it again; the server’s version is kept beside it.";
    RecordRow {
        pending: true,
        rejection: Some(Rejection::new(RejectionCode::ForgedReceipt, message)),
        base: Some(canonical.receipt.clone()),
        shadow: Some(canonical),
        ..row
    }
}
