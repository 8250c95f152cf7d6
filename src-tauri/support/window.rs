//! The support window itself, and the gate between it and tauri-plugin-sql.

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gatebook_client::Device;
use gatebook_client::support::Snapshot;
use gatebook_client::view::{CommandError, ErrorCode};
use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tauri::ipc::{Invoke, InvokeBody};
use tauri::plugin::{Plugin, TauriPlugin};
use tauri::{AppHandle, Manager, RunEvent, Runtime, State, WebviewUrl, WebviewWindowBuilder, WindowEvent};
use tauri_plugin_sql::{DbInstances, DbPool, PluginConfig};

use super::{Answer, Looking, SupportWindow, refused};
use crate::kiosk::Kiosk;

/// The window's label.
pub(crate) const LABEL: &str = "support";
/// The database's name towards tauri-plugin-sql. It is no address: nothing can be loaded by it.
const DATABASE: &str = "sqlite:support";
/// A statement that takes longer is stopped.
const PATIENCE: Duration = Duration::from_secs(10);
/// What guessing the kiosk's code costs, each time.
const WRONG_CODE: Duration = Duration::from_secs(1);

/// What the window reads from, while it is open.
pub(crate) struct Support {
    patience: Duration,
    snapshot: Mutex<Option<Snapshot>>,
    deadline: Arc<Deadline>,
    /// One at a time: guesses of the code, and copies.
    turn: tokio::sync::Mutex<()>,
}

impl Support {
    fn new(patience: Duration) -> Self {
        let deadline = Arc::new(Deadline { start: Instant::now(), at_ms: AtomicU64::new(0) });
        Self { patience, snapshot: Mutex::default(), deadline, turn: tokio::sync::Mutex::default() }
    }

    fn snapshot(&self) -> MutexGuard<'_, Option<Snapshot>> {
        self.snapshot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Until when the statement that runs may go on.
struct Deadline {
    start: Instant,
    at_ms: AtomicU64,
}

impl Deadline {
    fn set(&self, patience: Duration) {
        let at = self.start.elapsed() + patience;
        self.at_ms.store(u64::try_from(at.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn has_time(&self) -> bool {
        self.start.elapsed().as_millis() < u128::from(self.at_ms.load(Ordering::Relaxed))
    }
}

/// Makes ready for the window; nothing is copied before it is open.
pub(crate) fn set_up<R: Runtime>(app: &impl Manager<R>) {
    app.manage(Support::new(PATIENCE));
}

/// tauri-plugin-sql, behind the gate.
pub(crate) fn guarded<R: Runtime>() -> Guarded<R> {
    Guarded(tauri_plugin_sql::Builder::new().build())
}

/// Lets `select` through if it is one statement that reads, and nothing else whatever a capability says: the plugin itself
/// would run any statement by `select`, and load any file.
pub(crate) struct Guarded<R: Runtime>(TauriPlugin<R, Option<PluginConfig>>);

impl<R: Runtime> Plugin<R> for Guarded<R> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn initialize(&mut self, app: &AppHandle<R>, config: Value) -> Result<(), Box<dyn std::error::Error>> {
        self.0.initialize(app, config)
    }

    fn on_event(&mut self, app: &AppHandle<R>, event: &RunEvent) {
        self.0.on_event(app, event);
    }

    fn extend_api(&mut self, invoke: Invoke<R>) -> bool {
        let message = &invoke.message;
        let webview = message.webview_ref();
        let allowed = match webview.try_state::<Support>() {
            Some(support) if webview.label() == LABEL => allowed(&support, message.command(), message.payload()),
            _ => Err("SQL is for the support window only".to_owned()),
        };
        match allowed {
            Ok(()) => self.0.extend_api(invoke),
            Err(reason) => {
                invoke.resolver.reject(reason);
                true
            }
        }
    }
}

/// Whether that call of the plugin may run. Gives it its time, if so.
fn allowed(support: &Support, command: &str, payload: &InvokeBody) -> Result<(), String> {
    let InvokeBody::Json(given) = payload else { return Err("no such call".to_owned()) };
    let (database, query) = (given["db"].as_str(), given["query"].as_str());
    let (true, Some(DATABASE), Some(query)) = (command == "select", database, query) else {
        return Err("only `select` from this copy is possible here".to_owned());
    };
    match support.snapshot().as_ref() {
        Some(snapshot) => snapshot.check(query).map_err(|refusal| refusal.to_string())?,
        None => return Err("there is no copy to read from".to_owned()),
    }
    support.deadline.set(support.patience);
    Ok(())
}

/// How the window is opened on this device.
pub(crate) fn how_to_open<R: Runtime>(app: &AppHandle<R>) -> SupportWindow {
    let asks_code = app.try_state::<Kiosk>().is_some_and(|kiosk| kiosk.asks_code());
    if asks_code { SupportWindow::Code } else { SupportWindow::Open }
}

/// Opens the window, or brings it to the front.
pub(crate) async fn open<R: Runtime>(app: &AppHandle<R>, code: Option<&str>) -> Answer<()> {
    let support = of(app)?;
    let turn = support.turn.lock().await;
    if !app.try_state::<Kiosk>().is_none_or(|kiosk| kiosk.lets_in(code)) {
        tracing::warn!("somebody tried to open the support window with a wrong code");
        tokio::time::sleep(WRONG_CODE).await;
        return Err(refused("This is not the kiosk’s code. Ask whoever looks after this kiosk."));
    }
    drop(turn);
    let window = match app.get_webview_window(LABEL) {
        Some(window) => Ok(window),
        None => WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("support.html".into()))
            .title("Gatebook support")
            .inner_size(1180.0, 760.0)
            .min_inner_size(640.0, 480.0)
            .always_on_top(app.try_state::<Kiosk>().is_some_and(|kiosk| kiosk.fills_screen()))
            .build(),
    };
    window.and_then(|window| window.set_focus()).map_err(|error| {
        tracing::error!(%error, "the support window does not open");
        trouble("The support window does not open. Restart the app and try again.")
    })
}

/// Copies the store and lets the window read from the copy, in place of the one before.
pub(crate) async fn look_again<R: Runtime>(app: &AppHandle<R>, device: Device) -> Answer<Looking> {
    let support = of(app)?;
    let _turn = support.turn.lock().await;
    let snapshot = tauri::async_runtime::spawn_blocking(move || device.snapshot()).await.map_err(|error| {
        tracing::error!(%error, "a snapshot for support panicked");
        trouble("The records could not be copied. Try again.")
    })??;
    let pool = pool(snapshot.path(), &support.deadline).await.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "a snapshot for support cannot be opened");
        trouble("The copy of the records could not be opened. Try again.")
    })?;
    let looking =
        Looking { database: DATABASE.to_owned(), taken_at: snapshot.taken_at(), tables: snapshot.tables().to_vec() };
    let before = app.state::<DbInstances>().0.write().await.insert(DATABASE.to_owned(), pool);
    close(before).await;
    *support.snapshot() = Some(snapshot);
    Ok(looking)
}

