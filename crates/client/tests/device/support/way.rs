//! Ways to the server on which something happens. Each wraps the real one.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use gatebook_client::{HttpTransport, Transport, TransportError};
use gatebook_sync::wire::{ApiError, ApiErrorCode, SyncRequest, SyncResponse};

/// The request reaches the server; the answer is lost.
pub(crate) struct Deaf(pub(crate) HttpTransport);

#[async_trait]
impl Transport for Deaf {
    async fn sync(&self, request: &SyncRequest) -> Result<SyncResponse, TransportError> {
        self.0.sync(request).await?;
        Err(TransportError::Unreachable("the connection broke".to_owned()))
    }
}

/// Something happens on the device while the server's first answer is on its way back.
pub(crate) struct Meanwhile<'a> {
    way: HttpTransport,
    act: Mutex<Option<Box<dyn FnOnce() + Send + 'a>>>,
}

impl<'a> Meanwhile<'a> {
    pub(crate) fn new(way: HttpTransport, act: impl FnOnce() + Send + 'a) -> Self {
        Self { way, act: Mutex::new(Some(Box::new(act))) }
    }
}

#[async_trait]
impl Transport for Meanwhile<'_> {
    async fn sync(&self, request: &SyncRequest) -> Result<SyncResponse, TransportError> {
        let answer = self.way.sync(request).await;
        if let Some(act) = self.act.lock().unwrap().take() {
            act();
        }
        answer
    }
}

/// Every page in which that word stands is refused whole.
pub(crate) struct Refusing {
    way: HttpTransport,
    word: &'static str,
    status: u16,
    code: ApiErrorCode,
    refused: AtomicU32,
}

impl Refusing {
    pub(crate) fn new(way: HttpTransport, word: &'static str, status: u16, code: ApiErrorCode) -> Self {
        Self { way, word, status, code, refused: AtomicU32::new(0) }
    }

    /// How many pages were refused.
    pub(crate) fn refused(&self) -> u32 {
        self.refused.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Transport for Refusing {
    async fn sync(&self, request: &SyncRequest) -> Result<SyncResponse, TransportError> {
        if request.push.iter().any(|push| push.content.body.get().contains(self.word)) {
            self.refused.fetch_add(1, Ordering::Relaxed);
            let error = ApiError::new(self.code, "This page is refused.", false);
            return Err(TransportError::Refused { status: self.status, error, retry_after: None });
        }
        self.way.sync(request).await
    }
}

/// The server's answers come changed, as those of a newer server would.
pub(crate) struct Editing<F>(pub(crate) HttpTransport, pub(crate) F);

#[async_trait]
impl<F: Fn(&mut SyncResponse) + Send + Sync> Transport for Editing<F> {
    async fn sync(&self, request: &SyncRequest) -> Result<SyncResponse, TransportError> {
        let mut answer = self.0.sync(request).await?;
        (self.1)(&mut answer);
        Ok(answer)
    }
}
