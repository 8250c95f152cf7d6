//! `POST /v1/enrol` and `POST /v1/proof`.

use axum::extract::State;
use gatebook_sync::wire::{ApiErrorCode, EnrolRequest, EnrolResponse, ProofRequest, ProofResponse};

use super::body::{Accepts, Answer, Packed};
use super::guesses::Guess;
use super::refusal::Refusal;
use super::{App, blocking};

/// Turns a one-time code into a device token.
#[utoipa::path(
    post, path = "/v1/enrol", tag = "devices", request_body = EnrolRequest,
    responses((status = 200, body = EnrolResponse))
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

/// Proves to a device that this is the server that took it in. Anybody may ask: only who has the device's key can tell what
/// the answer is worth. It is about the host that the device calls, and only a host of this server's own is answered for, so
/// nobody in between has anything from passing it on.
#[utoipa::path(
    post, path = "/v1/proof", tag = "devices", request_body = ProofRequest,
    responses((status = 200, body = ProofResponse))
)]
pub(super) async fn prove(
    State(app): State<App>,
    accepts: Accepts,
    Packed(request): Packed<ProofRequest>,
) -> Result<Answer, Refusal> {
    Ok(Answer::new(accepts, &app.server.prove(&request)?))
}
