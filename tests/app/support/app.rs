//! One running app: a person's hands and eyes on it, through WebDriver.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gatebook_testbed::Link;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::WebElement;
use thirtyfour::prelude::*;

use super::display::Display;
use super::running::Running;
use super::yard::Yard;

/// How long anything may take that takes a moment.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
/// How often is looked meanwhile.
pub(super) const LOOK: Duration = Duration::from_millis(40);

/// How an app is started.
#[derive(Default, Clone, Copy)]
pub(crate) struct Options {
    /// The system's colours are dark.
    pub dark: bool,
    /// The data folder is a disk of its own, of that many bytes.
    pub disk: Option<u64>,
}

/// An app on a screen and a data folder of its own.
pub(crate) struct App {
    driver: WebDriver,
    running: Option<Running>,
    data: TempDir,
    options: Options,
    display: Display,
}

impl App {
    /// Opens the app as a phone would show it, on a device that nobody has used.
    pub(crate) async fn open() -> Self {
        Self::open_with(Options::default()).await
    }

    pub(crate) async fn open_with(options: Options) -> Self {
        let (data, display) = (tempfile::tempdir().unwrap(), Display::open());
        let (driver, running) = Running::start(data.path(), &display, options).await;
        let app = Self { driver, running: Some(running), data, options, display };
        app.size(PHONE).await;
        app
    }

    /// Opens the app, enrols it and says who works.
    pub(crate) async fn of(yard: &Yard, code: usize, device: &str, operator: &str) -> Self {
        let app = Self::open().await;
        app.join(yard, code, device, operator).await;
        app
    }

    pub(crate) async fn join(&self, yard: &Yard, code: usize, device: &str, operator: &str) {
        self.enrol(yard, code, device).await;
        self.work_as(yard, operator).await;
    }

    pub(crate) async fn enrol(&self, yard: &Yard, code: usize, device: &str) {
        self.enrol_over(&yard.link, yard, code, device).await;
    }

    /// The same over a link of its own.
    pub(crate) async fn enrol_over(&self, link: &Link, yard: &Yard, code: usize, device: &str) {
        self.write("enrol-server", &link.url()).await;
        self.write("enrol-code", &yard.seeded.codes[code].code).await;
        self.write("enrol-device", device).await;
        self.tap("enrol-submit").await;
    }

    pub(crate) async fn work_as(&self, yard: &Yard, operator: &str) {
        self.tap(&format!("operator-{}", yard.operator(operator))).await;
        self.see("work-assigned").await;
    }

    /// The system ends the app without a warning.
    pub(crate) fn kill(&mut self) {
        self.running.take().expect("the app runs").kill();
    }

    /// Opens the app again after [`App::kill`].
    pub(crate) async fn reopen(&mut self) {
        assert!(self.running.is_none(), "the app runs already");
        let (driver, running) = Running::start(self.data.path(), &self.display, self.options).await;
        (self.driver, self.running) = (driver, Some(running));
        self.size(PHONE).await;
    }

