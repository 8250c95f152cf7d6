//! Test bodies: one of each kind, complete and valid, with every field filled in.

use serde_json::{Value, json};

use crate::gate_event::GateEvent;
use crate::inspection::Inspection;
use crate::interchange::Interchange;
use crate::signature::{Signature, SignatureRole};
use crate::{Body, Kind};

const ID: &str = "0195f2a0-0000-7000-8000-000000000001";
const TIME: &str = "2026-03-04T17:30:00Z";

/// The body of that kind as JSON.
pub(crate) fn full(kind: Kind) -> Value {
    match kind {
        Kind::Inspection => json!({
            "template": {"template_id": ID, "code": "us_dvir", "revision": 1, "name": "Driver report"},
            "assignment_id": ID,
            "equipment": unit("trailer", "TRL-7"),
            "motor_carrier": carrier("Sierra Norte", "SCNN"),
            "equipment_provider": carrier("Bluewater Chassis", "BWCZ"),
            "odometer": {"value": 120_400, "unit": "mi"},
            "items": [
                {"key": "horn", "result": "pass", "note": "loud"},
                {"key": "tires", "result": "fail_minor", "note": "LOF worn"},
            ],
            "remarks": "none",
            "signatures": [drawn("author_driver"), drawn("repair_certifier")],
            "submitted": {"at": TIME, "operator_id": ID},
        }),
        Kind::GateEvent => json!({
            "direction": "in",
            "occurred_at": TIME,
            "lane": "4",
            "equipment": [unit("iso_container", "CSQU3054383"), unit("chassis", "CH-12")],
            "load": "loaded",
            "seals": [seal()],
            "driver": driver(),
            "carrier": carrier("Sierra Norte", "SCNN"),
            "reference": "BK-1",
            "remarks": "none",
            "submitted": {"at": TIME, "operator_id": ID},
        }),
        Kind::Interchange => json!({
            "movement": "in_gate",
            "receipt_number": "R-1",
            "releasing": carrier("Sierra Norte", "SCNN"),
            "receiving": carrier("Lone Star Drayage", "LSDG"),
            "equipment_provider": carrier("Bluewater Chassis", "BWCZ"),
            "driver": driver(),
            "tractor": unit("tractor", "T-9"),
            "equipment": [unit("iso_container", "CSQU3054383"), unit("chassis", "CH-12")],
            "load": "loaded",
            "gross_weight_kg": 21_000,
            "reference": "BK-1",
            "seals": [seal()],
            "damage": [{"view": "left", "damage_type": "dent", "component": "panel", "size": "20 cm", "remark": "old"}],
            "tires": [{"position": "LOF", "condition": "good", "tread_32nds": 9, "brand": "Toro"}],
            "recorded_images": true,
            "remarks": "none",
            "signatures": [drawn("releasing")],
            "refusal": {"role": "receiving", "reason": "in a hurry"},
            "submitted": {"at": TIME, "operator_id": ID},
        }),
        Kind::Attachment => json!({
            "parent_id": ID, "role": "photo", "about": "/items/tires",
            "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "size": 240_112,
            "media_type": "image/jpeg", "pixels": {"width": 2048, "height": 1536}, "taken_at": TIME, "time_source": "camera",
            "position": {"latitude": 27.5036, "longitude": -99.5076, "accuracy_m": 4.5}, "stored_at": TIME,
        }),
        Kind::Assignment => json!({
            "inspection_id": ID, "template_id": ID, "equipment": unit("trailer", "TRL-7"), "operator_id": ID,
            "due_at": TIME, "note": "Lane 4",
        }),
        Kind::Template => json!({
            "code": "us_dvir", "name": "Driver report", "source": "49 CFR 396.11(a)", "revision": 1,
            "equipment_classes": ["tractor"], "items": [{"key": "horn", "label": "Horn", "hint": "Press it."}],
            "signatures": ["author_driver"], "asks_parties": true,
        }),
        Kind::Equipment => json!({
            "class": "iso_container", "number": "CSQU3054383", "plate": plate(), "size_type": "45G1", "carrier_id": ID,
        }),
        Kind::Carrier => json!({"name": "Sierra Norte", "scac": "SCNN", "usdot": "2217641"}),
        Kind::Yard => {
            json!({"name": "Laredo North", "code": "LRD", "time_zone": "America/Chicago", "place": "Laredo, TX"})
        }
        Kind::Operator => json!({"name": "Ana Ruiz", "role": "operator", "yard_ids": [ID], "job": "Gate clerk"}),
        Kind::Notice => json!({
            "addressee_id": ID, "record_id": ID, "record_kind": "gate_event", "record_title": "Gate in",
            "kept": side(), "set_aside": side(), "in_force": side(), "settled": {"by": side(), "brings_back": true},
            "told_at": TIME,
            "differences": [{"path": "/lane", "kept": "\"4\"", "set_aside": "\"5\""}],
            "more_differences": 1, "count": 2,
        }),
    }
}

fn plate() -> Value {
    json!({"number": "P12 3456", "region": "TX"})
}

fn unit(class: &str, number: &str) -> Value {
    json!({
        "class": class, "number": number, "equipment_id": ID, "plate": plate(), "size_type": "45G1",
        "override_reason": "as painted",
    })
}

fn carrier(name: &str, scac: &str) -> Value {
    json!({"carrier_id": ID, "name": name, "scac": scac, "usdot": "2217641"})
}

fn driver() -> Value {
    json!({"name": "Luis Vega", "licence_number": "12345678", "licence_region": "TX"})
}

fn seal() -> Value {
    json!({"number": "UL-8812345", "affixed_by": "shipper", "condition": "intact", "class": "H"})
}

fn drawn(role: &str) -> Value {
    json!({"role": role, "name": "Luis Vega", "operator_id": ID, "signed_at": TIME, "strokes": [[10, 20, 30, 40]]})
}

fn side() -> Value {
    json!({
        "write_id": ID, "operator_id": ID, "operator_name": "Ana Ruiz", "device_name": "Kiosk 1", "received_at": TIME,
        "filed_at": TIME, "captured_at": TIME, "office": "Vera Ochoa", "state": "voided", "state_reason": "entered twice",
    })
}

/// One body of each kind.
pub(crate) fn bodies() -> impl Iterator<Item = Body> {
    Kind::ALL.into_iter().map(|kind| Body::from_json(kind, &full(kind).to_string()).expect("samples are well formed"))
}

pub(crate) fn inspection() -> Inspection {
    serde_json::from_value(full(Kind::Inspection)).expect("samples are well formed")
}

pub(crate) fn gate_event() -> GateEvent {
    serde_json::from_value(full(Kind::GateEvent)).expect("samples are well formed")
}

pub(crate) fn interchange() -> Interchange {
    serde_json::from_value(full(Kind::Interchange)).expect("samples are well formed")
}

pub(crate) fn signature(role: SignatureRole, name: &str) -> Signature {
    let mut signature: Signature = serde_json::from_value(drawn("releasing")).expect("samples are well formed");
    signature.role = role;
    name.clone_into(&mut signature.name);
    signature
}
