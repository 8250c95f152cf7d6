//! An answer of the server becomes local state: verdicts, pulled records and cursors in one transaction.

use std::collections::{HashMap, HashSet};

use gatebook_sync::wire::{CanonicalState, Judged, Push, ScopePage, SyncResponse};
use gatebook_sync::{Canonical, Change, Scope, Verdict, VersionId, apply_canonical, apply_verdict, deliberate};
use rusqlite::Connection;
use uuid::Uuid;

use super::row::RecordRow;
use super::{Store, pending, settings};
use crate::error::StoreError;

/// What an answer changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settled {
    /// Writes the server took as they are.
    pub accepted: u32,
    /// Writes that met somebody else's.
    pub conflicts: u32,
    /// Writes it would not take.
    pub rejected: u32,
    /// Records that came from others.
    pub pulled: u32,
    /// The server began a new epoch: cursors start again.
    pub new_epoch: bool,
}

impl Store {
    /// Makes local state match `answer` to the page `sent`. May be repeated: the second time changes nothing.
    ///
    /// # Errors
    /// The database failed; then nothing of the answer is kept and the next round brings it again.
    pub fn settle(&self, sent: &[Push], answer: SyncResponse) -> Result<Settled, StoreError> {
        if deliberate!(CursorBeforeRows) {
            self.write(|transaction| answer.scopes.iter().try_for_each(|page| keep_cursor(transaction, page)))?;
        }
        self.write(|transaction| {
            let mut settled = Settled {
                new_epoch: settings::get(transaction, &settings::EPOCH)?.is_some_and(|known| known != answer.epoch),
                ..Settled::default()
            };
            settings::put(transaction, &settings::EPOCH, Some(&answer.epoch))?;
            settings::put(transaction, &settings::LIMITS, Some(&answer.limits))?;

            let sent: HashMap<Uuid, &Push> = sent.iter().map(|push| (push.write_id, push)).collect();
            for judged in answer.verdicts {
                match judged.verdict {
                    Verdict::Accepted => settled.accepted += 1,
                    Verdict::Conflict { .. } => settled.conflicts += 1,
                    Verdict::Rejected(_) => settled.rejected += 1,
                }
                let push = sent.get(&judged.write_id).copied();
                settle_verdict(transaction, push, judged)?;
            }
            leave_scopes(transaction, &answer.scopes)?;
            for page in answer.scopes {
                settled.pulled += settle_page(transaction, page)?;
            }
            Ok(settled)
        })
    }
}

fn settle_verdict(connection: &Connection, push: Option<&Push>, judged: Judged) -> Result<(), StoreError> {
    let Some(local) = RecordRow::head(connection, judged.id)? else {
        return Ok(());
    };
    let version = judged.canonical.as_ref().map(|canonical| canonical.receipt().version_id());
    let is_own = match &judged.canonical {
        Some(CanonicalState::Record(canonical)) => canonical.write_id == judged.write_id,
        Some(CanonicalState::AsSent(_)) | None => true,
    };
    let change = apply_verdict(local, judged.write_id, &judged.verdict, version, is_own);
    let says_it = local.pending == Some(judged.write_id) || deliberate!(ReceiptOfOtherWords);
    if let (Change::Match, Some(CanonicalState::AsSent(receipt)), true) = (change, &judged.canonical, says_it) {
        // By far the most common answer: the row says it already, only the receipt is new.
        connection.prepare_cached(include_str!("match_as_sent.sql"))?.execute((
            judged.id,
            receipt.epoch.0,
            receipt.version,
            receipt.seq,
            receipt.received_at.to_string(),
            &receipt.mac,
        ))?;
        return Ok(());
    }
    let rejection = if let Verdict::Rejected(rejection) = &judged.verdict { Some(rejection.clone()) } else { None };
    let canonical = judged.canonical.and_then(|canonical| whole(canonical, push));
    if change == Change::MarkRejected && deliberate!(DropTheRejected) {
        return act(connection, judged.id, Change::Leave, None);
    }
    if change == Change::MarkRejected {
        let mut row = RecordRow::find(connection, judged.id)?.ok_or(StoreError::NotFound(judged.id))?;
        row.rejection = rejection;
        if let Some(canonical) = canonical
            && apply_canonical(Some(local), canonical.receipt.version_id()) == Change::Shadow
        {
            row.shadow = Some(canonical);
        }
        return row.put(connection);
    }
    act(connection, judged.id, change, canonical)
}

