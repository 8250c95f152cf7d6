//! Photos: taken without signal, safe through a kill, sent when the signal returns, gone a day later, fetched again.

use std::path::Path;

use rusqlite::Connection;

use crate::support::pictures::{jpeg, picture};
use crate::support::{App, Yard};

const TILE: &str = "photo-0";
const DAY_MS: u64 = 24 * 3_600_000;
/// Kept time is stored once a minute.
const MINUTE_MS: u64 = 60_000;

#[tokio::test(flavor = "multi_thread")]
async fn photos_taken_without_signal_survive_a_kill_reach_the_server_and_leave_a_day_later() {
    let yard = Yard::open().await;
    let mut app = App::of(&yard, 0, "Gate phone", "María Torres").await;
    let inspection = yard.inspection_of("4471");
    let pictures = tempfile::tempdir().unwrap();
    yard.link.cut();

    app.open_inspection(inspection).await;
    app.fail("tires", "Left rear inner: cord showing").await;
    app.choose_file("photo-input-items-tires", &picture(pictures.path(), 1)).await;
    app.until("the first is safe", async || app.count(TILE).await == 1).await;
    app.choose_file("photo-input-items-tires", &picture(pictures.path(), 2)).await;
    app.until("the second is safe", async || app.count(TILE).await == 2).await;
    app.until("both are shown", async || app.drawn(TILE).await == 2).await;
    let attachments = "FROM records WHERE kind = 'attachment'";
    assert_eq!(
        app.stored(&format!("SELECT group_concat(body ->> '$.about') {attachments}")),
        "/items/tires,/items/tires"
    );

    app.kill();
    app.reopen().await;
    app.until("both are shown again", async || app.drawn(TILE).await == 2).await;
    assert_eq!(app.stored(&format!("SELECT count(body ->> '$.stored_at') {attachments}")), "0");

    app.tap("back").await;
    yard.link.mend();
    app.sync().await;
    let stored = format!("SELECT count(body ->> '$.stored_at') {attachments}");
    app.until("the server says that it holds both", async || app.stored(&stored) == "2").await;
    for (hash, bytes) in held(&app) {
        assert_eq!(std::fs::read(yard.photo(&hash)).unwrap(), bytes, "{hash}");
    }
    app.tap("device-sheet-open").await;
    app.tap("storage-open").await;
    app.until("both are listed", async || app.count("stored-").await == 2).await;
    app.reads("storage-page", |text| text.contains("The office has it. Leaves this device in 24 h.")).await;

    // A day goes by with the app closed, and it opens where there is no signal.
    let files = app.data_path("app.gatebook.field/photos");
    assert_eq!(endings(&files), [".jpg", ".jpg", ".thumb.jpg", ".thumb.jpg"]);
    let database = app.data_path("app.gatebook.field/gatebook.sqlite");
    app.kill();
    yard.link.cut();
    let moved = "UPDATE settings SET value = json_set(value, '$.total_ms', (value ->> '$.total_ms') + ?1) \
                 WHERE name = 'kept_time'";
    assert_eq!(Connection::open(database).unwrap().execute(moved, [DAY_MS + MINUTE_MS]).unwrap(), 1);
    app.reopen().await;
    app.reads("storage-page", |text| text.contains("Leaves this device as soon as there is signal.")).await;
    assert_eq!(endings(&files), [".jpg", ".jpg", ".thumb.jpg", ".thumb.jpg"]);
    // They go once the server has said again that it holds them. Then there is no signal to fetch them by.
    yard.link.mend();
    app.until("the photos are gone", async || endings(&files) == [".thumb.jpg", ".thumb.jpg"]).await;
    app.see("storage-empty").await;
    yard.link.cut();

    app.tap("back").await;
    app.open_inspection(inspection).await;
    app.tap("step-items").await;
    app.scroll_to("photos-items-tires").await;
    app.until("the small ones are shown", async || app.drawn(TILE).await == 2).await;
    app.tap_first(TILE).await;
    app.reads("photo-note", |text| text.contains("no signal to fetch it")).await;
    assert_eq!(width(&app).await, 320);
    app.tap("photo-close").await;

    yard.link.mend();
    app.tap_first(TILE).await;
    app.until("the full picture was fetched", async || width(&app).await == 2048).await;
    assert!(!app.shows("photo-note").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_picture_is_told_of_in_words_and_leaves_nothing_behind() {
    let yard = Yard::open().await;
    let app = App::of(&yard, 0, "Gate phone", "María Torres").await;
    let inspection = yard.inspection_of("4471");
    let pictures = tempfile::tempdir().unwrap();
    app.open_inspection(inspection).await;
    for (name, bytes) in [("empty.jpg", &b""[..]), ("note.jpg", b"this is a text"), ("cut.jpg", &jpeg(3)[..2_000])] {
        let file = pictures.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        app.choose_file("photo-input-record", &file).await;
        let told = app.reads("photo-failed-record", |text| text.contains("not kept")).await;
        assert!(told.split_whitespace().count() > 6, "{name}: {told}");
        app.until("nothing is being kept any more", async || !app.shows("photos-keeping").await).await;
        assert_eq!((app.count(TILE).await, app.stored("SELECT count(*) FROM photos").as_str()), (0, "0"), "{name}");
    }
    assert!(endings(&app.data_path("app.gatebook.field/photos")).is_empty());
    assert!(endings(&app.data_path("app.gatebook.field/photos/arriving")).is_empty());

    app.choose_file("photo-input-record", &picture(pictures.path(), 4)).await;
    app.until("a good one is kept", async || app.drawn(TILE).await == 1).await;
    assert!(!app.shows("photo-failed-record").await);
}

/// Pixels from left to right of the picture that is looked at.
async fn width(app: &App) -> u64 {
    let width = "return document.querySelector('[data-testid=photo-picture]')?.naturalWidth ?? 0";
    app.script(width).await.as_u64().unwrap()
}

/// The photos on the device: hash and bytes.
fn held(app: &App) -> Vec<(String, Vec<u8>)> {
    let hashes = app.stored("SELECT group_concat(sha256) FROM photos WHERE held");
    let folder = app.data_path("app.gatebook.field/photos");
    hashes
        .split(',')
        .map(|hash| (hash.to_owned(), std::fs::read(folder.join(format!("{hash}.jpg"))).unwrap()))
        .collect()
}

/// What the files of a folder are, by the end of their names.
fn endings(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|it| it.path().is_file());
    let ending = |name: String| name.split_at(name.find('.').unwrap_or(0)).1.to_owned();
    let mut endings: Vec<String> = files.map(|it| ending(it.file_name().to_string_lossy().into_owned())).collect();
    endings.sort();
    endings
}
