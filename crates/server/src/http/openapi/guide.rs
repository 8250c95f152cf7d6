//! The words of the document: how a device works, with every number and example taken from the code that goes by it.

use gatebook_domain::equipment::{EquipmentClass, EquipmentRef};
use gatebook_domain::gate_event::{Direction, GateEvent};
use gatebook_domain::interchange::{Interchange, Movement};
use gatebook_domain::record::{SCHEMA, Writer};
use gatebook_domain::validate::MEDIA_TYPES;
use gatebook_domain::{Body, Kind, Problem, missing, start_inspection, us_dvir};
use gatebook_sync::wire::{EnrolRequest, FOLLOWED, HaveRequest, ProofRequest, RestoreRequest, SyncRequest};
use gatebook_sync::{
    AuthorityPin, CODE_ALPHABET, CODE_LETTERS, DeviceKey, Epoch, Fingerprint, PIN_LETTERS, PROTOCOL, Receipt, Tally,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::bodies;
use crate::config::Bounds;
use crate::http::body::Sendable as _;
use crate::http::tus;
use crate::{enrol, nudges, reconcile, repair};

const TEXT: &str = include_str!("guide.md");

/// Fills in what a device has to know of a server with those bounds.
pub(super) fn tell(document: &mut Value, bounds: &Bounds) {
    let (tally, device_key) = (tally_example(), device_key_example());
    let mut text = TEXT.to_owned();
    for (name, value) in words(document, bounds, &tally, &device_key) {
        let place = format!("{{{{{name}}}}}");
        assert!(text.contains(&place), "the guide has no place for {name}");
        text = text.replace(&place, &value);
    }
    assert!(!text.contains("{{"), "the guide has a place that nobody fills");
    document["info"]["description"] = text.into();
    document["x-gatebook"] = json!({
        "protocol": PROTOCOL,
        "schema": SCHEMA,
        "limits": bounds.limits,
        "tally": tally,
        "device_key": device_key,
        "pin": {"alphabet": String::from_utf8_lossy(CODE_ALPHABET), "of_no_bytes": AuthorityPin::of(b"").to_string()},
    });
}

fn words(document: &Value, bounds: &Bounds, tally: &Value, device_key: &Value) -> Vec<(&'static str, String)> {
    let photos = &bounds.photos;
    vec![
        ("PROTOCOL", PROTOCOL.to_string()),
        ("SCHEMA", SCHEMA.to_string()),
        ("SECRET", enrol::SECRET.to_string()),
        ("NAME", enrol::NAME.to_string()),
        ("REPEATED", (enrol::REPEATED.as_secs() / 60).to_string()),
        ("CODE_LETTERS", CODE_LETTERS.to_string()),
        ("PIN_LETTERS", PIN_LETTERS.to_string()),
        ("PIN_BITS", (PIN_LETTERS * CODE_ALPHABET.len().ilog2() as usize).to_string()),
        ("CODE_ALPHABET", String::from_utf8_lossy(CODE_ALPHABET).into_owned()),
        ("PIN_EXAMPLE", AuthorityPin::of(b"").to_string()),
        ("ENROL_BURST", bounds.enrolment_burst.to_string()),
        ("ENROL_RATE", bounds.enrolments_per_minute.to_string()),
        ("NONCE", enrol::NONCE.to_string()),
        ("DEVICE_KEY_EXAMPLE", in_full(device_key)),
        ("KINDS", kinds(document)),
        ("REASON", reconcile::REASON.to_string()),
        ("RECORD_BYTES", bounds.limits.record_bytes.to_string()),
        ("NESTING", bounds.nesting.to_string()),
        ("VALUES", bounds.values.to_string()),
        ("CONTENT_NAME", reconcile::NAME.to_string()),
        ("PROBLEMS", values(document, "ProblemCode")),
        ("MISSING", lacking_in_blank_forms()),
        ("FOLLOWED", FOLLOWED.to_string()),
        ("TALLY_EXAMPLE", in_full(tally)),
        ("PARTS", repair::PARTS.to_string()),
        ("LISTED", repair::LISTED.to_string()),
        ("REPAIR_RANGES", bounds.repair_ranges.to_string()),
        ("REPAIR_ENTRIES", bounds.repair_entries.to_string()),
        ("MEDIA_TYPES", MEDIA_TYPES.join(", ")),
        ("METADATA", tus::METADATA.to_string()),
        ("PHOTO_BYTES", photos.photo_bytes.to_string()),
        ("HASHES", photos.hashes.to_string()),
        ("OPEN_UPLOADS", photos.open_uploads.to_string()),
        ("SILENCE", photos.silence.as_secs_f64().to_string()),
        ("UNFINISHED_DAYS", (photos.unfinished_for.as_secs() / (24 * 60 * 60)).to_string()),
        ("ALIVE", nudges::ALIVE_EVERY.as_secs().to_string()),
        ("WAITING", bounds.requests_of_device.saturating_sub(1).to_string()),
        ("TURN", bounds.turn_time.as_secs_f64().to_string()),
        ("PATIENCE", bounds.patience.as_secs_f64().to_string()),
        ("LEAST_RATE", bounds.least_rate.to_string()),
        ("IDLE", bounds.header_time.as_secs_f64().to_string()),
        ("LIMITS", limits(bounds)),
    ]
}

fn limits(bounds: &Bounds) -> String {
    let limits = &bounds.limits;
    let page = SyncRequest::most(bounds);
    let rows: [(&str, u64); 12] = [
        (
            "`page_records`: pushed and re-offered records in a page, and ranges or records asked for",
            limits.page_records.into(),
        ),
        ("`page_bytes`: bytes of a sync's body. Count them before packing", page.sent as u64),
        ("`record_bytes`: bytes of one record's body", limits.record_bytes.into()),
        ("bytes that a sync's body may unpack to", page.unpacked as u64),
        ("single values (texts, numbers, lists, objects) in a sync's body", bounds.page_values as u64),
        ("bytes of a body at `/v1/enrol`, packed or not", EnrolRequest::most(bounds).sent as u64),
        ("bytes of a body at `/v1/proof`, packed or not", ProofRequest::most(bounds).sent as u64),
        ("bytes of a body at `/v1/photos/have`, packed or not", HaveRequest::most(bounds).sent as u64),
        ("bytes of any other JSON body, packed or not", RestoreRequest::most(bounds).sent as u64),
        ("records in one answer, whatever `take` says", bounds.answer_records.into()),
        ("bytes of bodies in one answer, whatever `take` says", bounds.answer_bytes.into()),
        (
            "seconds after which a request that has come in full is given up; uploads are not",
            bounds.request_time.as_secs(),
        ),
    ];
    rows.map(|(what, most)| format!("- {what}: {most}")).join("\n")
}

/// Which kinds of record there are.
fn kinds(document: &Value) -> String {
    let head = "| kind | schema of its body | written by | scope | what it is |\n|---|---|---|---|---|".to_owned();
    let rows = Kind::ALL.map(|kind| {
        let writer = match kind.writer() {
            Writer::Field => "devices",
            Writer::Console => "the office",
            Writer::Server => "the server",
        };
        let scope = if kind.in_yard() { "`yard:…`" } else { "`org`" };
        let (name, schema) = (kind.as_str(), bodies::schema_of(kind));
        format!("| `{name}` | `{schema}` | {writer} | {scope} | {} |", meaning(document, "Kind", name))
    });
    std::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n")
}

/// The named values of a schema, as a list.
fn values(document: &Value, schema: &str) -> String {
    let lines: Vec<_> =
        super::named_values(document, schema).map(|(name, what)| format!("- `{name}`: {what}")).collect();
    lines.join("\n")
}

fn meaning<'a>(document: &'a Value, schema: &str, name: &str) -> &'a str {
    super::named_values(document, schema).find(|(value, _)| *value == name).map_or("", |(_, what)| what)
}

