//! What tus 1.0 asks of every request and answer: its version, its headers, its status codes.

use std::collections::BTreeMap;

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
pub(super) const METADATA: usize = 4_096;
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
const UPLOAD_CONCAT: HeaderName = HeaderName::from_static("upload-concat");
const UPLOAD_DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

/// Whether tus is spoken at the address.
pub(super) fn is_spoken_at(path: &str) -> bool {
    path.strip_prefix("/v1/uploads").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Puts the method that stands in `X-HTTP-Method-Override`, for networks that let only GET and POST through, in the place
/// of the request's own. It has to happen before the request is routed.
pub(super) async fn take_named_method(mut request: Request, next: Next) -> Response {
    let named = named_method(request.headers()).filter(|_| is_spoken_at(request.uri().path()));
    let Some(Ok(named)) = named else { return next.run(request).await };
    let sent_as = std::mem::replace(request.method_mut(), named);
    let asks_for_head = request.method() == Method::HEAD;
    let mut response = next.run(request).await;
    if asks_for_head && sent_as != Method::HEAD {
        // It tells the length of a body that an answer to HEAD does not have; whoever sent POST would wait for it.
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}

fn named_method(headers: &HeaderMap) -> Option<Result<Method, UploadError>> {
    let named = headers.get(METHOD_OVERRIDE)?.as_bytes().to_ascii_uppercase();
    Some(Method::from_bytes(&named).map_err(|_| malformed("X-HTTP-Method-Override does not name a method.")))
}

/// Has every answer at tus's addresses say which version is spoken, and refuses others.
pub(super) async fn speak(request: Request, next: Next) -> Response {
    if !is_spoken_at(request.uri().path()) {
        return next.run(request).await;
    }
    let is_ours = request.method() == Method::OPTIONS
        || request.headers().get(RESUMABLE).is_some_and(|version| version.as_bytes() == VERSION.as_bytes());
    let mut response = if !is_ours {
        let message = "This address speaks tus 1.0.0: send the header Tus-Resumable: 1.0.0.";
        let refused = refuse(ApiErrorCode::ProtocolUnsupported, message);
        let mut response = Refusal::with_status(StatusCode::PRECONDITION_FAILED, refused).into_response();
        response.headers_mut().insert(TUS_VERSION, HeaderValue::from_static(VERSION));
        response
    } else if let Some(Err(refused)) = named_method(request.headers()) {
        refused.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(RESUMABLE, HeaderValue::from_static(VERSION));
    // Whatever it says is so only now: a proxy may otherwise keep even that there is no such upload.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
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
    if headers.contains_key(UPLOAD_CONCAT) {
        let message = "A photo is taken in one upload, and not in several that are put together. Turn parallel uploads off \
                       (for tus-js-client and Uppy, set parallelUploads to 1).";
        return Err(malformed(message));
    }
    if headers.contains_key(UPLOAD_DEFER_LENGTH) {
        let message = "Send Upload-Length and no Upload-Defer-Length: how many bytes will come cannot be said later.";
        return Err(malformed(message));
    }
    let size = number(headers, &UPLOAD_LENGTH)?
        .ok_or_else(|| malformed("Say in Upload-Length how many bytes will come; that cannot be said later."))?;
    if size > most {
        return Err(UploadError::TooLarge { most });
    }
    if size == 0 {
        return Err(malformed("There is nothing to upload: Upload-Length is 0."));
    }
    let metadata = metadata(headers)?;
    let pairs = pairs(&metadata)?;
    let find = |key: &str| {
        let value = pairs.get(key).and_then(|value| std::str::from_utf8(value).ok());
        value.ok_or_else(|| malformed(format!("Upload-Metadata needs `{key}`, with its value in Base64.")))
    };
    let sha256 = find("sha256")?.parse().map_err(|_| malformed("sha256 is not 64 small hexadecimal digits."))?;
    let media_type = find("media_type")?.to_owned();
    if !gatebook_domain::validate::MEDIA_TYPES.contains(&media_type.as_str()) {
        return Err(malformed("Upload a JPEG, PNG, WebP or HEIC picture or a PDF; other files cannot be shown."));
    }
    let record_id: Uuid = find("record_id")?.parse().map_err(|_| malformed("record_id is not the id of a record."))?;
    Ok(NewUpload { sha256, size, media_type, record_id, metadata })
}

/// `Upload-Metadata` as it was sent, on however many lines.
fn metadata(headers: &HeaderMap) -> Result<String, UploadError> {
    let lines = headers.get_all(UPLOAD_METADATA).iter().map(HeaderValue::to_str).collect::<Result<Vec<_>, _>>();
    let metadata = lines.map_err(|_| malformed("Upload-Metadata has characters that are not ASCII."))?.join(",");
    if metadata.len() > METADATA { Err(malformed("Upload-Metadata is too long.")) } else { Ok(metadata) }
}

/// Reads metadata as tus writes it: between commas a key and, after one space, its value in Base64. A value that is left
/// out is empty.
fn pairs(metadata: &str) -> Result<BTreeMap<&str, Vec<u8>>, UploadError> {
    let mut pairs = BTreeMap::new();
    if metadata.is_empty() {
        return Ok(pairs);
    }
    for pair in metadata.split(',').map(str::trim) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        if key.is_empty() {
            return Err(malformed("Upload-Metadata has a comma with nothing on one side of it."));
        }
        let value = BASE64.decode(value).map_err(|_| {
            malformed(format!("In Upload-Metadata, one space and one word of Base64 have to follow `{key}`."))
        })?;
        if pairs.insert(key, value).is_some() {
            return Err(malformed(format!("Upload-Metadata names `{key}` twice.")));
        }
    }
    Ok(pairs)
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
    headers.get(header::CONTENT_TYPE).is_some_and(|sent| sent.as_bytes().eq_ignore_ascii_case(OFFSET_STREAM.as_bytes()))
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>, UploadError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(malformed(format!("{name} was sent twice.")));
    }
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|digit| digit.is_ascii_digit()));
    let number = digits.and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| malformed(format!("{name} is not a number of bytes.")))
}

