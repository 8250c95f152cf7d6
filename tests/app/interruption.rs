//! The app dies in the middle of something, and is opened again.

use crate::support::{App, Yard};

#[tokio::test(flavor = "multi_thread")]
async fn an_app_killed_in_an_inspection_opens_at_the_same_step_with_everything_entered() {
    let yard = Yard::open().await;
    let mut app = App::of(&yard, 0, "Gate phone", "María Torres").await;
    let inspection = yard.inspection_of("4471");
    yard.link.cut();

    app.open_inspection(inspection).await;
    app.write("field-odometer-value", "412887").await;
    app.has_saved(inspection, "body ->> '$.odometer.value'", "412887").await;
    app.kill();
    app.reopen().await;
    assert_eq!(app.value("field-odometer-value").await, "412,887", "as it is read");

    app.fail("tires", "Left rear inner: cord show").await;
    app.tap("item-horn-pass").await;
    let answers = "(SELECT group_concat(coalesce(value ->> 'note', value ->> 'result')) \
                   FROM json_each(body, '$.items') WHERE value ->> 'result' IS NOT NULL)";
    app.has_saved(inspection, answers, "Left rear inner: cord show,pass").await;
    app.kill();
    app.reopen().await;
    assert_eq!(app.value("item-tires-note").await, "Left rear inner: cord show");
    app.reads("items-progress", |text| text.contains('2')).await;

    app.pass_the_rest().await;
    app.tap("step-sign").await;
    app.sign("author_driver").await;
    app.has_saved(inspection, "json_array_length(body, '$.signatures[0].strokes') > 0", "1").await;
    app.kill();
    app.reopen().await;
    app.see("signature-clear-author_driver").await;
    app.tap("step-review").await;
    app.tap("submit").await;
    app.see("confirmation").await;

    yard.link.mend();
    app.sync().await;
    let held = yard.holds(inspection).expect("the server holds it");
    assert_eq!(held["odometer"]["value"], 412_887);
    assert_eq!(yard.server.audit(inspection).unwrap().len(), 1, "the kills left no trace");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webview_that_is_replaced_shows_the_same_step_again() {
    let yard = Yard::open().await;
    let app = App::of(&yard, 0, "Gate phone", "María Torres").await;
    let inspection = yard.inspection_of("4502");
    app.open_inspection(inspection).await;
    app.fail("horn", "Silent").await;
    app.has_saved(inspection, "body ->> '$.items[5].note'", "Silent").await;
    app.script("document.body.dataset.testid = 'before'; location.reload()").await;
    app.until("another page is there", async || app.count("before").await == 0).await;
    assert_eq!(app.value("item-horn-note").await, "Silent");
}
