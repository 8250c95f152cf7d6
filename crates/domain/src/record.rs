//! The kinds of record and the typed body of each.

use serde::{Deserialize, Serialize};

use crate::attachment::Attachment;
use crate::gate_event::GateEvent;
use crate::inspection::Inspection;
use crate::interchange::Interchange;
use crate::notice::Notice;
use crate::reference::{Assignment, Carrier, Equipment, Operator, Template, Yard};

/// The schema number this version writes into every record.
pub const SCHEMA: u32 = 1;

/// What a record is. On the wire and in SQL: the snake_case name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A vehicle or equipment inspection. Written in the field.
    Inspection,
    /// Equipment entering or leaving a yard. Written in the field.
    GateEvent,
    /// Equipment handed from one carrier to another (an equipment interchange receipt). Written in the field.
    Interchange,
    /// A photo, signature or document that belongs to another record. Written in the field; its bytes travel apart.
    Attachment,
    /// Work for a yard or an operator, by a due time. Written at the console.
    Assignment,
    /// A list of things to inspect. Written at the console.
    Template,
    /// A known piece of equipment. Written at the console.
    Equipment,
    /// A known carrier. Written at the console.
    Carrier,
    /// A yard. Written at the console.
    Yard,
    /// A person who records things. Written at the console.
    Operator,
    /// An inbox item about a conflict. Written by the server.
    Notice,
}

/// Who may write a kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// An enrolled device.
    Field,
    /// The admin console (and `seed`).
    Console,
    /// The server itself.
    Server,
}

impl Kind {
    /// Every kind, in the order of the declaration.
    pub const ALL: [Self; Self::Notice as usize + 1] = [
        Self::Inspection,
        Self::GateEvent,
        Self::Interchange,
        Self::Attachment,
        Self::Assignment,
        Self::Template,
        Self::Equipment,
        Self::Carrier,
        Self::Yard,
        Self::Operator,
        Self::Notice,
    ];

    /// The name on the wire and in SQL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inspection => "inspection",
            Self::GateEvent => "gate_event",
            Self::Interchange => "interchange",
            Self::Attachment => "attachment",
            Self::Assignment => "assignment",
            Self::Template => "template",
            Self::Equipment => "equipment",
            Self::Carrier => "carrier",
            Self::Yard => "yard",
            Self::Operator => "operator",
            Self::Notice => "notice",
        }
    }

    /// The kind of that name, or `None` for one this version does not know.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Who writes it.
    #[must_use]
    pub const fn writer(self) -> Writer {
        match self {
            Self::Inspection | Self::GateEvent | Self::Interchange | Self::Attachment => Writer::Field,
            Self::Notice => Writer::Server,
            Self::Assignment | Self::Template | Self::Equipment | Self::Carrier | Self::Yard | Self::Operator => {
                Writer::Console
            }
        }
    }

    /// Whether it is a form that people fill in and hand in.
    #[must_use]
    pub const fn is_form(self) -> bool {
        match self {
            Self::Inspection | Self::GateEvent | Self::Interchange => true,
            Self::Attachment
            | Self::Assignment
            | Self::Template
            | Self::Equipment
            | Self::Carrier
            | Self::Yard
            | Self::Operator
            | Self::Notice => false,
        }
    }

    /// The names of all [forms](Self::is_form), as a list in SQL.
    #[must_use]
    pub fn forms_in_sql() -> String {
        let forms = Self::ALL.into_iter().filter(|kind| kind.is_form());
        forms.map(|kind| format!("'{}'", kind.as_str())).collect::<Vec<_>>().join(", ")
    }

    /// Whether a record of this kind belongs to a yard; otherwise to the whole organisation.
    #[must_use]
    pub const fn in_yard(self) -> bool {
        matches!(self.writer(), Writer::Field) || matches!(self, Self::Assignment | Self::Notice)
    }
}

/// Where a record stands in its life, beside what its body says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "openapi", derive(gatebook_schema_derive::NamedValues))]
#[serde(rename_all = "snake_case")]
pub enum RecordState {
    /// In use.
    #[default]
    Live,
    /// Closed by the office: final, the field may no longer change it.
    Closed,
    /// Struck out, kept as evidence. Never comes back by accident.
    Voided,
}

/// The typed body of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "bodies are handled one at a time, never in bulk")]
pub enum Body {
    /// See [`Inspection`].
    Inspection(Inspection),
    /// See [`GateEvent`].
    GateEvent(GateEvent),
    /// See [`Interchange`].
    Interchange(Interchange),
    /// See [`Attachment`].
    Attachment(Attachment),
    /// See [`Assignment`].
    Assignment(Assignment),
    /// See [`Template`].
    Template(Template),
    /// See [`Equipment`].
    Equipment(Equipment),
    /// See [`Carrier`].
    Carrier(Carrier),
    /// See [`Yard`].
    Yard(Yard),
    /// See [`Operator`].
    Operator(Operator),
    /// See [`Notice`].
    Notice(Notice),
}