fn settle_page(connection: &Connection, page: ScopePage) -> Result<u32, StoreError> {
    let mut pulled = 0;
    for canonical in page.records {
        let local = RecordRow::head(connection, canonical.id)?;
        let change = apply_canonical(local, canonical.receipt.version_id());
        pulled += u32::from(change != Change::Keep);
        act(connection, canonical.id, change, Some(canonical))?;
    }
    keep_cursor(connection, &ScopePage { records: Vec::new(), ..page })?;
    Ok(pulled)
}

fn keep_cursor(connection: &Connection, page: &ScopePage) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO cursors (scope, cursor) VALUES (?1, ?2)")?
        .execute((page.scope.to_string(), page.cursor))?;
    Ok(())
}

fn act(connection: &Connection, id: Uuid, change: Change, canonical: Option<Canonical>) -> Result<(), StoreError> {
    match (change, canonical) {
        (Change::Match, Some(canonical)) => RecordRow::canonical(canonical).put(connection),
        (Change::Leave, _) => {
            connection.prepare_cached("DELETE FROM records WHERE id = ?1")?.execute([id])?;
            Ok(())
        }
        (Change::MatchShadow, _) => {
            let row = RecordRow::find(connection, id)?.ok_or(StoreError::NotFound(id))?;
            row.shadow.map_or(Ok(()), |shadow| RecordRow::canonical(shadow).put(connection))
        }
        (Change::Rebase | Change::Shadow, Some(canonical)) => {
            let mut row = RecordRow::find(connection, id)?.ok_or(StoreError::NotFound(id))?;
            if change == Change::Rebase {
                row.base = Some(canonical.receipt.clone());
            }
            if newer(&canonical, row.shadow.as_ref()) {
                row.shadow = Some(canonical);
            }
            row.put(connection)
        }
        (Change::Keep | Change::MarkRejected | Change::Match | Change::Rebase | Change::Shadow, _) => Ok(()),
    }
}

fn newer(canonical: &Canonical, than: Option<&Canonical>) -> bool {
    let id = |canonical: &Canonical| -> VersionId { canonical.receipt.version_id() };
    than.is_none_or(|than| id(canonical) > id(than))
}

/// The canonical state in full. When the server answers "as you sent it" about a write that has been edited since, the
/// row no longer says it; the page that was sent does.
fn whole(canonical: CanonicalState, push: Option<&Push>) -> Option<Canonical> {
    match canonical {
        CanonicalState::Record(canonical) => Some(*canonical),
        CanonicalState::AsSent(receipt) => push.map(|push| Canonical {
            id: push.id,
            receipt,
            write_id: push.write_id,
            device_id: None,
            content: push.content.clone(),
        }),
    }
}

