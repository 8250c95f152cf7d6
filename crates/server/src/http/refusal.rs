//! How the API says no: always with an [`ApiError`].

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use gatebook_sync::wire::{ApiError, ApiErrorCode};

use crate::error::{ServerError, refuse, retry_after};

/// An error answer.
pub(super) struct Refusal(pub ApiError);

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<ServerError> for Refusal {
    fn from(error: ServerError) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let code = self.0.code;
        let (status, wait) = (status(code), retry_after(code));
        let mut response = (status, axum::Json(self.0)).into_response();
        response.extensions_mut().insert(code);
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
        ApiErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

pub(super) async fn no_such_address() -> Refusal {
    Refusal(refuse(ApiErrorCode::NotFound, "There is nothing at this address; see /openapi.json."))
}

pub(super) async fn no_such_method() -> Response {
    let refused = refuse(ApiErrorCode::NotFound, "This address does not take this method; see /openapi.json.");
    (StatusCode::METHOD_NOT_ALLOWED, axum::Json(refused)).into_response()
}
