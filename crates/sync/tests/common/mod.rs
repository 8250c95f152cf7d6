//! Small states to decide about.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

use gatebook_domain::RecordState;
use gatebook_sync::{Content, Epoch, Receipt};
use serde_json::value::RawValue;

pub const EPOCH: Epoch = Epoch(1_000);
pub const NEWER_EPOCH: Epoch = Epoch(2_000);
/// Times at the server.
pub const EARLIER: i64 = 100;
pub const LATER: i64 = 200;

pub fn content(remarks: &str) -> Content {
    Content {
        kind: "gate_event".to_owned(),
        yard_id: None,
        schema: 1,
        state: RecordState::Live,
        state_reason: String::new(),
        captured_at: "2026-06-01T12:00:00Z".parse().unwrap(),
        zone: "America/Chicago".to_owned(),
        operator_id: None,
        body: RawValue::from_string(serde_json::json!({ "remarks": remarks }).to_string()).unwrap(),
    }
}

/// The same as a report that was submitted.
pub fn submitted(remarks: &str) -> Content {
    let body = serde_json::json!({ "remarks": remarks, "submitted": { "at": "2026-06-01T12:00:00Z" } });
    Content { body: RawValue::from_string(body.to_string()).unwrap(), ..content(remarks) }
}

pub fn voided(remarks: &str) -> Content {
    Content { state: RecordState::Voided, ..content(remarks) }
}

pub fn receipt(epoch: Epoch, version: u64, received_at: i64) -> Receipt {
    Receipt {
        epoch,
        version,
        seq: received_at.unsigned_abs(),
        received_at: jiff::Timestamp::from_second(received_at).unwrap(),
        mac: format!("{}-{version}-{received_at}", epoch.0),
    }
}
