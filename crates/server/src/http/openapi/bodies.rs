//! What derives cannot say of records: which body goes with which kind, how long its texts may be, and which protocol is
//! spoken.

use gatebook_domain::attachment::Attachment;
use gatebook_domain::gate_event::GateEvent;
use gatebook_domain::inspection::Inspection;
use gatebook_domain::interchange::Interchange;
use gatebook_domain::notice::Notice;
use gatebook_domain::reference::{Assignment, Carrier, Equipment, Operator, Template, Yard};
use gatebook_domain::validate::text_limit;
use gatebook_domain::{Kind, problem, record};
use gatebook_sync::PROTOCOL;
use serde_json::{Map, Value, json};
use utoipa::{OpenApi, ToSchema};

/// A content whose body is as its kind says.
const OF_KIND: &str = "ContentOfKind";

/// The schemas of bodies and of what belongs to them.
#[derive(OpenApi)]
#[openapi(components(schemas(
    Kind,
    record::RecordState,
    problem::ProblemCode,
    Inspection,
    GateEvent,
    Interchange,
    Attachment,
    Assignment,
    Template,
    Equipment,
    Carrier,
    Yard,
    Operator,
    Notice
)))]
pub(super) struct Bodies;

/// The name of the schema of that kind's bodies.
pub(super) fn schema_of(kind: Kind) -> String {
    let name = match kind {
        Kind::Inspection => Inspection::name(),
        Kind::GateEvent => GateEvent::name(),
        Kind::Interchange => Interchange::name(),
        Kind::Attachment => Attachment::name(),
        Kind::Assignment => Assignment::name(),
        Kind::Template => Template::name(),
        Kind::Equipment => Equipment::name(),
        Kind::Carrier => Carrier::name(),
        Kind::Yard => Yard::name(),
        Kind::Operator => Operator::name(),
        Kind::Notice => Notice::name(),
    };
    name.into_owned()
}

/// Completes the schemas.
pub(super) fn tell(schemas: &mut Map<String, Value>) {
    let of_bodies: Vec<String> =
        Bodies::openapi().components.into_iter().flat_map(|it| it.schemas.into_keys()).collect();
    for name in of_bodies {
        limit_texts(&mut schemas[&name]);
    }
    for name in ["SyncRequest", "SyncResponse"] {
        schemas[name]["properties"]["protocol"]["const"] = PROTOCOL.into();
    }
    let kind = &mut schemas["Content"]["properties"]["kind"];
    let meaning = kind["description"].take();
    *kind = json!({"description": meaning, "anyOf": [refer("Kind"), {"type": "string"}]});
    schemas.insert(OF_KIND.to_owned(), of_kind());
    // Of a write that was rejected the audit table keeps the body as it came, which may be any.
    for name in ["Push", "Canonical"] {
        schemas[name]["properties"]["content"]["$ref"] = refer(OF_KIND)["$ref"].take();
    }
}

/// How long the texts of an object may be, as the rules of bodies have it.
fn limit_texts(schema: &mut Value) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, property) in properties {
        let is_free_text =
            is_text(&property["type"]) && property.get("format").is_none() && property.get("pattern").is_none();
        if let Some(limit) = text_limit(name).filter(|_| is_free_text) {
            property["maxLength"] = limit.into();
        }
    }
}

fn is_text(kind: &Value) -> bool {
    kind == "string" || kind.as_array().is_some_and(|kinds| kinds.contains(&"string".into()))
}

fn of_kind() -> Value {
    let of_each = Kind::ALL.map(|kind| {
        json!({
            "if": {"properties": {"kind": {"const": kind.as_str()}}, "required": ["kind"]},
            "then": {"properties": {"body": refer(&schema_of(kind))}},
        })
    });
    let all: Vec<Value> = std::iter::once(refer("Content")).chain(of_each).collect();
    json!({
        "description": "What a record says, with a body as its kind has it. A body of a kind that is not listed may be any object.",
        "allOf": all,
    })
}

fn refer(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}
