//! Photos as devices send and fetch them: over HTTP, at real servers over real folders. Grouped by behaviour.

#[path = "../api/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the vocabulary is the API tests'; not all of it is spoken here")]
mod support;

mod bounds;
mod bucket;
mod checked;
mod lens;
mod lost;
mod outside;
mod resume;
mod stored_at;
mod sweep;
mod view;
