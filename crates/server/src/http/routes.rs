//! Every address of the API, once: the router is built from this table, and a test compares it with `/openapi.json`.

use axum::routing::{MethodRouter, delete, get, head, options, patch, post};

use super::{App, enrol, events, health, openapi, photos, records, sync, uploads};

/// An address of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// Its path, `{…}` standing for what varies.
    pub path: &'static str,
    /// Its method, in small letters.
    pub method: &'static str,
}

pub(super) fn table() -> Vec<(Route, MethodRouter<App>)> {
    let read = |path, handler| (Route { path, method: "get" }, handler);
    let act = |path, handler| (Route { path, method: "post" }, handler);
    let tus = |path, method, handler| (Route { path, method }, handler);
    vec![
        act("/v1/sync", post(sync::sync)),
        read("/v1/events", get(events::events)),
        act("/v1/enrol", post(enrol::enrol)),
        act("/v1/proof", post(enrol::prove)),
        read("/v1/records/{id}/audit", get(records::audit)),
        read("/v1/conflicts", get(records::conflicts)),
        act("/v1/records/{id}/restore", post(records::restore)),
        act("/v1/records/{id}/close", post(records::close)),
        act("/v1/records/{id}/reopen", post(records::reopen)),
        act("/v1/records/{id}/void", post(records::void)),
        act("/v1/photos/have", post(photos::have)),
        read("/v1/photos/{sha256}", get(photos::photo)),
        tus("/v1/uploads", "options", options(uploads::options)),
        tus("/v1/uploads", "post", post(uploads::create)),
        tus("/v1/uploads/{id}", "head", head(uploads::status)),
        tus("/v1/uploads/{id}", "patch", patch(uploads::patch)),
        tus("/v1/uploads/{id}", "delete", delete(uploads::terminate)),
        read("/health", get(health::health)),
        read("/openapi.json", get(openapi::document)),
    ]
}
