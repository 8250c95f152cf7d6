//! What support needs to know of a device, in one file and without secrets: versions, settings, counts, how sync stands,
//! and the end of the log.

use std::io::Write;

use jiff::Timestamp;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::archive::{Archive, ArchiveError};
use super::{LogFile, scrub};
use crate::error::StoreError;
use crate::photos::Photos;
use crate::store::{DATABASE, Enrolment, SCHEMA, Store};
use crate::view::SyncStatus;

/// What only the app's shell knows.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// System and webview, as the webview calls itself.
    pub webview: String,
    /// How background sync stands, as the shell's plugin says.
    pub background: Value,
}

/// What a bundle holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Diagnosed {
    /// Bytes of the log in it.
    pub log_bytes: u32,
}

/// Counts that tell how a store fares.
const COUNTS: [(&str, &str); 12] = [
    ("waiting", "SELECT count(*) FROM records WHERE pending_sync = 1 AND rejection IS NULL AND untouched = 0"),
    ("corrections", "SELECT count(*) FROM corrections"),
    ("unanswered", "SELECT count(*) FROM unanswered"),
    ("rejected", "SELECT count(*) FROM records WHERE rejection IS NOT NULL"),
    ("stuck", "SELECT count(*) FROM stuck"),
    ("unconfirmed", "SELECT count(*) FROM unconfirmed"),
    ("displaced", "SELECT count(*) FROM displaced"),
    ("let_go", "SELECT count(*) FROM let_go"),
    ("photos", "SELECT count(*) FROM photos"),
    ("photos_held", "SELECT count(*) FROM photos WHERE held = 1"),
    ("photos_unconfirmed", "SELECT count(*) FROM photos WHERE held = 1 AND confirmed_ms IS NULL"),
    ("photo_bytes_held", "SELECT coalesce(sum(size), 0) FROM photos WHERE held = 1"),
];

/// Writes the bundle to `out`.
pub(crate) fn write_diagnostics(
    (store, photos): (&Store, &Photos),
    enrolment: Option<&Enrolment>,
    (app_version, now): (&str, Timestamp),
    sync: &SyncStatus,
    surroundings: &Surroundings,
    out: impl Write,
) -> Result<Diagnosed, ArchiveError> {
    let file = |name: &str| store.folder().join(name).metadata().map(|file| file.len()).ok();
    let facts = json!({
        "made_at": now,
        "app_version": app_version,
        "system": { "os": std::env::consts::OS, "architecture": std::env::consts::ARCH, "webview": surroundings.webview },
        "database": { "schema": SCHEMA, "bytes": file(DATABASE), "log_bytes": file(&format!("{DATABASE}-wal")) },
        "sync": sync,
        "background": surroundings.background,
        "free_bytes": photos.free_bytes().ok(),
        "store": store.look_apart(facts)?,
    });
    let secrets: Vec<String> = enrolment.map(|enrolment| enrolment.token.clone()).into_iter().collect();
    let mut archive = Archive::new(out);
    archive.file("diagnostics.json", &scrub::without(pretty(&facts).as_bytes(), &secrets))?;
    let mut diagnosed = Diagnosed::default();
    for (name, text) in LogFile::read(store.folder()) {
        let text = scrub::without(&text, &secrets);
        diagnosed.log_bytes = diagnosed.log_bytes.saturating_add(u32::try_from(text.len()).unwrap_or(u32::MAX));
        archive.file(&format!("logs/{name}"), &text)?;
    }
    archive.finish()?;
    Ok(diagnosed)
}

fn facts(connection: &Connection) -> Result<Value, StoreError> {
    let mut counts = Map::new();
    for (name, sql) in COUNTS {
        counts.insert(name.to_owned(), connection.query_row(sql, [], |row| row.get::<_, i64>(0))?.into());
    }
    let mut kinds = Map::new();
    let mut statement = connection.prepare("SELECT kind, count(*) FROM records GROUP BY kind")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        kinds.insert(row.get(0)?, row.get::<_, i64>(1)?.into());
    }
    let mut settings = Map::new();
    let mut statement = connection.prepare("SELECT name, value FROM settings")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (name, value): (String, String) = (row.get(0)?, row.get(1)?);
        let shown = scrub::setting(&name, &value);
        settings.insert(name, serde_json::from_str(&shown).unwrap_or(Value::String(shown)));
    }
    let mut rejections = Vec::new();
    let mut statement =
        connection.prepare("SELECT kind, rejection, changed_at FROM records WHERE rejection IS NOT NULL LIMIT 100")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let reason: String = row.get(1)?;
        rejections.push(json!({
            "kind": row.get::<_, String>(0)?,
            "reason": serde_json::from_str::<Value>(&reason).unwrap_or_default(),
            "changed_at": row.get::<_, String>(2)?,
        }));
    }
    let mut stuck = Vec::new();
    let mut statement = connection.prepare("SELECT rounds, reason FROM stuck LIMIT 100")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        stuck.push(json!({ "rounds": row.get::<_, i64>(0)?, "reason": row.get::<_, String>(1)? }));
    }
    Ok(json!({
        "counts": counts, "records": kinds, "settings": settings, "rejections": rejections, "stuck": stuck,
    }))
}

fn pretty(facts: &Value) -> String {
    serde_json::to_string_pretty(facts).expect("it is JSON")
}
