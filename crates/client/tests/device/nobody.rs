//! Nothing is written by nobody; and what was, before that was so, asks who it was and then goes by itself.

use gatebook_client::photos::{About, Origin, Source};
use gatebook_client::view::{ErrorCode, InboxItem, InboxWhat, Start};
use gatebook_client::{NotificationKind, Watched};
use gatebook_domain::attachment::AttachmentRole;
use gatebook_domain::gate_event::Direction;
use gatebook_sync::Authorship;
use gatebook_sync::wire::AuditOutcome;
use uuid::Uuid;

use crate::support::{Deaf, TestDevice, TestYard};

/// The records lie there as an app left them on which nobody had been chosen.
fn by_nobody(device: &TestDevice, ids: &[Uuid]) {
    for id in ids {
        let sql = "UPDATE records SET operator_id = NULL WHERE id = ?1 AND pending_sync = 1";
        assert_eq!(device.database().execute(sql, [id]).unwrap(), 1);
    }
}

fn asks(device: &TestDevice) -> Vec<InboxItem> {
    let inbox = device.device.inbox().unwrap().into_iter();
    inbox.filter(|item| item.what == InboxWhat::Unsigned).collect()
}

async fn photographed(device: &TestDevice, parent_id: Uuid) -> Uuid {
    let about = About {
        parent_id,
        role: AttachmentRole::Photo,
        part: String::new(),
        origin: Origin::Camera,
        position: None,
        stamp: Vec::new(),
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(40, 30, image::Rgb([1, 2, 3])).write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    device.device.capture_photo(Source::Bytes(bytes.into_inner()), about).await.unwrap()
}

#[tokio::test]
async fn before_somebody_is_chosen_nothing_is_begun_changed_handed_in_struck_out_or_photographed() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let id = device.records("María's");
    let photo = photographed(&device, id).await;
    let before = (device.held(id).write_id, device.held(photo).write_id);
    device.device.choose_operator(None).unwrap();

    let (phone, shown) = (&device.device, before.0);
    let about = About {
        parent_id: id,
        role: AttachmentRole::Photo,
        part: String::new(),
        origin: Origin::Camera,
        position: None,
        stamp: vec![],
    };
    let refused = [
        phone.start(Start::GateEvent { direction: Direction::In }).unwrap_err(),
        phone
            .start(Start::Assignment { assignment_id: phone.work_list().unwrap().assigned[0].assignment_id.unwrap() })
            .unwrap_err(),
        phone.save(id, device.shows(id).body, shown).unwrap_err(),
        phone.submit(id, shown).unwrap_err(),
        phone.void_record(id, "entered twice", shown).unwrap_err(),
        phone.remove_photo(photo).unwrap_err(),
        phone.begin_photo(1_000).unwrap_err(),
        phone.capture_photo(Source::Bytes(Vec::new()), about).await.unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.code, ErrorCode::NobodyChosen, "{error:?}");
        assert!(error.message.starts_with("Choose who is working first"), "{}", error.message);
    }
    assert_eq!((device.held(id).write_id, device.held(photo).write_id), before);
    assert_eq!(device.pending(), 2);

    phone.choose_operator(Some(yard.operator("Héctor Salinas"))).unwrap();
    device.remarks(id, "Héctor's");
    assert_eq!(device.held(id).content.operator_id, Some(yard.operator("Héctor Salinas")));
}

#[tokio::test]
async fn what_nobody_wrote_asks_who_it_was_stands_in_nobodys_way_and_goes_once_that_is_said() {
    let yard = TestYard::open().await;
    let device = yard.device("kiosk", "María Torres").await;
    let (nobodys, marias) = (device.records("nobody's"), device.records("María's"));
    by_nobody(&device, &[nobodys]);
    let captured_at = device.held(nobodys).content.captured_at;
    assert_eq!(asks(&device).len(), 1, "before the server has said anything");

    let report = device.syncs().await;
    assert_eq!((report.settled.accepted, report.settled.rejected), (1, 1));
    assert!(!device.held(marias).pending);
    // Whoever works is asked, after a restart as well.
    let device = device.closed_and_reopened(|_| ());
    device.device.choose_operator(Some(yard.operator("Héctor Salinas"))).unwrap();
    let asked = asks(&device);
    assert_eq!((asked.len(), asked[0].record_id, device.device.inbox().unwrap().len()), (1, nobodys, 1));
    assert!(asked[0].headline.starts_with("Who was it?"), "{}", asked[0].headline);
    let view = device.shows(nobodys);
    assert!(view.unsigned && view.rejection.is_none(), "it is asked, not told as a mistake: {view:?}");
    let listed = device.device.work_list().unwrap().in_progress;
    let line = listed.iter().find(|item| item.record_id == nobodys).unwrap();
    assert!(line.unsigned && !line.rejected);

    device.device.name_author(nobodys, yard.operator("Lucía Garza")).unwrap();
    assert!(asks(&device).is_empty() && !device.shows(nobodys).unsigned);
    let device = device.killed_and_reopened();
    assert_eq!((device.pending(), device.syncs().await.settled.accepted), (1, 1));
    let audit = yard.audit(nobodys);
    assert!(matches!(audit[0].outcome, AuditOutcome::Rejected(_)), "what came before is kept for the office");
    let taken = &audit[1];
    assert_eq!((&taken.outcome, taken.operator_name.as_str()), (&AuditOutcome::Canonical, "Lucía Garza"));
    assert_eq!((taken.authorship, taken.content.captured_at), (Some(Authorship::Claimed), captured_at));
    assert_eq!(device.event(nobodys).remarks, "nobody's");
}

