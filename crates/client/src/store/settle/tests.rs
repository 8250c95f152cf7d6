//! What an answer makes of the store.

use gatebook_sync::wire::{CanonicalState, Judged};
use gatebook_sync::{Epoch, Scope};

use super::super::testing::{YARD, answer, canonical, edited, recorded, remarks, shown, somebody, store};
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
    let (synced, typed) = (Uuid::now_v7(), Uuid::now_v7());
    let both = vec![canonical(synced, 1, "synced"), canonical(typed, 2, "before")];
    store.settle(&[], answer(both)).unwrap();
    edited(&store, typed, "pending");
    let new = recorded(&store, "never sent");

    let mut without = answer(Vec::new());
    without.scopes.retain(|page| page.scope != Scope::Yard(YARD));
    store.settle(&[], without).unwrap();
    assert!(store.held(synced).unwrap().is_none());
    assert_eq!((remarks(&store, typed), remarks(&store, new)), ("pending".to_owned(), "never sent".to_owned()));
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
fn giving_up_a_change_that_is_on_its_way_is_a_write_that_takes_it_back() {
    let (_folder, store) = store();
    let id = Uuid::now_v7();
    store.settle(&[], answer(vec![canonical(id, 1, "first")])).unwrap();
    edited(&store, id, "second");
    let sent = on_its_way(&store);
    store.request_begins().unwrap();
    store.discard(id, &somebody()).unwrap();
    assert_eq!(remarks(&store, id), "first");
    // The server took it, and its answer comes late.
    store.settle(&sent, taken(&sent, 2)).unwrap();
    assert_eq!(remarks(&store, id), "first", "what the operator decided stays");
    let back = on_its_way(&store);
    assert_eq!((back.len(), back[0].withdraws, back[0].base.as_ref().unwrap().version), (1, true, 2));
}

#[test]
fn a_change_that_was_never_sent_is_given_up_without_a_word_to_the_server() {
    let (_folder, store) = store();
    let id = Uuid::now_v7();
    store.settle(&[], answer(vec![canonical(id, 1, "first")])).unwrap();
    store.request_begins().unwrap();
    edited(&store, id, "second");
    store.discard(id, &somebody()).unwrap();
    assert_eq!((remarks(&store, id).as_str(), store.pending_count().unwrap()), ("first", 0));
}

#[test]
fn a_write_names_those_before_it_that_may_have_been_sent_and_no_others() {
    let (_folder, store) = store();
    let id = recorded(&store, "never sent");
    edited(&store, id, "sent");
    let sent = shown(&store, id);
    store.request_begins().unwrap();
    edited(&store, id, "typed on");
    edited(&store, id, "and on");
    assert_eq!(on_its_way(&store)[0].follows, [sent]);
    // A request that never left the device carried nothing away.
    let before = store.request_begins().unwrap();
    store.request_never_left(before).unwrap();
    edited(&store, id, "and on again");
    assert_eq!(on_its_way(&store)[0].follows, [sent]);
}

#[test]
fn a_verdict_ends_what_was_unanswered_up_to_its_write() {
    let (_folder, store) = store();
    let id = recorded(&store, "first");
    let first = on_its_way(&store);
    store.request_begins().unwrap();
    edited(&store, id, "second");
    let second = on_its_way(&store);
    store.request_begins().unwrap();
    edited(&store, id, "third");
    assert_eq!(on_its_way(&store)[0].follows, [first[0].write_id, second[0].write_id]);
    store.settle(&first, taken(&first, 1)).unwrap();
    assert_eq!(on_its_way(&store)[0].follows, [second[0].write_id]);
    store.settle(&second, taken(&second, 2)).unwrap();
    assert_eq!(on_its_way(&store)[0].follows, [] as [Uuid; 0]);
}

#[test]
fn what_was_made_on_a_write_that_somebody_has_overturned_since_goes_on_naming_it() {
    let (_folder, store) = store();
    let id = Uuid::now_v7();
    store.settle(&[], answer(vec![canonical(id, 1, "first")])).unwrap();
    edited(&store, id, "second");
    let second = on_its_way(&store);
    store.request_begins().unwrap();
    edited(&store, id, "third");
    // The server took the second; before its answer came, the office put the first in force again.
    let mut overturned = taken(&second, 2);
    overturned.verdicts[0].canonical = Some(CanonicalState::Record(Box::new(canonical(id, 3, "first"))));
    store.settle(&second, overturned).unwrap();
    let third = on_its_way(&store);
    assert_eq!(third[0].follows, [second[0].write_id]);
    assert_eq!(third[0].base.as_ref().unwrap().version, 1, "the office's was not before its writer's eyes");
    store.request_begins().unwrap();
    store.settle(&third, taken(&third, 4)).unwrap();
    edited(&store, id, "fourth");
    assert_eq!(on_its_way(&store)[0].follows, [] as [Uuid; 0]);
}

#[test]
fn a_change_given_up_in_a_yard_that_is_no_longer_the_devices_leaves_nothing_behind() {
    let (_folder, store) = store();
    let id = Uuid::now_v7();
    store.settle(&[], answer(vec![canonical(id, 1, "first")])).unwrap();
    edited(&store, id, "second");
    let mut without = answer(Vec::new());
    without.scopes.retain(|page| page.scope != Scope::Yard(YARD));
    store.settle(&[], without).unwrap();
    assert_eq!(remarks(&store, id), "second", "what is pending stays");
    store.discard(id, &somebody()).unwrap();
    assert!(store.held(id).unwrap().is_none());
}

#[test]
fn a_write_whose_verdict_cannot_be_read_stays_and_is_told_after_some_rounds() {
    let (_folder, store) = store();
    let id = recorded(&store, "never lost");
    let push = store.push_page(None, gatebook_sync::wire::Limits::default()).unwrap().push;
    let unheard = SyncResponse { unread: vec![push[0].write_id], ..answer(Vec::new()) };
    for round in 1..=3 {
        assert!(store.inbox(None).unwrap().is_empty(), "round {round}");
        store.settle(&push, unheard.clone()).unwrap();
    }
    assert_eq!((store.held(id).unwrap().unwrap().pending, remarks(&store, id)), (true, "never lost".to_owned()));
    let [told]: [_; 1] = store.inbox(None).unwrap().try_into().unwrap();
    assert!(told.headline.starts_with("Not sent yet"), "{}", told.headline);
    store.settle(&push, taken(&push, 1)).unwrap();
    assert!(store.inbox(None).unwrap().is_empty());
}
