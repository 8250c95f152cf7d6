//! What the pages have from Rust is generated: the bindings from the commands, and the clocks that the pages' tests know.
//! These fail when they are stale. `cargo xtask bindings` writes them anew.

use std::path::Path;

use gatebook_domain::zone::{ClockPeriod, clocks};
use specta_typescript::Typescript;

/// Compares a generated file with the one that is checked in, or writes it.
fn is_fresh(path: &str, fresh: &str) -> bool {
    let checked_in = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("GATEBOOK_WRITE_BINDINGS").is_some() {
        std::fs::write(&checked_in, fresh).unwrap();
    }
    std::fs::read_to_string(checked_in).is_ok_and(|checked_in| checked_in == fresh)
}

#[test]
fn the_bindings_checked_in_are_those_of_the_commands() {
    let folder = tempfile::tempdir().unwrap();
    let fresh = folder.path().join("bindings.ts");
    gatebook_app::bindings::<tauri::Wry>().export(Typescript::default(), &fresh).unwrap();
    let fresh = std::fs::read_to_string(fresh).unwrap();
    let path = "ui/shared/bindings.ts";
    assert!(is_fresh(path, &fresh), "{path} is stale; run `cargo xtask bindings`");
}

/// The zones that the pages' tests have yards in.
const ZONES: [&str; 8] = [
    "America/Chicago",
    "America/Chihuahua",
    "America/Ciudad_Juarez",
    "America/Matamoros",
    "America/Ojinaga",
    "America/Tijuana",
    "America/Toronto",
    "UTC",
];

#[test]
fn the_clocks_that_the_pages_tests_know_are_those_of_the_app() {
    let zones = ZONES.map(|zone| {
        let periods: Vec<String> =
            of_about_2026(&clocks(zone).unwrap()).iter().map(|period| serde_json::to_string(period).unwrap()).collect();
        format!("\"{zone}\":[\n{}\n]", periods.join(",\n"))
    });
    let path = "ui/field/testing/clocks.json";
    let fresh = format!("{{\n{}\n}}\n", zones.join(",\n"));
    assert!(is_fresh(path, &fresh), "{path} is stale; run `cargo xtask bindings`");
}

/// The tests play in 2026: a century of changes would only be a larger file.
fn of_about_2026(periods: &[ClockPeriod]) -> &[ClockPeriod] {
    let year = |year: i16| jiff::civil::date(year, 1, 1).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    let begun_before = |at| periods.iter().take_while(|period| period.from <= at).count();
    &periods[begun_before(year(2025)).saturating_sub(1)..begun_before(year(2028))]
}
