//! Bodies: JSON in, plain or zstd, bounded before and after unpacking; JSON out, zstd if the caller takes it.

use std::io::Read as _;
use std::marker::PhantomData;
use std::pin::pin;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::StreamExt as _;
use gatebook_sync::wire::{ApiErrorCode, EnrolRequest, HaveRequest, ProofRequest, RestoreRequest, SyncRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zstd::zstd_safe;

use super::App;
use super::limit::TimeLimit;
use super::pace::{Broken, Patience, paced};
use super::records::Reason;
use super::refusal::{Refusal, too_slow};
use crate::config::Bounds;
use crate::error::refuse;
use crate::json;
use crate::received::{Broken as Unread, Received};
use crate::sync::other_protocol;

/// zstd windows beyond this (2^23 bytes) are refused rather than allocated.
const WINDOW_LOG_MAX: u32 = 23;
/// Answers below this are not worth packing.
const PACK_FROM: usize = 1024;
/// Quick, and most of what the stronger settings save.
const LEVEL: i32 = 3;

/// How large a body may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    /// As it is sent.
    pub(super) sent: usize,
    /// Unpacked.
    pub(super) unpacked: usize,
}

impl Most {
    /// The same, packed or not.
    const fn of(bytes: usize) -> Self {
        Self { sent: bytes, unpacked: bytes }
    }
}

/// What is sent as a body. Each sort says how large it may be, so that a stranger's code is not unpacked like a page.
pub(super) trait Sendable: DeserializeOwned {
    /// How large it may be.
    fn most(bounds: &Bounds) -> Most;
}

impl Sendable for SyncRequest {
    fn most(bounds: &Bounds) -> Most {
        Most { sent: bounds.limits.page_bytes as usize, unpacked: bounds.unpacked_bytes }
    }
}

impl Sendable for ProofRequest {
    /// An id and a nonce. Strangers may send it.
    fn most(_: &Bounds) -> Most {
        Most::of(1024)
    }
}

impl Sendable for EnrolRequest {
    /// A code, a name, a secret and a proof. Strangers may send it.
    fn most(_: &Bounds) -> Most {
        Most::of(16 * 1024)
    }
}

impl Sendable for HaveRequest {
    /// Each hash has 64 digits.
    fn most(bounds: &Bounds) -> Most {
        Most::of(4 * 1024 + 128 * bounds.photos.hashes as usize)
    }
}

impl Sendable for RestoreRequest {
    /// An id and a reason of at most 2,000 characters.
    fn most(_: &Bounds) -> Most {
        Most::of(64 * 1024)
    }
}

impl Sendable for Reason {
    /// At most 2,000 characters.
    fn most(_: &Bounds) -> Most {
        Most::of(64 * 1024)
    }
}

/// A request's body as it was sent: all of it has come, and nothing is unpacked yet.
pub(super) struct Sent<T> {
    bytes: Bytes,
    is_packed: bool,
    most: Most,
    what: PhantomData<fn() -> T>,
}

impl<T: Sendable> FromRequest<App> for Sent<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let bounds = &app.server.config().bounds;
        let most = T::most(bounds);
        let is_packed = is_packed(request.headers())?;
        // How long a body takes is a matter of its link; what is done with it then has its own limit.
        let _paused = request.extensions().get().map(TimeLimit::pause);
        let patience = Patience::new(bounds.patience, bounds.least_rate);
        let bytes = read(request.into_body(), most.sent, patience, app).await?;
        Ok(Self { bytes, is_packed, most, what: PhantomData })
    }
}

impl<T: Sendable> Sent<T> {
    /// Unpacks and reads it. What may be large is not for the network's threads.
    pub(super) fn open(self) -> Result<T, Refusal> {
        if self.is_packed { parse(&unpack(&self.bytes, self.most.unpacked)?) } else { parse(&self.bytes) }
    }
}

impl Sent<SyncRequest> {
    /// How many bytes it unpacks to, at most.
    pub(super) fn unpacked(&self) -> usize {
        if self.is_packed {
            promised(&self.bytes).map_or(self.most.unpacked, |it| it.min(self.most.unpacked))
        } else {
            self.bytes.len()
        }
    }

    /// Unpacks and reads it, as far as each of its entries can be read.
    pub(super) fn open_page(self, bounds: &Bounds) -> Result<Received, Refusal> {
        let most_values = bounds.page_values;
        let unpacked = self.unpacked();
        let Self { bytes, is_packed, .. } = self;
        let plain = if is_packed { unpack(&bytes, unpacked)?.into() } else { bytes.clone() };
        drop(bytes);
        let text = utf8(&plain)?;
        let values = json::shape(text).values;
        if values > most_values {
            let message = format!(
                "The body holds {values} single values; at most {most_values} are taken. Send it in several pages."
            );
            return Err(refuse(ApiErrorCode::TooLarge, message).into());
        }
        Received::read(text, bounds.limits.page_records as usize)
            .map_err(|Unread { error, place }| unreadable(text, &error, &place))
    }
}

/// What a packed body promises to unpack to, if all of it is one frame that promises anything.
fn promised(bytes: &[u8]) -> Option<usize> {
    let is_whole = zstd_safe::find_frame_compressed_size(bytes).is_ok_and(|length| length == bytes.len());
    let promised = zstd_safe::get_frame_content_size(bytes).ok().flatten().filter(|_| is_whole)?;
    usize::try_from(promised).ok()
}

/// A request's JSON body, of a sort that is small.
pub(super) struct Packed<T>(pub T);

impl<T: Sendable> FromRequest<App> for Packed<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        Sent::<T>::from_request(request, app).await?.open().map(Self)
    }
}