/// The window goes with the app's own, and the copy with the window.
pub(crate) fn on_window_event<R: Runtime>(app: &AppHandle<R>, label: &str, event: &WindowEvent) {
    match (label, event) {
        (LABEL, WindowEvent::Destroyed) => closed(app),
        ("main", WindowEvent::Destroyed) => {
            if let Some(window) = app.get_webview_window(LABEL)
                && let Err(error) = window.close()
            {
                tracing::warn!(%error, "the support window stays open");
            }
        }
        _ => {}
    }
}

fn closed<R: Runtime>(app: &AppHandle<R>) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        // It may have been opened again meanwhile.
        if app.get_webview_window(LABEL).is_none() {
            let_go(&app).await;
        }
    });
}

async fn let_go<R: Runtime>(app: &AppHandle<R>) {
    let support = app.state::<Support>();
    let _turn = support.turn.lock().await;
    let before = app.state::<DbInstances>().0.write().await.remove(DATABASE);
    close(before).await;
    *support.snapshot() = None;
}

/// A connection that SQLite itself lets only read, and that stops what takes too long.
async fn pool(path: &Path, deadline: &Arc<Deadline>) -> Result<DbPool, sqlx::Error> {
    deadline.set(PATIENCE);
    let deadline = Arc::clone(deadline);
    let options = SqliteConnectOptions::new().filename(path).read_only(true).pragma("query_only", "ON");
    let pool = SqlitePoolOptions::new().max_connections(1).after_connect(move |connection, _| {
        let deadline = Arc::clone(&deadline);
        Box::pin(async move {
            connection.lock_handle().await?.set_progress_handler(1_000, move || deadline.has_time());
            Ok(())
        })
    });
    Ok(DbPool::Sqlite(pool.connect_with(options).await?))
}

async fn close(pool: Option<DbPool>) {
    if let Some(DbPool::Sqlite(pool)) = pool {
        pool.close().await;
    }
}

fn of<R: Runtime>(app: &AppHandle<R>) -> Answer<State<'_, Support>> {
    app.try_state().ok_or_else(|| refused("This device has no support window."))
}

fn trouble(message: &str) -> CommandError {
    CommandError { code: ErrorCode::Storage, message: message.to_owned(), retry: true }
}
