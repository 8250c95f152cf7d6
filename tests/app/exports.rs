//! What leaves the device as a file.

use std::io::Read as _;
use std::path::Path;

use crate::support::pictures::picture;
use crate::support::{App, Yard};

#[tokio::test(flavor = "multi_thread")]
async fn what_never_reached_the_server_can_be_carried_away_in_a_file_without_a_secret() {
    let yard = Yard::open().await;
    let app = App::of(&yard, 0, "Gate phone", "María Torres").await;
    app.sync().await;
    yard.link.cut();
    let inspection = yard.inspection_of("4502");
    app.open_inspection(inspection).await;
    app.fail("tires", "Left rear inner: cord showing").await;
    let pictures = tempfile::tempdir().unwrap();
    app.choose_file("photo-input-items-tires", &picture(pictures.path(), 1)).await;
    app.until("it is kept", async || app.drawn("photo-0").await == 1).await;
    app.has_saved(inspection, "instr(body, 'cord showing') > 0", "1").await;
    app.tap("back").await;

    app.tap("device-sheet-open").await;
    app.tap("support-open").await;
    app.reads("support-waits", |text| text.contains("2 records wait here, 1 photo")).await;
    app.tap("export-pending").await;
    app.reads("failure", |text| text.contains("Choose another place")).await;
    let folder = app.exports();
    app.tap("export-pending").await;
    app.reads("exported-pending", |text| text.contains("2 records and 1 photo are in it")).await;
    app.tap("export-diagnostics").await;
    app.see("exported-diagnostics").await;

    let token = app.stored("SELECT value ->> '$.token' FROM settings WHERE name = 'enrolment'");
    assert!(!token.is_empty());
    let code = &yard.seeded.codes[0].code;
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        for (name, bytes) in files(&file.unwrap().path()) {
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(&token) && !text.contains(code), "{name} holds a secret");
            if name == "records.jsonl" {
                assert!(text.contains(&inspection.to_string()) && text.contains("cord showing"), "{text}");
            }
            names.push(name);
        }
    }
    for expected in ["records.jsonl", "manifest.json", "diagnostics.json", "logs/gatebook.log"] {
        assert!(names.iter().any(|name| name == expected), "{expected} is among {names:?}");
    }
    assert!(names.iter().any(|name| name.starts_with("photos/")), "{names:?}");
}

/// What an archive holds. A file that is not finished is none.
fn files(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    (0..archive.len())
        .map(|at| {
            let mut file = archive.by_index(at).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (file.name().unwrap().into_owned(), bytes)
        })
        .collect()
}
