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
        let stands = number(&answer, "upload-offset");
        if stands_elsewhere(answer.status()) {
            // At the very offset that was asked for: the bytes stopped on their way, and the server tells that it waited.
            let broke_off = answer.status() == StatusCode::CONFLICT && stands.as_ref().ok() == Some(&offset);
            return Ok(broke_off.then_some(offset));
        }
        stands.map(Some)
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

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{Shutdown, TcpListener};

    use gatebook_sync::wire::ApiErrorCode;

    use super::*;

    const UPLOAD: Uuid = Uuid::from_u128(7);

    /// A way to a server that says nothing but this.
    fn told(head: &str, body: &str) -> HttpTransport {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        let answer = format!("HTTP/1.1 {head}\r\nx-gatebook-server: 0\r\nconnection: close\r\n{length}\r\n{body}");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut seen, mut bytes) = (Vec::new(), [0; 4_096]);
            while !seen.windows(4).any(|four| four == b"\r\n\r\n") {
                let read = stream.read(&mut bytes).unwrap();
                seen.extend_from_slice(&bytes[..read]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            // Until the device has read it.
            let _ = stream.read_to_end(&mut seen);
        });
        HttpTransport::new(&base, "token").unwrap()
    }

    fn is_busy(answer: &Result<Option<u64>, TransportError>) -> bool {
        answer.as_ref().is_err_and(|error| error.refusal() == Some(ApiErrorCode::Busy))
    }

    #[tokio::test]
    async fn an_upload_goes_on_where_it_stands_whatever_the_server_says_of_it() {
        let busy = r#"{"code":"busy","message":"In a moment.","retry":true}"#;
        let malformed = r#"{"code":"malformed","message":"It stands elsewhere.","retry":false}"#;
        let sends = async |head, body| told(head, body).send(UPLOAD, 400, Bytes::from_static(b"x")).await;
        assert_eq!(sends("204 No Content\r\nupload-offset: 401", "").await.unwrap(), Some(401));
        let stopped = sends("409 Conflict\r\nupload-offset: 400", busy).await;
        assert_eq!(stopped.unwrap(), Some(400), "the bytes stopped on their way");
        assert_eq!(sends("409 Conflict\r\nupload-offset: 300", malformed).await.unwrap(), None);
        assert_eq!(sends("409 Conflict", malformed).await.unwrap(), None);
        for later in ["423 Locked", "503 Service Unavailable", "408 Request Timeout"] {
            assert!(is_busy(&sends(later, busy).await), "{later}: the next round goes on");
        }
    }

    #[tokio::test]
    async fn a_server_that_cannot_say_how_far_an_upload_is_is_asked_again_later() {
        for later in ["423 Locked", "503 Service Unavailable", "429 Too Many Requests"] {
            let answer = told(&format!("{later}\r\nretry-after: 5"), "").offset(UPLOAD).await;
            assert!(is_busy(&answer), "{later}");
            let Err(TransportError::Refused { retry_after, .. }) = answer else { unreachable!("just seen") };
            assert_eq!(retry_after, Some(Duration::from_secs(5)));
        }
        for gone in ["404 Not Found", "410 Gone"] {
            assert_eq!(told(gone, "").offset(UPLOAD).await.unwrap(), None, "{gone}");
        }
        assert_eq!(told("200 OK\r\nupload-offset: 9", "").offset(UPLOAD).await.unwrap(), Some(9));
    }
}
