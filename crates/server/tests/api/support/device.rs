//! A device: it has a token, remembers its cursors, and sends what it is told to.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use gatebook_sync::wire::{EnrolResponse, Nudge, Push, Repair, ServerIdentity, SyncRequest, SyncResponse, Take};
use gatebook_sync::{Canonical, Epoch, PROTOCOL, Scope};
use reqwest::Response;
use uuid::Uuid;

use super::{Answer, Draft, client, counted};

pub(crate) struct TestDevice {
    pub(crate) base: Mutex<String>,
    pub(crate) token: String,
    pub(crate) id: Uuid,
    pub(crate) yard: Uuid,
    pub(crate) operator: Uuid,
    server: Option<ServerIdentity>,
    number: u8,
    ids: AtomicU64,
    known: Mutex<Known>,
}

/// What the device knows of the server.
#[derive(Default, Clone)]
struct Known {
    epoch: Option<Epoch>,
    cursors: BTreeMap<Scope, u64>,
}

impl TestDevice {
    pub(crate) fn new(base: &str, number: u8, enrolled: EnrolResponse, yard: Uuid, operator: Uuid) -> Self {
        Self {
            base: Mutex::new(base.to_owned()),
            token: enrolled.token,
            id: enrolled.device_id,
            yard,
            operator,
            server: enrolled.server,
            number,
            ids: AtomicU64::new(0),
            known: Mutex::default(),
        }
    }

    /// The server to which it belongs.
    pub(crate) fn server(&self) -> ServerIdentity {
        self.server.clone().unwrap()
    }

    /// The server has moved to another port.
    pub(crate) fn finds(&self, base: &str) {
        base.clone_into(&mut self.base.lock().unwrap());
    }

    pub(crate) fn new_id(&self) -> Uuid {
        counted(self.number, self.ids.fetch_add(1, Ordering::Relaxed))
    }

    /// Writes and sends one record.
    pub(crate) async fn push(&self, draft: Draft) -> Answer {
        self.send(vec![draft.written_on(self)]).await
    }

    /// Writes and sends a page.
    pub(crate) async fn push_all(&self, drafts: impl IntoIterator<Item = Draft>) -> Answer {
        self.send(drafts.into_iter().map(|draft| draft.written_on(self)).collect()).await
    }

    /// Sends a page, once more if it was sent before. Pulls nothing and forgets nothing.
    pub(crate) async fn send(&self, push: Vec<Push>) -> Answer {
        let answer = self.sync(SyncRequest { push: push.clone(), ..self.request() }).await;
        Answer { push, response: answer }
    }

    /// Offers canonical states again.
    pub(crate) async fn reoffer(&self, reoffer: Vec<Canonical>) -> SyncResponse {
        self.sync(SyncRequest { reoffer, ..self.request() }).await
    }

    /// Pulls everything that is new, in pages of `records`, and remembers how far it came.
    pub(crate) async fn pull_by(&self, records: u32) -> Vec<Canonical> {
        let mut pulled = Vec::new();
        loop {
            let mut request = self.request();
            request.take.records = records;
            let answer = self.sync(request).await;
            let mut known = self.known.lock().unwrap();
            known.epoch = Some(answer.epoch);
            known.cursors = answer.scopes.iter().map(|page| (page.scope, page.cursor)).collect();
            pulled.extend(answer.scopes.into_iter().flat_map(|page| page.records));
            if !answer.more {
                return pulled;
            }
        }
    }

    /// Pulls everything that is new.
    pub(crate) async fn pull(&self) -> Vec<Canonical> {
        self.pull_by(1_000).await
    }

    /// Everything the device may see, as one that knows nothing is told.
    pub(crate) async fn sees_all(&self) -> Vec<Canonical> {
        self.known.lock().unwrap().cursors.clear();
        self.pull().await
    }

    /// The canonical state of a record, as a device that knows nothing is told.
    pub(crate) async fn sees(&self, id: Uuid) -> Option<Canonical> {
        self.sees_all().await.into_iter().find(|canonical| canonical.id == id)
    }

    /// A request with nothing to push, from where the device stands.
    pub(crate) fn request(&self) -> SyncRequest {
        let Known { epoch, cursors } = self.known.lock().unwrap().clone();
        let take = Take { records: 1_000, bytes: 1 << 22 };
        SyncRequest {
            protocol: PROTOCOL,
            app: "tests".to_owned(),
            epoch,
            cursors,
            push: Vec::new(),
            reoffer: Vec::new(),
            mark: None,
            repair: Repair::default(),
            take,
            server: self.server.clone(),
        }
    }

    pub(crate) async fn sync(&self, request: SyncRequest) -> SyncResponse {
        let response = self.post(serde_json::to_vec(&request).unwrap()).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{status}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Sends whatever bytes.
    pub(crate) async fn post(&self, body: impl Into<reqwest::Body>) -> Response {
        let url = format!("{}/v1/sync", self.base.lock().unwrap());
        client().post(url).bearer_auth(&self.token).body(body).send().await.unwrap()
    }

    /// Opens a stream of news, and waits until the server has begun to look.
    pub(crate) async fn listens(&self) -> Listening {
        let url = format!("{}/v1/events", self.base.lock().unwrap());
        let response = client().get(url).bearer_auth(&self.token).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"] == "text/event-stream"),
            (200, true)
        );
        let mut listening = Listening { response, text: String::new() };
        assert!(listening.event().await.unwrap().starts_with(':'));
        listening
    }
}

/// A device that listens.
pub(crate) struct Listening {
    response: Response,
    text: String,
}

impl Listening {
    /// The next news; `None` when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Nudge> {
        loop {
            let event = self.event().await?;
            if let Some(data) = event.strip_prefix("event: nudge\ndata: ") {
                return Some(serde_json::from_str(data).unwrap());
            }
            assert!(event.starts_with(':'), "{event}");
        }
    }

    async fn event(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(event);
            }
            // A server that stops may break the connection off.
            let bytes = self.response.chunk().await.ok().flatten()?;
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
}
