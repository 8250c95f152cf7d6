//! Whether the schemas of bodies say of every field what serde writes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use utoipa::ToSchema;

use crate::attachment::Attachment;
use crate::gate_event::GateEvent;
use crate::inspection::Inspection;
use crate::interchange::Interchange;
use crate::notice::Notice;
use crate::reference::{Assignment, Carrier, Equipment, Operator, Template, Yard};
use crate::{Kind, samples};

/// A body's schema, and those that it refers to.
struct Schemas {
    body: Value,
    others: BTreeMap<String, Value>,
}

impl Schemas {
    fn of<T: ToSchema>() -> Self {
        let mut others = Vec::new();
        T::schemas(&mut others);
        let value = |schema| serde_json::to_value(schema).unwrap();
        Self { body: value(T::schema()), others: others.into_iter().map(|(name, it)| (name, value(it))).collect() }
    }

    fn of_kind(kind: Kind) -> Self {
        match kind {
            Kind::Inspection => Self::of::<Inspection>(),
            Kind::GateEvent => Self::of::<GateEvent>(),
            Kind::Interchange => Self::of::<Interchange>(),
            Kind::Attachment => Self::of::<Attachment>(),
            Kind::Assignment => Self::of::<Assignment>(),
            Kind::Template => Self::of::<Template>(),
            Kind::Equipment => Self::of::<Equipment>(),
            Kind::Carrier => Self::of::<Carrier>(),
            Kind::Yard => Self::of::<Yard>(),
            Kind::Operator => Self::of::<Operator>(),
            Kind::Notice => Self::of::<Notice>(),
        }
    }

    /// The schema itself, for one that refers to it or leaves it out if it likes.
    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        if let Some(name) = schema["$ref"].as_str().and_then(|address| address.rsplit('/').next()) {
            return self.resolved(&self.others[name]);
        }
        let choice = schema["oneOf"].as_array().and_then(|all| all.iter().find(|it| it.get("$ref").is_some()));
        choice.map_or(schema, |chosen| self.resolved(chosen))
    }

    /// Where a full value and its schema do not name the same fields.
    fn differ(&self, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let schema = self.resolved(schema);
        match value {
            Value::Object(members) => {
                let described: BTreeSet<_> = schema["properties"].as_object().unwrap().keys().collect();
                let written: BTreeSet<_> = members.keys().collect();
                found.extend(described.symmetric_difference(&written).map(|name| format!("{at}/{name}")));
                for (name, member) in members {
                    self.differ(&schema["properties"][name], member, &format!("{at}/{name}"), found);
                }
            }
            Value::Array(entries) => {
                for (name, entry) in entries.iter().enumerate() {
                    self.differ(&schema["items"], entry, &format!("{at}/{name}"), found);
                }
            }
            _ => {}
        }
    }
}

#[test]
fn every_field_that_is_written_is_in_the_schema_and_no_other() {
    for kind in Kind::ALL {
        let (schemas, mut found) = (Schemas::of_kind(kind), Vec::new());
        schemas.differ(&schemas.body, &samples::full(kind), "", &mut found);
        assert_eq!(found, [""; 0], "{kind:?}");
    }
}
