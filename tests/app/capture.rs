//! Work without signal, and what the server holds when it returns.

use serde_json::json;

use crate::support::{App, Yard};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_captured_without_signal_is_with_the_server_when_it_returns() {
    let yard = Yard::open().await;
    let app = App::of(&yard, 0, "Gate phone", "María Torres").await;
    let inspection = yard.inspection_of("4471");
    yard.link.cut();

    app.open_inspection(inspection).await;
    app.fail("tires", "Left rear inner: cord showing").await;
    app.pass_the_rest().await;
    app.sign_and_submit().await;
    app.gate_in("Héctor Salinas").await;
    let gate = app.record().await;
    app.tap("submit").await;
    app.see("confirmation").await;

    // The operator cannot tell that nothing has left the device.
    let page = app.page().await.to_lowercase();
    for word in ["offline", "pending", "queued", "waiting", "unsent", "not sent", "signal", "error", "failed"] {
        assert!(!page.contains(word), "the page says “{word}”:\n{page}");
    }
    assert!(!app.shows("sync-badge").await);
    assert_eq!(app.pending(), 2);
    assert_eq!(yard.holds(inspection), None);

    yard.link.mend();
    app.sync().await;
    let held = yard.holds(inspection).expect("the server holds the inspection");
    assert_eq!(held["submitted"]["operator_id"], json!(yard.operator("María Torres")));
    let tires = held["items"].as_array().unwrap().iter().find(|item| item["key"] == "tires").unwrap();
    assert_eq!(tires["note"], "Left rear inner: cord showing");
    let held = yard.holds(gate).expect("the server holds the gate event");
    assert_eq!(held["driver"]["name"], "Héctor Salinas");
    assert_eq!(held["equipment"][0]["number"], "CSQU3054383");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_somebody_asks_for_brings_what_the_office_has_written() {
    let yard = Yard::open().await;
    let app = App::of(&yard, 0, "Gate phone", "María Torres").await;
    let inspection = yard.inspection_of("4502");
    app.see(&format!("work-item-{inspection}")).await;
    yard.void_assignment_of("4502");
    app.sync().await;
    app.gone(&format!("work-item-{inspection}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yard_s_clock_is_right_whatever_the_web_view_knows_of_its_zone() {
    let yard = Yard::open().await;
    yard.move_to_zone("America/Ciudad_Juarez");
    let app = App::of(&yard, 0, "Gate phone", "María Torres").await;
    // It keeps the mountains' time; Chihuahua, of which it was a part, does not any more.
    let told = app.page().await;
    assert!(told.contains(" MST") || told.contains(" MDT"), "{told}");
    app.gate_in("Roy Castillo").await;
    let record = app.record().await;
    app.tap("field-occurred_at-add").await;
    app.see("field-occurred_at").await;
    for (wall, filed) in [
        ("2026-03-08T01:59", "2026-03-08T08:59:00Z"),
        ("2026-03-08T03:00", "2026-03-08T09:00:00Z"),
        ("2026-11-01T00:59", "2026-11-01T06:59:00Z"),
        ("2026-11-01T02:00", "2026-11-01T09:00:00Z"),
    ] {
        // As the platform's field gives it, which no two platforms have typed into alike.
        let enter = format!(
            "const field = document.querySelector('[data-testid=field-occurred_at]'); field.value = '{wall}'; \
             field.dispatchEvent(new Event('input', {{ bubbles: true }}));"
        );
        app.script(&enter).await;
        app.has_saved(record, "body ->> '$.occurred_at'", filed).await;
    }
}
