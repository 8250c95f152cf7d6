//! What the server tells devices so that both know they hold the same: tallies, parts, departures and marks.

use gatebook_server::Bounds;
use gatebook_sync::wire::{IdRange, Repair, ScopePage, SyncRequest, SyncResponse};
use gatebook_sync::{Canonical, Fingerprint, Scope, Tally};
use uuid::Uuid;

use crate::support::{TestDevice, TestServer, gate_event};

fn tally(states: &[Canonical]) -> Tally {
    states.iter().map(|state| Fingerprint::of(state.id, &state.receipt)).collect()
}

fn page(answer: &SyncResponse, scope: Scope) -> &ScopePage {
    answer.scopes.iter().find(|page| page.scope == scope).unwrap()
}

async fn asks(device: &TestDevice, repair: Repair) -> SyncResponse {
    device.sync(SyncRequest { repair, ..device.request() }).await
}

/// Everything in a scope, as a device that knows nothing pulls it.
async fn whole(device: &TestDevice, scope: Scope) -> (Vec<Canonical>, Option<Tally>) {
    let request = SyncRequest { cursors: std::collections::BTreeMap::new(), ..device.request() };
    let answer = device.sync(request).await;
    let page = page(&answer, scope);
    (page.records.clone(), page.tally)
}

#[tokio::test]
async fn the_tally_is_that_of_what_the_scope_holds_whatever_has_happened_to_it() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let scope = Scope::Yard(yard.laredo());
    let first = a.push(gate_event("first")).await.accepted(1);
    let second = a.push(gate_event("second").of_record(first.id).on(&first.receipt)).await.accepted(2);
    b.push(gate_event("B's").of_record(first.id).on(&first.receipt)).await.won(3);
    let other = a.push_all((0..20).map(|at| gate_event(&format!("event {at}")))).await;
    let moved = &other.push[4];
    a.push(gate_event("event 4").of_record(moved.id).on(&other.receipts()[4]).at(yard.nuevo_laredo()))
        .await
        .accepted(2);
    yard.sets(other.push[5].id, "void").await;
    yard.restores(first.id, second.write_id).await;
    for scope in [scope, Scope::Yard(yard.nuevo_laredo()), Scope::Org] {
        let (states, told) = whole(&a, scope).await;
        assert_eq!(Some(tally(&states)), told, "{scope}");
    }
}

#[tokio::test]
async fn only_the_page_that_reaches_the_end_carries_the_tally() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let mut request = a.request();
    request.take.records = 60;
    let answer = a.sync(request).await;
    let told: Vec<bool> = answer.scopes.iter().map(|page| page.tally.is_some()).collect();
    assert!(answer.more);
    assert_eq!(told, [true, false, false]);
}

#[tokio::test]
async fn a_range_is_answered_in_parts_that_add_up_and_a_small_one_by_a_list() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    a.push_all((0..300).map(|at| gate_event(&format!("event {at}")))).await;
    let scope = Scope::Yard(yard.laredo());
    let (states, told) = whole(&a, scope).await;
    let mut open = vec![IdRange::whole(scope)];
    let (mut listed, mut asked) = (Vec::new(), 0);
    while !open.is_empty() {
        asked += 1;
        let answer = asks(&a, Repair { ranges: std::mem::take(&mut open), fetch: Vec::new() }).await;
        let sum = answer.repaired.parts.iter().fold(Tally::EMPTY, |sum, part| sum.plus(part.tally));
        assert_eq!(Some(sum), told);
        for part in answer.repaired.parts {
            match part.entries {
                Some(entries) => listed.extend(entries),
                None => open.push(part.range),
            }
        }
    }
    assert_eq!(asked, 2);
    let mut held: Vec<_> = states.iter().map(|state| (state.id, Fingerprint::of(state.id, &state.receipt))).collect();
    held.sort_unstable_by_key(|(id, _)| *id);
    assert_eq!(listed.iter().map(|entry| (entry.id, entry.fingerprint)).collect::<Vec<_>>(), held);
}

#[tokio::test]
async fn an_answer_looks_at_so_much_and_what_is_left_is_asked_again_until_all_is_found() {
    let yard = TestServer::bounded(Bounds { repair_ranges: 3, repair_entries: 100, ..Bounds::default() }).await;
    let a = yard.device("A").await;
    a.push_all((0..400).map(|at| gate_event(&format!("event {at}")))).await;
    let scope = Scope::Yard(yard.laredo());
    let (states, told) = whole(&a, scope).await;
    let mut open = vec![IdRange::whole(scope)];
    let (mut listed, mut asked) = (Vec::new(), 0);
    while !open.is_empty() {
        asked += 1;
        assert!(asked < 100, "it comes to an end");
        let ranges = std::mem::take(&mut open);
        let most = ranges.len() + 3 * 16;
        let parts = asks(&a, Repair { ranges, fetch: Vec::new() }).await.repaired.parts;
        let looked_at = parts.iter().filter(|part| Some(part.tally) != told && part.tally.records < u64::MAX);
        assert!(looked_at.map(|part| part.tally.records).sum::<u64>() <= 100);
        assert!(parts.len() <= most, "{} parts", parts.len());
        for part in parts {
            match part.entries {
                Some(entries) => listed.extend(entries),
                None => open.push(part.range),
            }
        }
    }
    let mut held: Vec<_> = states.iter().map(|state| (state.id, Fingerprint::of(state.id, &state.receipt))).collect();
    held.sort_unstable_by_key(|(id, _)| *id);
    listed.sort_unstable_by_key(|entry| entry.id);
    assert_eq!(listed.iter().map(|entry| (entry.id, entry.fingerprint)).collect::<Vec<_>>(), held);
}

