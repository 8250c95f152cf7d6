//! How many connections there may be: of everybody, and of one address.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::origin::{Counts, Origin};
use crate::config::Config;

/// Where connections come in.
pub(super) struct Doors {
    all: Arc<Semaphore>,
    of_address: usize,
    open: Mutex<Counts>,
}

impl Doors {
    pub(super) fn new(config: &Config) -> Arc<Self> {
        let most = config.bounds.connections.clamp(1, Semaphore::MAX_PERMITS);
        // Behind a proxy all come from one address. Otherwise none takes them all, however few there may be.
        let of_address =
            if config.behind_proxy { most } else { config.bounds.connections_of_address.min(most.div_ceil(2)) };
        Arc::new(Self { all: Arc::new(Semaphore::new(most)), of_address, open: Mutex::default() })
    }

    /// Waits until there may be one more connection. Until then it stays with the operating system, which answers nobody.
    pub(super) async fn free(&self) -> OwnedSemaphorePermit {
        let all = Arc::clone(&self.all);
        all.acquire_owned().await.expect("it is never closed")
    }

    /// Lets a connection from there in, unless there are too many of them already.
    pub(super) fn enter(self: &Arc<Self>, origin: Origin, free: OwnedSemaphorePermit) -> Option<Entered> {
        let is_let_in = self.open.lock().unwrap_or_else(PoisonError::into_inner).add(origin, self.of_address);
        is_let_in.then(|| Entered { doors: Arc::clone(self), origin, _free: free })
    }
}

/// A connection that was let in, for as long as it lasts.
pub(super) struct Entered {
    doors: Arc<Doors>,
    origin: Origin,
    _free: OwnedSemaphorePermit,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.doors.open.lock().unwrap_or_else(PoisonError::into_inner).remove(self.origin);
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::config::Bounds;

    fn origin(last: u8) -> Origin {
        Origin::of(IpAddr::from([198, 51, 100, last]))
    }

    fn doors(connections: usize, connections_of_address: usize, behind_proxy: bool) -> Arc<Doors> {
        let bounds = Bounds { connections, connections_of_address, ..Bounds::default() };
        Doors::new(&Config { behind_proxy, bounds, ..Config::new("") })
    }

    fn enters(doors: &Arc<Doors>, origin: Origin) -> Option<Entered> {
        doors.enter(origin, doors.free().now_or_never()?)
    }

    #[test]
    fn an_address_has_so_many_and_the_others_still_come_in() {
        let doors = doors(10, 2, false);
        let here = [(); 2].map(|()| enters(&doors, origin(1)).unwrap());
        assert!(enters(&doors, origin(1)).is_none());
        let other = enters(&doors, origin(2)).unwrap();
        drop(here);
        assert!(enters(&doors, origin(1)).is_some());
        drop(other);
    }

    #[test]
    fn however_few_there_may_be_no_address_takes_them_all() {
        let doors = doors(4, 1_000, false);
        let here = [(); 2].map(|()| enters(&doors, origin(1)).unwrap());
        assert!(enters(&doors, origin(1)).is_none());
        drop((enters(&doors, origin(2)).unwrap(), here));
    }

    #[test]
    fn all_together_have_so_many_and_a_proxy_may_have_them_all() {
        let doors = doors(3, 1, true);
        let here = [(); 3].map(|()| enters(&doors, origin(1)).unwrap());
        assert!(doors.free().now_or_never().is_none());
        drop(here);
        assert!(doors.free().now_or_never().is_some());
    }
}
