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
    /// One that programs tell by its status from others that are as busy.
    fn with_status(status: StatusCode, message: &str) -> Self {
        Self { error: refuse(ApiErrorCode::Busy, message), status }
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
        let wait = retry_after(self.error.code);
        let mut response = (self.status, axum::Json(self.error)).into_response();
        if let Some(wait) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, wait.as_secs().into());
        }
        response
    }
}

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
    Refusal::with_status(StatusCode::REQUEST_TIMEOUT, "The request came too slowly. Send it again, or less at a time.")
}

/// What was asked took too long. Here too less might have got through.
pub(super) fn took_too_long() -> Refusal {
    let message = "The server did not get through in time. Come again; a repeat changes nothing twice.";
    Refusal::with_status(StatusCode::GATEWAY_TIMEOUT, message)
}

/// The server itself failed at a request.
pub(super) fn broke() -> Refusal {
    internal().into()
}

pub(super) async fn no_such_address() -> Refusal {
    Refusal::from(refuse(ApiErrorCode::NotFound, "There is nothing at this address; see /openapi.json."))
}

pub(super) async fn no_such_method() -> Response {
    let refused = refuse(ApiErrorCode::NotFound, "This address does not take this method; see /openapi.json.");
    (StatusCode::METHOD_NOT_ALLOWED, axum::Json(refused)).into_response()
}
