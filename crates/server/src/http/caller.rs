//! Who calls, and about which record. Known before the body is read: a stranger costs nothing but this.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use gatebook_sync::wire::{ApiErrorCode, NONCE};
use uuid::Uuid;

use super::refusal::Refusal;
use super::{App, blocking};
use crate::error::refuse;
use crate::storage::{Admin, Device};

/// An enrolled device that may call.
pub(super) struct DeviceCaller(pub Device);

impl FromRequestParts<App> for DeviceCaller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let (token, nonce, server) = (token(parts)?, nonce(parts), app.server.clone());
        let device = blocking(move || server.admit(&token, nonce.as_deref())).await?;
        tracing::Span::current().record("device", tracing::field::display(device.id));
        Ok(Self(device))
    }
}

/// An admin, of one organization.
pub(super) struct AdminCaller(pub Admin);

impl FromRequestParts<App> for AdminCaller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let (token, server) = (token(parts)?, app.server.clone());
        blocking(move || server.admin(&token)).await.map(Self)
    }
}

/// The record in the address.
pub(super) struct RecordId(pub Uuid);

impl FromRequestParts<App> for RecordId {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        let id = parts.uri.path().split('/').nth(3).and_then(|id| id.parse().ok());
        id.map(Self).ok_or_else(|| {
            Refusal::from(refuse(ApiErrorCode::Malformed, "The address has no record id: /v1/records/<uuid>/…"))
        })
    }
}

/// What the device wants a refusal to be bound to.
fn nonce(parts: &Parts) -> Option<String> {
    Some(parts.headers.get(NONCE)?.to_str().ok()?.to_owned())
}

pub(super) fn token(parts: &Parts) -> Result<String, Refusal> {
    parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim().to_owned())
        .ok_or_else(|| {
            let message = "No token came with the request. Send it as Authorization: Bearer <token>.";
            Refusal::from(refuse(ApiErrorCode::Unauthenticated, message))
        })
}
