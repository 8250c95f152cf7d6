//! How slowly bytes may move: whoever sends a body or reads an answer may pause, and may have a bad link, but does not keep
//! the server waiting for ever with a byte now and then.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::stream::{self, Stream, StreamExt as _};
use tokio::time::Instant;

use super::stopping::Stopping;

/// How much longer somebody is waited for. It wears off while nothing moves, and each byte that moves brings back what a
/// byte may take, up to what there was at the beginning.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    most: Duration,
    left: Duration,
    least_rate: NonZeroU32,
}

impl Patience {
    /// With pauses of `most` together, and from then on at least so many bytes a second.
    pub(super) fn new(most: Duration, least_rate: u32) -> Self {
        Self { most, left: most, least_rate: NonZeroU32::new(least_rate).unwrap_or(NonZeroU32::MIN) }
    }

    /// How long the next bytes may be waited for.
    pub(super) const fn left(&self) -> Duration {
        self.left
    }

    /// So many bytes moved, after such a wait.
    pub(super) fn moved(&mut self, bytes: usize, waited: Duration) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let earned = Duration::from_micros(bytes.saturating_mul(1_000_000) / u64::from(self.least_rate.get()));
        self.left = self.left.saturating_sub(waited).saturating_add(earned).min(self.most);
    }
}

/// Why a body has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// The connection was cut.
    Cut,
    /// It came too slowly.
    TooSlow,
    /// The server stops, and no longer waits for what was not sent.
    Stopping,
}

/// A body's bytes, as long as they come fast enough and the server runs. Only waiting counts, not what is done with the
/// bytes in between. Whoever asks on after the end is told again that it is the end.
pub(super) fn paced(
    body: Body,
    patience: Patience,
    stopping: Stopping,
) -> impl Stream<Item = Result<Bytes, Broken>> + Send + 'static {
    let begun = Some((body.into_data_stream(), patience, stopping));
    stream::unfold(begun, |state| async move {
        let (mut body, mut patience, mut stopping) = state?;
        let waiting_since = Instant::now();
        let next = tokio::select! {
            // What has come is taken, though the server stops.
            biased;
            next = tokio::time::timeout(patience.left(), body.next()) => next,
            () = stopping.begun() => return Some((Err(Broken::Stopping), None)),
        };
        match next {
            Ok(Some(Ok(bytes))) => {
                patience.moved(bytes.len(), waiting_since.elapsed());
                Some((Ok(bytes), Some((body, patience, stopping))))
            }
            Ok(Some(Err(_))) => Some((Err(Broken::Cut), None)),
            Ok(None) => None,
            Err(_) => Some((Err(Broken::TooSlow), None)),
        }
    })
    .fuse()
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::super::stopping::Stop;
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn patience_wears_off_and_comes_back_with_the_bytes() {
        let mut patience = Patience::new(30 * SECOND, 1_000);
        patience.moved(1, 29 * SECOND);
        assert_eq!(patience.left(), SECOND + Duration::from_millis(1));
        patience.moved(5_000, SECOND);
        assert_eq!(patience.left(), 5 * SECOND + Duration::from_millis(1));
        patience.moved(1_000_000, SECOND);
        assert_eq!(patience.left(), 30 * SECOND, "nobody saves up more than there was at the beginning");
    }

    /// A body of which `bytes` come after each pause of `pause`, `times` times, and then nothing more.
    fn slow(bytes: usize, pause: Duration, times: usize) -> Body {
        let pieces = stream::iter(0..times).then(move |_| async move {
            tokio::time::sleep(pause).await;
            Ok::<_, std::io::Error>(Bytes::from(vec![b' '; bytes]))
        });
        Body::from_stream(pieces.chain(stream::pending()))
    }

    /// How many bytes are taken of it at 1,000 a second, and what ends it.
    async fn taken(body: Body, stopping: Stopping) -> (usize, Option<Broken>) {
        let pieces: Vec<_> = paced(body, Patience::new(30 * SECOND, 1_000), stopping).collect().await;
        let bytes = pieces.iter().filter_map(|piece| piece.as_ref().ok()).map(Bytes::len).sum();
        (bytes, pieces.last().and_then(|last| last.clone().err()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_now_and_then_is_not_waited_for_and_a_slow_link_is() {
        let running = || Stopping::never();
        assert_eq!(taken(slow(1, 20 * SECOND, 1_000), running()).await, (1, Some(Broken::TooSlow)));
        // A pause of 20 seconds in which nothing comes, and then all of what such a link carries in that time.
        assert_eq!(taken(slow(20_000, 20 * SECOND, 1_000), running()).await, (20_000_000, Some(Broken::TooSlow)));
        assert_eq!(taken(Body::from("whole"), running()).await, (5, None));
    }

    #[tokio::test]
    async fn a_body_that_has_come_to_its_end_stays_there() {
        let mut pieces = pin!(paced(Body::from("whole"), Patience::new(SECOND, 1_000), Stopping::never()));
        let mut ends = 0;
        for _ in 0..3 {
            ends += usize::from(pieces.next().await.is_none());
        }
        assert_eq!(ends, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_stops_takes_what_has_come_and_waits_for_nothing() {
        let stop = Stop::default();
        stop.begin();
        assert_eq!(taken(Body::from("whole"), stop.seen()).await, (5, None));
        let hanging = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(taken(hanging, stop.seen()).await, (0, Some(Broken::Stopping)));
    }
}
