//! Photos without a network between, for the simulator: each request is answered as its HTTP handler would answer it.

use std::future::ready;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use gatebook_sync::wire::{ApiError, ApiErrorCode, HaveRequest, HaveResponse};
use uuid::Uuid;

use super::refusal;
use crate::error::{ServerError, refuse};
use crate::photos::{Chunk, ContentHash, Cut, UploadError};
use crate::server::Server;
use crate::storage::NewUpload;

/// What the server said instead of an answer.
#[derive(Debug, Clone)]
pub struct Refused {
    /// HTTP status.
    pub status: u16,
    /// What it said.
    pub error: ApiError,
}

/// What an upload announces.
#[derive(Debug, Clone)]
pub struct NewByHand {
    /// Hash of all of it.
    pub sha256: String,
    /// How many bytes.
    pub size: u64,
    /// What they are.
    pub media_type: String,
    /// The attachment.
    pub record_id: Uuid,
}

/// The bytes that a request brings.
#[derive(Debug, Clone)]
pub struct SentByHand {
    /// Where they begin.
    pub offset: u64,
    /// How many there were when they were sent.
    pub length: u64,
    /// SHA-256 of what was sent, in Base64.
    pub checksum: String,
    /// What came of them.
    pub bytes: Bytes,
}

/// A photo that the server holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobByHand {
    /// Whose.
    pub tenant: Uuid,
    /// Its hash.
    pub sha256: String,
    /// Where it lies in the store.
    pub name: String,
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self { status: refusal::status(error.code).as_u16(), error }
    }
}

impl From<ServerError> for Refused {
    fn from(error: ServerError) -> Self {
        ApiError::from(error).into()
    }
}

impl From<UploadError> for Refused {
    fn from(error: UploadError) -> Self {
        let (status, error) = error.refusal();
        Self { status: status.as_u16(), error }
    }
}

impl Server {
    /// `POST /v1/photos/have`.
    ///
    /// # Errors
    /// As the server refuses.
    pub async fn have_by_hand(&self, token: &str, request: &HaveRequest) -> Result<HaveResponse, Refused> {
        Ok(self.have(&self.device(token)?, request).await?)
    }

    /// `POST /v1/uploads`, with the first bytes; with fewer than were sent, the connection was cut.
    ///
    /// # Errors
    /// As the server refuses.
    pub async fn begin_by_hand(&self, token: &str, new: NewByHand, sent: SentByHand) -> Result<(Uuid, u64), Refused> {
        let NewByHand { sha256, size, media_type, record_id } = new;
        let new = NewUpload { sha256: hash(&sha256)?, size, media_type, record_id, metadata: String::new() };
        let upload = self.begin_upload(&self.device(token)?, new).await?.id;
        Ok((upload, self.send_by_hand(token, upload, sent).await?))
    }

    /// `HEAD /v1/uploads/<id>`.
    ///
    /// # Errors
    /// As the server refuses.
    pub async fn offset_by_hand(&self, token: &str, upload: Uuid) -> Result<u64, Refused> {
        Ok(self.upload(&self.device(token)?, upload).await?.received)
    }

    /// `PATCH /v1/uploads/<id>`; with fewer bytes than were sent, the connection was cut.
    ///
    /// # Errors
    /// As the server refuses.
    pub async fn send_by_hand(&self, token: &str, upload: Uuid, sent: SentByHand) -> Result<u64, Refused> {
        let SentByHand { offset, length, checksum, bytes } = sent;
        let checksum = format!("sha256 {checksum}").parse().map_err(|_| refuse(ApiErrorCode::Malformed, "checksum"))?;
        let cut = (bytes.len() as u64) < length;
        let mut body = stream::iter([Ok(bytes)].into_iter().chain(cut.then_some(Err(Cut)))).boxed();
        let chunk = Chunk { offset, length: Some(length), checksum: Some(checksum), body: &mut body };
        Ok(self.clone().append(self.device(token)?, upload, chunk, ready(Ok(()))).await?.received)
    }

    /// `GET /v1/photos/<hash>`.
    ///
    /// # Errors
    /// As the server refuses.
    pub async fn fetch_by_hand(&self, token: &str, sha256: &str) -> Result<Bytes, Refused> {
        let blob = self.photo(&self.viewer(token)?, hash(sha256)?)?;
        let bytes: Result<Vec<Bytes>, _> = self.bytes_of(&blob, 0, blob.size).try_collect().await;
        Ok(bytes.map_err(ServerError::from)?.concat().into())
    }

    /// Every photo the server holds.
    ///
    /// # Errors
    /// The database failed.
    pub fn blobs_by_hand(&self) -> Result<Vec<BlobByHand>, ServerError> {
        let blobs = self.inner.storage.read(|reading| reading.all_blobs())?;
        let told = |blob: crate::storage::Blob| BlobByHand {
            tenant: blob.tenant.id,
            sha256: blob.sha256.to_string(),
            name: blob.name,
        };
        Ok(blobs.into_iter().map(told).collect())
    }
}

/// SHA-256 of a chunk, as its sender tells it.
#[must_use]
pub fn checksum_by_hand(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    BASE64.encode(sha2::Sha256::digest(bytes))
}

fn hash(text: &str) -> Result<ContentHash, Refused> {
    text.parse().map_err(|_| refuse(ApiErrorCode::Malformed, "That is no hash.").into())
}
