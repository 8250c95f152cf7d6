//! Answers over a connection that carries several: whether each of them is read.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;

use super::connection::Request;
use super::pace::Patience;

/// How much of an answer is handed to the connection at a time. The less, the better it is seen whether it goes on.
const PIECE: usize = 16 * 1024;

/// How far an answer is read. Its request goes on until all that was handed to the connection is written.
pub(super) struct Unread {
    state: Mutex<State>,
    _request: Request,
}

struct State {
    patience: Patience,
    since: Instant,
    /// What was handed to the connection and is not written.
    pieces: usize,
    /// More may be there, but the connection has not asked for it.
    may_have_more: bool,
}

impl Unread {
    pub(super) fn new(request: Request, patience: Patience) -> Arc<Self> {
        let state = State { patience, since: Instant::now(), pieces: 0, may_have_more: true };
        Arc::new(Self { state: Mutex::new(state), _request: request })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the other end was waited for longer than it may be.
    pub(super) fn is_for_too_long(&self) -> bool {
        let state = self.lock();
        state.is_waited_for() && state.since.elapsed() > state.patience.left()
    }
}

impl State {
    /// Whether it is the other end that is waited for, and not what makes the answer.
    const fn is_waited_for(&self) -> bool {
        self.pieces > 0 || self.may_have_more
    }

    /// So many bytes are written.
    fn moved(&mut self, bytes: usize) {
        let waited = if self.is_waited_for() { self.since.elapsed() } else { Duration::ZERO };
        self.patience.moved(bytes, waited);
        self.since = Instant::now();
    }
}

/// A part of an answer.
struct Piece {
    bytes: Bytes,
    unread: Arc<Unread>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let mut state = self.unread.lock();
        state.moved(self.bytes.len());
        state.pieces -= 1;
    }
}

/// An answer's body in pieces.
pub(super) struct InPieces {
    body: Body,
    rest: Bytes,
    unread: Arc<Unread>,
}

impl InPieces {
    /// The answer, of which is known from now on whether it is read.
    pub(super) fn of(answer: Response, unread: Arc<Unread>) -> Response {
        answer.map(|body| Body::new(Self { body, rest: Bytes::new(), unread }))
    }
}

impl HttpBody for InPieces {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            let next = Pin::new(&mut self.body).poll_frame(context);
            let mut state = self.unread.lock();
            state.moved(0);
            state.may_have_more = matches!(&next, Poll::Ready(Some(Ok(_))));
            drop(state);
            match ready!(next) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => self.rest = bytes,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end => return Poll::Ready(end),
            }
        }
        let size = self.rest.len().min(PIECE);
        let bytes = self.rest.split_to(size);
        self.unread.lock().pieces += 1;
        let piece = Piece { bytes, unread: Arc::clone(&self.unread) };
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_owner(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.body.size_hint();
        let rest = self.rest.len() as u64;
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(hint.lower().saturating_add(rest));
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::Bytes;
    use futures_util::FutureExt as _;
    use futures_util::stream;

    use super::super::connection::Traffic;
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// An answer with that body, read at 1,000 bytes a second or given up after 30 seconds.
    fn answer(traffic: &Arc<Traffic>, body: Body) -> Body {
        let patience = Patience::new(30 * SECOND, 1_000);
        traffic.request().lasts_until_read(Response::new(body), patience).into_body()
    }

    /// What the connection is given when it asks for more; nothing if there is nothing yet.
    fn next(body: &mut Body) -> Option<Bytes> {
        let frame = std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).now_or_never()??;
        frame.unwrap().into_data().ok()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_asked_for_or_not_written_is_not_waited_for_long() {
        for asked in [false, true] {
            let traffic = Arc::new(Traffic::default());
            let mut body = answer(&traffic, Body::from(vec![b' '; 3 * PIECE]));
            let piece = if asked { next(&mut body) } else { None };
            tokio::time::advance(29 * SECOND).await;
            assert!(!traffic.is_unread_for_too_long());
            tokio::time::advance(2 * SECOND).await;
            assert!(traffic.is_unread_for_too_long(), "asked for: {asked}");
            drop((body, piece));
            assert!(!traffic.is_unread_for_too_long() && traffic.is_idle());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_link_is_waited_for_and_a_byte_now_and_then_is_not() {
        for (pause, is_served) in [(16 * SECOND, true), (17 * SECOND, false)] {
            let traffic = Arc::new(Traffic::default());
            let mut body = answer(&traffic, Body::from(vec![b' '; 100 * PIECE]));
            let mut was_left = true;
            while let Some(piece) = next(&mut body) {
                tokio::time::advance(pause).await;
                was_left &= !traffic.is_unread_for_too_long();
                drop(piece);
            }
            assert_eq!(was_left, is_served, "a piece in {pause:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_made_yet_is_nobodys_fault() {
        let traffic = Arc::new(Traffic::default());
        let pieces = stream::once(async { Ok::<_, std::io::Error>("a word") });
        let pieces = futures_util::StreamExt::chain(pieces, stream::pending());
        let mut body = answer(&traffic, Body::from_stream(pieces));
        assert_eq!(next(&mut body).unwrap(), "a word");
        assert_eq!(next(&mut body), None);
        tokio::time::advance(1_000 * SECOND).await;
        assert!(!traffic.is_unread_for_too_long() && !traffic.is_idle());
    }

    #[test]
    fn nothing_of_it_is_lost_and_it_goes_on_until_its_last_piece_is_written() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _entered = runtime.enter();
        let traffic = Arc::new(Traffic::default());
        let whole: Vec<u8> = (0..2 * PIECE + 5).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let mut body = answer(&traffic, Body::from(whole.clone()));
        assert_eq!(body.size_hint().exact(), Some(whole.len() as u64));
        let mut pieces = Vec::new();
        while let Some(piece) = next(&mut body) {
            assert!(piece.len() <= PIECE);
            pieces.push(piece);
            let read: usize = pieces.iter().map(Bytes::len).sum();
            assert_eq!(body.size_hint().exact(), Some((whole.len() - read) as u64));
        }
        assert!(body.is_end_stream());
        assert_eq!(pieces.concat(), whole);
        drop(body);
        assert!(!traffic.is_idle(), "the connection has the pieces still");
        drop(pieces);
        assert!(traffic.is_idle());
    }
}
