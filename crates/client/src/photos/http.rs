//! Photos over HTTP: tus 1.0 upwards, plain GET downwards.

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use gatebook_sync::wire::{HaveRequest, HaveResponse};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use uuid::Uuid;

use super::develop;
use super::folder::sha256;
use super::upload::{NewUpload, PhotoTransport};
use crate::transport::{HttpTransport, TransportError};

/// What is fetched for viewing may take this long.
const FETCH: Duration = Duration::from_secs(120);
/// A chunk does not have the checksum it came with.
const CHECKSUM_MISMATCH: u16 = 460;

fn upload_path(upload: Uuid) -> String {
    format!("/v1/uploads/{upload}")
}

fn tus(transport: &HttpTransport, method: Method, path: &str) -> RequestBuilder {
    transport.request(method, path).header("tus-resumable", "1.0.0")
}

fn number(answer: &Response, name: &str) -> Result<u64, TransportError> {
    let value = answer.headers().get(name).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    value.ok_or_else(|| TransportError::NotOurs(format!("{} without {name}", answer.status())))
}

/// With bytes of that hash.
fn chunk(request: RequestBuilder, sha256: &str, bytes: Bytes) -> RequestBuilder {
    let pairs = (0..sha256.len()).step_by(2).filter_map(|at| sha256.get(at..at + 2));
    let hash: Vec<u8> = pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect();
    request
        .header("content-type", "application/offset+octet-stream")
        .header("upload-checksum", format!("sha256 {}", BASE64.encode(hash)))
        .body(bytes)
}

/// What came is not what was sent.
fn is_mismatch(status: StatusCode) -> bool {
    status.as_u16() == CHECKSUM_MISMATCH
}

/// It is not there (any more), stands elsewhere, or is still being written to.
fn stands_elsewhere(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::CONFLICT) || is_mismatch(status)
}

#[async_trait]
impl PhotoTransport for HttpTransport {
    async fn have(&self, request: &HaveRequest) -> Result<HaveResponse, TransportError> {
        self.post("/v1/photos/have", request).await
    }

    async fn begin(&self, new: &NewUpload, bytes: Bytes) -> Result<Option<(Uuid, u64)>, TransportError> {
        let record_id = new.record_id.to_string();
        let pairs = [("sha256", &new.sha256), ("media_type", &new.media_type), ("record_id", &record_id)];
        let metadata = pairs.map(|(name, value)| format!("{name} {}", BASE64.encode(value))).join(",");
        // Of all of it, the checksum is known.
        let checksum = if bytes.len() as u64 == new.size { new.sha256.clone() } else { sha256(&bytes) };
        let request = tus(self, Method::POST, "/v1/uploads")
            .header("upload-length", new.size)
            .header("upload-metadata", metadata);
        let answer = self.told(chunk(request, &checksum, bytes), is_mismatch).await?;
        if is_mismatch(answer.status()) {
            return Ok(None);
        }
        let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
        let upload = location
            .and_then(|location| location.rsplit('/').next())
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| TransportError::NotOurs(format!("{} without location", answer.status())))?;
        Ok(Some((upload, number(&answer, "upload-offset")?)))
    }

    async fn offset(&self, upload: Uuid) -> Result<Option<u64>, TransportError> {
        let answer = self.told(tus(self, Method::HEAD, &upload_path(upload)), stands_elsewhere).await?;
        if stands_elsewhere(answer.status()) {
            return Ok(None);
        }
        number(&answer, "upload-offset").map(Some)
    }

    async fn send(&self, upload: Uuid, offset: u64, bytes: Bytes) -> Result<Option<u64>, TransportError> {
        let request = tus(self, Method::PATCH, &upload_path(upload)).header("upload-offset", offset);
        let answer = self.told(chunk(request, &sha256(&bytes), bytes), stands_elsewhere).await?;
        if stands_elsewhere(answer.status()) {
            return Ok(None);
        }
        number(&answer, "upload-offset").map(Some)
    }

    async fn fetch(&self, sha256: &str) -> Result<Bytes, TransportError> {
        let request = self.request(Method::GET, &format!("/v1/photos/{sha256}")).timeout(FETCH);
        let answer = self.told(request, |_| false).await?;
        if answer.content_length().is_some_and(|bytes| bytes > develop::MOST_BYTES) {
            return Err(TransportError::NotOurs("the photo is too large".to_owned()));
        }
        answer.bytes().await.map_err(|error| TransportError::Unreachable(error.to_string()))
    }
}
