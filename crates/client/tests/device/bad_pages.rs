//! A page that the server refuses whole is halved until the culprit stands alone; the others arrive.

use gatebook_sync::wire::ApiErrorCode;
use uuid::Uuid;

use crate::support::{Refusing, TestDevice, TestYard};

/// Forty records with one among them that the way will not carry.
fn with_one_poisoned(device: &TestDevice) -> (Vec<Uuid>, Uuid) {
    let mut good: Vec<Uuid> = (0..13).map(|at| device.records(&format!("truck {at}"))).collect();
    let poisoned = device.records("poison");
    good.extend((13..39).map(|at| device.records(&format!("truck {at}"))));
    (good, poisoned)
}

async fn the_others_arrive(status: u16, code: ApiErrorCode) {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let (good, poisoned) = with_one_poisoned(&device);
    let way = Refusing::new(device.way(), "poison", status, code);

    let report = device.syncs_over(&way).await.unwrap();
    assert_eq!((report.settled.accepted, report.passed_over), (39, 1));
    assert!(way.refused() <= 6, "{} pages were refused where halving needs 6 at most", way.refused());
    assert!(good.iter().all(|id| !device.held(*id).pending));
    assert!(device.held(poisoned).pending);
    assert_eq!(device.event(poisoned).remarks, "poison");

    // Nothing has to be un-stuck: as soon as it is let through, it goes.
    assert_eq!(device.syncs().await.settled.accepted, 1);
    assert_eq!((device.pending(), yard.audit(poisoned).len()), (0, 1));
}

#[tokio::test]
async fn a_page_that_is_too_large_is_halved() {
    the_others_arrive(413, ApiErrorCode::TooLarge).await;
}

#[tokio::test]
async fn a_page_on_which_the_server_fails_is_halved() {
    the_others_arrive(500, ApiErrorCode::Internal).await;
}

#[tokio::test]
async fn a_page_the_server_cannot_read_is_halved() {
    the_others_arrive(400, ApiErrorCode::Malformed).await;
}

#[tokio::test]
async fn news_still_comes_while_a_record_of_ones_own_is_passed_over() {
    let yard = TestYard::open().await;
    let maria = yard.device("phone", "María Torres").await;
    let hector = yard.device("kiosk", "Héctor Salinas").await;
    let news = hector.records("news");
    hector.syncs().await;
    maria.records("poison");
    let way = Refusing::new(maria.way(), "poison", 500, ApiErrorCode::Internal);
    assert_eq!(maria.syncs_over(&way).await.unwrap().passed_over, 1);
    assert_eq!(maria.event(news).remarks, "news");
}

#[tokio::test]
async fn a_server_that_is_busy_is_not_asked_again_and_again_in_one_round() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    with_one_poisoned(&device);
    let way = Refusing::new(device.way(), "poison", 503, ApiErrorCode::Busy);
    device.syncs_over(&way).await.unwrap_err();
    assert_eq!((way.refused(), device.pending()), (1, 40));
}
