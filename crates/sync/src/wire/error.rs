//! How the API says no.

use serde::{Deserialize, Serialize};

/// The body of every answer that is not 2xx.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[error("{message}")]
pub struct ApiError {
    /// For the program.
    pub code: ApiErrorCode,
    /// For a person: what is wrong and what to do.
    pub message: String,
    /// Whether the same request may succeed later without any change.
    pub retry: bool,
    /// With `revoked`, if the request brought a nonce: what only the server that the device belongs to can know, so that
    /// nobody else signs a device out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

impl ApiError {
    /// An error without a proof.
    #[must_use]
    pub fn new(code: ApiErrorCode, message: impl Into<String>, retry: bool) -> Self {
        Self { code, message: message.into(), retry, proof: None }
    }
}

/// The sorts of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum ApiErrorCode {
    /// The request is not what this address takes; the message says where it breaks off.
    Malformed,
    /// The request, or what it unpacks to, is larger than the server takes.
    TooLarge,
    /// No token, or one this server never gave.
    Unauthenticated,
    /// The token was revoked.
    Revoked,
    /// The token may not do this.
    Forbidden,
    /// There is no such thing, as far as this token may know.
    NotFound,
    /// The one-time code is wrong, used or expired.
    CodeRefused,
    /// The device belongs to another server than this one. Nothing was changed.
    OtherServer,
    /// The server speaks another protocol version.
    ProtocolUnsupported,
    /// Too busy now.
    Busy,
    /// The server failed; nothing was changed.
    Internal,
    /// One that the reader does not know, of a newer server. Nobody sends it.
    #[serde(other)]
    Unknown,
}
