//! A record that the server does not take.

use gatebook_sync::wire::AuditOutcome;
use serde_json::json;

use crate::support::{App, Yard};

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_record_is_explained_corrected_and_accepted() {
    let yard = Yard::open().await;
    let app = App::of(&yard, 0, "Gate phone", "María Torres").await;
    yard.link.cut();
    app.gate_in("Roy Castillo").await;
    app.write("field-remarks", "Came without papers").await;
    let record = app.record().await;
    app.tap("submit").await;
    app.see("confirmation").await;
    // Meanwhile the office has moved her to the other yard.
    yard.move_operator("María Torres", &[yard.seeded.yards[1].id]);
    yard.link.mend();
    app.tap("sync-now").await;

    app.tap("tab-inbox").await;
    app.tap_first("inbox-item-").await;
    app.reads("inbox-detail", |text| text.contains("does not work at this yard")).await;
    app.tap("open-record").await;
    app.reads("rejection-banner", |text| text.contains("Choose who is working")).await;
    assert_eq!(yard.holds(record), None);

    app.tap("back").await;
    app.tap("back").await;
    app.tap("tab-work").await;
    app.change_operator(yard.operator("James Whitfield")).await;
    app.tap(&format!("work-item-{record}")).await;
    app.tap("correct").await;
    app.tap("correct-confirm").await;
    assert_eq!(app.value("field-remarks").await, "Came without papers", "the text is still there");
    app.write("field-remarks", "Came without papers, cleared by James").await;
    app.tap("submit").await;
    app.see("confirmation").await;
    app.sync().await;

    let held = yard.holds(record).expect("the server has taken it");
    assert_eq!(held["remarks"], "Came without papers, cleared by James");
    assert_eq!(held["submitted"]["operator_id"], json!(yard.operator("James Whitfield")));
    let rejected = yard.server.audit(record).unwrap();
    assert!(matches!(rejected[0].outcome, AuditOutcome::Rejected(_)), "what was refused is kept for the admin");
    app.tap("tab-inbox").await;
    app.until("the inbox is done with it", async || !app.page().await.contains("does not work at this yard")).await;
}
