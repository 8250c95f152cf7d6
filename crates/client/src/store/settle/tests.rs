//! What an answer makes of the store.

use gatebook_sync::wire::{CanonicalState, Judged};
use gatebook_sync::{Epoch, Scope};

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
fn a_yard_that_comes_back_while_it_is_asked_for_is_asked_for_from_its_beginning() {
    let (_folder, store) = store();
    let id = Uuid::now_v7();
    store.settle(&[], answer(vec![canonical(id, 1, "in the yard")])).unwrap();
    let cursors = || store.push_page(None, gatebook_sync::wire::Limits::default()).unwrap().cursors;
    let sent = Sent { cursors: cursors(), epoch: Some(Epoch(1)), ..Sent::default() };
    // The answer to a round that was cut is still written.
    let mut without = answer(Vec::new());
    without.scopes.retain(|page| page.scope != Scope::Yard(YARD));
    store.settle(&[], without).unwrap();

    let mut back = answer(Vec::new());
    for page in &mut back.scopes {
        page.tally = Some(store.tally(page.scope).unwrap());
    }
    back.scopes[1].tally = Some(gatebook_sync::Tally { records: 1, ..back.scopes[1].tally.unwrap() });
    let (_, aftermath) = store.settle_answer(&sent, back.clone()).unwrap();
    assert!(aftermath.is_behind && !aftermath.differs);
    assert_eq!((cursors().contains_key(&Scope::Yard(YARD)), store.repairs().unwrap()), (false, 0));
    // A server that begins a scope anew is followed from wherever the device is.
    let anew = Sent { epoch: Some(Epoch(7)), ..sent.clone() };
    assert!(!store.settle_answer(&anew, answer(vec![canonical(id, 1, "again")])).unwrap().1.is_behind);
    assert!(cursors().contains_key(&Scope::Yard(YARD)));
    assert!(!store.settle_answer(&sent, back).unwrap().1.is_behind);
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
