//! How a request reaches the server: one trait, so that the simulator's link and the server itself can stand in for
//! HTTP.

use std::time::Duration;

use async_trait::async_trait;
use gatebook_sync::wire::{
    ApiError, ApiErrorCode, EnrolRequest, EnrolResponse, NONCE, ProofRequest, ProofResponse, SyncRequest, SyncResponse,
};
use gatebook_sync::{AuthorityPin, PROTOCOL};
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::answer;
use crate::pinned;
use crate::revocation::{Verifier, nonce};
use crate::store::Enrolment;

/// Carries requests to the server.
#[async_trait]
pub trait Transport: Send + Sync {
    /// One round trip of sync.
    async fn sync(&self, request: &SyncRequest) -> Result<SyncResponse, TransportError>;
}

/// Why a request brought no answer to act on. In no case has anything local changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TransportError {
    /// No connection could be made: nothing was sent.
    #[error("no connection to the server: {0}")]
    NotSent(String),
    /// No connection could be made, because by this device's clock the server's certificate is not valid yet, or not any
    /// more: nothing was sent. Far more often than the certificate it is the clock that is wrong.
    #[error("the server's certificate is not valid at the time that this device shows: {0}")]
    CertificateDates(String),
    /// The connection broke, or nothing came back in time. Whether the server took the request is not known.
    #[error("no connection to the server: {0}")]
    Unreachable(String),
    /// What answers shows a certificate that this device does not trust. Nothing was sent.
    #[error("the server's certificate is not trusted: {0}")]
    Untrusted(String),
    /// Something answered that is not a Gatebook server.
    #[error("something other than the server answered ({0})")]
    NotOurs(String),
    /// The server said no.
    #[error("the server answered {status}: {error}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What it said.
        error: ApiError,
        /// When it asked to come again.
        retry_after: Option<Duration>,
    },
}

impl TransportError {
    /// Says whether it is sure that nothing was sent.
    pub(crate) const fn is_before_sending(&self) -> bool {
        matches!(self, Self::NotSent(_) | Self::CertificateDates(_) | Self::Untrusted(_))
    }

    /// Says whether no connection was made, or the one there was broke.
    pub(crate) const fn is_of_the_link(&self) -> bool {
        self.is_before_sending() || matches!(self, Self::Unreachable(_))
    }

    /// What the server said, if it was the server.
    #[must_use]
    pub const fn refusal(&self) -> Option<ApiErrorCode> {
        match self {
            Self::Refused { error, .. } => Some(error.code),
            _ => None,
        }
    }
}

/// The header by which a Gatebook server makes itself known; a guest network's sign-in page lacks it.
const SERVER_HEADER: &str = "x-gatebook-server";

/// Long enough for one bar of signal to find its way.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// A page is sized to the link; what takes longer than this is started again with a smaller one.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
/// What is asked soon after goes over the same connection. Not for long: behind a phone's network an idle connection
/// dies without a word, and a request over it would wait in vain.
const KEEP_CONNECTION: Duration = Duration::from_secs(20);
/// Light, quick, and three quarters of what the strongest setting saves.
const ZSTD_LEVEL: i32 = 3;
/// Far above any page this device asks for; a bound on what an answer may unpack to.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// HTTP, JSON compressed by zstd both ways.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    client: reqwest::Client,
    base: String,
    token: String,
    /// Of the device that calls, once it has joined.
    verifier: Option<Verifier>,
}

impl HttpTransport {
    /// To the server at `base` (such as `https://gatebook.example`) as the device with that token (empty: none yet).
    ///
    /// # Errors
    /// No TLS is to be had on this system.
    pub fn new(base: &str, token: &str) -> Result<Self, TransportError> {
        Self::trusting(None, base, token)
    }

