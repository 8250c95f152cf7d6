//! How the device's database finds what each statement of the store asks for. The plans are kept as a snapshot, so that a
//! statement or an index that changes one is seen; and nothing that runs while somebody works reads a large table from end
//! to end, whatever has piled up in it.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::{keep_statements, migrate};

/// Tables that grow with what is captured, kept and let go.
const LARGE: [&str; 3] = ["records", "let_go", "photos"];

/// Indexes of a large table that hold only the few rows which wait, were not taken, or are to be looked at.
const OF_FEW: [&str; 5] =
    ["records_pending", "records_rejected", "records_waiting", "let_go_references", "photos_held"];

/// What reads a large table from end to end, and why it may.
const WHOLE: [(&str, &str); 8] = [
    ("history.rs: SELECT EXISTS (SELECT 1 FROM let_go)", "no further than to the first"),
    (WITHOUT_FINGERPRINT, "once, by the upgrade that began the fingerprints"),
    ("named.rs: SELECT body FROM records", "at most once an hour, and only where reference data may leave"),
    (NAMED, "the same"),
    (EVERY_PHOTO, "the page that tells what photos take up"),
    (AT_A_NEW_EPOCH, "every record is to be offered again"),
    ("settle/pages.rs: DELETE FROM records WHERE yard_id IS ?1", "a deliberate bug of the simulator's"),
    (YARD_LOST, "a yard that is no longer the device's takes its records with it"),
];
const WITHOUT_FINGERPRINT: &str =
    "migrate.rs: SELECT {COLUMNS} FROM records WHERE pending_sync = 0 OR shadow IS NOT NULL";
const NAMED: &str = "named.rs: SELECT yard_id FROM records UNION SELECT known_yard FROM records \
     UNION SELECT operator_id FROM records";
const EVERY_PHOTO: &str =
    "photos.rs: SELECT sha256, max(held), count(*) = count(confirmed_ms) FROM photos GROUP BY sha256";
const AT_A_NEW_EPOCH: &str = "settle/healing.rs: INSERT OR IGNORE INTO unconfirmed SELECT id FROM records \
     WHERE fingerprint IS NOT NULL";
const YARD_LOST: &str =
    "settle/pages.rs: DELETE FROM records WHERE yard_id IS ?1 AND (pending_sync = 0 OR untouched = 1)";

/// What reads a damaged database, or one of another version.
const APART: [&str; 2] = ["salvage.rs", "deliberate.rs"];

/// A file of the store.
struct Source {
    name: String,
    /// Without its tests.
    code: String,
    /// Where each text begins, and what it says.
    texts: Vec<(usize, String)>,
}

impl Source {
    fn read(path: &Path, name: String) -> Self {
        let code = std::fs::read_to_string(path).unwrap();
        let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
        let texts = texts(&code);
        Self { name, code, texts }
    }

    /// The first text from there on.
    fn text_from(&self, place: usize) -> &str {
        self.texts.iter().find(|(at, _)| *at >= place).map(|(_, text)| text.as_str()).unwrap()
    }

    /// What a name stands for that is given a text, or a number, once in this file.
    fn meaning(&self, name: &str) -> Option<String> {
        let defined = [format!("const {name}: &str ="), format!("let {name} ="), format!("const {name}: u32 =")];
        let (place, defined) = defined.iter().find_map(|it| self.code.find(it.as_str()).map(|place| (place, it)))?;
        let value = self.code[place + defined.len()..].split(';').next()?.trim();
        Some(if value.parse::<u32>().is_ok() { value.to_owned() } else { self.text_from(place).to_owned() })
    }

    /// What the calls that select rows by a condition ask for.
    fn conditions(&self) -> Vec<String> {
        let call = "RecordRow::select(";
        let asked = self.code.match_indices(call).map(|(place, _)| {
            let argument = place + call.len() + self.code[place + call.len()..].find(',').unwrap() + 1;
            let text = self.code[argument..].trim_start().trim_start_matches('&');
            if text.starts_with('"') || text.starts_with("format!(") {
                return self.text_from(argument).to_owned();
            }
            let name: String = text.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
            self.meaning(&name).unwrap_or_else(|| panic!("{}: nobody knows what {name} selects", self.name))
        });
        asked.map(|condition| format!("SELECT {{COLUMNS}} FROM records WHERE {condition}")).collect()
    }
}

