//! Every address of the API, once, with what may be refused there: the router is built from this table and the errors in
//! `/openapi.json` are written from it. Tests compare both with what is answered.

use axum::http::StatusCode;
use axum::routing::{MethodRouter, delete, get, head, options, patch, post};
use gatebook_sync::wire::ApiErrorCode;

use super::{App, enrol, events, health, openapi, photos, records, refusal, sync, tus, uploads};

/// An address of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// Its path, `{…}` standing for what varies.
    pub path: &'static str,
    /// Its method, in small letters.
    pub method: &'static str,
}

/// An address, who answers there, and how that may be a refusal.
pub(super) struct Entry {
    pub route: Route,
    pub handler: MethodRouter<App>,
    pub refusals: Vec<(StatusCode, ApiErrorCode)>,
}

/// Whatever is asked.
const ALWAYS: &[ApiErrorCode] = &[ApiErrorCode::Busy, ApiErrorCode::Internal];
/// Where a device shows its token.
const DEVICE: &[ApiErrorCode] = &[ApiErrorCode::Unauthenticated, ApiErrorCode::Revoked];
/// Where an admin shows theirs.
const ADMIN: &[ApiErrorCode] = &[ApiErrorCode::Unauthenticated, ApiErrorCode::Forbidden];
/// Where a body is read.
const BODY: &[ApiErrorCode] = &[ApiErrorCode::Malformed, ApiErrorCode::TooLarge, ApiErrorCode::ProtocolUnsupported];
/// Where the address names something.
const NAMED: &[ApiErrorCode] = &[ApiErrorCode::Malformed, ApiErrorCode::NotFound];

pub(super) fn table() -> Vec<Entry> {
    let answers = |method, path, handler, refusals: &[&[ApiErrorCode]]| {
        let refusals = refusals.iter().chain([&ALWAYS]).flat_map(|codes| codes.iter());
        let refusals = refusals.map(|code| (refusal::status(*code), *code));
        let refusals = refusals.chain([(refusal::TOOK_TOO_LONG, ApiErrorCode::Busy)]).collect();
        Entry { route: Route { path, method }, handler, refusals }
    };
    let read = |path, handler, refusals| answers("get", path, handler, refusals);
    let act = |path, handler, refusals: &[&[ApiErrorCode]]| {
        let mut entry = answers("post", path, handler, &[refusals, &[BODY]].concat());
        entry.refusals.push((refusal::TOO_SLOW, ApiErrorCode::Busy));
        entry
    };
    // An upload takes as long as it needs.
    let tus = |method, path, handler, refusals| Entry { route: Route { path, method }, handler, refusals };
    let office: &[&[ApiErrorCode]] = &[ADMIN, NAMED];
    vec![
        act("/v1/sync", post(sync::sync), &[DEVICE, &[ApiErrorCode::OtherServer]]),
        read("/v1/events", get(events::events), &[DEVICE]),
        act("/v1/enrol", post(enrol::enrol), &[&[ApiErrorCode::CodeRefused]]),
        act("/v1/proof", post(enrol::prove), &[&[ApiErrorCode::OtherServer]]),
        read("/v1/records/{id}/audit", get(records::audit), &[ADMIN, NAMED]),
        read("/v1/conflicts", get(records::conflicts), &[ADMIN]),
        act("/v1/records/{id}/restore", post(records::restore), office),
        act("/v1/records/{id}/close", post(records::close), office),
        act("/v1/records/{id}/reopen", post(records::reopen), office),
        act("/v1/records/{id}/void", post(records::void), office),
        act("/v1/photos/have", post(photos::have), &[DEVICE]),
        read("/v1/photos/{sha256}", get(photos::photo), &[DEVICE, NAMED]),
        tus("options", "/v1/uploads", options(uploads::options), tus::refusals_to_tell()),
        tus("post", "/v1/uploads", post(uploads::create), tus::refusals_to_begin()),
        tus("head", "/v1/uploads/{id}", head(uploads::status), tus::refusals_to_ask()),
        tus("patch", "/v1/uploads/{id}", patch(uploads::patch), tus::refusals_to_carry_on()),
        tus("delete", "/v1/uploads/{id}", delete(uploads::terminate), tus::refusals_to_give_up()),
        read("/health", get(health::health), &[]),
        read("/openapi.json", get(openapi::document), &[]),
    ]
}
