//! `/v1/records/{id}/…` and `/v1/conflicts`: what an admin sees of records and does with them.

use axum::extract::State;
use gatebook_domain::RecordState;
use gatebook_sync::wire::{AuditEntry, OfficeConflicts, RestoreRequest, RestoreResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Accepts, Answer, Packed};
use super::caller::{AdminCaller, RecordId};
use super::refusal::Refusal;
use super::{App, blocking};

/// Every write to a record, in the order in which they were judged.
#[utoipa::path(
    get, path = "/v1/records/{id}/audit", tag = "admin", security(("admin" = [])), params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = Vec<AuditEntry>))
)]
pub(super) async fn audit(
    State(app): State<App>,
    AdminCaller(admin): AdminCaller,
    RecordId(id): RecordId,
    accepts: Accepts,
) -> Result<Answer, Refusal> {
    blocking(move || app.server.audit_of(admin.tenant, id).map(|told| Answer::new(accepts, &told))).await
}

/// Versions by the office that somebody overturned without having seen them, until the office acts on the record again.
#[utoipa::path(
    get, path = "/v1/conflicts", tag = "admin", security(("admin" = [])),
    responses((status = 200, body = OfficeConflicts))
)]
pub(super) async fn conflicts(
    State(app): State<App>,
    AdminCaller(admin): AdminCaller,
    accepts: Accepts,
) -> Result<Answer, Refusal> {
    blocking(move || app.server.office_conflicts_of(admin.tenant).map(|told| Answer::new(accepts, &told))).await
}

/// Makes an earlier write the canonical state again, as a new version that syncs everywhere.
#[utoipa::path(
    post, path = "/v1/records/{id}/restore", tag = "admin", security(("admin" = [])),
    params(("id" = uuid::Uuid, Path)), request_body = RestoreRequest,
    responses((status = 200, body = RestoreResponse))
)]
pub(super) async fn restore(
    State(app): State<App>,
    AdminCaller(admin): AdminCaller,
    RecordId(id): RecordId,
    accepts: Accepts,
    Packed(request): Packed<RestoreRequest>,
) -> Result<Answer, Refusal> {
    let RestoreRequest { write_id, reason } = request;
    let made = blocking(move || app.server.restore_version_of(&admin, Some(id), write_id, &reason)).await?;
    Ok(Answer::new(accepts, &made))
}

/// Why an admin closes, reopens or voids.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct Reason {
    /// Kept with the record.
    reason: String,
}

/// Closes a record: the field may no longer change it.
#[utoipa::path(
    post, path = "/v1/records/{id}/close", tag = "admin", security(("admin" = [])),
    params(("id" = uuid::Uuid, Path)), request_body = Reason,
    responses((status = 200, body = RestoreResponse))
)]
pub(super) async fn close(
    app: State<App>,
    caller: AdminCaller,
    id: RecordId,
    accepts: Accepts,
    reason: Packed<Reason>,
) -> Result<Answer, Refusal> {
    set_state(app, caller, id, accepts, reason, RecordState::Closed).await
}

/// Opens a closed or voided record again.
#[utoipa::path(
    post, path = "/v1/records/{id}/reopen", tag = "admin", security(("admin" = [])),
    params(("id" = uuid::Uuid, Path)), request_body = Reason,
    responses((status = 200, body = RestoreResponse))
)]
pub(super) async fn reopen(
    app: State<App>,
    caller: AdminCaller,
    id: RecordId,
    accepts: Accepts,
    reason: Packed<Reason>,
) -> Result<Answer, Refusal> {
    set_state(app, caller, id, accepts, reason, RecordState::Live).await
}

/// Strikes a record out; it stays as evidence.
#[utoipa::path(
    post, path = "/v1/records/{id}/void", tag = "admin", security(("admin" = [])),
    params(("id" = uuid::Uuid, Path)), request_body = Reason,
    responses((status = 200, body = RestoreResponse))
)]
pub(super) async fn void(
    app: State<App>,
    caller: AdminCaller,
    id: RecordId,
    accepts: Accepts,
    reason: Packed<Reason>,
) -> Result<Answer, Refusal> {
    set_state(app, caller, id, accepts, reason, RecordState::Voided).await
}

async fn set_state(
    State(app): State<App>,
    AdminCaller(admin): AdminCaller,
    RecordId(id): RecordId,
    accepts: Accepts,
    Packed(Reason { reason }): Packed<Reason>,
    state: RecordState,
) -> Result<Answer, Refusal> {
    let made = blocking(move || app.server.set_state_of(&admin, id, state, &reason)).await?;
    Ok(Answer::new(accepts, &made))
}
