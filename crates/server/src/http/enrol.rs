//! `POST /v1/enrol`.

use axum::extract::State;
use gatebook_sync::wire::{ApiError, ApiErrorCode, EnrolRequest, EnrolResponse};

use super::body::{Accepts, Answer, Packed};
use super::guesses::Guess;
use super::refusal::Refusal;
use super::{App, blocking};

/// Turns a one-time code into a device token.
#[utoipa::path(
    post, path = "/v1/enrol", tag = "devices", request_body = EnrolRequest,
    responses((status = 200, body = EnrolResponse), (status = "default", body = ApiError))
)]
pub(super) async fn enrol(
    State(app): State<App>,
    guess: Guess,
    accepts: Accepts,
    Packed(request): Packed<EnrolRequest>,
) -> Result<Answer, Refusal> {
    // Counted where it is known, whether or not the caller waits for the answer.
    let joining = move || {
        let joined = app.server.enrol(&request);
        if joined.as_ref().is_err_and(|refused| refused.code == ApiErrorCode::CodeRefused) {
            guess.was_wrong();
        }
        joined
    };
    let response = blocking(joining).await?;
    tracing::info!(device = %response.device_id, "enrolled");
    Ok(Answer::new(accepts, &response))
}