fn malformed(message: impl Into<String>) -> UploadError {
    UploadError::Malformed(message.into())
}

type Refused = Vec<(StatusCode, ApiErrorCode)>;

/// How it may be refused to tell what the server can do.
pub(super) fn refusals_to_tell() -> Refused {
    vec![not_understood()]
}

/// How it may be refused to begin an upload.
pub(super) fn refusals_to_begin() -> Refused {
    let mut refused = as_told([
        UploadError::Unknown,
        UploadError::Expired,
        UploadError::TooLarge { most: 0 },
        UploadError::WrongChecksum,
        UploadError::WrongHash,
        UploadError::Taken,
        UploadError::Forbidden,
        UploadError::TooMany,
    ]);
    refused.extend(refusals_to_devices());
    refused.extend(failures());
    refused
}

/// How it may be refused to tell how far an upload is. What fails for a moment is waited for, and then told as locked.
pub(super) fn refusals_to_ask() -> Refused {
    let mut refused = as_told([
        UploadError::Unknown,
        UploadError::Expired,
        UploadError::WrongHash,
        UploadError::Taken,
        UploadError::NotNow,
    ]);
    refused.extend(refusals_to_devices());
    refused
}

/// How it may be refused to carry an upload on.
pub(super) fn refusals_to_carry_on() -> Refused {
    let mut refused = as_told([
        UploadError::Unknown,
        UploadError::Expired,
        UploadError::WrongOffset { received: 0 },
        UploadError::TooLarge { most: 0 },
        UploadError::WrongChecksum,
        UploadError::WrongHash,
        UploadError::Cut { received: 0 },
        UploadError::Taken,
    ]);
    refused.push((StatusCode::UNSUPPORTED_MEDIA_TYPE, ApiErrorCode::Malformed));
    refused.extend(refusals_to_devices());
    refused.extend(failures());
    refused
}

/// How it may be refused to give an upload up.
pub(super) fn refusals_to_give_up() -> Refused {
    let mut refused = as_told([UploadError::Unknown, UploadError::Expired, UploadError::Taken]);
    refused.extend(refusals_to_devices());
    refused.extend(failures());
    refused
}

fn as_told(errors: impl IntoIterator<Item = UploadError>) -> Refused {
    errors.into_iter().map(UploadError::refusal).map(|(status, error)| (status, error.code)).collect()
}

/// Of whom does not show that it is a device, or does not speak tus 1.0.0.
fn refusals_to_devices() -> Refused {
    let by_token = [ApiErrorCode::Unauthenticated, ApiErrorCode::Revoked].map(by_code);
    let not_tus = (StatusCode::PRECONDITION_FAILED, ApiErrorCode::ProtocolUnsupported);
    by_token.into_iter().chain([not_tus, not_understood()]).collect()
}

fn failures() -> Refused {
    [ApiErrorCode::Busy, ApiErrorCode::Internal].map(by_code).into()
}

fn by_code(code: ApiErrorCode) -> (StatusCode, ApiErrorCode) {
    (super::refusal::status(code), code)
}

/// A header is not what it should be.
fn not_understood() -> (StatusCode, ApiErrorCode) {
    by_code(ApiErrorCode::Malformed)
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
            // Common tus programs carry on after 409, 423 and 503, and give up at 408 and 429.
            Self::Cut { .. } => (StatusCode::CONFLICT, ApiErrorCode::Busy),
            Self::Taken | Self::NotNow => (StatusCode::LOCKED, ApiErrorCode::Busy),
            Self::Malformed(_) => (StatusCode::BAD_REQUEST, ApiErrorCode::Malformed),
            Self::Forbidden => (StatusCode::FORBIDDEN, ApiErrorCode::Forbidden),
            Self::TooMany => (StatusCode::SERVICE_UNAVAILABLE, ApiErrorCode::Busy),
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
        let mut response = Refusal::with_status(status, error).into_response();
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