    /// The same, trusting for this server only the authority with that pin, if there is one.
    pub(crate) fn trusting(pin: Option<&AuthorityPin>, base: &str, token: &str) -> Result<Self, TransportError> {
        let client = reqwest::Client::builder();
        let client = match pin {
            Some(pin) => client.tls_backend_preconfigured(pinned::client_config(pin)),
            None => client,
        };
        let client = client
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .pool_idle_timeout(KEEP_CONNECTION)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("gatebook/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| TransportError::NotSent(chain(&error)))?;
        Ok(Self { client, base: base.trim_end_matches('/').to_owned(), token: token.to_owned(), verifier: None })
    }

    /// To the server that a device belongs to.
    pub(crate) fn of(enrolment: &Enrolment) -> Result<Self, TransportError> {
        let way = Self::trusting(enrolment.pin.as_ref(), &enrolment.server_url, &enrolment.token)?;
        Ok(Self { verifier: Some(Verifier::of(enrolment)), ..way })
    }

    /// The refusal, as far as this device believes it.
    fn believed(&self, refusal: ApiError, nonce: &str) -> ApiError {
        match &self.verifier {
            Some(verifier) => verifier.believed(refusal, nonce),
            None => refusal,
        }
    }

    /// Turns a one-time code into a device token.
    ///
    /// # Errors
    /// See [`TransportError`].
    pub async fn enrol(&self, request: &EnrolRequest) -> Result<EnrolResponse, TransportError> {
        self.post("/v1/enrol", request).await
    }

    /// Has the server prove which it is. No token is sent.
    pub(crate) async fn prove(&self, request: &ProofRequest) -> Result<ProofResponse, TransportError> {
        self.post("/v1/proof", request).await
    }

    /// A request as this device, for what is not JSON.
    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    /// Sends such a request. An answer is the server's, and good or one that the caller expects.
    pub(crate) async fn told(
        &self,
        request: reqwest::RequestBuilder,
        expected: fn(StatusCode) -> bool,
    ) -> Result<reqwest::Response, TransportError> {
        let nonce = nonce();
        let answer = request.header(NONCE, &nonce).send().await.map_err(|error| not_answered(&error))?;
        let (status, retry_after) = (answer.status(), retry_after(answer.headers()));
        if !answer.headers().contains_key(SERVER_HEADER) {
            return Err(on_the_way(status, retry_after));
        }
        if status.is_success() || expected(status) {
            return Ok(answer);
        }
        let bytes = answer.bytes().await.map_err(|error| TransportError::Unreachable(chain(&error)))?;
        let error = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| ApiError::new(told_by(status), format!("The server answered {status}."), true));
        let error = self.believed(error, &nonce);
        Err(TransportError::Refused { status: status.as_u16(), error, retry_after })
    }

    pub(crate) async fn post<Q: Serialize, A: DeserializeOwned>(
        &self,
        path: &str,
        body: &Q,
    ) -> Result<A, TransportError> {
        self.post_and_read(path, body, |bytes| serde_json::from_slice(bytes)).await
    }