impl Body {
    /// Which kind of record this is the body of.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Inspection(_) => Kind::Inspection,
            Self::GateEvent(_) => Kind::GateEvent,
            Self::Interchange(_) => Kind::Interchange,
            Self::Attachment(_) => Kind::Attachment,
            Self::Assignment(_) => Kind::Assignment,
            Self::Template(_) => Kind::Template,
            Self::Equipment(_) => Kind::Equipment,
            Self::Carrier(_) => Kind::Carrier,
            Self::Yard(_) => Kind::Yard,
            Self::Operator(_) => Kind::Operator,
            Self::Notice(_) => Kind::Notice,
        }
    }

    /// Reads the body of a record of `kind` from its JSON text.
    ///
    /// # Errors
    /// The JSON does not have the shape of that kind; the message names the field.
    pub fn from_json(kind: Kind, json: &str) -> Result<Self, serde_json::Error> {
        Ok(match kind {
            Kind::Inspection => Self::Inspection(serde_json::from_str(json)?),
            Kind::GateEvent => Self::GateEvent(serde_json::from_str(json)?),
            Kind::Interchange => Self::Interchange(serde_json::from_str(json)?),
            Kind::Attachment => Self::Attachment(serde_json::from_str(json)?),
            Kind::Assignment => Self::Assignment(serde_json::from_str(json)?),
            Kind::Template => Self::Template(serde_json::from_str(json)?),
            Kind::Equipment => Self::Equipment(serde_json::from_str(json)?),
            Kind::Carrier => Self::Carrier(serde_json::from_str(json)?),
            Kind::Yard => Self::Yard(serde_json::from_str(json)?),
            Kind::Operator => Self::Operator(serde_json::from_str(json)?),
            Kind::Notice => Self::Notice(serde_json::from_str(json)?),
        })
    }

    /// The body alone as JSON text, as it is stored and sent.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::Inspection(body) => serde_json::to_string(body),
            Self::GateEvent(body) => serde_json::to_string(body),
            Self::Interchange(body) => serde_json::to_string(body),
            Self::Attachment(body) => serde_json::to_string(body),
            Self::Assignment(body) => serde_json::to_string(body),
            Self::Template(body) => serde_json::to_string(body),
            Self::Equipment(body) => serde_json::to_string(body),
            Self::Carrier(body) => serde_json::to_string(body),
            Self::Yard(body) => serde_json::to_string(body),
            Self::Operator(body) => serde_json::to_string(body),
            Self::Notice(body) => serde_json::to_string(body),
        }
        .expect("bodies hold only JSON-safe types with string keys")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::unknown::put_back;
    use crate::{samples, stage, title, validate};

    /// Puts a field of a newer schema into every object. What only the server writes is left out below its top level:
    /// devices never write it back.
    fn extend(value: &mut Value, name: &str, news: &Value) {
        match value {
            Value::Object(members) => {
                for (at, member) in members.iter_mut() {
                    if !matches!(at.as_str(), "kept" | "set_aside" | "in_force" | "settled" | "differences") {
                        extend(member, name, news);
                    }
                }
                members.insert(name.to_owned(), news.clone());
            }
            Value::Array(entries) => entries.iter_mut().for_each(|entry| extend(entry, name, news)),
            _ => {}
        }
    }

    fn arbitrary_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e9..1e9).prop_map(|number: f64| json!(number)),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z]{1,8}", inner, 0..4).prop_map(|map| json!(map)),
            ]
        })
    }

    #[test]
    fn every_kind_is_read_and_written_as_it_was() {
        for kind in Kind::ALL {
            let value = samples::full(kind);
            let body = Body::from_json(kind, &value.to_string()).unwrap();
            assert_eq!(body.kind(), kind);
            assert_eq!(serde_json::from_str::<Value>(&body.to_json()).unwrap(), value);
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
    }

    proptest! {
        #[test]
        fn fields_of_a_newer_schema_survive_at_every_level(name in "new_[a-z]{1,8}", news in arbitrary_json()) {
            for kind in Kind::ALL {
                let mut value = samples::full(kind);
                extend(&mut value, &name, &news);
                let known = Body::from_json(kind, &value.to_string()).unwrap().to_json();
                let kept = put_back(&value.to_string(), kind, &known).unwrap();
                prop_assert_eq!(serde_json::from_str::<Value>(&kept).unwrap(), value);
            }
        }

        #[test]
        fn no_text_whatever_makes_a_rule_panic(text in any::<String>(), kind in prop::sample::select(Kind::ALL.to_vec())) {
            let mut value = samples::full(kind);
            replace_texts(&mut value, &text);
            if let Ok(body) = Body::from_json(kind, &value.to_string()) {
                let _ = (validate(&body, None), stage(&body, None), title(&body));
            }
        }
    }

    /// Overwrites every free text, and leaves alone what has a form of its own.
    fn replace_texts(value: &mut Value, text: &str) {
        const FREE: [&str; 18] = [
            "brand",
            "code",
            "component",
            "key",
            "label",
            "lane",
            "name",
            "note",
            "number",
            "override_reason",
            "reason",
            "reference",
            "region",
            "remarks",
            "scac",
            "size_type",
            "time_zone",
            "usdot",
        ];
        match value {
            Value::Object(members) => {
                for (name, member) in members.iter_mut() {
                    if FREE.contains(&name.as_str()) { *member = json!(text) } else { replace_texts(member, text) }
                }
            }
            Value::Array(entries) => entries.iter_mut().for_each(|entry| replace_texts(entry, text)),
            _ => {}
        }
    }
}
