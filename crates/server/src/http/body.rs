//! Bodies: JSON in, plain or zstd, bounded before and after unpacking; JSON out, zstd if the client takes it.

use std::io::Read as _;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gatebook_sync::wire::{ApiError, ApiErrorCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::App;
use super::refusal::Refusal;
use crate::error::refuse;

/// A request's JSON body.
pub(super) struct Packed<T>(pub T);

/// zstd windows beyond this (2^23 bytes) are refused rather than allocated.
const WINDOW_LOG_MAX: u32 = 23;
/// Answers below this are not worth packing.
const PACK_FROM: usize = 1024;

impl<T: DeserializeOwned> FromRequest<App> for Packed<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let bound = app.server.inner.config.bounds.request_bytes;
        let packed = match request.headers().get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes) {
            None | Some(b"identity") => false,
            Some(b"zstd") => true,
            Some(_) => {
                return Err(Refusal(refuse(ApiErrorCode::Malformed, "Send the body plain or packed with zstd.")));
            }
        };
        let bytes = Bytes::from_request(request, app).await.map_err(|error| {
            Refusal(if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
                too_large(bound)
            } else {
                refuse(ApiErrorCode::Malformed, "The body broke off. Send it again.")
            })
        })?;
        let bytes = if packed { unpack(&bytes, bound)?.into() } else { bytes };
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            Refusal(refuse(ApiErrorCode::Malformed, format!("The body is not what this address takes: {error}.")))
        })
    }
}

fn too_large(bound: usize) -> ApiError {
    refuse(ApiErrorCode::TooLarge, format!("The body is larger than {bound} bytes. Send it in several pages."))
}

/// Unpacks zstd, never holding more than one byte above the bound.
fn unpack(bytes: &[u8], bound: usize) -> Result<Vec<u8>, Refusal> {
    let broken = |error: std::io::Error| {
        Refusal(refuse(ApiErrorCode::Malformed, format!("The body is not zstd, or is damaged: {error}.")))
    };
    let mut decoder = zstd::Decoder::new(bytes).map_err(broken)?;
    decoder.window_log_max(WINDOW_LOG_MAX).map_err(broken)?;
    let mut plain = Vec::new();
    decoder.take(bound as u64 + 1).read_to_end(&mut plain).map_err(broken)?;
    if plain.len() > bound {
        return Err(Refusal(too_large(bound)));
    }
    Ok(plain)
}

/// A JSON answer, packed if the client takes it.
pub(super) fn answer<T: Serialize>(headers: &HeaderMap, value: &T) -> Response {
    let plain = serde_json::to_vec(value).expect("contract types are always JSON");
    let takes_zstd = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|coding| coding.trim().starts_with("zstd")));
    let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if takes_zstd && plain.len() >= PACK_FROM {
        let packed = zstd::bulk::compress(&plain, 3).expect("zstd packs any bytes into memory");
        return ([json, (header::CONTENT_ENCODING, HeaderValue::from_static("zstd"))], packed).into_response();
    }
    ([json], plain).into_response()
}
