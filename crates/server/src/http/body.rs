//! Bodies: JSON in, plain or zstd, bounded before and after unpacking; JSON out, zstd if the caller takes it.

use std::io::Read as _;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gatebook_sync::wire::ApiErrorCode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::App;
use super::refusal::Refusal;
use crate::error::refuse;
use crate::json;
use crate::sync::other_protocol;

/// zstd windows beyond this (2^23 bytes) are refused rather than allocated.
const WINDOW_LOG_MAX: u32 = 23;
/// Answers below this are not worth packing.
const PACK_FROM: usize = 1024;
/// Quick, and most of what the stronger settings save.
const LEVEL: i32 = 3;

/// A request's JSON body.
pub(super) struct Packed<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Packed<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let bounds = app.server.config().bounds;
        let is_packed = match request.headers().get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes) {
            None | Some(b"identity") => false,
            Some(b"zstd") => true,
            Some(_) => return Err(malformed("Send the body plain or packed with zstd.")),
        };
        let bytes = Bytes::from_request(request, app).await.map_err(|error| {
            if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
                too_large()
            } else {
                malformed("The body broke off. Send it again.")
            }
        })?;
        let bytes = if is_packed { unpack(&bytes, bounds.unpacked_bytes)?.into() } else { bytes };
        parse(&bytes).map(Self)
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|error| malformed(format!("The body is not UTF-8: {error}.")))?;
    serde_json::from_str(text).map_err(|error| {
        // A request of another protocol may have any shape; it gets an answer that says so.
        if let Some(refusal) = serde_json::from_str(text).ok().and_then(|Spoken { protocol }| other_protocol(protocol))
        {
            return Refusal(refusal);
        }
        let place = match json::pointer_at(text, json::offset_of(text, &error)) {
            place if place.is_empty() => String::new(),
            place => format!(", in {place}"),
        };
        malformed(format!("The body is not what this address takes: {error}{place}."))
    })
}

/// The one thing that requests of all protocols have in common.
#[derive(serde::Deserialize)]
struct Spoken {
    protocol: u32,
}

fn malformed(message: impl Into<String>) -> Refusal {
    Refusal(refuse(ApiErrorCode::Malformed, message))
}

fn too_large() -> Refusal {
    let message = "The body is larger than what is taken here. Send it in several pages.";
    Refusal(refuse(ApiErrorCode::TooLarge, message))
}

/// Unpacks zstd and stops at the first byte above the bound, whatever the frame promises.
fn unpack(bytes: &[u8], most: usize) -> Result<Vec<u8>, Refusal> {
    let broken = |error: std::io::Error| malformed(format!("The body is not zstd, or is damaged: {error}."));
    let mut decoder = zstd::Decoder::new(bytes).map_err(broken)?;
    decoder.window_log_max(WINDOW_LOG_MAX).map_err(broken)?;
    let mut plain = Vec::with_capacity(most.min(bytes.len().saturating_mul(8)));
    decoder.take(most as u64 + 1).read_to_end(&mut plain).map_err(broken)?;
    if plain.len() > most { Err(too_large()) } else { Ok(plain) }
}

/// Whether the caller takes zstd.
#[derive(Debug, Clone, Copy)]
pub(super) struct Accepts {
    zstd: bool,
}

impl FromRequestParts<App> for Accepts {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        let codings = parts.headers.get_all(header::ACCEPT_ENCODING);
        let zstd = codings.iter().filter_map(|value| value.to_str().ok()).any(takes_zstd);
        Ok(Self { zstd })
    }
}

fn takes_zstd(codings: &str) -> bool {
    codings.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_zstd = parts.next() == Some("zstd");
        let quality = parts.find_map(|part| part.strip_prefix("q=")).and_then(|quality| quality.parse().ok());
        is_zstd && quality.is_none_or(|quality: f32| quality > 0.0)
    })
}

/// A JSON answer, packed if the caller takes it.
pub(super) struct Answer {
    bytes: Vec<u8>,
    is_packed: bool,
}

impl Answer {
    pub(super) fn new<T: Serialize>(accepts: Accepts, value: &T) -> Self {
        let plain = serde_json::to_vec(value).expect("contract types are always JSON");
        if accepts.zstd && plain.len() >= PACK_FROM {
            let packed = zstd::bulk::compress(&plain, LEVEL).expect("zstd packs any bytes into memory");
            Self { bytes: packed, is_packed: true }
        } else {
            Self { bytes: plain, is_packed: false }
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = self.bytes.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if self.is_packed {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("zstd"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zstd_is_used_only_where_it_is_taken() {
        for yes in ["zstd", "gzip, zstd;q=0.5", " zstd ; q=1"] {
            assert!(takes_zstd(yes), "{yes}");
        }
        for no in ["", "gzip", "zstd;q=0", "zstandard"] {
            assert!(!takes_zstd(no), "{no}");
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_bound() {
        let bomb = zstd::bulk::compress(&vec![b' '; 64 * 1024 * 1024], LEVEL).unwrap();
        assert!(bomb.len() < 10_000);
        let refused = unpack(&bomb, 1_000_000).unwrap_err();
        assert_eq!(refused.0.code, ApiErrorCode::TooLarge);
    }

    #[test]
    fn a_window_larger_than_any_page_is_refused() {
        let mut packer = zstd::Encoder::new(Vec::new(), LEVEL).unwrap();
        packer.window_log(27).unwrap();
        std::io::Write::write_all(&mut packer, &vec![b' '; 1_000]).unwrap();
        let refused = unpack(&packer.finish().unwrap(), 1_000_000).unwrap_err();
        assert_eq!(refused.0.code, ApiErrorCode::Malformed);
    }

    #[test]
    fn what_is_exactly_as_large_as_the_bound_is_taken() {
        let packed = zstd::bulk::compress(&[b' '; 1_000], LEVEL).unwrap();
        assert_eq!(unpack(&packed, 1_000).map(|plain| plain.len()).ok(), Some(1_000));
        assert!(unpack(&packed, 999).is_err());
    }
}
