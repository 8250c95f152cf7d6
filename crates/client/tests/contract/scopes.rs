//! Which records are on a device: those of its yards, as they come and go.

use gatebook_domain::RecordState;
use gatebook_sync::RejectionCode;
use gatebook_sync::wire::Limits;

use crate::support::{Way, Yard};

#[tokio::test]
async fn a_yard_that_is_gained_comes_whole_and_one_that_is_lost_goes_with_all_that_is_synced() {
    let yard = Yard::open();
    let maria = yard.phone_of("María Torres", &[yard.laredo()]).await;
    let south = yard.phone_of("Héctor Salinas", &[yard.nuevo_laredo()]).await;
    let id = south.records("long there");
    south.syncs(&yard).await;
    let mine = maria.records("north");
    maria.syncs(&yard).await;

    yard.server().set_device_yards(maria.id, &[yard.nuevo_laredo()]).unwrap();
    maria.syncs(&yard).await;
    assert_eq!(maria.says(id), "long there");
    assert!(maria.holds(mine).is_none());
    yard.server().set_device_yards(maria.id, &[yard.laredo()]).unwrap();
    maria.syncs(&yard).await;
    assert!(maria.holds(id).is_none());
    assert_eq!((maria.says(mine), maria.repairs()), ("north".to_owned(), 0));
}

#[tokio::test]
async fn what_is_pending_of_a_lost_yard_stays_and_the_operator_is_told_that_it_is_not_taken() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let synced = maria.records("synced");
    maria.syncs(&yard).await;
    maria.edits(synced, "edited");
    let new = maria.records("new");
    yard.server().set_device_yards(maria.id, &[yard.nuevo_laredo()]).unwrap();
    maria.syncs(&yard).await;

    for (id, text) in [(synced, "edited"), (new, "new")] {
        assert_eq!(maria.says(id), text);
        assert_eq!(maria.held(id).rejection.unwrap().code, RejectionCode::UnknownScope);
    }
    assert_eq!(maria.inbox().len(), 2);
    assert_eq!(yard.audited(synced), ["synced", "edited"], "the office has it as well");
    assert_eq!(maria.device.discard_change(synced).unwrap(), None);
    assert!(maria.holds(synced).is_none(), "given up, it goes as the yard did");
    assert_eq!(maria.repairs(), 0);
}

#[tokio::test]
async fn a_yard_that_comes_back_takes_up_what_stayed() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let id = maria.records("synced");
    maria.syncs(&yard).await;
    maria.edits(id, "edited");
    yard.server().set_device_yards(maria.id, &[yard.nuevo_laredo()]).unwrap();
    maria.syncs(&yard).await;
    yard.server().set_device_yards(maria.id, &[yard.laredo(), yard.nuevo_laredo()]).unwrap();
    maria.syncs(&yard).await;
    maria.edits(id, "edited again");
    maria.syncs(&yard).await;
    assert_eq!((maria.pending(), maria.says(id), maria.repairs()), (0, "edited again".to_owned(), 0));
}

#[tokio::test]
async fn a_record_that_comes_back_from_an_older_backup_is_shown_beside_what_was_changed_on_a_newer_state() {
    let mut yard = Yard::open();
    let north = yard.phone_of("María Torres", &[yard.laredo()]).await;
    let id = north.records("old");
    north.syncs(&yard).await;
    let backup = yard.backup();
    north.edits(id, "newer");
    north.syncs(&yard).await;
    yard.moves(&north.canonical(id), yard.nuevo_laredo());
    north.edits(id, "edited");
    north.syncs(&yard).await;
    yard.restores(&backup);
    north.syncs(&yard).await;
    north.syncs(&yard).await;

    assert_eq!((north.says(id), north.repairs()), ("edited".to_owned(), 0));
    north.device.discard_change(id).unwrap();
    assert_eq!(north.says(id), "old", "what the server holds");
    north.syncs(&yard).await;
    assert_eq!(north.repairs(), 0);
}

