//! News of the device's scopes: what they hold now, what left them, and scopes that are no longer the device's.

use std::collections::HashSet;

use gatebook_domain::RecordState;
use gatebook_domain::record::Writer;
use gatebook_sync::wire::{Departure, ScopePage};
use gatebook_sync::{Canonical, Change, Fingerprint, Scope, apply_canonical, apply_departure, deliberate};
use uuid::Uuid;

use super::Settling;
use crate::error::StoreError;
use crate::store::row::RecordRow;
use crate::store::{forms, history, pending};

impl Settling<'_> {
    /// Takes over the pages of an answer. Returns how many records were news, and whether the device is behind: a scope
    /// was lost and came back while its page was on its way, and what was here when it was asked for no longer is. Such
    /// a page moves no cursor, and says nothing about what the device holds.
    pub(super) fn pages(
        &self,
        pages: &mut [ScopePage],
        follows_on: impl Fn(&ScopePage) -> u64,
    ) -> Result<(u32, bool), StoreError> {
        self.leave_scopes(pages)?;
        let cursors = pending::cursors(self.connection)?;
        let mut is_behind = false;
        let mut pulled = 0;
        for canonical in pages.iter_mut().flat_map(|page| std::mem::take(&mut page.records)) {
            pulled += u32::from(self.pulled(canonical)?);
        }
        // After all records: what moved from one of the device's yards to another is there already and stays.
        for page in pages {
            for departure in &page.left {
                self.departed(page.scope, *departure)?;
            }
            if cursors.get(&page.scope).copied().unwrap_or(0) < follows_on(page) {
                (is_behind, page.tally) = (true, None);
                continue;
            }
            self.connection
                .prepare_cached("INSERT OR REPLACE INTO cursors (scope, cursor) VALUES (?1, ?2)")?
                .execute((page.scope.to_string(), page.cursor))?;
        }
        Ok((pulled, is_behind))
    }

    /// Takes over a canonical state that nobody asked about here. Returns whether it was news.
    pub(super) fn pulled(&self, canonical: Canonical) -> Result<bool, StoreError> {
        let (id, write_id) = (canonical.id, canonical.write_id);
        let local = RecordRow::head(self.connection, id)?;
        if deliberate!(PassOverTheOffice) && local.is_some() && is_of_the_office(&canonical) {
            return Ok(false);
        }
        let mut change = apply_canonical(local, canonical.receipt.version_id());
        if self.healing && change == Change::Keep {
            if let Some((row, known)) = self.held_otherwise(&canonical)? {
                self.about_to_change(id, Change::Keep, Some(write_id))?;
                self.adopt(row, &known, canonical)?;
                return Ok(false);
            }
            change = self.told_apart(&canonical)?;
        }
        self.about_to_change(id, change, Some(write_id))?;
        if change == Change::Match {
            self.keep(&RecordRow::canonical(canonical), local.is_none())?;
        } else {
            self.act(id, change, Some(canonical))?;
        }
        Ok(change != Change::Keep)
    }

    /// The row, and what is known of it, if that is the very write that the server shows, under another receipt: it was
    /// lost in a restore and given again.
    fn held_otherwise(&self, canonical: &Canonical) -> Result<Option<(RecordRow, Canonical)>, StoreError> {
        let row = RecordRow::find(self.connection, canonical.id)?;
        Ok(row.and_then(|row| Some((row.known()?, row))).and_then(|(known, row)| {
            let is_other = known.write_id == canonical.write_id && !known.receipt.is_same_state(&canonical.receipt);
            is_other.then_some((row, known))
        }))
    }

    /// After a restore that nobody announced, two states may have the same number: the one received later is newer.
    fn told_apart(&self, canonical: &Canonical) -> Result<Change, StoreError> {
        let Some(row) = RecordRow::find(self.connection, canonical.id)? else { return Ok(Change::Keep) };
        let is_later = row.known().is_some_and(|known| canonical.receipt.is_newer_than(&known.receipt));
        Ok(match (is_later, row.pending) {
            (false, _) => Change::Keep,
            (true, false) => Change::Match,
            (true, true) => Change::Shadow,
        })
    }

    /// Writes a row that equals a canonical state, unless it is history that this device does not keep.
    fn keep(&self, row: &RecordRow, is_new: bool) -> Result<(), StoreError> {
        let fingerprint = || row.base.as_ref().map(|receipt| Fingerprint::of(row.id, receipt)).unwrap_or_default();
        let mut is_new = is_new;
        if is_new && self.has_let_go {
            if history::is_let_go_as(self.connection, row.id, fingerprint())? {
                return Ok(());
            }
            // It was let go and has changed since: it is here again for a while.
            is_new = !history::take_back(self.connection, row.id)?;
        }
        if is_new && self.horizon.is_over(row) {
            return history::note_let_go(self.connection, row.id, row.content.yard_id, fingerprint());
        }
        if !is_new {
            forms::about_to_give_way(self.connection, row.id, row.write_id)?;
        }
        row.put(self.connection)
    }

    /// A record is no longer in the scope.
    fn departed(&self, scope: Scope, departure: Departure) -> Result<(), StoreError> {
        let Departure { id, version } = departure;
        let Some(local) = RecordRow::head(self.connection, id)? else {
            self.connection
                .prepare_cached("DELETE FROM let_go WHERE id = ?1 AND yard_id IS ?2")?
                .execute((id, scope.yard_id()))?;
            return Ok(());
        };
        let known_yard: Option<Uuid> = self
            .connection
            .prepare_cached("SELECT coalesce(known_yard, yard_id) FROM records WHERE id = ?1")?
            .query_row([id], |row| row.get(0))?;
        if Scope::of(known_yard) != scope {
            return Ok(());
        }
        let change = apply_departure(local, version);
        self.about_to_change(id, change, None)?;
        self.act(id, change, None)
    }

    /// Scopes the device no longer receives lose what is synced; what is pending stays until the server has judged it.
    fn leave_scopes(&self, named: &[ScopePage]) -> Result<(), StoreError> {
        let named: HashSet<Scope> = named.iter().map(|page| page.scope).collect();
        for (scope, _) in pending::cursors(self.connection)? {
            if named.contains(&scope) {
                continue;
            }
            let yard_id = scope.yard_id();
            if self.healing {
                let unconfirmed = "yard_id IS ?1 AND pending_sync = 0 AND id IN (SELECT id FROM unconfirmed)";
                for row in RecordRow::select(self.connection, unconfirmed, [yard_id])? {
                    self.about_to_change(row.id, Change::Leave, None)?;
                }
            }
            let corrected = "yard_id IS ?1 AND pending_sync = 0 AND id IN (SELECT record_id FROM corrections)";
            for row in RecordRow::select(self.connection, corrected, [yard_id])? {
                self.leave(row.id)?;
            }
            self.connection.execute(
                "DELETE FROM records WHERE yard_id IS ?1 AND (pending_sync = 0 OR untouched = 1)",
                [yard_id],
            )?;
            self.connection.execute("DELETE FROM let_go WHERE yard_id IS ?1", [yard_id])?;
            if deliberate!(PurgePending) {
                self.connection.execute("DELETE FROM records WHERE yard_id IS ?1", [yard_id])?;
            }
            if !deliberate!(KeepCursorOfLostScope) {
                self.connection.execute("DELETE FROM cursors WHERE scope = ?1", [scope.to_string()])?;
            }
        }
        Ok(())
    }
}

/// Whether the office made it of a record of the field's, to be worked on.
fn is_of_the_office(canonical: &Canonical) -> bool {
    let is_fields = canonical.content.known_kind().is_some_and(|kind| kind.writer() == Writer::Field);
    is_fields && canonical.device_id.is_none() && canonical.content.state == RecordState::Live
}
