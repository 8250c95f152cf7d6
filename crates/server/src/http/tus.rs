//! What tus 1.0 asks of every request and answer: its version, its headers, its status codes.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gatebook_sync::wire::{ApiError, ApiErrorCode};
use jiff::Timestamp;
use uuid::Uuid;

use super::refusal::Refusal;
use crate::error::refuse;
use crate::photos::{ALGORITHMS, Checksum, UploadError};
use crate::storage::{NewUpload, Upload};

const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,creation-with-upload,termination,checksum,expiration";
/// Bytes of a request's metadata.
const METADATA: usize = 4_096;
/// What a chunk is sent as.
const OFFSET_STREAM: &str = "application/offset+octet-stream";

const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
const TUS_CHECKSUM_ALGORITHM: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");

/// Refuses other versions of tus, and names this one.
pub(super) async fn speak(request: Request, next: Next) -> Response {
    let is_ours = request.method() == Method::OPTIONS
        || request.headers().get(RESUMABLE).is_some_and(|version| version.as_bytes() == VERSION.as_bytes());
    let mut response = if is_ours {
        next.run(request).await
    } else {
        let message = "This address speaks tus 1.0.0: send the header Tus-Resumable: 1.0.0.";
        let refused = refuse(ApiErrorCode::ProtocolUnsupported, message);
        let version = [(TUS_VERSION, VERSION)];
        (StatusCode::PRECONDITION_FAILED, version, axum::Json(refused)).into_response()
    };
    response.headers_mut().insert(RESUMABLE, HeaderValue::from_static(VERSION));
    response
}

/// What the server can do.
pub(super) fn capabilities(most: u64) -> Response {
    let headers = [
        (TUS_VERSION, HeaderValue::from_static(VERSION)),
        (TUS_EXTENSION, HeaderValue::from_static(EXTENSIONS)),
        (TUS_CHECKSUM_ALGORITHM, HeaderValue::from_static(ALGORITHMS)),
        (TUS_MAX_SIZE, most.into()),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// An answer about an upload.
pub(super) fn answer(status: StatusCode, upload: &Upload) -> Response {
    let mut response = status.into_response();
    let headers = response.headers_mut();
    headers.insert(UPLOAD_OFFSET, upload.received.into());
    if let Ok(expires) = HeaderValue::from_str(&http_date(upload.expires_at)) {
        headers.insert(UPLOAD_EXPIRES, expires);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match status {
        StatusCode::CREATED => {
            if let Ok(location) = HeaderValue::from_str(&format!("/v1/uploads/{}", upload.id)) {
                headers.insert(header::LOCATION, location);
            }
        }
        StatusCode::OK => {
            headers.insert(UPLOAD_LENGTH, upload.new.size.into());
            if let Ok(metadata) = HeaderValue::from_str(&upload.new.metadata) {
                headers.insert(UPLOAD_METADATA, metadata);
            }
        }
        _ => {}
    }
    response
}

/// A time as HTTP writes it.
pub(super) fn http_date(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// What a request that begins an upload announces.
pub(super) fn new_upload(headers: &HeaderMap, most: u64) -> Result<NewUpload, UploadError> {
    let size = number(headers, &UPLOAD_LENGTH)?
        .ok_or_else(|| malformed("Say in Upload-Length how many bytes will come; that cannot be said later."))?;
    if size > most {
        return Err(UploadError::TooLarge { most });
    }
    if size == 0 {
        return Err(malformed("There is nothing to upload: Upload-Length is 0."));
    }
    let metadata = headers.get(UPLOAD_METADATA).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if metadata.len() > METADATA {
        return Err(malformed("Upload-Metadata is too long."));
    }
    let find = |key: &str| -> Result<String, UploadError> {
        let pairs = metadata.split(',').map(|pair| pair.trim().split_once(' ').unwrap_or((pair.trim(), "")));
        let value = pairs.filter(|(name, _)| *name == key).map(|(_, value)| BASE64.decode(value.trim())).next();
        match value {
            Some(Ok(bytes)) => String::from_utf8(bytes).ok(),
            _ => None,
        }
        .ok_or_else(|| malformed(format!("Upload-Metadata needs `{key}`, with its value in Base64.")))
    };
    let sha256 = find("sha256")?;
    let sha256 = sha256.parse().map_err(|_| malformed("sha256 is not 64 small hexadecimal digits."))?;
    let media_type = find("media_type")?;
    if !gatebook_domain::validate::MEDIA_TYPES.contains(&media_type.as_str()) {
        return Err(malformed("Upload a JPEG, PNG, WebP or HEIC picture or a PDF; other files cannot be shown."));
    }
    let record_id = find("record_id")?;
    let record_id: Uuid = record_id.parse().map_err(|_| malformed("record_id is not the id of a record."))?;
    Ok(NewUpload { sha256, size, media_type, record_id, metadata: metadata.to_owned() })
}

/// Where a chunk says it begins.
pub(super) fn offset(headers: &HeaderMap) -> Result<u64, UploadError> {
    number(headers, &UPLOAD_OFFSET)?.ok_or_else(|| malformed("Say in Upload-Offset where these bytes begin."))
}

/// How long a chunk says it is.
pub(super) fn length(headers: &HeaderMap) -> Result<Option<u64>, UploadError> {
    number(headers, &header::CONTENT_LENGTH)
}

/// What a chunk should add up to.
pub(super) fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, UploadError> {
    let Some(header) = headers.get(UPLOAD_CHECKSUM) else { return Ok(None) };
    header.to_str().unwrap_or_default().parse().map(Some).map_err(malformed)
}

/// Whether bytes come as tus sends them.
pub(super) fn is_chunk(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|sent| sent.as_bytes() == OFFSET_STREAM.as_bytes())
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>, UploadError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|digit| digit.is_ascii_digit()));
    let number = digits.and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| malformed(format!("{name} is not a number of bytes.")))
}