#[tokio::test]
async fn a_record_that_moves_leaves_the_devices_of_the_old_yard_and_arrives_in_the_new() {
    let yard = Yard::open();
    let both = yard.phone("María Torres").await;
    let north = yard.phone_of("María Torres", &[yard.laredo()]).await;
    let south = yard.phone_of("Héctor Salinas", &[yard.nuevo_laredo()]).await;
    let id = both.records("on the road");
    both.syncs(&yard).await;
    north.syncs(&yard).await;
    assert!(north.holds(id).is_some());

    yard.moves(&both.canonical(id), yard.nuevo_laredo());
    for phone in [&both, &north, &south] {
        phone.syncs(&yard).await;
    }
    assert!(north.holds(id).is_none() && south.holds(id).is_some());
    assert_eq!(both.held(id).content.yard_id, Some(yard.nuevo_laredo()));

    yard.moves(&both.canonical(id), yard.laredo());
    for phone in [&both, &north, &south] {
        phone.syncs(&yard).await;
        assert_eq!(phone.repairs(), 0);
    }
    assert!(north.holds(id).is_some() && both.holds(id).is_some() && south.holds(id).is_none());
}

#[tokio::test]
async fn departures_are_told_in_pages_of_any_size_each_once() {
    let yard = Yard::open();
    let north = yard.phone_of("María Torres", &[yard.laredo()]).await;
    let ids: Vec<_> = (0..12).map(|at| north.records(&format!("truck {at}"))).collect();
    north.syncs(&yard).await;
    for id in &ids[..9] {
        yard.moves(&north.canonical(*id), yard.nuevo_laredo());
    }
    let stays = north.canonical(ids[9]);
    yard.server().put_record(None, stays.id, gatebook_sync::Content { schema: 2, ..stays.content }).unwrap();
    let pages = Limits { page_records: 2, ..Limits::default() };
    let way = crate::support::Bad::over(Way::of(&yard, &north)).editing(move |_, answer| answer.limits = pages);
    let report = north.syncs_by(pages, &way).await.unwrap();
    assert!(report.pages >= 5, "{report:?}");
    assert_eq!(ids.iter().filter(|id| north.holds(**id).is_some()).count(), 3);
    assert_eq!((way.requests(), north.repairs()), (report.pages, 0));
    assert_eq!(north.syncs(&yard).await.pages, 1);
}

#[tokio::test]
async fn a_change_to_a_record_that_moved_away_stays_until_it_is_judged_and_is_then_explained() {
    let yard = Yard::open();
    let both = yard.phone("María Torres").await;
    let north = yard.phone_of("María Torres", &[yard.laredo()]).await;
    let id = both.records("on the road");
    both.syncs(&yard).await;
    north.syncs(&yard).await;
    north.edits(id, "edited meanwhile");
    yard.moves(&both.canonical(id), yard.nuevo_laredo());
    north.syncs(&yard).await;
    assert_eq!(north.says(id), "edited meanwhile");
    assert_eq!(north.held(id).rejection.unwrap().code, RejectionCode::UnknownScope);
    assert_eq!((north.inbox().len(), north.repairs()), (1, 0));
    assert!(north.device.record(id).unwrap().can_discard);
    assert_eq!(north.device.discard_change(id).unwrap(), None);
    assert!(north.holds(id).is_none());
}

#[tokio::test]
async fn a_write_that_was_taken_and_whose_record_moved_away_before_the_answer_came_is_settled() {
    let yard = Yard::open();
    let north = yard.phone_of("María Torres", &[yard.laredo()]).await;
    let both = yard.phone("Héctor Salinas").await;
    let id = north.records("handed in");
    let way = crate::support::Bad::over(Way::of(&yard, &north)).losing_answers();
    north.syncs_over(&way).await.unwrap_err();
    both.syncs(&yard).await;
    yard.moves(&both.canonical(id), yard.nuevo_laredo());
    north.syncs(&yard).await;
    assert!(north.holds(id).is_none());
    assert_eq!((north.pending(), north.inbox().len(), north.repairs()), (0, 0, 0));
}

#[tokio::test]
async fn a_void_never_comes_back_by_a_late_edit() {
    let yard = Yard::open();
    let (maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let id = maria.records("twice");
    maria.syncs(&yard).await;
    hector.syncs(&yard).await;
    maria.device.void_record(id, "entered twice", maria.held(id).write_id).unwrap();
    maria.syncs(&yard).await;
    hector.edits(id, "edited without knowing");
    hector.syncs(&yard).await;
    maria.syncs(&yard).await;
    for phone in [&maria, &hector] {
        assert_eq!(phone.held(id).content.state, RecordState::Voided);
    }
    assert!(yard.audited(id).contains(&"edited without knowing".to_owned()));
}
