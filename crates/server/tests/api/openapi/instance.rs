//! A value that a schema of the document describes, with every field that it knows.

use serde_json::{Map, Value, json};

/// One that has everything.
pub(super) fn instance(document: &Value, schema: &Value) -> Value {
    if let Some(address) = schema["$ref"].as_str() {
        let pointer = address.strip_prefix('#').expect("the document refers to itself only");
        return instance(document, document.pointer(pointer).unwrap_or_else(|| panic!("{address} is not there")));
    }
    if let Some(only) = schema.get("const").or_else(|| schema["enum"].get(0)).or_else(|| schema["examples"].get(0)) {
        return only.clone();
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(all) = schema[choice].as_array() {
            // The last one: the first is often what is left out.
            let says_something =
                all.iter().rfind(|schema| schema["type"] != "null").expect("there is something to choose");
            return instance(document, says_something);
        }
    }
    if let Some(all) = schema["allOf"].as_array() {
        return instance(document, &all[0]);
    }
    match kind(schema) {
        "string" => text(schema),
        "integer" => schema.get("minimum").filter(|least| **least != json!(0)).cloned().unwrap_or(json!(1)),
        "number" => json!(1.5),
        "boolean" => json!(true),
        "array" => json!([instance(document, &schema["items"])]),
        "object" => object(document, schema),
        other => panic!("{other}: {schema}"),
    }
}

fn kind(schema: &Value) -> &str {
    let kinds = &schema["type"];
    kinds
        .as_str()
        .or_else(|| kinds.as_array()?.iter().filter_map(Value::as_str).find(|kind| *kind != "null"))
        .unwrap_or("")
}

fn text(schema: &Value) -> Value {
    match schema["format"].as_str() {
        Some("uuid") => json!("0195f2a0-0000-7000-8000-000000000001"),
        Some("date-time") => json!("2026-03-04T15:00:00Z"),
        Some(other) => panic!("nothing is known of the format {other}"),
        None => json!("x"),
    }
}

fn object(document: &Value, schema: &Value) -> Value {
    let mut members = Map::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        members.insert(name.clone(), instance(document, property));
    }
    if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
        let name = schema.get("propertyNames").map_or(json!("x"), |names| instance(document, names));
        members.insert(name.as_str().expect("names are texts").to_owned(), instance(document, values));
    }
    Value::Object(members)
}