fn malformed(message: impl Into<String>) -> UploadError {
    UploadError::Malformed(message.into())
}

impl UploadError {
    /// As HTTP says it.
    pub(super) fn refusal(self) -> (StatusCode, ApiError) {
        let message = self.to_string();
        let (status, code) = match self {
            Self::Unknown => (StatusCode::NOT_FOUND, ApiErrorCode::NotFound),
            Self::Expired => (StatusCode::GONE, ApiErrorCode::NotFound),
            Self::WrongOffset { .. } => (StatusCode::CONFLICT, ApiErrorCode::Malformed),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, ApiErrorCode::TooLarge),
            Self::WrongChecksum | Self::WrongHash => (checksum_mismatch(), ApiErrorCode::Malformed),
            Self::Taken => (StatusCode::LOCKED, ApiErrorCode::Busy),
            Self::Cut => (StatusCode::REQUEST_TIMEOUT, ApiErrorCode::Busy),
            Self::Malformed(_) => (StatusCode::BAD_REQUEST, ApiErrorCode::Malformed),
            Self::Forbidden => (StatusCode::FORBIDDEN, ApiErrorCode::Forbidden),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, ApiErrorCode::Busy),
            Self::Server(error) => {
                let error = ApiError::from(error);
                return (super::refusal::status(error.code), error);
            }
        };
        (status, refuse(code, message))
    }
}

/// A refusal as tus programs read it: by the status.
impl IntoResponse for UploadError {
    fn into_response(self) -> Response {
        let received = self.received();
        let (status, error) = self.refusal();
        let mut response = Refusal::from(error).into_response();
        *response.status_mut() = status;
        if let Some(received) = received {
            response.headers_mut().insert(UPLOAD_OFFSET, received.into());
        }
        response
    }
}

/// What tus calls `460 Checksum Mismatch`.
fn checksum_mismatch() -> StatusCode {
    StatusCode::from_u16(460).expect("a status between 100 and 999")
}
