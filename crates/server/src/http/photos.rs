//! `/v1/photos`: what is held, and handing it out.

use std::ops::Range;

use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gatebook_sync::wire::{ApiErrorCode, HaveRequest, HaveResponse};

use super::body::{Accepts, Answer, Packed};
use super::caller::{DeviceCaller, token};
use super::refusal::Refusal;
use super::{App, blocking};
use crate::error::refuse;
use crate::photos::{ContentHash, Viewer};

/// Which photos the server holds already, and which of this device's uploads can be carried on.
#[utoipa::path(
    post, path = "/v1/photos/have", tag = "photos", security(("device" = [])), request_body = HaveRequest,
    responses((status = 200, body = HaveResponse))
)]
pub(super) async fn have(
    State(app): State<App>,
    DeviceCaller(device): DeviceCaller,
    accepts: Accepts,
    Packed(request): Packed<HaveRequest>,
) -> Result<Answer, Refusal> {
    let response = app.server.have(&device, &request).await?;
    tracing::info!(held = response.held.len(), unfinished = response.unfinished.len(), "asked for photos");
    Ok(Answer::new(accepts, &response))
}

/// A device or an admin.
pub(super) struct ViewerCaller(Viewer);

impl FromRequestParts<App> for ViewerCaller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let (token, server) = (token(parts)?, app.server.clone());
        blocking(move || server.viewer(&token)).await.map(Self)
    }
}

/// The photo in the address.
pub(super) struct PhotoHash(ContentHash);

impl FromRequestParts<App> for PhotoHash {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        let hash = parts.uri.path().rsplit('/').next().and_then(|hash| hash.parse().ok());
        hash.map(Self).ok_or_else(|| {
            let message = "The address has no photo: /v1/photos/<64 small hexadecimal digits>.";
            Refusal::from(refuse(ApiErrorCode::Malformed, message))
        })
    }
}

/// A photo, or a range of it. A device gets what a record of its yards names; an admin gets all.
#[utoipa::path(
    get, path = "/v1/photos/{sha256}", tag = "photos", security(("device" = []), ("admin" = [])),
    params(
        ("sha256" = String, Path, pattern = "^[0-9a-f]{64}$", description = "SHA-256 of the bytes, in small hexadecimal digits"),
        ("Range" = Option<String>, Header, description = "One range of bytes, such as `bytes=0-65535`; any other is answered \
            with all of it"),
        ("If-Range" = Option<String>, Header, description = "The `ETag` for which the range is asked"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` that the caller has")
    ),
    responses(
        (status = 200, description = "All of it", content((Vec<u8> = "image/*"), (Vec<u8> = "application/pdf")),
            headers(("ETag" = String, description = "The hash, in quotation marks"))),
        (status = 206, description = "The range", content((Vec<u8> = "image/*"), (Vec<u8> = "application/pdf")),
            headers(("ETag" = String, description = "The hash, in quotation marks"),
                ("Content-Range" = String, description = "Which bytes, and of how many: `bytes 0-65535/240112`"))),
        (status = 304, description = "The caller has it",
            headers(("ETag" = String, description = "The hash, in quotation marks"))),
        (status = 416, description = "It has no such bytes. The answer has no body",
            headers(("Content-Range" = String, description = "How many bytes it has: `bytes */240112`")))
    )
)]
pub(super) async fn photo(
    State(app): State<App>,
    ViewerCaller(viewer): ViewerCaller,
    PhotoHash(hash): PhotoHash,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let server = app.server.clone();
    let blob = blocking(move || server.photo(&viewer, hash)).await?;
    let etag = format!("\"{hash}\"");
    let names_it = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(|text| names(text, &etag));
    let is_known = names_it(header::IF_NONE_MATCH).unwrap_or(false);
    let is_same = names_it(header::IF_RANGE).unwrap_or(true);
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).filter(|_| is_same);
    let (status, range) = match asked.map(|asked| part(asked, blob.size)) {
        _ if is_known => (StatusCode::NOT_MODIFIED, 0..0),
        None | Some(Asked::All) => (StatusCode::OK, 0..blob.size),
        Some(Asked::Part(range)) => (StatusCode::PARTIAL_CONTENT, range),
        Some(Asked::Nothing) => (StatusCode::RANGE_NOT_SATISFIABLE, 0..0),
    };
    let mut response = if range.is_empty() {
        status.into_response()
    } else {
        let bytes = app.server.bytes_of(&blob, range.start, range.end);
        let mut response = (status, Body::from_stream(bytes)).into_response();
        response.headers_mut().insert(header::CONTENT_LENGTH, (range.end - range.start).into());
        response
    };
    let answered = response.headers_mut();
    let told = match status {
        StatusCode::PARTIAL_CONTENT => Some(format!("bytes {}-{}/{}", range.start, range.end - 1, blob.size)),
        StatusCode::RANGE_NOT_SATISFIABLE => Some(format!("bytes */{}", blob.size)),
        _ => None,
    };
    let texts = [
        (header::ETAG, Some(etag)),
        (header::CONTENT_TYPE, Some(blob.media_type).filter(|_| status != StatusCode::NOT_MODIFIED)),
        (header::CONTENT_RANGE, told),
    ];
    for (name, text) in texts {
        if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
            answered.insert(name, value);
        }
    }
    answered.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // Under a hash there is never anything else. It is kept on the device only: others may not see it.
    answered.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    answered.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// Whether a list of entity tags names that one.
fn names(list: &str, etag: &str) -> bool {
    list.split(',').map(str::trim).any(|named| named == "*" || named.trim_start_matches("W/") == etag)
}

/// What of a photo is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    All,
    Part(Range<u64>),
    Nothing,
}

/// Reads a `Range`. What is not one range of bytes is answered with all of it, as HTTP allows.
fn part(header: &str, size: u64) -> Asked {
    let Some((first, last)) = header.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-')) else {
        return Asked::All;
    };
    let range = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..size.min(last.saturating_add(1)),
        (Ok(first), Err(_)) if last.trim().is_empty() => first..size,
        (Err(_), Ok(length)) if first.trim().is_empty() => size.saturating_sub(length)..size,
        _ => return Asked::All,
    };
    if range.is_empty() { Asked::Nothing } else { Asked::Part(range) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_http_writes_them() {
        let cases = [
            ("bytes=0-3", Asked::Part(0..4)),
            ("bytes=4-", Asked::Part(4..10)),
            ("bytes=-3", Asked::Part(7..10)),
            ("bytes=-30", Asked::Part(0..10)),
            ("bytes=8-99", Asked::Part(8..10)),
            ("bytes=10-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=3-2", Asked::All),
            ("bytes=0-1,4-5", Asked::All),
            ("lines=1-2", Asked::All),
            ("bytes=x-y", Asked::All),
        ];
        for (header, asked) in cases {
            assert_eq!(part(header, 10), asked, "{header}");
        }
    }

    #[test]
    fn an_entity_tag_is_found_in_a_list() {
        for list in ["*", "\"ab\"", "\"x\", W/\"ab\""] {
            assert!(names(list, "\"ab\""), "{list}");
        }
        assert!(!names("\"x\"", "\"ab\""));
    }
}