/// The texts in the code, comments left out.
fn texts(code: &str) -> Vec<(usize, String)> {
    let bytes = code.as_bytes();
    let (mut at, mut found) = (0, Vec::new());
    while at < bytes.len() {
        match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => at += code[at..].find('\n').unwrap_or(code.len() - at),
            b'\'' if bytes.get(at + 2) == Some(&b'\'') => at += 3,
            b'"' => {
                let (begun, mut text) = (at, String::new());
                at += 1;
                while bytes[at] != b'"' {
                    let rest = &code[at..];
                    if let Some(next) = rest.strip_prefix("\\\n") {
                        at = code.len() - next.trim_start().len();
                    } else if let Some(escaped) = rest.strip_prefix('\\') {
                        text.extend(escaped.chars().next());
                        at += 2;
                    } else {
                        let one = rest.chars().next().unwrap();
                        text.push(one);
                        at += one.len_utf8();
                    }
                }
                at += 1;
                found.push((begun, text));
            }
            _ => at += 1,
        }
    }
    found
}

fn sources(folder: &Path, prefix: &str, found: &mut Vec<Source>, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        let is = |extension: &str| path.extension().is_some_and(|found| found == extension);
        let is_test = ["tests.rs", "testing.rs", "concurrency.rs", "plans.rs", "check.rs"].contains(&name.as_str());
        if path.is_dir() && name != "migrations" && name != "snapshots" {
            sources(&path, &format!("{prefix}{name}/"), found, files);
        } else if is("sql") {
            files.insert(format!("{prefix}{name}"), std::fs::read_to_string(&path).unwrap());
        } else if is("rs") && !is_test && !APART.contains(&name.as_str()) {
            found.push(Source::read(&path, format!("{prefix}{name}")));
        }
    }
}

/// Each statement of the store, by where it stands.
fn statements() -> BTreeMap<String, String> {
    let (mut sources_found, mut found) = (Vec::new(), BTreeMap::new());
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    sources(&store, "", &mut sources_found, &mut found);
    for source in &sources_found {
        let is_sql =
            |text: &&String| ["SELECT ", "UPDATE ", "DELETE ", "INSERT "].iter().any(|it| text.starts_with(it));
        let texts = source.texts.iter().map(|(_, text)| text).filter(is_sql).cloned();
        // What selects by a condition it is given is looked at where that is given.
        let texts = texts.filter(|text| !(source.name == "row.rs" && text.contains("{condition}")));
        for sql in texts.chain(source.conditions()) {
            let place = format!("{}: {sql}", source.name);
            found.insert(place, spelled_out(sql, source, &sources_found));
        }
    }
    found
}

/// The statement with what its names in braces stand for, here or in another file.
fn spelled_out(mut sql: String, source: &Source, all: &[Source]) -> String {
    while let Some((before, rest)) = sql.split_once('{') {
        let (name, after) = rest.split_once('}').unwrap();
        let meaning = source.meaning(name).or_else(|| all.iter().find_map(|other| other.meaning(name)));
        let meaning = meaning.unwrap_or_else(|| panic!("{}: nobody knows what {name} is in {sql}", source.name));
        sql = format!("{before}{meaning}{after}");
    }
    sql
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

fn reads_whole(step: &str) -> bool {
    let Some(scanned) = step.strip_prefix("SCAN ") else { return false };
    let is_large = LARGE.iter().any(|table| scanned.split(' ').next() == Some(table));
    let by_few = OF_FEW.iter().any(|index| scanned.split(' ').any(|word| word == *index));
    is_large && !by_few
}

#[test]
fn what_each_statement_reads_is_found_by_an_index_that_fits() {
    let mut database = Connection::open_in_memory().unwrap();
    keep_statements(&database).unwrap();
    migrate::migrate(&mut database).unwrap();
    // What the triggers do is part of what a statement costs.
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_TRIGGER_EQP, true).unwrap();
    let plans: BTreeMap<_, _> = statements().into_iter().map(|(place, sql)| (place, plan(&database, &sql))).collect();
    assert!(plans.len() > 130, "only {} statements were found", plans.len());
    let whole: Vec<_> =
        plans.iter().filter(|(_, steps)| steps.iter().any(|it| reads_whole(it))).map(|(place, _)| &**place).collect();
    let allowed = WHOLE.map(|(place, _)| place);
    assert_eq!(whole, allowed, "these read a large table from end to end");
    insta::assert_debug_snapshot!(plans);
}
