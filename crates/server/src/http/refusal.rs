//! How the API says no: always with an [`ApiError`].

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use gatebook_sync::wire::{ApiError, ApiErrorCode};

use crate::error::{ServerError, internal, refuse, retry_after};

/// An error answer.
pub(super) struct Refusal {
    pub(super) error: ApiError,
    status: StatusCode,
}

impl Refusal {
    /// One that programs tell by its status from others with the same code.
    pub(super) const fn with_status(status: StatusCode, error: ApiError) -> Self {
        Self { error, status }
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self { status: status(error.code), error }
    }
}

impl From<ServerError> for Refusal {
    fn from(error: ServerError) -> Self {
        ApiError::from(error).into()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { error, status } = self;
        let code = error.code;
        let wait = retry_after(code);
        let mut response = (status, axum::Json(error)).into_response();
        response.extensions_mut().insert(code);
        if let Some(wait) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, wait.as_secs().into());
        }
        response
    }
}

/// Of a body that comes too slowly.
pub(super) const TOO_SLOW: StatusCode = StatusCode::REQUEST_TIMEOUT;
/// Of what takes too long although it has come in full.
pub(super) const TOOK_TOO_LONG: StatusCode = StatusCode::GATEWAY_TIMEOUT;

/// The status that goes with an error.
pub(super) const fn status(code: ApiErrorCode) -> StatusCode {
    match code {
        ApiErrorCode::Malformed | ApiErrorCode::ProtocolUnsupported => StatusCode::BAD_REQUEST,
        ApiErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ApiErrorCode::Unauthenticated => StatusCode::UNAUTHORIZED,
        ApiErrorCode::Revoked | ApiErrorCode::Forbidden | ApiErrorCode::CodeRefused => StatusCode::FORBIDDEN,
        ApiErrorCode::NotFound => StatusCode::NOT_FOUND,
        ApiErrorCode::OtherServer => StatusCode::CONFLICT,
        ApiErrorCode::Busy => StatusCode::SERVICE_UNAVAILABLE,
        ApiErrorCode::Internal | ApiErrorCode::Unknown => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A body came too slowly. By the status the device knows that a smaller one might have got through.
pub(super) fn too_slow() -> Refusal {
    let message = "The request came too slowly. Send it again, or less at a time.";
    Refusal::with_status(TOO_SLOW, refuse(ApiErrorCode::Busy, message))
}

/// What was asked took too long. Here too less might have got through.
pub(super) fn took_too_long() -> Refusal {
    let message = "The server did not get through in time. Come again; a repeat changes nothing twice.";
    Refusal::with_status(TOOK_TOO_LONG, refuse(ApiErrorCode::Busy, message))
}

/// The server itself failed at a request.
pub(super) fn broke() -> Refusal {
    internal().into()
}

pub(super) async fn no_such_address() -> Refusal {
    Refusal::from(refuse(ApiErrorCode::NotFound, "There is nothing at this address; see /openapi.json."))
}

pub(super) async fn no_such_method() -> Refusal {
    let refused = refuse(ApiErrorCode::NotFound, "This address does not take this method; see /openapi.json.");
    Refusal::with_status(StatusCode::METHOD_NOT_ALLOWED, refused)
}
