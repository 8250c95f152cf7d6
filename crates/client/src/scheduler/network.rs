//! Changes of the network, as the operating system tells them.

use std::sync::mpsc;

use super::plan::Event;

/// Keeps listening for as long as it is held.
pub(crate) struct NetworkWatch {
    _ends_with_this: mpsc::Sender<()>,
}

/// Tells `whom` whenever an address of this device comes or goes. Where the system cannot be listened to, the
/// other triggers do.
#[cfg(not(any(target_os = "android", target_os = "ios")))]
pub(crate) fn watch(whom: impl Fn(Event) + Send + 'static) -> NetworkWatch {
    let (held, released) = mpsc::channel();
    // The system's handle may not move between threads, so one thread makes it, waits, and drops it.
    std::thread::spawn(move || {
        let watch = netwatcher::watch_interfaces_with_callback(move |update| {
            let moved = update.addrs_added().next().is_some() || update.addrs_removed().next().is_some();
            if moved && !update.is_initial {
                whom(Event::NetworkChanged);
            }
        });
        match watch {
            Ok(_watch) => drop(released.recv()),
            Err(error) => tracing::warn!(%error, "changes of the network cannot be watched"),
        }
    });
    NetworkWatch { _ends_with_this: held }
}

/// Phones tell of their network through the app's Kotlin and Swift parts.
#[cfg(any(target_os = "android", target_os = "ios"))]
pub(crate) fn watch(_whom: impl Fn(Event) + Send + 'static) -> NetworkWatch {
    NetworkWatch { _ends_with_this: mpsc::channel().0 }
}
