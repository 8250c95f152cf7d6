//! States that a newer server sent and that this version cannot read. They are held as they came, under a kind that is listed
//! nowhere, so that device and server agree on what the device has; a version that can read them finds them here.

use rusqlite::Connection;

use super::row::RecordRow;
use crate::answer::{UNREADABLE, read_again};
use crate::error::StoreError;

/// Reads again what an earlier version could not.
pub(super) fn read_all_again(connection: &Connection) -> Result<(), StoreError> {
    for row in rows(connection)? {
        let known = row.as_canonical().and_then(|mut known| {
            known.content = read_again(&known.content)?;
            Some(known)
        });
        if let Some(known) = known {
            RecordRow::canonical(known).put(connection)?;
        }
    }
    let named = format!("%\"kind\":\"{UNREADABLE}\"%");
    for mut row in RecordRow::select(connection, "pending_sync = 1 AND shadow LIKE ?1", [named])? {
        let Some(shadow) = &mut row.shadow else { continue };
        if let Some(content) = read_again(&shadow.content) {
            shadow.content = content;
            row.put(connection)?;
        }
    }
    Ok(())
}

/// What is held and cannot be read, oldest first.
pub(super) fn rows(connection: &Connection) -> Result<Vec<RecordRow>, StoreError> {
    RecordRow::select(connection, "kind = ?1 AND pending_sync = 0 ORDER BY changed_at, id", [UNREADABLE])
}

#[cfg(test)]
mod tests {
    use gatebook_sync::Canonical;
    use serde_json::value::RawValue;
    use uuid::Uuid;

    use super::super::testing::{answer, canonical, edited, remarks, store};
    use super::super::{Offered, Store};
    use super::*;

    /// As it is held by a version that cannot read it.
    fn kept(mut state: Canonical) -> Canonical {
        let content = serde_json::to_string(&state.content).unwrap();
        state.content.kind = UNREADABLE.to_owned();
        state.content.body = RawValue::from_string(content).unwrap();
        state
    }

    #[test]
    fn it_is_told_once_for_all_until_a_version_can_read_it() {
        let (folder, store) = store();
        let ids = [(); 2].map(|()| Uuid::now_v7());
        let states = ids.map(|id| kept(canonical(id, 1, "from a newer server")));
        store.settle(&[], answer(states.to_vec())).unwrap();
        let [told]: [_; 1] = store.inbox(None).unwrap().try_into().unwrap();
        assert!(told.headline.starts_with("Update this app: 2 records") && told.unread, "{}", told.headline);
        store.mark_read(told.id).unwrap();
        assert!(!store.inbox(None).unwrap()[0].unread);

        drop(store);
        let newer = Store::open(folder.path()).unwrap();
        assert_eq!(ids.map(|id| remarks(&newer, id)), ["from a newer server"; 2]);
        assert!(newer.inbox(None).unwrap().is_empty());
    }

    #[test]
    fn a_change_that_waits_stays_and_learns_of_it_then() {
        let (folder, store) = store();
        let id = Uuid::now_v7();
        store.settle(&[], answer(vec![canonical(id, 1, "before")])).unwrap();
        edited(&store, id, "pending");
        store.settle(&[], answer(vec![kept(canonical(id, 2, "from a newer server"))])).unwrap();
        assert_eq!(remarks(&store, id), "pending");
        drop(store);
        let newer = Store::open(folder.path()).unwrap();
        let held = newer.held(id).unwrap().unwrap();
        assert!(held.pending && remarks(&newer, id) == "pending");
        assert_eq!(held.shadow.unwrap().kind, "gate_event");
    }

    #[test]
    fn it_is_not_given_back_to_a_restored_server_in_words_that_its_receipt_is_not_for() {
        let (folder, store) = store();
        let states = vec![kept(canonical(Uuid::now_v7(), 1, "newer")), canonical(Uuid::now_v7(), 2, "known")];
        store.settle(&[], answer(states)).unwrap();
        let restored = gatebook_sync::wire::SyncResponse { epoch: gatebook_sync::Epoch(2), ..answer(Vec::new()) };
        store.settle(&[], restored).unwrap();
        let offers = |store: &Store| {
            let limits = gatebook_sync::wire::Limits::default();
            let (states, _) = store.reoffer_page(Offered::default(), limits).unwrap();
            states.iter().map(|state| state.content.kind.clone()).collect::<Vec<_>>()
        };
        assert_eq!(offers(&store), ["gate_event"]);
        drop(store);
        assert_eq!(offers(&Store::open(folder.path()).unwrap()), ["gate_event"; 2]);
    }
}
