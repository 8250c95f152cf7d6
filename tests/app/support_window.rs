//! The support window of the built app.

use std::path::Path;

use crate::support::{App, KIOSK, Options, Yard};

#[tokio::test(flavor = "multi_thread")]
async fn support_reads_a_copy_and_changes_nothing_in_the_light() {
    support_window(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn support_reads_a_copy_and_changes_nothing_in_the_dark() {
    support_window(true).await;
}

async fn support_window(dark: bool) {
    let yard = Yard::open().await;
    let app = App::open_with(Options { dark, ..Options::default() }).await;
    app.join(&yard, 0, "Gate 2 kiosk", "María Torres").await;
    app.sync().await;
    yard.link.cut();
    app.gate_in("Roy Castillo").await;
    app.tap("back").await;
    app.tap("device-sheet-open").await;
    app.tap("support-open").await;
    app.tap("support-window-open").await;
    app.go_on_in_other_window().await;
    app.size(KIOSK).await;
    app.reads("as-of", |text| text.starts_with("A copy as of")).await;
    app.tap("question-pending").await;
    app.reads("result", |text| text.contains("gate_event")).await;
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-output/pages");
    let theme = if dark { "dark" } else { "light" };
    app.picture(&pictures.join(format!("support-window-kiosk-{theme}.png"))).await;

    let token = app.stored("SELECT value ->> '$.token' FROM settings WHERE name = 'enrolment'");
    app.tap("question-settings").await;
    let shown = app.reads("result", |text| text.contains("enrolment")).await;
    assert!(!token.is_empty() && shown.contains("Gate 2 kiosk") && !shown.contains(&token), "{shown}");

    let count = app.stored("SELECT count(*) FROM records");
    let live = app.data_path("app.gatebook.field/gatebook.sqlite");
    for statement in [
        "DELETE FROM records".to_owned(),
        "1); DELETE FROM records; --".to_owned(),
        format!("ATTACH DATABASE '{}' AS live", live.display()),
    ] {
        app.write("sql", &statement).await;
        app.tap("run").await;
        app.see("sql-problem").await;
        app.tap("question-settings").await;
        app.see("result").await;
    }
    app.write("sql", "DELETE FROM records").await;
    app.tap("run").await;
    app.reads("sql-problem", |text| text.contains("Only reading is possible")).await;
    app.picture(&pictures.join(format!("support-window-refused-kiosk-{theme}.png"))).await;
    assert_eq!(app.stored("SELECT count(*) FROM records"), count);
}
