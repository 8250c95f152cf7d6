//! Kiosk mode: the app fills the screen and is left only by whoever knows the exit code.
//!
//! `gatebook --kiosk` begins it. With `GATEBOOK_KIOSK_CODE` set, closing the window is refused, and
//! `gatebook --leave-kiosk CODE`, run on the same machine, ends the app with the process's exit code 10, which Windows'
//! Shell Launcher can be told to answer.

use tauri::{App, AppHandle, Manager, WebviewWindow, WindowEvent};

/// The exit code of a process whose kiosk was left by its code. Any other end is to be followed by a restart.
#[cfg(windows)]
pub(crate) const LEFT: i32 = 10;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// The app in a window.
    Window,
    /// The app, filling the screen.
    Kiosk,
    /// That the kiosk which runs already be left.
    Leave {
        /// The code given.
        code: String,
    },
}

impl Asked {
    /// Reads arguments, the program's own name among them or not.
    fn read(args: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut args = args.into_iter();
        let mut asked = Self::Window;
        while let Some(arg) = args.next() {
            match arg.as_ref() {
                "--kiosk" => asked = Self::Kiosk,
                "--leave-kiosk" => {
                    let code = args.next().map_or_else(String::new, |code| code.as_ref().to_owned());
                    return Self::Leave { code };
                }
                _ => {}
            }
        }
        asked
    }
}

/// How this process was started.
#[derive(Debug)]
pub(crate) struct Kiosk {
    fills_screen: bool,
    code: Option<String>,
}

impl Kiosk {
    fn new(asked: &Asked, code: Option<String>) -> Self {
        let fills_screen = *asked == Asked::Kiosk;
        Self { fills_screen, code: code.filter(|code| fills_screen && !code.is_empty()) }
    }

    fn refuses_to_close(&self) -> bool {
        self.code.is_some()
    }

    pub(crate) const fn fills_screen(&self) -> bool {
        self.fills_screen
    }

    /// Whether what is not for whoever stands before it asks for its code.
    pub(crate) const fn asks_code(&self) -> bool {
        self.code.is_some()
    }

    /// Whether that code opens what is not for whoever stands before it. What has no code is open.
    pub(crate) fn lets_in(&self, code: Option<&str>) -> bool {
        self.code.as_deref().is_none_or(|right| code.is_some_and(|code| is_same(code, right)))
    }

    #[cfg(any(windows, test))]
    fn is_left_by(&self, asked: &Asked) -> bool {
        match (asked, &self.code) {
            (Asked::Leave { code }, Some(right)) => is_same(code, right),
            _ => false,
        }
    }
}

/// Compares codes in a time that does not tell how much of them is right.
fn is_same(given: &str, right: &str) -> bool {
    bool::from(subtle::ConstantTimeEq::ct_eq(given.as_bytes(), right.as_bytes()))
}

/// Fills the screen if this process was started as a kiosk.
pub(crate) fn set_up(app: &App) -> tauri::Result<()> {
    let kiosk = Kiosk::new(&Asked::read(std::env::args()), std::env::var("GATEBOOK_KIOSK_CODE").ok());
    if let Some(window) = app.get_webview_window("main").filter(|_| kiosk.fills_screen) {
        fill_screen(&window)?;
    }
    app.manage(kiosk);
    Ok(())
}

/// Whether this process is a kiosk.
pub(crate) fn fills_screen(app: &AppHandle) -> bool {
    app.try_state::<Kiosk>().is_some_and(|kiosk| kiosk.fills_screen)
}

fn fill_screen(window: &WebviewWindow) -> tauri::Result<()> {
    window.set_decorations(false)?;
    window.set_fullscreen(true)?;
    window.set_always_on_top(true)
}

/// Keeps the app's window open unless closing it is allowed.
pub(crate) fn on_window_event(app: &AppHandle, label: &str, event: &WindowEvent) {
    if let WindowEvent::CloseRequested { api, .. } = event
        && label == "main"
        && app.try_state::<Kiosk>().is_some_and(|kiosk| kiosk.refuses_to_close())
    {
        api.prevent_close();
    }
}

/// The app was started a second time, with these arguments: the kiosk is left, or the window shown.
#[cfg(windows)]
pub(crate) fn on_second_start(app: &AppHandle, args: &[String]) {
    let asked = Asked::read(args);
    if app.try_state::<Kiosk>().is_some_and(|kiosk| kiosk.is_left_by(&asked)) {
        tracing::info!("the kiosk was left by its code");
        app.exit(LEFT);
    } else if matches!(asked, Asked::Leave { .. }) {
        tracing::warn!("somebody tried to leave the kiosk with a wrong code");
    } else {
        // It may be in the tray.
        crate::tray::open(app);
    }
}

/// Ends a process that was started only to leave a kiosk, when there is none to leave. Before anything is opened.
pub(crate) fn end_if_only_asked_to_leave() {
    if matches!(Asked::read(std::env::args()), Asked::Leave { .. }) {
        tracing::warn!("no kiosk runs here that could be left");
        std::process::exit(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kiosk(args: &[&str], code: Option<&str>) -> Kiosk {
        Kiosk::new(&Asked::read(args), code.map(str::to_owned))
    }

    #[test]
    fn only_the_switch_makes_a_kiosk() {
        assert_eq!(Asked::read(["gatebook"]), Asked::Window);
        assert_eq!(Asked::read(["gatebook", "--kiosk"]), Asked::Kiosk);
        assert!(!kiosk(&["gatebook"], Some("4711")).refuses_to_close());
    }

    #[test]
    fn with_a_code_closing_is_refused_and_without_one_it_is_not() {
        assert!(kiosk(&["gatebook", "--kiosk"], Some("4711")).refuses_to_close());
        assert!(!kiosk(&["gatebook", "--kiosk"], Some("")).refuses_to_close());
        assert!(!kiosk(&["gatebook", "--kiosk"], None).refuses_to_close());
    }

    #[test]
    fn a_kiosk_is_left_by_its_own_code_only() {
        let kiosk = kiosk(&["gatebook", "--kiosk"], Some("4711"));
        assert!(kiosk.is_left_by(&Asked::read(["gatebook", "--leave-kiosk", "4711"])));
        for wrong in [&["gatebook", "--leave-kiosk", "4712"][..], &["gatebook", "--leave-kiosk"], &["gatebook"]] {
            assert!(!kiosk.is_left_by(&Asked::read(wrong)), "{wrong:?}");
        }
    }

    #[test]
    fn a_kiosk_with_a_code_lets_in_who_knows_it_and_anything_else_lets_in_everybody() {
        let with_code = kiosk(&["gatebook", "--kiosk"], Some("4711"));
        assert!(with_code.lets_in(Some("4711")) && with_code.asks_code());
        for wrong in [None, Some(""), Some("4712"), Some("47110")] {
            assert!(!with_code.lets_in(wrong), "{wrong:?}");
        }
        for open in [kiosk(&["gatebook", "--kiosk"], None), kiosk(&["gatebook"], Some("4711"))] {
            assert!(open.lets_in(None) && !open.asks_code());
        }
    }

    #[test]
    fn what_was_no_kiosk_cannot_be_left_by_an_empty_code() {
        assert!(!kiosk(&["gatebook"], None).is_left_by(&Asked::read(["gatebook", "--leave-kiosk", ""])));
    }
}
