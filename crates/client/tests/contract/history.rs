//! Local history within bounds: what is finished and old leaves the device, what is pending never does.

use gatebook_client::photos::{About, Origin, Source};
use gatebook_client::view::ErrorCode;
use gatebook_domain::attachment::AttachmentRole;
use gatebook_domain::equipment::Load;
use gatebook_domain::signature::Submitted;
use gatebook_domain::{Body, Kind, RecordState};
use gatebook_server::Bounds;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::support::{Phone, Way, Yard};

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

fn submits(phone: &Phone, id: Uuid) {
    phone.changes(id, |event| {
        event.load = Some(Load::Empty);
        event.driver.name = String::from("Ana");
        event.carrier.name = String::from("Puente Drayage");
        event.submitted = Some(Submitted::new(Timestamp::UNIX_EPOCH, None));
    });
}

/// A submitted, a voided, an unfinished and a pending record, all old.
async fn an_old_yard(yard: &Yard, phone: &Phone) -> [Uuid; 4] {
    let ids = ["submitted", "voided", "unfinished", "pending"].map(|remarks| phone.records(remarks));
    submits(phone, ids[0]);
    phone.device.void_record(ids[1], "twice", phone.held(ids[1]).write_id).unwrap();
    submits(phone, ids[3]);
    phone.syncs(yard).await;
    yard.clock.step(days(31));
    phone.edits(ids[3], "edited since");
    ids
}

#[tokio::test]
async fn what_is_finished_and_old_leaves_and_the_rest_stays() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let [submitted, voided, unfinished, pending] = an_old_yard(&yard, &maria).await;
    // The pending one cannot be sent just now.
    let way = crate::support::Bad::over(Way::of(&yard, &maria)).editing(|_, answer| answer.verdicts.clear());
    maria.syncs_over(&way).await.unwrap();
    maria.syncs(&yard).await;
    assert!(maria.holds(submitted).is_none() && maria.holds(voided).is_none());
    assert_eq!((maria.says(unfinished), maria.says(pending)), ("unfinished".to_owned(), "edited since".to_owned()));
    assert_eq!(yard.audit(submitted).len(), 1, "the server keeps it");
}

#[tokio::test]
async fn a_server_clock_that_is_wrong_for_a_while_makes_nothing_old_and_nothing_after_it_stay_for_ever() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let early = maria.records("early");
    submits(&maria, early);
    maria.syncs(&yard).await;
    yard.clock.is_wrong_by(days(365 * 73));
    let wrong = maria.records("in another age");
    submits(&maria, wrong);
    maria.syncs(&yard).await;
    assert!(maria.holds(early).is_some(), "nothing is old by a clock that is in doubt");
    yard.clock.is_wrong_by(SignedDuration::ZERO);
    let late = maria.records("late");
    submits(&maria, late);
    maria.syncs(&yard).await;
    assert!(maria.canonical(late).receipt.received_at > maria.canonical(wrong).receipt.received_at, "the order holds");
    yard.clock.step(days(31));
    maria.syncs(&yard).await;
    assert!(maria.holds(early).is_none() && maria.holds(late).is_none());
    assert!(maria.holds(wrong).is_some(), "of that one nobody knows better");
}

#[tokio::test]
async fn consistency_copes_with_what_was_let_go() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let [submitted, ..] = an_old_yard(&yard, &maria).await;
    for _ in 0..3 {
        maria.syncs(&yard).await;
        yard.clock.step(days(1));
    }
    assert!(maria.holds(submitted).is_none());
    assert_eq!(maria.repairs(), 0);
}

#[tokio::test]
async fn a_change_at_the_office_brings_it_back() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let [submitted, ..] = an_old_yard(&yard, &maria).await;
    maria.syncs(&yard).await;
    assert!(maria.holds(submitted).is_none());
    yard.server().set_state(submitted, RecordState::Closed, "checked").unwrap();
    maria.syncs(&yard).await;
    assert_eq!(maria.held(submitted).content.state, RecordState::Closed);
    yard.clock.step(days(31));
    maria.syncs(&yard).await;
    assert!(maria.holds(submitted).is_none());
    assert_eq!(maria.repairs(), 0);
}

#[tokio::test]
async fn a_device_that_joins_later_does_not_take_it_in() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let [submitted, voided, unfinished, _] = an_old_yard(&yard, &maria).await;
    let late = yard.phone("Héctor Salinas").await;
    assert!(late.holds(submitted).is_none() && late.holds(voided).is_none() && late.holds(unfinished).is_some());
    late.syncs(&yard).await;
    assert_eq!(late.repairs(), 0);
}

#[tokio::test]
async fn how_long_is_kept_can_be_set_and_the_devices_clock_has_no_say() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let id = maria.records("submitted");
    submits(&maria, id);
    maria.syncs(&yard).await;
    // The device's clock is the real one, years away from the server's.
    yard.clock.step(days(20));
    maria.syncs(&yard).await;
    assert!(maria.holds(id).is_some());
    assert_eq!(maria.device.history_days().unwrap(), 30);
    assert_eq!(
        maria.device.keep_history(0).unwrap_err().code,
        ErrorCode::Refused,
        "what was just finished is looked at"
    );
    assert_eq!(maria.device.keep_history(10).unwrap(), 10);
    maria.syncs(&yard).await;
    assert!(maria.holds(id).is_none());
}

