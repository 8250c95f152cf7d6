//! What the store's own tests are written with.

use gatebook_domain::gate_event::{Direction, GateEvent};
use gatebook_domain::{Body, RecordState};
use gatebook_sync::wire::{Limits, Repaired, ScopePage, SyncResponse};
use gatebook_sync::{Canonical, Content, Epoch, PROTOCOL, Receipt, Scope};
use jiff::Timestamp;
use serde_json::value::RawValue;
use tempfile::TempDir;
use uuid::Uuid;

use super::{Authorship, Store};

pub(super) const YARD: Uuid = Uuid::from_u128(0xa);
pub(super) const MARIA: Uuid = Uuid::from_u128(0xe);

/// A store in a folder of its own.
pub(super) fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    (folder, store)
}

pub(super) fn now() -> Timestamp {
    "2026-03-04T15:00:00Z".parse().unwrap()
}

pub(super) fn somebody() -> Authorship {
    Authorship { write_id: Uuid::now_v7(), device_id: Uuid::from_u128(0xd), operator_id: MARIA, now: now() }
}

pub(super) fn event(remarks: &str) -> Body {
    let mut event = GateEvent::new(Direction::In);
    remarks.clone_into(&mut event.remarks);
    Body::GateEvent(event)
}

/// A gate event of the yard is recorded.
pub(super) fn recorded(store: &Store, remarks: &str) -> Uuid {
    let id = Uuid::now_v7();
    store.create(id, event(""), Some(YARD), "America/Chicago", &somebody()).unwrap();
    edited(store, id, remarks);
    id
}

pub(super) fn remarks(store: &Store, id: Uuid) -> String {
    let body = store.held(id).unwrap().unwrap().content.body;
    serde_json::from_str::<GateEvent>(body.get()).unwrap().remarks
}

/// A canonical state of a gate event.
pub(super) fn canonical(id: Uuid, version: u64, remarks: &str) -> Canonical {
    let receipt = Receipt { epoch: Epoch(1), version, seq: version, received_at: now(), mac: "mac".to_owned() };
    let content = Content {
        kind: "gate_event".to_owned(),
        yard_id: Some(YARD),
        schema: 1,
        state: RecordState::Live,
        state_reason: String::new(),
        captured_at: now(),
        zone: "America/Chicago".to_owned(),
        operator_id: None,
        body: RawValue::from_string(event(remarks).to_json()).unwrap(),
    };
    Canonical { id, receipt, write_id: Uuid::now_v7(), device_id: None, content }
}

/// An answer that names both scopes and brings those records of the yard.
pub(super) fn answer(records: Vec<Canonical>) -> SyncResponse {
    let page = |scope, records| ScopePage { scope, records, left: Vec::new(), cursor: 9, tally: None };
    SyncResponse {
        protocol: PROTOCOL,
        epoch: Epoch(1),
        server_time: now(),
        time_doubtful: false,
        verdicts: Vec::new(),
        scopes: vec![page(Scope::Org, Vec::new()), page(Scope::Yard(YARD), records)],
        more: false,
        mark: None,
        repaired: Repaired::default(),
        limits: Limits::default(),
        server: None,
        membership: None,
        unread: Vec::new(),
    }
}

/// The write that the record's row is of: what a form shows that was drawn just now.
pub(super) fn shown(store: &Store, id: Uuid) -> Uuid {
    store.held(id).unwrap().unwrap().write_id
}

/// A gate event of the yard is edited as it is shown.
pub(super) fn edited(store: &Store, id: Uuid, remarks: &str) {
    store.save(id, shown(store, id), event(remarks), &somebody()).unwrap();
}
