//! What the document says of requests beyond what each handler's derive knows: headers that go with every request of a sort,
//! and bodies that are bytes.

use gatebook_sync::wire::NONCE;
use serde_json::{Map, Value, json};

/// Completes what is said of requests, and of bytes in either direction.
pub(super) fn tell(document: &mut Value) {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let mut headers = Vec::new();
        if bears_a_device_token(operation) {
            let meaning = "Random text made for just this request, over which a revocation is proved";
            headers.push(header(NONCE, meaning, &json!({"type": "string"})));
        }
        if operation["requestBody"]["content"].get("application/json").is_some() {
            let meaning = "How the body is packed, if it is";
            headers.push(header("Content-Encoding", meaning, &json!({"type": "string", "enum": ["zstd", "identity"]})));
        }
        leave_bytes_open(operation.get_mut("requestBody"));
        if let Some(parameters) = operation.as_object_mut().filter(|_| !headers.is_empty()) {
            let parameters = parameters.entry("parameters").or_insert_with(|| json!([]));
            parameters.as_array_mut().expect("parameters are a list").extend(headers);
        }
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        responses.into_iter().flat_map(Map::values_mut).for_each(|response| leave_bytes_open(Some(response)));
    }
}

fn bears_a_device_token(operation: &Value) -> bool {
    operation["security"].as_array().into_iter().flatten().any(|scheme| scheme.get("device").is_some())
}

fn header(name: &str, meaning: &str, schema: &Value) -> Value {
    json!({"name": name, "in": "header", "required": false, "description": meaning, "schema": schema})
}

/// Bytes have no schema, though a derive gives them that of a list of numbers.
fn leave_bytes_open(body: Option<&mut Value>) {
    let content = body.and_then(|body| body.get_mut("content")?.as_object_mut());
    for (media_type, described) in content.into_iter().flatten() {
        if !media_type.starts_with("text/") && media_type != "application/json" {
            *described = json!({});
        }
    }
}
