//! `POST /v1/enrol`.

use axum::extract::State;
use gatebook_sync::wire::{EnrolRequest, EnrolResponse};

use super::body::{Accepts, Answer, Packed};
use super::refusal::Refusal;
use super::{App, blocking};

/// A request has a code, a name and an id.
pub(super) const MOST_BYTES: usize = 16 * 1024;

/// Turns a one-time code into a device token.
#[utoipa::path(
    post, path = "/v1/enrol", tag = "devices", request_body = EnrolRequest,
    responses((status = 200, body = EnrolResponse))
)]
pub(super) async fn enrol(
    State(app): State<App>,
    accepts: Accepts,
    Packed(request): Packed<EnrolRequest>,
) -> Result<Answer, Refusal> {
    let response = blocking(move || app.server.enrol(&request)).await?;
    tracing::info!(device = %response.device_id, "enrolled");
    Ok(Answer::new(accepts, &response))
}