#[tokio::test]
async fn an_answer_that_comes_before_the_first_send_or_while_it_is_under_way_is_not_asked_again() {
    let yard = TestYard::open().await;
    let device = yard.device("kiosk", "María Torres").await;
    let (before, between) = (device.records("before"), device.records("between"));
    by_nobody(&device, &[before, between]);
    device.device.name_author(before, yard.operator("María Torres")).unwrap();
    // The server judges the one by nobody; its answer is lost, and meanwhile somebody says who it was.
    device.syncs_over(&Deaf(device.way())).await.unwrap_err();
    device.device.name_author(between, yard.operator("María Torres")).unwrap();
    assert_eq!(device.syncs().await.settled.accepted, 2);
    assert!(asks(&device).is_empty() && device.device.inbox().unwrap().is_empty());
    assert_eq!(yard.audit(before).len(), 1, "it was never sent without a name");
    assert_eq!(yard.audit(between).len(), 2);
}

#[tokio::test]
async fn whoever_changes_it_again_has_answered() {
    let yard = TestYard::open().await;
    let device = yard.device("kiosk", "María Torres").await;
    let id = device.records("nobody's");
    by_nobody(&device, &[id]);
    device.syncs().await;
    device.remarks(id, "María's now");
    assert!(asks(&device).is_empty());
    assert_eq!(device.syncs().await.settled.accepted, 1);
}

#[tokio::test]
async fn photos_that_nobody_took_are_asked_for_with_their_record_once() {
    let yard = TestYard::open().await;
    let device = yard.device("kiosk", "María Torres").await;
    let (nobodys, marias) = (device.records("nobody's"), device.records("María's"));
    let photos = [
        photographed(&device, nobodys).await,
        photographed(&device, marias).await,
        photographed(&device, marias).await,
    ];
    by_nobody(&device, &[nobodys, photos[0], photos[1], photos[2]]);
    assert_eq!(device.syncs().await.settled.rejected, 4);
    let mut about: Vec<_> = asks(&device).into_iter().map(|item| item.record_id).collect();
    about.sort_unstable();
    assert_eq!(about, [nobodys, marias]);
    assert!(device.shows(marias).unsigned);
    assert_eq!(device.device.inbox().unwrap().len(), 2);

    let written = device.held(marias).write_id;
    device.device.name_author(marias, yard.operator("Héctor Salinas")).unwrap();
    assert_eq!(device.held(marias).write_id, written, "what says whose it is stays as it is");
    device.device.name_author(nobodys, yard.operator("Héctor Salinas")).unwrap();
    assert_eq!(device.syncs().await.settled.accepted, 4);
    for id in [nobodys].into_iter().chain(photos) {
        assert_eq!(device.held(id).content.operator_id, Some(yard.operator("Héctor Salinas")));
    }
    assert!(device.device.inbox().unwrap().is_empty());
}

#[tokio::test]
async fn only_somebody_who_works_on_this_device_is_named() {
    let yard = TestYard::open().await;
    let device = yard.device("kiosk", "María Torres").await;
    let id = device.records("nobody's");
    by_nobody(&device, &[id]);
    let error = device.device.name_author(id, Uuid::from_u128(1)).unwrap_err();
    assert_eq!(error.code, ErrorCode::Invalid);
    assert_eq!(device.held(id).content.operator_id, None);
}

#[tokio::test]
async fn the_system_tells_of_it_when_the_server_has_not_taken_it() {
    let yard = TestYard::open().await;
    let device = yard.device("kiosk", "María Torres").await;
    let id = device.records("nobody's");
    by_nobody(&device, &[id]);
    assert_eq!(device.device.to_tell(Watched::Background).unwrap(), []);
    device.syncs().await;
    let told = device.device.to_tell(Watched::Background).unwrap();
    assert_eq!(told.iter().map(|told| told.kind).collect::<Vec<_>>(), [NotificationKind::Rejection]);
}

#[tokio::test]
async fn what_wants_a_decision_is_told_as_a_rejection_though_it_names_nobody() {
    let yard = TestYard::open().await;
    let device = yard.device("kiosk", "María Torres").await;
    let id = device.records("contested");
    by_nobody(&device, &[id]);
    // As after a restore of the server of what the office wrote last and nobody can prove any more.
    let sql = r#"UPDATE records SET rejection = '{"code":"forged_receipt","message":"Decide."}' WHERE id = ?1"#;
    device.database().execute(sql, [id]).unwrap();
    let inbox = device.device.inbox().unwrap();
    assert_eq!(inbox.iter().map(|item| item.what).collect::<Vec<_>>(), [InboxWhat::Rejected]);
    let view = device.shows(id);
    assert_eq!((view.unsigned, view.rejection.unwrap().message.as_str()), (false, "Decide."));
    device.device.name_author(id, yard.operator("María Torres")).unwrap();
    assert!(device.held(id).rejection.is_some(), "a name decides nothing");
}
