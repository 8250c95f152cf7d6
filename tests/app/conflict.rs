//! Two people, one inspection, no signal.

use gatebook_testbed::Link;

use crate::support::{App, Yard};

#[tokio::test(flavor = "multi_thread")]
async fn two_who_hand_in_one_inspection_are_both_told_what_the_server_kept() {
    let yard = Yard::open().await;
    let maria = App::of(&yard, 0, "Maria's phone", "María Torres").await;
    // Each syncs by itself as soon as there is a way: who comes first is decided by whose link is mended first.
    let his_link = Link::to(yard.address).await.unwrap();
    let hector = App::open().await;
    hector.enrol_over(&his_link, &yard, 1, "Hector's phone").await;
    hector.work_as(&yard, "Héctor Salinas").await;
    let inspection = yard.inspection_of("4502");
    yard.link.cut();
    his_link.cut();
    maria.open_inspection(inspection).await;
    maria.fail("tires", "Cord showing").await;
    maria.pass_the_rest().await;
    maria.sign_and_submit().await;
    hector.open_inspection(inspection).await;
    hector.pass_the_rest().await;
    hector.sign_and_submit().await;

    yard.link.mend();
    maria.sync().await;
    his_link.mend();
    hector.sync().await;
    maria.sync().await;

    for app in [&maria, &hector] {
        app.reads("inbox-unread", |text| text.contains('1')).await;
        app.tap("tab-inbox").await;
        app.tap_first("inbox-item-").await;
        let account = app.reads("inbox-detail", |text| text.contains("María Torres")).await;
        assert!(account.contains("Héctor Salinas"), "{account}");
        let differences = app.reads("inbox-difference", |_| true).await;
        assert!(differences.contains("Cord showing"), "{differences}");
        assert!(!differences.contains("operator id"), "ids say nothing to anybody: {differences}");
        app.tap("back").await;
        app.gone("inbox-unread").await;
    }
    let held = yard.holds(inspection).unwrap();
    let kept = held["items"].as_array().unwrap().iter().all(|item| item["result"] == "pass");
    assert!(kept, "who is received last wins");
}
