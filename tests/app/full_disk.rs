//! No room left on the device.

use std::io::Write as _;
use std::path::Path;

use crate::support::{App, Options, Yard};

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_the_form_keeps_what_was_typed_until_there_is_room() {
    let yard = Yard::open().await;
    let app = App::open_with(Options { disk: Some(24 << 20), ..Options::default() }).await;
    app.join(&yard, 0, "Gate phone", "María Torres").await;
    let inspection = yard.inspection_of("4471");
    app.open_inspection(inspection).await;
    app.write("field-remarks", "saved before").await;
    app.has_saved(inspection, "body ->> '$.remarks'", "saved before").await;

    let filler = app.own_path("filler");
    fill(&filler);
    // More than fits into space the database has already taken.
    let long = "x".repeat(3_900);
    app.script(&format!(
        "const field = document.getElementById('field-remarks'); field.value = '{long}'; \
         field.dispatchEvent(new InputEvent('input', {{ bubbles: true }}));"
    ))
    .await;
    app.reads("save-error", |text| text.contains("out of space") && text.contains("Free some space")).await;
    assert_eq!(app.value("field-remarks").await, long);

    std::fs::remove_file(&filler).unwrap();
    app.tap("save-retry").await;
    app.gone("save-error").await;
    app.has_saved(inspection, "body ->> '$.remarks'", &long).await;
}

/// Takes every byte there is.
fn fill(path: &Path) {
    let mut file = std::fs::File::create(path).unwrap();
    let mut size = 1 << 20;
    while size > 0 {
        if file.write_all(&vec![0; size]).is_err() {
            size /= 2;
        }
    }
}