#[tokio::test]
async fn notices_about_it_go_with_it() {
    let yard = Yard::open();
    let (maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let id = maria.records("first");
    maria.syncs(&yard).await;
    hector.syncs(&yard).await;
    maria.edits(id, "María's");
    maria.syncs(&yard).await;
    hector.edits(id, "Héctor's");
    submits(&hector, id);
    hector.syncs(&yard).await;
    maria.syncs(&yard).await;
    assert_eq!(maria.inbox().len(), 1);
    yard.clock.step(days(31));
    maria.syncs(&yard).await;
    assert!(maria.holds(id).is_none());
    assert_eq!((maria.inbox().len(), maria.repairs()), (0, 0));
    assert_eq!(maria.device.store().held_of_kind(Kind::Notice).unwrap().len(), 0);
}

#[tokio::test]
async fn an_assignment_whose_report_was_let_go_does_not_look_undone() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let before = maria.device.work_list().unwrap().assigned;
    let assignment = before[0].assignment_id.unwrap();
    let started = maria.device.start(gatebook_client::view::Start::Assignment { assignment_id: assignment }).unwrap();
    let Body::Inspection(inspection) = started.body else { panic!("an inspection expected") };
    maria.device.save(started.id, Body::Inspection(inspection), started.write_id).unwrap();
    maria.device.void_record(started.id, "done on paper", maria.held(started.id).write_id).unwrap();
    maria.syncs(&yard).await;
    yard.clock.step(days(31));
    maria.syncs(&yard).await;
    assert!(maria.holds(started.id).is_none());
    let after = maria.device.work_list().unwrap().assigned;
    assert!(after.iter().all(|item| item.record_id != started.id));
    let again = maria.device.start(gatebook_client::view::Start::Assignment { assignment_id: assignment });
    assert!(again.is_err(), "it is not begun anew");
}

#[tokio::test]
async fn a_restore_after_it_was_let_go_is_healed_without_it() {
    let mut yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let [submitted, ..] = an_old_yard(&yard, &maria).await;
    maria.syncs(&yard).await;
    let backup = yard.backup();
    let new = maria.records("new");
    maria.syncs(&yard).await;
    yard.restores(&backup);
    maria.syncs(&yard).await;
    assert_eq!((maria.says(new), yard.audit(new).len()), ("new".to_owned(), 1));
    assert!(maria.holds(submitted).is_none());
    assert_eq!(maria.repairs(), 0);
}

/// A photo of that record.
async fn photographs(phone: &Phone, parent_id: Uuid) -> Uuid {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(8, 8).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let (role, part) = (AttachmentRole::Photo, String::new());
    let about = About { parent_id, role, part, origin: Origin::Camera, position: None, stamp: Vec::new() };
    phone.device.capture_photo(Source::Bytes(bytes.into_inner()), about).await.unwrap()
}

#[tokio::test]
async fn an_attachment_stays_with_its_record_and_goes_after_it() {
    let yard = Yard::open();
    let (maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let (finished, unfinished) = (maria.records("finished"), maria.records("unfinished"));
    let (of_finished, of_unfinished) = (photographs(&maria, finished).await, photographs(&maria, unfinished).await);
    submits(&maria, finished);
    maria.syncs(&yard).await;
    yard.clock.step(days(31));
    for _ in 0..2 {
        // What comes in a later page than its record goes at the next look.
        hector.syncs(&yard).await;
        yard.clock.step(days(1));
    }
    assert!(hector.holds(unfinished).is_some() && hector.holds(of_unfinished).is_some());
    assert!(hector.holds(finished).is_none() && hector.holds(of_finished).is_none());
    maria.syncs(&yard).await;
    assert!(maria.holds(of_finished).is_some(), "its bytes are still here, and not yet at the server");
    assert_eq!((maria.repairs(), hector.repairs()), (0, 0));
}

#[tokio::test]
async fn a_record_that_comes_back_has_its_attachments_with_it() {
    // At a server that answers with few records at a time as well.
    for bounds in [Bounds::default(), Bounds { answer_records: 1, ..Bounds::default() }] {
        let yard = Yard::bounded(&bounds);
        let (maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
        let finished = maria.records("finished");
        let photos = [photographs(&maria, finished).await, photographs(&maria, finished).await];
        submits(&maria, finished);
        maria.syncs(&yard).await;
        let their_photos = || photos.map(|id| hector.holds(id).is_some());
        hector.syncs(&yard).await;
        assert_eq!(their_photos(), [true, true]);
        for state in [RecordState::Closed, RecordState::Live] {
            yard.clock.step(days(31));
            hector.syncs(&yard).await;
            assert!(hector.holds(finished).is_none());
            assert_eq!(their_photos(), [false, false]);
            yard.server().set_state(finished, state, "looked at again").unwrap();
            hector.syncs(&yard).await;
            assert!(hector.holds(finished).is_some());
            assert_eq!(their_photos(), [true, true]);
        }
        assert_eq!((maria.repairs(), hector.repairs()), (0, 0), "it was known what is missing");
    }
}
