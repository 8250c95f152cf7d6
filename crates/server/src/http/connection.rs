//! One connection: what its other end reads in its own time, and when it may be let go.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::pace::Patience;
use super::unread::{InPieces, Unread};

/// What goes on over a connection. Where nothing does, nobody loses anything if it ends: there may be half a request, which
/// its sender repeats.
#[derive(Default)]
pub(super) struct Traffic {
    requests: AtomicUsize,
    is_unread: AtomicBool,
    /// Answers of which each is watched by itself.
    answers: Mutex<Vec<Weak<Unread>>>,
}

impl Traffic {
    pub(super) fn is_idle(&self) -> bool {
        self.requests.load(Ordering::Acquire) == 0 && !self.is_unread.load(Ordering::Acquire)
    }

    /// Whether one of the answers that are watched by themselves is waited for in vain.
    pub(super) fn is_unread_for_too_long(&self) -> bool {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|answer| answer.strong_count() > 0);
        answers.iter().filter_map(Weak::upgrade).any(|answer| answer.is_for_too_long())
    }

    /// A request has come; it goes on until what this returns is dropped.
    pub(super) fn request(self: &Arc<Self>) -> Request {
        self.requests.fetch_add(1, Ordering::AcqRel);
        Request(Arc::clone(self))
    }
}

/// A request that goes on.
pub(super) struct Request(Arc<Traffic>);

impl Request {
    /// It goes on until the answer is written.
    pub(super) fn lasts_as_long_as(self, answer: Response) -> Response {
        answer.map(|body| Body::new(Answering { body, _request: self }))
    }

    /// The same where several answers share the connection: whether this one is read is watched.
    pub(super) fn lasts_until_read(self, answer: Response, patience: Patience) -> Response {
        let traffic = Arc::clone(&self.0);
        let unread = Unread::new(self, patience);
        traffic.answers.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&unread));
        InPieces::of(answer, unread)
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::AcqRel);
    }
}

/// An answer's body.
struct Answering {
    body: Body,
    _request: Request,
}

impl HttpBody for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream whose other end reads at a least rate, or loses it: what it does not read lies in memory here.
pub(super) struct Patient<S> {
    stream: S,
    patience: Patience,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
    traffic: Arc<Traffic>,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, patience: Patience, traffic: Arc<Traffic>) -> Self {
        Self { stream, patience, waiting: None, traffic }
    }

    /// Judges what came of an attempt to write.
    fn judge(&mut self, written: Poll<Result<usize>>, context: &mut Context<'_>) -> Poll<Result<usize>> {
        self.traffic.is_unread.store(written.is_pending(), Ordering::Release);
        if let Poll::Ready(done) = written {
            let waited = self.waiting.take().map(|(since, _)| since.elapsed()).unwrap_or_default();
            if let Ok(bytes) = &done {
                self.patience.moved(*bytes, waited);
            }
            return Poll::Ready(done);
        }
        let left = self.patience.left();
        let (_, over) = self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(tokio::time::sleep(left))));
        ready!(over.as_mut().poll(context));
        let message = "the other end does not read what it is sent";
        Poll::Ready(Err(Error::new(ErrorKind::TimedOut, message)))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.judge(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A stream that is read at 1,000 bytes a second, and its other end. There is room for 1,000 on the way.
    fn patient(traffic: &Arc<Traffic>) -> (Patient<DuplexStream>, DuplexStream) {
        let (here, there) = tokio::io::duplex(1_000);
        (Patient::new(here, Patience::new(30 * SECOND, 1_000), Arc::clone(traffic)), there)
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_is_waited_for_so_long_and_no_longer() {
        let traffic = Arc::new(Traffic::default());
        let (mut stream, _there) = patient(&traffic);
        let begun = Instant::now();
        let failed = stream.write_all(&[0; 5_000]).await.unwrap_err();
        assert_eq!((failed.kind(), begun.elapsed()), (ErrorKind::TimedOut, 30 * SECOND));
        assert!(!traffic.is_idle());
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_a_byte_now_and_then_is_not_waited_for_and_a_slow_link_is() {
        let traffic = Arc::new(Traffic::default());
        for (bytes, is_served) in [(1, false), (1_000, true)] {
            let (mut stream, mut there) = patient(&traffic);
            let reading = async move {
                let mut read = vec![0; bytes];
                for _ in 0..200 {
                    tokio::time::sleep(SECOND).await;
                    if there.read_exact(&mut read).await.is_err() {
                        return;
                    }
                }
            };
            let writing = async move {
                let done = stream.write_all(&vec![0; 150_000]).await;
                drop(stream);
                done
            };
            let (done, ()) = tokio::join!(writing, reading);
            assert_eq!(done.is_ok(), is_served, "{bytes} a second");
        }
    }

    #[test]
    fn a_connection_is_idle_unless_a_request_goes_on_or_an_answer_is_unread() {
        let traffic = Arc::new(Traffic::default());
        assert!(traffic.is_idle());
        let request = traffic.request();
        assert!(!traffic.is_idle());
        let answer = request.lasts_as_long_as(Response::new(Body::from("answer")));
        assert_eq!(answer.body().size_hint().exact(), Some(6));
        assert!(!traffic.is_idle());
        drop(answer);
        assert!(traffic.is_idle());
    }
}