    /// What the app's database answers, as text; empty when it has nothing.
    pub(crate) fn stored(&self, query: &str) -> String {
        let folder = self.own_path("app.gatebook.field");
        let copied;
        let database = if self.options.disk.is_none() {
            Connection::open_with_flags(folder.join("gatebook.sqlite"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
        } else {
            // SQLite follows every symbolic link first, and the way into another process's mounts is one.
            copied = tempfile::tempdir().unwrap();
            for file in ["gatebook.sqlite", "gatebook.sqlite-wal"] {
                std::fs::copy(folder.join(file), copied.path().join(file)).unwrap();
            }
            Connection::open(copied.path().join("gatebook.sqlite")).unwrap()
        };
        let whole = format!("SELECT CAST(({query}) AS TEXT)");
        database.query_row(&whole, [], |row| row.get::<_, Option<String>>(0)).unwrap().unwrap_or_default()
    }

    /// A path in the app's data folder, whether the app runs or not; not for an app with a disk of its own.
    pub(crate) fn data_path(&self, below_data: &str) -> PathBuf {
        self.data.path().join(below_data)
    }

    /// A path as the app's own process sees it.
    pub(crate) fn own_path(&self, below_data: &str) -> PathBuf {
        self.running.as_ref().expect("the app runs").app().path(&self.data.path().join(below_data))
    }

    pub(crate) async fn size(&self, (width, height): (u32, u32)) {
        self.driver.set_window_rect(0, 0, width, height).await.unwrap();
        self.until("the window has its size", async || {
            let size = self.script("return [window.innerWidth, window.innerHeight]").await;
            size == json!([width, height])
        })
        .await;
    }

    /// Waits until that part is shown.
    pub(crate) async fn see(&self, id: &str) -> WebElement {
        let seen = self.driver.query(css(id)).and_displayed().wait(PATIENCE, LOOK).first().await;
        match seen {
            Ok(element) => element,
            Err(error) => panic!("`{id}` does not show ({error}); the page says:\n{}", self.page().await),
        }
    }

    /// Waits until that part says something of which `holds` is true.
    pub(crate) async fn reads(&self, id: &str, holds: impl Fn(&str) -> bool) -> String {
        let mut last = String::new();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Ok(element) = self.driver.find(css(id)).await
                && let Ok(text) = element.text().await
            {
                if holds(&text) {
                    return text;
                }
                last = text;
            }
            assert!(tokio::time::Instant::now() < deadline, "`{id}` reads “{last}”; the page:\n{}", self.page().await);
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until that part is shown no more.
    pub(crate) async fn gone(&self, id: &str) {
        self.until(&format!("`{id}` is gone"), async || !self.shows(id).await).await;
    }

    /// Whether that part is shown at this moment.
    pub(crate) async fn shows(&self, id: &str) -> bool {
        match self.driver.find(css(id)).await {
            Ok(element) => element.is_displayed().await.unwrap_or(false),
            Err(_) => false,
        }
    }

    pub(crate) async fn tap(&self, id: &str) {
        // Lists are drawn anew when local state changes; a part that was replaced under the finger is tapped again.
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let element = self.see(id).await;
            let Err(error) = async {
                element.scroll_into_view().await?;
                element.click().await
            }
            .await
            else {
                return;
            };
            assert!(tokio::time::Instant::now() < deadline, "`{id}` cannot be tapped: {error}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Taps the first part whose id begins so.
    pub(crate) async fn tap_first(&self, prefix: &str) {
        self.tap_reading(prefix, "").await;
    }

    /// Taps the first part whose id begins so and that says that.
    pub(crate) async fn tap_reading(&self, prefix: &str, text: &str) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            for part in self.driver.find_all(begins(prefix)).await.unwrap() {
                if part.text().await.is_ok_and(|says| says.contains(text))
                    && let Ok(Some(id)) = part.attr("data-testid").await
                {
                    return self.tap(&id).await;
                }
            }
            assert!(tokio::time::Instant::now() < deadline, "no `{prefix}…` says “{text}”:\n{}", self.page().await);
            tokio::time::sleep(LOOK).await;
        }
    }

    /// How many parts have an id that begins so.
    pub(crate) async fn count(&self, prefix: &str) -> usize {
        self.driver.find_all(begins(prefix)).await.unwrap().len()
    }

    /// How many pictures below parts whose id begins so are drawn, as the webview got them from the app.
    pub(crate) async fn drawn(&self, prefix: &str) -> usize {
        let of = format!("[data-testid^=\"{prefix}\"] img");
        let drawn = format!("return [...document.querySelectorAll('{of}')].filter((it) => it.naturalWidth).length");
        usize::try_from(self.script(&drawn).await.as_u64().expect("a number")).expect("a small one")
    }

    /// Closes what is open on top.
    pub(crate) async fn key_escape(&self) {
        self.driver.action_chain().send_keys(Key::Escape).perform().await.unwrap();
    }

    /// Brings that part into view.
    pub(crate) async fn scroll_to(&self, id: &str) {
        self.see(id).await.scroll_into_view().await.unwrap();
    }

    /// Puts a text into a field, in place of what was there.
    pub(crate) async fn write(&self, id: &str, text: &str) {
        let field = self.see(id).await;
        field.scroll_into_view().await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Chooses a file where the page asks for one.
    pub(crate) async fn choose_file(&self, id: &str, file: &Path) {
        let input = self.driver.query(css(id)).wait(PATIENCE, LOOK).first().await;
        let input = match input {
            Ok(input) => input,
            Err(error) => panic!("`{id}` is not there ({error}); the page says:\n{}", self.page().await),
        };
        input.send_keys(file.to_str().expect("a path in UTF-8")).await.unwrap();
    }

    /// Signs with a finger.
    pub(crate) async fn sign(&self, role: &str) {
        let pad = self.see(&format!("signature-pad-{role}")).await;
        pad.scroll_into_view().await.unwrap();
        self.driver
            .action_chain()
            .move_to_element_with_offset(&pad, -80, 10)
            .click_and_hold()
            .move_by_offset(40, -30)
            .move_by_offset(30, 40)
            .move_by_offset(30, -35)
            .move_by_offset(40, 20)
            .release()
            .perform()
            .await
            .unwrap();
    }

    pub(crate) async fn value(&self, id: &str) -> String {
        self.see(id).await.prop("value").await.unwrap().unwrap_or_default()
    }

    /// Goes on in the window that the app has opened beside this one.
    pub(crate) async fn go_on_in_other_window(&self) {
        let here = self.driver.window().await.unwrap();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let windows = self.driver.windows().await.unwrap();
            if let Some(other) = windows.into_iter().find(|window| *window != here) {
                return self.driver.switch_to_window(other).await.unwrap();
            }
            assert!(tokio::time::Instant::now() < deadline, "there is one window only");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Makes the folder into which this app exports, and answers where it is.
    pub(crate) fn exports(&self) -> PathBuf {
        let folder = self.data_path("exports");
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Runs a script in the page.
    pub(crate) async fn script(&self, script: &str) -> Value {
        self.driver.execute(script, Vec::new()).await.unwrap().json().clone()
    }

    /// What can be read on the page, for when something is not as it must be.
    pub(crate) async fn page(&self) -> String {
        match self.driver.execute("return document.body.innerText", Vec::new()).await {
            Ok(text) => text.json().as_str().unwrap_or_default().to_owned(),
            Err(error) => format!("(the page cannot be read: {error})"),
        }
    }

    /// Keeps a picture of the page as it is now.
    pub(crate) async fn picture(&self, path: &Path) {
        // The picture may be a frame behind the page.
        let settled = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done));";
        self.driver.execute_async(settled, Vec::new()).await.unwrap();
        std::fs::create_dir_all(path.parent().expect("a file in a folder")).unwrap();
        self.driver.screenshot(path).await.unwrap();
    }

    /// Waits until that holds.
    pub(crate) async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !holds().await {
            assert!(tokio::time::Instant::now() < deadline, "waited in vain until {what}:\n{}", self.page().await);
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.kill();
        }
    }
}

/// A phone's screen.
pub(crate) const PHONE: (u32, u32) = (390, 844);
/// A kiosk's screen.
pub(crate) const KIOSK: (u32, u32) = (1280, 800);

fn css(id: &str) -> By {
    By::Css(format!("[data-testid='{id}']"))
}

fn begins(prefix: &str) -> By {
    By::Css(format!("[data-testid^='{prefix}']"))
}