/// Whether the body is packed. The names of codings are the same in capitals.
fn is_packed(headers: &HeaderMap) -> Result<bool, Refusal> {
    match headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None => Ok(false),
        Some(coding) if coding.eq_ignore_ascii_case(b"identity") => Ok(false),
        Some(coding) if coding.eq_ignore_ascii_case(b"zstd") => Ok(true),
        Some(_) => Err(malformed("Send the body plain or packed with zstd.")),
    }
}

/// All of a body.
async fn read(body: Body, most: usize, patience: Patience, app: &App) -> Result<Bytes, Refusal> {
    let mut pieces = pin!(paced(body, patience, app.stop.seen()));
    let mut whole = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|broken| match broken {
            Broken::Cut => malformed("The body broke off. Send it again."),
            Broken::TooSlow => too_slow(),
            Broken::Stopping => {
                Refusal::from(refuse(ApiErrorCode::Busy, "The server is stopping. Come again in a moment."))
            }
        })?;
        if whole.len() + piece.len() > most {
            return Err(too_large());
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.into())
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let text = utf8(bytes)?;
    serde_json::from_str(text)
        .map_err(|error| unreadable(text, &error, &json::pointer_at(text, json::offset_of(text, &error))))
}

fn utf8(bytes: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(bytes).map_err(|error| malformed(format!("The body is not UTF-8: {error}.")))
}

/// Why a body is not taken that breaks off at that place.
fn unreadable(text: &str, error: &serde_json::Error, place: &str) -> Refusal {
    // A request of another protocol may have any shape; it gets an answer that says so.
    if let Some(refusal) = serde_json::from_str(text).ok().and_then(|Spoken { protocol }| other_protocol(protocol)) {
        return Refusal::from(refusal);
    }
    let place = if place.is_empty() { String::new() } else { format!(", in {place}") };
    malformed(format!("The body is not what this address takes: {error}{place}."))
}

/// The one thing that requests of all protocols have in common.
#[derive(serde::Deserialize)]
struct Spoken {
    protocol: u32,
}

fn malformed(message: impl Into<String>) -> Refusal {
    Refusal::from(refuse(ApiErrorCode::Malformed, message))
}

fn too_large() -> Refusal {
    let message = "The body is larger than what is taken here. Send it in several pages.";
    Refusal::from(refuse(ApiErrorCode::TooLarge, message))
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
    codings.to_ascii_lowercase().split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_zstd = parts.next() == Some("zstd");
        let quality = parts.find_map(|part| part.strip_prefix("q=")).and_then(|quality| quality.parse().ok());
        is_zstd && quality.is_none_or(|quality: f32| quality > 0.0)
    })
}

/// A JSON answer, packed if the caller takes it.
pub(super) struct Answer {
    bytes: Bytes,
    is_packed: bool,
}

impl Answer {
    pub(super) fn new<T: Serialize>(accepts: Accepts, value: &T) -> Self {
        Self::holding(accepts, value, ())
    }

    /// One that keeps `held` until the caller has read all of it, or is given up.
    pub(super) fn holding<T: Serialize, H: Send + 'static>(accepts: Accepts, value: &T, held: H) -> Self {
        let plain = serde_json::to_vec(value).expect("contract types are always JSON");
        let is_packed = accepts.zstd && plain.len() >= PACK_FROM;
        let bytes = if is_packed {
            zstd::bulk::compress(&plain, LEVEL).expect("zstd packs any bytes into memory")
        } else {
            plain
        };
        Self { bytes: Bytes::from_owner(Holding { bytes, _held: held }), is_packed }
    }
}

/// Bytes, and what goes with them.
struct Holding<H> {
    bytes: Vec<u8>,
    _held: H,
}

impl<H> AsRef<[u8]> for Holding<H> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
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
        for yes in ["zstd", "gzip, zstd;q=0.5", " zstd ; q=1", "GZIP, ZSTD;Q=0.5"] {
            assert!(takes_zstd(yes), "{yes}");
        }
        for no in ["", "gzip", "zstd;q=0", "ZSTD;Q=0", "zstandard"] {
            assert!(!takes_zstd(no), "{no}");
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_bound() {
        let bomb = zstd::bulk::compress(&vec![b' '; 64 * 1024 * 1024], LEVEL).unwrap();
        assert!(bomb.len() < 10_000);
        let refused = unpack(&bomb, 1_000_000).unwrap_err();
        assert_eq!(refused.error.code, ApiErrorCode::TooLarge);
    }

    #[test]
    fn a_window_larger_than_any_page_is_refused() {
        let mut packer = zstd::Encoder::new(Vec::new(), LEVEL).unwrap();
        packer.window_log(27).unwrap();
        std::io::Write::write_all(&mut packer, &vec![b' '; 1_000]).unwrap();
        let refused = unpack(&packer.finish().unwrap(), 1_000_000).unwrap_err();
        assert_eq!(refused.error.code, ApiErrorCode::Malformed);
    }

    #[test]
    fn a_body_that_is_one_frame_promises_what_it_unpacks_to_and_any_other_nothing() {
        let packed = zstd::bulk::compress(&[b' '; 5_000], LEVEL).unwrap();
        assert_eq!(promised(&packed), Some(5_000));
        assert_eq!(promised(&[packed.clone(), packed.clone()].concat()), None);
        assert_eq!(promised(&packed[..packed.len() - 1]), None);
        assert_eq!(promised(b"no frame"), None);
    }

    #[test]
    fn what_is_exactly_as_large_as_the_bound_is_taken() {
        let packed = zstd::bulk::compress(&[b' '; 1_000], LEVEL).unwrap();
        assert_eq!(unpack(&packed, 1_000).map(|plain| plain.len()).ok(), Some(1_000));
        assert!(unpack(&packed, 999).is_err());
    }
}