/// Scopes the device no longer receives lose what is synced; what is pending stays until the server has judged it.
fn leave_scopes(connection: &Connection, named: &[ScopePage]) -> Result<(), StoreError> {
    let named: HashSet<Scope> = named.iter().map(|page| page.scope).collect();
    for (scope, _) in pending::cursors(connection)? {
        if !named.contains(&scope) {
            connection.execute("DELETE FROM records WHERE yard_id IS ?1 AND pending_sync = 0", [scope.yard_id()])?;
            if deliberate!(PurgePending) {
                connection.execute("DELETE FROM records WHERE yard_id IS ?1", [scope.yard_id()])?;
            }
            if !deliberate!(KeepCursorOfLostScope) {
                connection.execute("DELETE FROM cursors WHERE scope = ?1", [scope.to_string()])?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use gatebook_sync::Epoch;

    use super::super::testing::{YARD, answer, canonical, event, recorded, remarks, somebody, store};
    use super::*;

    #[test]
    fn an_answer_settled_twice_changes_nothing_the_second_time() {
        let (_folder, store) = store();
        let id = Uuid::now_v7();
        let answer = answer(vec![canonical(id, 1, "from the server")]);
        assert_eq!(store.settle(&[], answer.clone()).unwrap().pulled, 1);
        assert_eq!(store.settle(&[], answer).unwrap(), Settled::default());
        assert_eq!(remarks(&store, id), "from the server");
    }

    #[test]
    fn an_older_version_that_comes_late_does_not_replace_a_newer_one() {
        let (_folder, store) = store();
        let id = Uuid::now_v7();
        store.settle(&[], answer(vec![canonical(id, 2, "newer")])).unwrap();
        store.settle(&[], answer(vec![canonical(id, 1, "older")])).unwrap();
        assert_eq!(remarks(&store, id), "newer");
    }

    #[test]
    fn a_yard_that_is_lost_takes_what_is_synced_with_it_and_leaves_what_is_pending() {
        let (_folder, store) = store();
        let (synced, edited) = (Uuid::now_v7(), Uuid::now_v7());
        let both = vec![canonical(synced, 1, "synced"), canonical(edited, 2, "before")];
        store.settle(&[], answer(both)).unwrap();
        store.save(edited, event("pending"), &somebody()).unwrap();
        let new = recorded(&store, "never sent");

        let mut without = answer(Vec::new());
        without.scopes.retain(|page| page.scope != Scope::Yard(YARD));
        store.settle(&[], without).unwrap();
        assert!(store.held(synced).unwrap().is_none());
        assert_eq!((remarks(&store, edited), remarks(&store, new)), ("pending".to_owned(), "never sent".to_owned()));
        assert!(
            !store
                .push_page(None, gatebook_sync::wire::Limits::default())
                .unwrap()
                .cursors
                .contains_key(&Scope::Yard(YARD))
        );
    }

    #[test]
    fn a_new_epoch_of_the_server_is_noticed_once() {
        let (_folder, store) = store();
        store.settle(&[], answer(Vec::new())).unwrap();
        let restored = SyncResponse { epoch: Epoch(2), ..answer(Vec::new()) };
        assert!(store.settle(&[], restored.clone()).unwrap().new_epoch);
        assert!(!store.settle(&[], restored).unwrap().new_epoch);
    }

    /// The server takes what was sent, as it was sent.
    fn taken(push: &[Push], version: u64) -> SyncResponse {
        let receipt = |push: &Push| canonical(push.id, version, "").receipt;
        let verdicts = push
            .iter()
            .map(|push| Judged {
                id: push.id,
                write_id: push.write_id,
                verdict: Verdict::Accepted,
                canonical: Some(CanonicalState::AsSent(receipt(push))),
            })
            .collect();
        SyncResponse { verdicts, ..answer(Vec::new()) }
    }

    fn on_its_way(store: &Store) -> Vec<Push> {
        store.push_page(None, gatebook_sync::wire::Limits::default()).unwrap().push
    }

    #[test]
    fn a_change_given_up_while_it_was_on_its_way_comes_back_when_the_server_took_it() {
        let (_folder, store) = store();
        let id = Uuid::now_v7();
        store.settle(&[], answer(vec![canonical(id, 1, "first")])).unwrap();
        store.save(id, event("second"), &somebody()).unwrap();
        let sent = on_its_way(&store);
        store.discard(id).unwrap();
        assert_eq!(remarks(&store, id), "first");
        store.settle(&sent, taken(&sent, 2)).unwrap();
        let version = store.held(id).unwrap().unwrap().base.unwrap().version;
        assert_eq!((remarks(&store, id).as_str(), version), ("second", 2), "the receipt is of what the row says");
    }

    #[test]
    fn a_change_given_up_in_a_yard_that_is_no_longer_the_devices_leaves_nothing_behind() {
        let (_folder, store) = store();
        let id = Uuid::now_v7();
        store.settle(&[], answer(vec![canonical(id, 1, "first")])).unwrap();
        store.save(id, event("second"), &somebody()).unwrap();
        let mut without = answer(Vec::new());
        without.scopes.retain(|page| page.scope != Scope::Yard(YARD));
        store.settle(&[], without).unwrap();
        assert_eq!(remarks(&store, id), "second", "what is pending stays");
        store.discard(id).unwrap();
        assert!(store.held(id).unwrap().is_none());
    }
}
