//! Ways to the server.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use gatebook_client::{Transport, TransportError};
use gatebook_server::Server;
use gatebook_sync::wire::{ApiError, ApiErrorCode, SyncRequest, SyncResponse};

use super::{Phone, Yard};

/// The way to a server in the same process. Every message goes as JSON.
pub(crate) struct Way {
    server: Server,
    token: String,
    /// What went over it.
    pub(crate) sent: Mutex<Vec<SyncRequest>>,
}

impl Way {
    pub(crate) fn of(yard: &Yard, phone: &Phone) -> Self {
        Self { server: yard.server().clone(), token: phone.token.clone(), sent: Mutex::default() }
    }

    /// States offered again over it.
    pub(crate) fn reoffered(&self) -> usize {
        self.sent.lock().unwrap().iter().map(|request| request.reoffer.len()).sum()
    }
}

pub(crate) fn refused(error: ApiError) -> TransportError {
    TransportError::Refused { status: 400, error, retry_after: None }
}

#[async_trait]
impl Transport for Way {
    async fn sync(&self, request: &SyncRequest) -> Result<SyncResponse, TransportError> {
        self.sent.lock().unwrap().push(request.clone());
        let request = serde_json::from_str(&serde_json::to_string(request).unwrap()).unwrap();
        let device = self.server.device(&self.token).map_err(refused)?;
        let answer = self.server.sync(&device, request).map_err(refused)?;
        Ok(serde_json::from_str(&serde_json::to_string(&answer).unwrap()).unwrap())
    }
}

type Refuses = Box<dyn Fn(&SyncRequest) -> bool + Send + Sync>;
type Edits = Box<dyn Fn(u32, &mut SyncResponse) + Send + Sync>;

/// A way on which something goes wrong.
pub(crate) struct Bad {
    way: Way,
    code: ApiErrorCode,
    refuses: Refuses,
    edits: Edits,
    breaks_after: u32,
    loses_answers: bool,
    requests: AtomicU32,
}

impl Bad {
    pub(crate) fn over(way: Way) -> Self {
        Self {
            way,
            code: ApiErrorCode::Internal,
            refuses: Box::new(|_| false),
            edits: Box::new(|_, _| ()),
            breaks_after: u32::MAX,
            loses_answers: false,
            requests: AtomicU32::new(0),
        }
    }

    /// Requests like that are refused whole.
    pub(crate) fn refusing(
        self,
        code: ApiErrorCode,
        refuses: impl Fn(&SyncRequest) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { code, refuses: Box::new(refuses), ..self }
    }

    /// The answers come changed; they are counted from 1.
    pub(crate) fn editing(self, edits: impl Fn(u32, &mut SyncResponse) + Send + Sync + 'static) -> Self {
        Self { edits: Box::new(edits), ..self }
    }

    /// After that many answers nothing gets through any more.
    pub(crate) fn breaking_after(self, answers: u32) -> Self {
        Self { breaks_after: answers, ..self }
    }

    /// Requests arrive; answers do not.
    pub(crate) fn losing_answers(self) -> Self {
        Self { loses_answers: true, ..self }
    }

    pub(crate) fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Transport for Bad {
    async fn sync(&self, request: &SyncRequest) -> Result<SyncResponse, TransportError> {
        let at = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        if at > self.breaks_after {
            return Err(TransportError::Unreachable("the connection broke".to_owned()));
        }
        if (self.refuses)(request) {
            return Err(refused(ApiError::new(self.code, "This page is refused.", false)));
        }
        let mut answer = self.way.sync(request).await?;
        if self.loses_answers {
            return Err(TransportError::Unreachable("the answer was lost".to_owned()));
        }
        (self.edits)(at, &mut answer);
        Ok(answer)
    }
}
