//! Every address of the API, once: the router is built from this table, and a test compares it with `/openapi.json`.

use axum::routing::{MethodRouter, get, post};

use super::{App, enrol, health, openapi, records, sync};

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
    vec![
        act("/v1/sync", post(sync::sync)),
        act("/v1/enrol", post(enrol::enrol)),
        read("/v1/records/{id}/audit", get(records::audit)),
        act("/v1/records/{id}/restore", post(records::restore)),
        act("/v1/records/{id}/close", post(records::close)),
        act("/v1/records/{id}/reopen", post(records::reopen)),
        act("/v1/records/{id}/void", post(records::void)),
        read("/health", get(health::health)),
        read("/openapi.json", get(openapi::document)),
    ]
}
