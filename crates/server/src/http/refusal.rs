//! How the API says no, and that every answer names the server.

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gatebook_sync::wire::{ApiError, ApiErrorCode};

use super::{SERVER_HEADER, server_version};
use crate::error::{ServerError, retry_after};

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
        let status = match self.0.code {
            ApiErrorCode::Malformed => StatusCode::BAD_REQUEST,
            ApiErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ApiErrorCode::Unauthenticated => StatusCode::UNAUTHORIZED,
            ApiErrorCode::Revoked | ApiErrorCode::Forbidden | ApiErrorCode::CodeRefused => StatusCode::FORBIDDEN,
            ApiErrorCode::NotFound => StatusCode::NOT_FOUND,
            ApiErrorCode::ProtocolUnsupported => StatusCode::UPGRADE_REQUIRED,
            ApiErrorCode::Busy => StatusCode::SERVICE_UNAVAILABLE,
            ApiErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let wait = retry_after(self.0.code);
        let mut response = (status, axum::Json(self.0)).into_response();
        if let Some(wait) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, wait.as_secs().into());
        }
        response
    }
}

/// Puts the server's name on every answer, so that a device can tell it from a guest network's sign-in page.
pub(super) async fn name_the_server(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(SERVER_HEADER, server_version());
    response
}
