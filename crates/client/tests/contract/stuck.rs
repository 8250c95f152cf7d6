//! Records that the server cannot handle: they block nothing, are tried again, and after a while the operator is told.

use gatebook_server::Bounds;
use gatebook_sync::wire::{ApiErrorCode, SyncRequest};
use uuid::Uuid;

use crate::support::{Bad, Phone, Way, Yard};

fn poisoned(yard: &Yard, phone: &Phone, id: Uuid) -> Bad {
    let carries = move |request: &SyncRequest| request.push.iter().any(|push| push.id == id);
    Bad::over(Way::of(yard, phone)).refusing(ApiErrorCode::TooLarge, carries)
}

#[tokio::test]
async fn a_record_that_was_set_aside_is_tried_alone_in_later_rounds_and_goes_as_soon_as_it_can() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let ids: Vec<_> = (0..50).map(|at| maria.records(&format!("truck {at}"))).collect();
    let way = poisoned(&yard, &maria, ids[20]);
    assert_eq!(maria.syncs_over(&way).await.unwrap().passed_over, 1);
    assert_eq!(maria.pending(), 1);

    for at in 0..30 {
        maria.records(&format!("later {at}"));
    }
    let way = poisoned(&yard, &maria, ids[20]);
    let report = maria.syncs_over(&way).await.unwrap();
    assert_eq!((report.settled.accepted, report.passed_over), (30, 1));
    assert!(way.requests() <= 3, "{} requests: the culprit is not searched again", way.requests());
    let report = maria.syncs(&yard).await;
    assert_eq!((report.settled.accepted, maria.pending(), maria.count("stuck")), (1, 0, 0));
}

#[tokio::test]
async fn after_three_rounds_the_operator_is_told_and_no_longer_once_it_has_arrived() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let id = maria.records("too large for a proxy");
    for round in 1..=3 {
        assert_eq!(maria.inbox().len(), 0, "before round {round}");
        maria.syncs_over(&poisoned(&yard, &maria, id)).await.unwrap();
    }
    let inbox = maria.inbox();
    assert_eq!((inbox.len(), inbox[0].record_id), (1, id));
    assert!(inbox[0].headline.starts_with("Not sent yet") && inbox[0].explanation.contains("safe on this device"));
    maria.syncs(&yard).await;
    assert_eq!(maria.inbox().len(), 0);
}

#[tokio::test]
async fn an_edit_makes_a_new_write_that_goes_with_the_others() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let id = maria.records("too long");
    maria.syncs_over(&poisoned(&yard, &maria, id)).await.unwrap();
    maria.edits(id, "shorter");
    assert_eq!(maria.syncs(&yard).await.settled.accepted, 1);
    assert_eq!(yard.audited(id), ["shorter"]);
}

#[tokio::test]
async fn a_server_that_fails_altogether_sets_nothing_aside_and_is_left_alone_soon() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    for at in 0..50 {
        maria.records(&format!("truck {at}"));
    }
    let way = Bad::over(Way::of(&yard, &maria)).refusing(ApiErrorCode::Internal, |_| true);
    maria.syncs_over(&way).await.unwrap_err();
    assert!(way.requests() <= 8, "{} requests to a server that fails", way.requests());
    assert_eq!((maria.count("stuck"), maria.pending()), (0, 50));
    maria.syncs(&yard).await;
    assert_eq!(maria.pending(), 0);
}

#[tokio::test]
async fn what_has_been_corrected_takes_no_place_from_what_is_still_stuck() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let ids: Vec<_> = (0..8).map(|at| maria.records(&format!("too long {at}"))).collect();
    let poisoned = ids.clone();
    let carries = move |request: &SyncRequest| request.push.iter().any(|push| poisoned.contains(&push.id));
    let way = Bad::over(Way::of(&yard, &maria)).refusing(ApiErrorCode::TooLarge, carries);
    assert_eq!(maria.syncs_over(&way).await.unwrap().passed_over, 8);
    for id in &ids[..7] {
        maria.edits(*id, "shorter");
    }
    maria.syncs(&yard).await;
    assert_eq!((maria.pending(), yard.audited(ids[7])), (0, vec!["too long 7".to_owned()]));
}

#[tokio::test]
async fn once_the_server_can_handle_them_all_of_them_go_in_one_round() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    for at in 0..30 {
        maria.records(&format!("truck {at}"));
    }
    let way = Bad::over(Way::of(&yard, &maria)).refusing(ApiErrorCode::TooLarge, |request| !request.push.is_empty());
    assert_eq!(maria.syncs_over(&way).await.unwrap().passed_over, 30);
    let report = maria.syncs(&yard).await;
    assert_eq!((report.settled.accepted, maria.pending()), (30, 0));
}

#[tokio::test]
async fn news_of_which_the_first_comes_while_a_culprit_is_looked_for_comes_in_the_same_round() {
    let yard = Yard::bounded(&Bounds { answer_records: 1, ..Bounds::default() });
    let maria = yard.phone("María Torres").await;
    let known = maria.records("known");
    maria.syncs(&yard).await;
    let news: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();

    maria.records("fits");
    let culprit = maria.records("too large");
    let (server, content, written) = (yard.server().clone(), maria.held(known).content, news.clone());
    let refuses = move |request: &SyncRequest| {
        let is_alone = request.push.len() == 1;
        let is_culprit = request.push.iter().any(|push| push.id == culprit);
        if is_culprit && is_alone {
            for id in &written {
                server.put_record(None, *id, content.clone()).unwrap();
            }
        }
        is_culprit
    };
    let way = Bad::over(Way::of(&yard, &maria)).refusing(ApiErrorCode::TooLarge, refuses);
    let report = maria.syncs_over(&way).await.unwrap();
    assert_eq!((report.settled.accepted, report.passed_over), (1, 1));
    assert!(news.iter().all(|id| maria.device.store().held(*id).unwrap().is_some()), "{report:?}");
}
