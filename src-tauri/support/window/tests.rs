use gatebook_client::DeviceConfig;
use serde_json::json;
use tauri::ipc::{CallbackFn, InvokeResponseBody};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
use tauri::webview::InvokeRequest;
use tauri::{App, WebviewWindow};
use tempfile::TempDir;

use super::*;

const TOKEN: &str = "gbd_token-that-nobody-may-see";

/// An app without a screen, with its real permissions and the real plugin, on a device that holds a token.
struct Desk {
    data: TempDir,
    app: App<MockRuntime>,
    window: WebviewWindow<MockRuntime>,
}

impl Desk {
    fn new(label: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let app = mock_builder()
            .plugin(guarded())
            .invoke_handler(crate::bindings().invoke_handler())
            .build(crate::context())
            .unwrap();
        let device = tauri::async_runtime::block_on(async {
            Device::open(DeviceConfig::new(data.path().to_owned(), "0.1.0")).unwrap()
        });
        let enrolment = json!({
            "server_url": "http://127.0.0.1:9", "tenant_id": null, "tenant_name": "Rio Grande Yards",
            "device_id": uuid::Uuid::nil(), "device_name": "Gate 2 kiosk", "token": TOKEN, "revoked": false,
        });
        let store = rusqlite::Connection::open(data.path().join("gatebook.sqlite")).unwrap();
        store.execute("INSERT INTO settings VALUES ('enrolment', ?1)", [enrolment.to_string()]).unwrap();
        app.manage(device);
        app.manage(Support::new(Duration::from_millis(300)));
        let window = WebviewWindowBuilder::new(&app, label, WebviewUrl::default()).build().unwrap();
        Self { data, app, window }
    }

    fn call(&self, command: &str, body: Value) -> Result<Value, String> {
        let request = InvokeRequest {
            cmd: command.to_owned(),
            callback: CallbackFn(0),
            error: CallbackFn(1),
            url: "tauri://localhost".parse().unwrap(),
            body: InvokeBody::Json(body),
            headers: tauri::http::HeaderMap::new(),
            invoke_key: INVOKE_KEY.to_owned(),
        };
        match get_ipc_response(&self.window, request) {
            Ok(InvokeResponseBody::Json(answer)) => Ok(serde_json::from_str(&answer).unwrap()),
            Ok(InvokeResponseBody::Raw(_)) => panic!("no command answers in bytes"),
            Err(refusal) => Err(refusal.to_string()),
        }
    }

    fn look(&self) -> Looking {
        serde_json::from_value(self.call("look_again", json!({})).unwrap()).unwrap()
    }

    fn select(&self, query: &str) -> Result<Value, String> {
        self.call("plugin:sql|select", json!({ "db": DATABASE, "query": query, "values": [] }))
    }

    fn copy(&self) -> std::path::PathBuf {
        let folder = self.data.path().join("support");
        let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(files.len(), 1, "one copy: {files:?}");
        files.into_iter().next().expect("one")
    }
}

/// Statements that write, change settings, or open other files.
fn hostile(data: &Path) -> Vec<String> {
    let live = data.join("gatebook.sqlite");
    let mut statements: Vec<String> = [
        "INSERT INTO settings (name, value) VALUES ('a', 'b')",
        "UPDATE settings SET value = ''",
        "DELETE FROM settings",
        "DROP TABLE settings",
        "CREATE TABLE kept (a)",
        "CREATE TEMP TABLE kept (a)",
        "PRAGMA query_only = OFF",
        "PRAGMA user_version = 9",
        "PRAGMA journal_mode = DELETE",
        "SELECT 1; DELETE FROM settings",
    ]
    .map(str::to_owned)
    .into();
    statements.push(format!("ATTACH DATABASE '{}' AS live", live.display()));
    statements.push(format!("ATTACH DATABASE 'file:{}?mode=rw' AS live", live.display()));
    statements.push(format!("SELECT 1; ATTACH DATABASE '{}' AS live", live.display()));
    statements.push(format!("VACUUM INTO '{}'", data.join("stolen.sqlite").display()));
    statements
}

#[test]
fn it_reads_the_copy_and_sees_what_is_new_when_it_looks_again() {
    let desk = Desk::new(LABEL);
    assert!(desk.select("SELECT 1").is_err(), "there is no copy before one is asked for");
    let looking = desk.look();
    assert!(looking.tables.iter().any(|table| table.name == "settings" && table.rows > 0));
    let named = |name: &str| desk.select(&format!("SELECT value FROM settings WHERE name = '{name}'")).unwrap();
    assert!(named("enrolment")[0]["value"].as_str().unwrap().contains("Gate 2 kiosk"));
    assert_eq!(named("repairs"), json!([]));
    let store = rusqlite::Connection::open(desk.data.path().join("gatebook.sqlite")).unwrap();
    store.execute("INSERT INTO settings VALUES ('repairs', '3')", []).unwrap();
    assert_eq!(named("repairs"), json!([]), "it is a copy");
    desk.look();
    assert_eq!(named("repairs"), json!([{ "value": "3" }]));
    desk.copy();
}