    /// The same, with an answer that is read in a way of its own.
    async fn post_and_read<Q: Serialize, A>(
        &self,
        path: &str,
        body: &Q,
        read: impl Fn(&[u8]) -> Result<A, serde_json::Error>,
    ) -> Result<A, TransportError> {
        let plain = serde_json::to_vec(body).expect("contract types are always JSON");
        let packed = zstd::bulk::compress(&plain, ZSTD_LEVEL).expect("zstd packs any bytes into memory");
        let nonce = nonce();
        let mut request = self
            .client
            .post(format!("{}{path}", self.base))
            .header(NONCE, &nonce)
            .header("content-type", "application/json")
            .header("content-encoding", "zstd")
            .header("accept-encoding", "zstd")
            .body(packed);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        let answer = request.send().await.map_err(|error| not_answered(&error))?;
        let (status, retry_after) = (answer.status(), retry_after(answer.headers()));
        if !answer.headers().contains_key(SERVER_HEADER) {
            return Err(on_the_way(status, retry_after));
        }
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let packed = header("content-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("zstd"));
        let bytes = answer.bytes().await.map_err(|error| TransportError::Unreachable(chain(&error)))?;
        let bytes = if packed { unpack(&bytes)? } else { bytes.to_vec() };
        let unreadable = |error: serde_json::Error| TransportError::NotOurs(format!("{status}, {error}"));
        if status.is_success() {
            read(&bytes).map_err(|error| unreadable_protocol(status, &bytes).unwrap_or_else(|| unreadable(error)))
        } else {
            let error = serde_json::from_slice(&bytes).map_err(|_| on_the_way(status, retry_after))?;
            let error = self.believed(error, &nonce);
            Err(TransportError::Refused { status: status.as_u16(), error, retry_after })
        }
    }
}

/// What the status alone says: an answer to HEAD has no body.
fn told_by(status: StatusCode) -> ApiErrorCode {
    match status {
        StatusCode::LOCKED
        | StatusCode::REQUEST_TIMEOUT
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::TOO_MANY_REQUESTS => ApiErrorCode::Busy,
        _ => ApiErrorCode::Internal,
    }
}

/// What it means when something that is not the server answers: a proxy before it says what ails the two of them, by
/// whatever status there is for failures of servers, and anything else is no server. One such status is a guest network's
/// own: it wants a sign-in first.
fn on_the_way(status: StatusCode, retry_after: Option<Duration>) -> TransportError {
    let code = match status {
        StatusCode::PAYLOAD_TOO_LARGE => ApiErrorCode::TooLarge,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => ApiErrorCode::Busy,
        status if status.is_server_error() && status != StatusCode::NETWORK_AUTHENTICATION_REQUIRED => {
            ApiErrorCode::Internal
        }
        _ => return TransportError::NotOurs(status.to_string()),
    };
    let error = ApiError::new(code, format!("Something before the server answered {status}."), true);
    TransportError::Refused { status: status.as_u16(), error, retry_after }
}

/// How long an answer asks to wait: in seconds, or until a date. That date is by the clock of whoever answered, which the
/// answer tells as well; the device's own may show any time.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let asked = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let answered = headers.get(DATE)?.to_str().ok()?.trim();
    let (until, now) = (httpdate::parse_http_date(asked).ok()?, httpdate::parse_http_date(answered).ok()?);
    // What is over is over: no wait is asked for any more.
    Some(until.duration_since(now).unwrap_or_default())
}

/// Why an answer cannot be read, if its server speaks another protocol.
fn unreadable_protocol(status: StatusCode, bytes: &[u8]) -> Option<TransportError> {
    #[derive(serde::Deserialize)]
    struct Spoken {
        protocol: u32,
    }
    let Spoken { protocol } = serde_json::from_slice(bytes).ok()?;
    other_protocol(status, protocol)
}

/// An answer of a server that speaks another protocol is not acted on, and not taken for a guest network's.
fn other_protocol(status: StatusCode, protocol: u32) -> Option<TransportError> {
    if protocol == PROTOCOL {
        return None;
    }
    let message = if protocol > PROTOCOL {
        "This app is older than the server. Update the app; everything on this device is kept and sent afterwards."
    } else {
        "The server is older than this app. Ask the office to update the server; everything on this device is kept and sent \
         afterwards."
    };
    let error = ApiError::new(ApiErrorCode::ProtocolUnsupported, message, false);
    Some(TransportError::Refused { status: status.as_u16(), error, retry_after: None })
}

fn unpack(bytes: &[u8]) -> Result<Vec<u8>, TransportError> {
    use std::io::Read as _;
    let mut plain = Vec::new();
    zstd::Decoder::new(bytes)
        .and_then(|decoder| decoder.take(MAX_ANSWER_BYTES as u64 + 1).read_to_end(&mut plain))
        .map_err(|error| TransportError::NotOurs(error.to_string()))?;
    if plain.len() > MAX_ANSWER_BYTES {
        return Err(TransportError::NotOurs("the answer is too large".to_owned()));
    }
    Ok(plain)
}

/// Why no answer came, by whether the request can have left.
fn not_answered(error: &reqwest::Error) -> TransportError {
    if let Some(tls) = tls_error(error)
        && let rustls::Error::InvalidCertificate(wrong) = tls
    {
        let told = wrong.to_string();
        return if is_about_dates(tls) {
            TransportError::CertificateDates(told)
        } else {
            TransportError::Untrusted(told)
        };
    }
    if error.is_connect() { TransportError::NotSent(chain(error)) } else { TransportError::Unreachable(chain(error)) }
}

/// How what Apple's systems say of a certificate ends when it is not valid any more, or not valid yet: with the number of the
/// error, of which rustls has no name.
const APPLES_DATES: [&str; 2] = [": -67818", ": -67819"];

