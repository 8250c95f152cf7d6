//! How the embedded database finds what each statement asks for. The plans are kept as a snapshot, so that a statement or
//! an index that changes one is seen; and no statement of daily work reads a large table from end to end.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use super::upgrades;

/// Tables that grow with what is captured.
const LARGE: [&str; 8] =
    ["versions", "records", "departures", "followed", "blobs", "blob_references", "uploads", "upload_parts"];

/// What reads a large table from end to end, and why it may.
const WHOLE: [(&str, &str); 8] = [
    ("consistency/unmarked.sql", "once, by the upgrade that began the fingerprints"),
    (ANY_VERSION_TO_LOOK_AT, "no further than to the first"),
    (ANY_VERSION, "no further than to the first"),
    ("photos/all.sql", "a whole sweep compares every photo with the store"),
    ("photos/count_less.sql", "a sweep after a time that none has seen"),
    ("photos/unreferenced.sql", "a sweep looks for what no record names"),
    ("photos/want_all.sql", "a new epoch asks for every photo anew"),
    ("versions/newest_filed.sql", "from the newest on, and no further than to the first that fits"),
];
const ANY_VERSION_TO_LOOK_AT: &str = "look.rs: SELECT EXISTS (SELECT 1 FROM versions)";
const ANY_VERSION: &str = "mod.rs: SELECT EXISTS (SELECT 1 FROM versions)";

/// Each statement of the code, by where it stands.
fn statements(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        let is = |extension: &str| path.extension().is_some_and(|found| found == extension);
        if path.is_dir() && name != "upgrades" {
            statements(&path, &format!("{prefix}{name}/"), found);
        } else if is("sql") {
            found.insert(format!("{prefix}{name}"), std::fs::read_to_string(&path).unwrap());
        } else if is("rs") && name != "plans.rs" {
            let code = std::fs::read_to_string(&path).unwrap();
            let code = code.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            let literals = code.split('"').skip(1).step_by(2);
            let is_sql =
                |text: &&str| ["SELECT ", "UPDATE ", "DELETE ", "INSERT "].iter().any(|it| text.starts_with(it));
            // What is put together from parts is not looked at.
            for sql in literals.filter(is_sql).filter(|sql| !sql.contains('{')) {
                found.insert(format!("{prefix}{name}: {sql}"), sql.to_owned());
            }
        }
    }
}

fn plan(database: &Connection, sql: &str) -> Vec<String> {
    let mut plan =
        database.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let mut rows = plan.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get(3).unwrap());
    }
    steps
}

#[test]
fn what_each_statement_reads_is_found_by_an_index_that_fits() {
    let mut database = Connection::open_in_memory().unwrap();
    super::tune(&database, 1).unwrap();
    upgrades::run(&mut database).unwrap();
    let storage = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/storage");
    let mut found = BTreeMap::new();
    statements(&storage.join("sqlite"), "", &mut found);
    statements(&storage.join("photos"), "photos/", &mut found);
    let plans: BTreeMap<_, _> = found.into_iter().map(|(place, sql)| (place, plan(&database, &sql))).collect();
    assert!(plans.len() > 60, "only {} statements were found", plans.len());
    let is_of = |step: &str, table: &str| step.strip_prefix(table).is_some_and(|rest| !rest.starts_with('_'));
    let reads_whole =
        |step: &String| step.strip_prefix("SCAN ").is_some_and(|step| LARGE.iter().any(|table| is_of(step, table)));
    let whole: Vec<_> =
        plans.iter().filter(|(_, steps)| steps.iter().any(reads_whole)).map(|(place, _)| &**place).collect();
    let allowed = WHOLE.map(|(place, _)| place);
    assert_eq!(whole, allowed, "these read a large table from end to end");
    insta::assert_debug_snapshot!(plans);
}