#[test]
fn nothing_is_written_through_the_plugin() {
    let desk = Desk::new(LABEL);
    desk.look();
    let (copy, live) = (desk.copy(), desk.data.path().join("gatebook.sqlite"));
    let files = || (std::fs::read(&copy).unwrap(), std::fs::read(&live).unwrap());
    let before = files();
    for statement in hostile(desk.data.path()) {
        assert!(desk.select(&statement).is_err(), "{statement}");
    }
    assert!(files() == before, "no byte has changed");
    assert!(!desk.data.path().join("stolen.sqlite").exists());
    assert!(desk.select("SELECT count(*) FROM settings").is_ok(), "and the window goes on");
}

#[test]
fn sqlite_itself_refuses_to_write_by_the_connection_that_the_plugin_has() {
    let desk = Desk::new(LABEL);
    desk.look();
    let copy = desk.copy();
    let before = std::fs::read(&copy).unwrap();
    tauri::async_runtime::block_on(async {
        let instances = desk.app.state::<DbInstances>();
        let instances = instances.0.read().await;
        let DbPool::Sqlite(pool) = &instances[DATABASE];
        for statement in ["INSERT INTO settings (name) VALUES ('a')", "DELETE FROM settings", "CREATE TABLE kept (a)"] {
            let told = sqlx::query(statement).execute(pool).await.unwrap_err().to_string();
            assert!(told.contains("readonly"), "{statement}: {told}");
        }
    });
    assert!(std::fs::read(&copy).unwrap() == before);
}

#[test]
fn the_token_cannot_be_read() {
    let desk = Desk::new(LABEL);
    for table in desk.look().tables {
        let rows = desk.select(&format!("SELECT * FROM {}", table.name)).unwrap();
        assert!(!rows.to_string().contains(TOKEN), "{}", table.name);
    }
    let bytes = std::fs::read(desk.copy()).unwrap();
    assert!(!bytes.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes()), "nor is it in the file");
}

#[test]
fn no_other_call_of_the_plugin_and_no_other_window_gets_through() {
    let desk = Desk::new(LABEL);
    desk.look();
    let live = format!("sqlite:{}", desk.data.path().join("gatebook.sqlite").display());
    for (command, body) in [
        ("plugin:sql|load", json!({ "db": live })),
        ("plugin:sql|execute", json!({ "db": DATABASE, "query": "SELECT 1", "values": [] })),
        ("plugin:sql|close", json!({ "db": DATABASE })),
        ("plugin:sql|select", json!({ "db": live, "query": "SELECT 1", "values": [] })),
    ] {
        assert!(desk.call(command, body).is_err(), "{command}");
    }
    let other = Desk::new("main");
    assert!(other.call("look_again", json!({})).unwrap_err().contains("not allowed"));
    assert!(other.select("SELECT 1").unwrap_err().contains("not allowed"));
}

#[test]
fn the_gate_holds_even_where_a_capability_would_not() {
    let desk = Desk::new(LABEL);
    desk.look();
    let support = desk.app.state::<Support>();
    let asked = |command: &str, db: &str, query: &str| {
        allowed(&support, command, &InvokeBody::Json(json!({ "db": db, "query": query, "values": [] })))
    };
    assert_eq!(asked("select", DATABASE, "SELECT 1"), Ok(()));
    for (command, db, query) in [
        ("execute", DATABASE, "SELECT 1"),
        ("load", DATABASE, ""),
        ("close", DATABASE, ""),
        ("select", "sqlite:/other.sqlite", "SELECT 1"),
        ("select", DATABASE, "DELETE FROM settings"),
    ] {
        assert!(asked(command, db, query).is_err(), "{command} {db} {query}");
    }
}

#[test]
fn a_statement_without_an_end_is_stopped_and_the_next_one_runs() {
    let desk = Desk::new(LABEL);
    desk.look();
    let endless = "WITH RECURSIVE n (a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n) SELECT count(*) FROM n";
    assert!(desk.select(endless).unwrap_err().contains("interrupted"));
    assert_eq!(desk.select("SELECT 7 AS seven").unwrap(), json!([{ "seven": 7 }]));
}

#[test]
fn the_copy_goes_with_the_window() {
    let desk = Desk::new(LABEL);
    desk.look();
    let copy = desk.copy();
    tauri::async_runtime::block_on(let_go(desk.app.handle()));
    assert!(!copy.exists());
    assert!(desk.select("SELECT 1").is_err());
    assert!(desk.app.state::<DbInstances>().0.blocking_read().is_empty());
}

/// Which SQLite a connection of the crate that the store uses runs.
fn version_under_the_store() -> String {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    connection.query_row("SELECT sqlite_version()", [], |row| row.get(0)).unwrap()
}

#[test]
fn store_and_plugin_run_one_sqlite_that_keeps_what_two_connections_commit() {
    let desk = Desk::new(LABEL);
    desk.look();
    let version = version_under_the_store();
    assert_eq!(desk.select("SELECT sqlite_version() AS version").unwrap(), json!([{ "version": version }]));
    let parts: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
    assert!(parts >= vec![3, 51, 3], "{version} has the fault that loses committed pages");
}
