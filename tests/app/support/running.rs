//! One start of the app: tauri-driver, WebKit's driver behind it, and the app they started.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::{Capabilities, WebDriver};
use tokio::time::{Instant, timeout};

use super::app::{LOOK, Options, PATIENCE};
use super::display::Display;
use super::process::Process;

/// A session begins within a second. WebKit's driver chooses a port for its end of the app by itself, and never answers
/// if somebody else has taken it in between: after this long it is started again.
const START: Duration = Duration::from_secs(15);

/// What runs for one start of the app.
pub(super) struct Running {
    bridge: Child,
    app: Process,
}

impl Running {
    pub(super) async fn start(data: &Path, display: &Display, options: Options) -> (WebDriver, Self) {
        let deadline = Instant::now() + 2 * PATIENCE;
        loop {
            let [port, native_port] = free_ports();
            let mut bridge = bridge(data, display, options, [port, native_port]);
            let session = timeout(START, session(&format!("http://127.0.0.1:{port}"))).await;
            let app = Process::of_app(data);
            if let (Ok(driver), Some(app)) = (session, &app) {
                return (driver, Self { bridge, app: app.clone() });
            }
            if let Some(app) = app {
                app.kill();
            }
            end(&mut bridge);
            assert!(Instant::now() < deadline, "the app does not start");
        }
    }

    /// The app's own process.
    pub(super) const fn app(&self) -> &Process {
        &self.app
    }

    /// Ends the app without a warning, and then its drivers.
    pub(super) fn kill(mut self) {
        self.app.kill();
        end(&mut self.bridge);
    }
}

fn bridge(data: &Path, display: &Display, options: Options, [port, native_port]: [u16; 2]) -> Child {
    let program = super::tool("tauri-driver");
    let mut command = match options.disk {
        None => Command::new(program),
        // Its own mounts: the disk is seen by the app alone and is gone with it.
        Some(bytes) => {
            let mut own = Command::new("unshare");
            let mount = format!("mount -t tmpfs -o size={bytes} tmpfs \"$XDG_DATA_HOME\" && exec \"$0\" \"$@\"");
            own.args(["--user", "--map-root-user", "--mount", "sh", "-c", &mount]).arg(program);
            own
        }
    };
    command
        .args(["--port", &port.to_string(), "--native-port", &native_port.to_string()])
        .env("DISPLAY", &display.name)
        .env_remove("WAYLAND_DISPLAY")
        .env("XDG_DATA_HOME", data)
        .env("GATEBOOK_EXPORTS", data.join("exports"))
        .env("GTK_THEME", if options.dark { "Adwaita:dark" } else { "Adwaita" })
        .env("NO_AT_BRIDGE", "1")
        .stdout(Stdio::null())
        .stderr(if std::env::var_os("GATEBOOK_LOG").is_some() { Stdio::inherit() } else { Stdio::null() })
        .spawn()
        .expect("tauri-driver starts; `cargo xtask setup` installs it")
}

async fn session(url: &str) -> WebDriver {
    let wanted = json!({"tauri:options": {"application": env!("CARGO_BIN_EXE_gatebook")}});
    let Value::Object(wanted) = wanted else { unreachable!("it was written as an object") };
    loop {
        // The bridge opens its port a moment after it was started.
        if let Ok(driver) = WebDriver::new(url, Capabilities::from(wanted.clone())).await {
            return driver;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Ends tauri-driver and, through it, WebKit's driver.
fn end(bridge: &mut Child) {
    Process::new(bridge.id()).terminate();
    let _ = bridge.wait();
}

fn free_ports() -> [u16; 2] {
    let listeners = [0; 2].map(|any| std::net::TcpListener::bind(("127.0.0.1", any)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
