//! The pages' bindings are generated from the commands; this fails when they are stale. `cargo xtask bindings` writes
//! them anew.

use std::path::Path;

use specta_typescript::Typescript;

#[test]
fn the_bindings_checked_in_are_those_of_the_commands() {
    let checked_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/shared/bindings.ts");
    let folder = tempfile::tempdir().unwrap();
    let fresh = folder.path().join("bindings.ts");
    gatebook_app::bindings::<tauri::Wry>().export(Typescript::default(), &fresh).unwrap();
    let fresh = std::fs::read_to_string(fresh).unwrap();
    if std::env::var_os("GATEBOOK_WRITE_BINDINGS").is_some() {
        std::fs::write(&checked_in, &fresh).unwrap();
    }
    let checked_in = std::fs::read_to_string(checked_in).unwrap();
    assert!(fresh == checked_in, "ui/shared/bindings.ts is stale; run `cargo xtask bindings`");
}
