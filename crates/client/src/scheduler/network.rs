//! Changes of the network, as the operating system tells them.

use super::plan::Event;
use super::run::Handle;

/// Keeps listening for as long as it is held.
pub(crate) struct NetworkWatch {
    _watch: Option<netwatcher::WatchHandle>,
}

/// Tells the scheduler whenever an address of this device comes or goes. Where the system cannot be listened to, the
/// other triggers do.
pub(crate) fn watch(scheduler: Handle) -> NetworkWatch {
    let watch = netwatcher::watch_interfaces_with_callback(move |update| {
        let moved = update.addrs_added().next().is_some() || update.addrs_removed().next().is_some();
        if moved && !update.is_initial {
            scheduler.notify(Event::NetworkChanged);
        }
    });
    match watch {
        Ok(watch) => NetworkWatch { _watch: Some(watch) },
        Err(error) => {
            tracing::warn!(%error, "changes of the network cannot be watched");
            NetworkWatch { _watch: None }
        }
    }
}
