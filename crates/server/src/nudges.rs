//! Nudges: a device that keeps a stream open is told that there is news for it, so that it need not wait for its timer.
//!
//! They are hints, and nothing depends on them: a stream may break, be refused, or miss what another server of the same
//! database writes until it looks again.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use gatebook_sync::Scope;
use gatebook_sync::wire::{ApiError, Nudge};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::server::Server;

/// What is written in so short a time is told at once.
const GATHERED: Duration = Duration::from_millis(500);
/// A stream on which nothing happens says so this often: both ends notice a dead link by it, and whether the device may
/// still listen is looked at again.
pub(crate) const ALIVE_EVERY: Duration = Duration::from_secs(25);

/// What goes over a stream.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Told {
    /// There is news.
    News(Nudge),
    /// There is none, and the stream lives.
    Alive,
}

/// The open streams: one a device.
#[derive(Debug, Default)]
pub(crate) struct Streams(Mutex<HashMap<Uuid, oneshot::Sender<()>>>);

impl Streams {
    /// A device begins a stream; the one it had ends. `None` if `most` others are open.
    pub(crate) fn begin(&self, device: Uuid, most: usize) -> Option<oneshot::Receiver<()>> {
        let mut open = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        open.remove(&device);
        if open.len() >= most {
            open.retain(|_, stream| !stream.is_closed());
        }
        let (end, ended) = oneshot::channel();
        (open.len() < most).then(|| {
            open.insert(device, end);
            ended
        })
    }

    /// The streams of those devices end.
    pub(crate) fn end(&self, devices: &[Uuid]) {
        let mut open = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for device in devices {
            open.remove(device);
        }
    }

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).is_empty()
    }

    /// Every stream ends.
    pub(crate) fn end_all(&self) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
    }
}

impl Server {
    /// What there is behind that place of the feed for the device of that token, and how far the feed has come.
    ///
    /// # Errors
    /// The device is not let in any more, or the database failed.
    fn news(&self, token: &str, behind: Option<u64>) -> Result<(Vec<Nudge>, u64), ApiError> {
        let device = self.device(token)?;
        let looked = self.inner.storage.read(|reading| {
            let newest = reading.counter(device.tenant)?.seq;
            let mut nudges = Vec::new();
            let Some(behind) = behind.filter(|behind| *behind < newest) else { return Ok((nudges, newest)) };
            let yards = device.yards().iter().copied().map(Scope::Yard);
            for scope in std::iter::once(Scope::Org).chain(yards) {
                let mut seq = None;
                reading.feed(device.tenant, scope, behind, &mut |row| {
                    seq = Some(row.seq()?);
                    Ok(true)
                })?;
                nudges.extend(seq.map(|seq| Nudge { scope, seq }));
            }
            Ok((nudges, newest))
        });
        Ok(looked?)
    }

    /// Ends, for as long as the server runs, the streams of devices that another process has signed out. One question to
    /// the database is for all of them.
    pub(crate) async fn end_streams_of_the_revoked(self) {
        loop {
            tokio::time::sleep(self.inner.config.bounds.revocations_every).await;
            if self.inner.streams.is_empty() {
                continue;
            }
            let server = self.clone();
            let read = move || server.inner.storage.read(|reading| reading.revoked_devices());
            match tokio::task::spawn_blocking(read).await {
                Ok(Ok(revoked)) => self.inner.streams.end(&revoked),
                // Each stream looks as well, less often; it ends if it cannot.
                Ok(Err(error)) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "revocations cannot be read");
                }
                Err(_) => return,
            }
        }
    }

    /// Tells a device of news until it hangs up, begins another stream, or is not let in any more. Of what came before,
    /// its own sync tells it.
    pub(crate) async fn follow(self, token: String, told: mpsc::Sender<Told>, mut ended: oneshot::Receiver<()>) {
        let mut written = self.inner.storage.written();
        let mut behind = None;
        loop {
            written.mark_unchanged();
            let (server, token, from) = (self.clone(), token.clone(), behind);
            let Ok(Ok((nudges, newest))) = tokio::task::spawn_blocking(move || server.news(&token, from)).await else {
                return;
            };
            let is_first = behind.replace(newest).is_none();
            if is_first && told.send(Told::Alive).await.is_err() {
                return;
            }
            for nudge in nudges {
                if told.send(Told::News(nudge)).await.is_err() {
                    return;
                }
            }
            tokio::select! {
                changed = written.changed() => match changed {
                    Ok(()) => tokio::time::sleep(GATHERED).await,
                    Err(_) => return,
                },
                () = tokio::time::sleep(ALIVE_EVERY) => {
                    if told.send(Told::Alive).await.is_err() {
                        return;
                    }
                }
                () = told.closed() => return,
                _ = &mut ended => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Uuid = Uuid::from_u128(1);
    const B: Uuid = Uuid::from_u128(2);

    #[test]
    fn a_device_has_one_stream_and_the_newest_is_it() {
        let streams = Streams::default();
        let mut first = streams.begin(A, 1).unwrap();
        let mut second = streams.begin(A, 1).unwrap();
        assert_eq!(first.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        assert_eq!(second.try_recv(), Err(oneshot::error::TryRecvError::Empty));
    }

    #[test]
    fn the_stream_of_one_device_ends_and_the_others_go_on() {
        let streams = Streams::default();
        let (mut a, mut b) = (streams.begin(A, 2).unwrap(), streams.begin(B, 2).unwrap());
        streams.end(&[A, Uuid::from_u128(3)]);
        assert_eq!(a.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        assert_eq!(b.try_recv(), Err(oneshot::error::TryRecvError::Empty));
    }

    #[test]
    fn there_are_so_many_streams_and_no_more_until_one_ends() {
        let streams = Streams::default();
        let first = streams.begin(A, 1).unwrap();
        assert!(streams.begin(B, 1).is_none());
        drop(first);
        assert!(streams.begin(B, 1).is_some());
    }
}