#[tokio::test]
async fn thousands_of_whole_scopes_in_one_request_cost_no_more_than_a_few() {
    let yard = TestServer::bounded(Bounds { repair_ranges: 3, repair_entries: 100, ..Bounds::default() }).await;
    let a = yard.device("A").await;
    let whole = IdRange::whole(Scope::Yard(yard.laredo()));
    let parts = asks(&a, Repair { ranges: vec![whole; 2_500], fetch: Vec::new() }).await.repaired.parts;
    let unseen = parts.iter().filter(|part| part.tally.records == u64::MAX);
    assert_eq!(unseen.filter(|part| part.range == whole && part.entries.is_none()).count(), 2_497);
}

#[tokio::test]
async fn of_the_records_asked_for_as_many_come_as_fit_and_the_rest_when_asked_again() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    a.push_all((0..100).map(|at| gate_event(&format!("event {at}")))).await;
    a.pull().await;
    let (states, _) = whole(&a, Scope::Yard(yard.laredo())).await;
    let mut missing: Vec<Uuid> = states.iter().map(|state| state.id).collect();
    for most in [40, 40, 40] {
        let mut request = SyncRequest { repair: Repair { ranges: Vec::new(), fetch: missing.clone() }, ..a.request() };
        request.take.records = most;
        let came: Vec<_> = a.sync(request).await.repaired.records.into_iter().map(|state| state.id).collect();
        assert_eq!(came.len(), missing.len().min(40));
        missing.retain(|id| !came.contains(id));
    }
    assert!(missing.is_empty());
}

#[tokio::test]
async fn nothing_of_a_yard_that_is_not_the_devices_is_told_by_any_way() {
    let yard = TestServer::start().await;
    let (a, there) = (yard.device("A").await, yard.device_of("There", &[yard.nuevo_laredo()]).await);
    let north = a.push(gate_event("north")).await.accepted(1);
    let south = a.push(gate_event("south").at(yard.nuevo_laredo())).await.accepted(1);
    let ranges = vec![IdRange::whole(Scope::Yard(yard.laredo())), IdRange::whole(Scope::Yard(Uuid::nil()))];
    let answer = asks(&there, Repair { ranges, fetch: vec![north.id, south.id, Uuid::nil()] }).await;
    assert!(answer.repaired.parts.is_empty());
    assert_eq!(answer.repaired.records.iter().map(|state| state.id).collect::<Vec<_>>(), [south.id]);
}

#[tokio::test]
async fn a_record_that_moves_is_told_to_the_yard_it_left_once_and_not_once_it_is_back() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let north = yard.device_of("North", &[yard.laredo()]).await;
    let first = a.push(gate_event("first")).await.accepted(1);
    north.pull().await;
    let moved = gate_event("first").of_record(first.id).on(&first.receipt).at(yard.nuevo_laredo());
    let moved = a.push(moved).await.accepted(2);

    let scope = Scope::Yard(yard.laredo());
    let answer = north.sync(north.request()).await;
    let left = &page(&answer, scope).left;
    assert_eq!(left.iter().map(|it| (it.id, it.version)).collect::<Vec<_>>(), [(first.id, moved.receipt.version_id())]);
    assert_eq!(page(&answer, scope).cursor, moved.receipt.seq);
    north.pull().await;
    assert!(page(&north.sync(north.request()).await, scope).left.is_empty());

    let back = gate_event("first").of_record(first.id).on(&moved.receipt).at(yard.laredo());
    a.push(back).await.accepted(3);
    let answer = north.sync(SyncRequest { cursors: std::collections::BTreeMap::new(), ..north.request() }).await;
    assert!(page(&answer, scope).left.is_empty());
    assert!(page(&answer, scope).records.iter().any(|state| state.id == first.id));
}

#[tokio::test]
async fn as_many_questions_as_records_of_a_page_are_taken_and_no_more() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let repair = Repair { ranges: Vec::new(), fetch: vec![Uuid::nil(); 2_501] };
    let body = serde_json::to_vec(&SyncRequest { repair, ..a.request() }).unwrap();
    assert_eq!(a.post(body).await.status().as_u16(), 413);
}