/// Whether a certificate would do at another time.
fn is_about_dates(error: &rustls::Error) -> bool {
    use rustls::CertificateError as Wrong;
    let rustls::Error::InvalidCertificate(wrong) = error else { return false };
    match wrong {
        Wrong::Expired | Wrong::ExpiredContext { .. } | Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => true,
        Wrong::Other(said) => APPLES_DATES.iter().any(|end| said.to_string().ends_with(end)),
        _ => false,
    }
}

/// What TLS has to say, if it is among the causes.
fn tls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(found) = error.downcast_ref() {
        return Some(found);
    }
    // An I/O error around another error names that one's cause as its own, and so passes over the error itself.
    let within = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    within.and_then(|within| tls_error(within)).or_else(|| tls_error(error.source()?))
}

/// The error and its causes, for the log.
fn chain(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told.push_str(": ");
        told.push_str(&error.to_string());
        cause = error.source();
    }
    told
}

#[async_trait]
impl Transport for HttpTransport {
    async fn sync(&self, request: &SyncRequest) -> Result<SyncResponse, TransportError> {
        let answer = self.post_and_read("/v1/sync", request, answer::read).await?;
        // It could be read, and may mean something else.
        other_protocol(StatusCode::OK, answer.protocol).map_or(Ok(answer), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(headers: &[(&'static str, &'static str)]) -> Option<u64> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        retry_after(&headers.collect()).map(|wait| wait.as_secs())
    }

    #[test]
    fn a_wait_is_asked_for_in_seconds_or_until_a_date_by_the_clock_of_who_answers() {
        let until = |now: &'static str, until: &'static str| asked(&[("date", now), ("retry-after", until)]);
        assert_eq!(asked(&[("retry-after", "120")]), Some(120));
        let now = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(until(now, "Sun, 06 Nov 1994 08:51:37 GMT"), Some(120));
        assert_eq!(until(now, "Sunday, 06-Nov-94 08:50:37 GMT"), Some(60));
        assert_eq!(until(now, "Sun Nov  6 08:50:07 1994"), Some(30));
        assert_eq!(until(now, "Sun, 06 Nov 1994 08:00:00 GMT"), Some(0), "that moment has passed");
        assert_eq!(
            asked(&[("retry-after", "Sun, 06 Nov 1994 08:51:37 GMT")]),
            None,
            "no clock but the answer's counts"
        );
        assert_eq!(until(now, "soon"), None);
        assert_eq!(asked(&[("date", now)]), None);
    }

    #[test]
    fn dates_are_told_from_all_else_that_can_be_wrong_with_a_certificate_whoever_judges_it() {
        use rustls::{CertificateError as Wrong, Error};
        let told = |wrong| is_about_dates(&Error::InvalidCertificate(wrong));
        let apple = |said: &str| Wrong::Other(rustls::OtherError(std::sync::Arc::from(Box::from(said))));
        assert!(told(Wrong::Expired) && told(Wrong::NotValidYet));
        assert!(told(apple("“gatebook” certificate is expired: -67818")));
        assert!(told(apple("“gatebook” certificate is not valid yet: -67819")));
        assert!(!told(apple("“gatebook” certificate is not trusted: -67843")));
        assert!(!told(Wrong::UnknownIssuer) && !told(Wrong::NotValidForName) && !told(Wrong::Revoked));
        assert!(!is_about_dates(&Error::HandshakeNotComplete));
    }

    #[test]
    fn what_is_not_the_server_is_a_proxy_with_its_failures_or_a_guest_network() {
        let code = |status: u16| on_the_way(StatusCode::from_u16(status).unwrap(), None).refusal();
        for failure in [500, 501, 502, 504, 520, 522, 599] {
            assert_eq!(code(failure), Some(ApiErrorCode::Internal), "{failure}");
        }
        assert_eq!([503, 429].map(code), [Some(ApiErrorCode::Busy); 2]);
        assert_eq!(code(413), Some(ApiErrorCode::TooLarge));
        for no_server in [200, 204, 302, 400, 401, 403, 404, 511] {
            assert_eq!(code(no_server), None, "{no_server}");
        }
    }
}
