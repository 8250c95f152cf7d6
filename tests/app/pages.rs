//! Every page, on a phone and on a kiosk, in the light and in the dark: pictures for people to look at, under
//! `target/test-output/pages`, and what can be said of a layout without looking.

use std::path::Path;

use gatebook_testbed::capture;
use serde_json::json;

use crate::support::pictures::picture;
use crate::support::{App, Colleague, KIOSK, Options, PHONE, Yard};

/// Smallest side of what is tapped, in CSS pixels: the target size of WCAG 2.2's criterion 2.5.5 (level AAA).
const TOUCH: u32 = 44;

#[tokio::test(flavor = "multi_thread")]
async fn every_page_in_the_light() {
    every_page(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_in_the_dark() {
    every_page(true).await;
}

async fn every_page(dark: bool) {
    let yard = Yard::open().await;
    let hector = Colleague::join(&yard, 1, "Héctor Salinas").await;
    let app = App::open_with(Options { dark, ..Options::default() }).await;
    let album = Album { app: &app, theme: if dark { "dark" } else { "light" } };
    app.see("enrol-page").await;
    let is_dark = app.script("return matchMedia('(prefers-color-scheme: dark)').matches").await;
    assert_eq!(is_dark, json!(dark), "the system's colours reach the page");
    album.keep("enrol").await;
    app.enrol(&yard, 0, "Gate phone").await;
    app.see("who-page").await;
    album.keep("who").await;
    app.work_as(&yard, "María Torres").await;
    album.keep("work").await;
    app.tap("device-sheet-open").await;
    album.keep("device").await;
    app.key_escape().await;
    app.tap("device-sheet-open").await;
    app.tap("storage-open").await;
    app.see("storage-empty").await;
    album.keep("storage-empty").await;
    app.tap("back").await;

    app.exports();
    app.tap("device-sheet-open").await;
    app.tap("support-open").await;
    app.see("support-waits").await;
    album.keep("support").await;
    app.tap("export-pending").await;
    app.see("exported-pending").await;
    app.tap("export-diagnostics").await;
    app.see("exported-diagnostics").await;
    album.keep("support-saved").await;
    app.tap("back").await;

    // An inspection, step by step; one item fails.
    let inspection = yard.inspection_of("4502");
    app.open_inspection(inspection).await;
    album.keep("inspection-vehicle").await;
    app.fail("tires", "Left rear inner: cord showing").await;
    let pictures = tempfile::tempdir().unwrap();
    for seed in [1_u8, 2] {
        app.choose_file("photo-input-items-tires", &picture(pictures.path(), seed)).await;
        app.until("it is kept", async || app.drawn("photo-0").await == usize::from(seed)).await;
    }
    app.scroll_to("item-card-tires").await;
    album.keep("inspection-items").await;
    app.tap_first("photo-0").await;
    app.until("it is shown", async || app.drawn("photo-viewer").await == 1).await;
    album.keep("photo").await;
    app.tap("photo-remove").await;
    album.keep("photo-remove").await;
    app.tap("photo-close").await;
    app.tap("step-review").await;
    app.see("missing-list").await;
    album.keep("inspection-missing").await;
    app.pass_the_rest().await;
    app.tap("step-sign").await;
    app.sign("author_driver").await;
    album.keep("inspection-sign").await;
    app.tap("step-review").await;
    album.keep("inspection-review").await;
    app.tap("submit").await;
    app.see("confirmation").await;
    album.keep("work-confirmation").await;
    app.tap(&format!("work-item-{inspection}")).await;
    app.see("correct").await;
    album.keep("inspection-submitted").await;
    app.tap("back").await;
    app.sync().await;
    app.tap("device-sheet-open").await;
    app.tap("storage-open").await;
    app.until("they are listed", async || app.drawn("stored-").await == 2).await;
    album.keep("storage").await;
    app.scroll_to("history").await;
    album.keep("storage-history").await;
    app.tap("back").await;

    // Beginning something new.
    app.tap("new-inspection").await;
    album.keep("new-inspection").await;
    app.tap("back").await;
    app.gate_in("Roy Castillo").await;
    app.write("field-equipment-0-number", "CSQU3054384").await;
    app.tap("field-driver-name").await;
    // The digit does not prove a container, so it is said what it is.
    app.tap("field-equipment-0-is-iso_container").await;
    app.see("field-equipment-0-number-problem").await;
    album.keep("gate-event").await;
    app.tap("field-occurred_at-add").await;
    app.see("field-occurred_at").await;
    app.tap("seals-add").await;
    album.keep("gate-event-seal").await;
    app.tap("field-occurred_at").await;
    album.keep("gate-event-details").await;
    app.tap("field-equipment-0-keep").await;
    album.keep("gate-event-check-digit").await;
    app.tap("back").await;
    app.tap("new-interchange").await;
    album.keep("new-interchange").await;
    app.tap_first("movement-").await;
    for step in ["parties", "equipment", "condition", "sign", "review"] {
        app.tap(&format!("step-{step}")).await;
        album.keep(&format!("interchange-{step}")).await;
    }
    app.tap("back").await;

    // A colleague without signal has handed in the same inspection, and a gate event is not taken.
    capture::inspection(&hector.device, yard.assignment_of("4502"), false).unwrap();
    hector.sync().await;
    app.tap("new-gate-out").await;
    let refused = app.record().await;
    app.write("field-equipment-0-number", "T-118").await;
    app.tap("field-load-bobtail").await;
    app.write("field-driver-name", "Roy Castillo").await;
    app.write("field-carrier-name", "Lone Star Drayage").await;
    yard.move_operator("María Torres", &[yard.seeded.yards[1].id]);
    app.tap("submit").await;
    app.see("confirmation").await;
    app.sync().await;
    app.tap("tab-inbox").await;
    app.until("both items are there", async || app.count("inbox-item-").await == 2).await;
    album.keep("inbox").await;
    app.tap_reading("inbox-item-", "4502").await;
    app.see("inbox-difference").await;
    album.keep("inbox-conflict").await;
    app.tap("back").await;
    app.tap_reading("inbox-item-", "Not accepted").await;
    album.keep("inbox-rejection").await;
    app.tap("open-record").await;
    app.see("rejection-banner").await;
    album.keep("record-rejected").await;
    assert_eq!(app.record().await, refused);
    app.tap("back").await;
    app.tap("back").await;
    app.tap("tab-work").await;
    yard.link.hold();
    app.tap("sync-now").await;
    app.see("sync-badge").await;
    album.keep("work-syncing").await;
}

struct Album<'a> {
    app: &'a App,
    theme: &'static str,
}

impl Album<'_> {
    /// Keeps the page in both sizes and checks what holds for every page.
    async fn keep(&self, page: &str) {
        let output = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-output/pages");
        for (size, name) in [(KIOSK, "kiosk"), (PHONE, "phone")] {
            self.app.size(size).await;
            self.app.picture(&output.join(format!("{page}-{name}-{}.png", self.theme))).await;
            self.fits(page, size).await;
        }
    }

    async fn fits(&self, page: &str, (width, height): (u32, u32)) {
        let found = self.app.script(MEASURE).await;
        assert_eq!(found["scroll"], json!([0, 0]), "{page} at {width} × {height}: the page itself is scrolled");
        assert_eq!(found["width"], json!(width), "{page}: wider than the screen at {width} × {height}");
        let small: Vec<_> = found["targets"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|target| target[1].as_u64() < Some(TOUCH.into()))
            .collect();
        assert!(small.is_empty(), "{page} at {width} × {height}: too small to hit with a glove: {small:?}");
    }
}

/// How far the page is scrolled and how wide it is, and each control that is shown, with its smaller side.
const MEASURE: &str = "
    const page = document.scrollingElement;
    const shown = [...document.querySelectorAll('button, input, select, textarea, a[href]')]
        .filter((it) => it.checkVisibility() && !it.closest('[inert]') && it.getBoundingClientRect().width > 1);
    const touched = (it) => (it.type === 'radio' || it.type === 'checkbox') && it.closest('label') || it;
    return {
        scroll: [page.scrollLeft, page.scrollTop],
        width: page.scrollWidth,
        targets: shown.map(touched).map((it) => {
            const { width, height } = it.getBoundingClientRect();
            return [it.dataset.testid ?? it.id ?? it.textContent, Math.round(Math.min(width, height))];
        }),
    };
";