/// What keeps blank forms from being handed in, as the rules themselves say it.
fn lacking_in_blank_forms() -> String {
    let unit = EquipmentRef::new(EquipmentClass::Trailer, "");
    let mut inspection = start_inspection(Uuid::nil(), &us_dvir(), unit, None);
    inspection.items.truncate(1);
    let forms = [
        Body::Inspection(inspection),
        Body::GateEvent(GateEvent::new(Direction::In)),
        Body::Interchange(Interchange::new(Movement::InGate)),
    ];
    let lines = forms.iter().flat_map(|form| {
        let kind = form.kind().as_str();
        let line = move |Problem { path, message, .. }: Problem| format!("- `{kind}` at `{path}`: {message}");
        missing(form, None).into_iter().map(line)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Two states, their fingerprints and their tally.
fn tally_example() -> Value {
    let state = |id: u128, epoch, version, received_at: i64| {
        let received_at = Timestamp::from_microsecond(received_at).expect("a time of this century");
        let receipt = Receipt { epoch: Epoch(epoch), version, seq: version, received_at, mac: String::new() };
        let id = Uuid::from_u128(id);
        (id, Fingerprint::of(id, &receipt), receipt)
    };
    let states = [
        state(0x0195_f2a0_3c5b_7d21_9e04_5a6b_7c8d_9eaf, 1_772_636_400_000, 1, 1_772_640_000_123_456),
        state(0x0195_f2a0_3c5b_7d21_a1b2_c3d4_e5f6_0718, 1_772_636_400_000, 12, 1_772_640_007_000_001),
    ];
    let tally: Tally = states.iter().map(|(_, fingerprint, _)| *fingerprint).collect();
    let told = states.map(|(id, fingerprint, receipt)| {
        json!({
            "id": id, "epoch": receipt.epoch, "version": receipt.version, "received_at": receipt.received_at,
            "t": receipt.received_at.as_microsecond(), "fingerprint": fingerprint,
        })
    });
    json!({"states": told, "tally": tally})
}

/// What a device key proves.
fn device_key_example() -> Value {
    let bytes = std::array::from_fn(|at| u8::try_from(at).expect("there are 32"));
    let (key, device, text) =
        (DeviceKey::new(bytes), Uuid::from_u128(0x0195_f2a0_3c5b_7d21_9e04_5a6b_7c8d_9eaf), "3Kf9-nonce");
    let asked = ProofRequest {
        device_id: device,
        nonce: text.to_owned(),
        host: "gatebook.example.com".to_owned(),
        authority: Some(AuthorityPin::of(b"")),
    };
    json!({
        "device_key": key, "device_id": device,
        "revoked": {"nonce": text, "proof": key.revocation(device, text)},
        "joins_anew": {"secret": text, "proof": key.succession(device, text)},
        "own_server": {"asked": asked, "proof": key.own_server(&asked)},
    })
}

fn in_full(example: &Value) -> String {
    format!("```json\n{}\n```", serde_json::to_string_pretty(example).expect("a value is JSON"))
}
