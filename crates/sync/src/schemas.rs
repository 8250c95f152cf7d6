//! OpenAPI schemas of what is written as text in a form of its own. Each example is written by the type itself.

use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::{AuthorityPin, CODE_ALPHABET, DeviceKey, Fingerprint, PIN_LETTERS, Scope};

fn text(meaning: &str, pattern: &str, examples: &[impl Serialize]) -> RefOr<Schema> {
    let examples =
        examples.iter().map(|example| serde_json::to_value(example).expect("contract types are always JSON"));
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(meaning))
        .pattern(Some(pattern))
        .examples(examples)
        .into()
}

impl PartialSchema for Scope {
    fn schema() -> RefOr<Schema> {
        let meaning = "A set of records that travels under one cursor. Each record is in exactly one: `org`, what belongs \
                       to the whole organization, or `yard:` and the yard's id.";
        let pattern = "^(org|yard:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$";
        text(meaning, pattern, &[Self::Org, Self::Yard(Uuid::from_u128(0x0195_f2a0_0000_7000_8000_0000_0000_0001))])
    }
}

impl ToSchema for Scope {}

impl PartialSchema for Fingerprint {
    fn schema() -> RefOr<Schema> {
        let meaning = "64 bits that stand for one canonical state, or the sum of such (modulo 2^64), as 16 small hexadecimal \
                       digits.";
        text(meaning, "^[0-9a-f]{16}$", &[Self(0x0123_4567_89ab_cdef)])
    }
}

impl ToSchema for Fingerprint {}

impl PartialSchema for DeviceKey {
    fn schema() -> RefOr<Schema> {
        let meaning =
            "A secret that a device shares with the server it belongs to: 32 bytes in base64url without padding.";
        text(meaning, "^[A-Za-z0-9_-]{43}$", &[Self::new([7; 32])])
    }
}

impl ToSchema for DeviceKey {}

impl PartialSchema for AuthorityPin {
    fn schema() -> RefOr<Schema> {
        let meaning = "What an authority is known by that signs the certificates of one server.";
        let pattern = format!("^[{}]{{{PIN_LETTERS}}}$", String::from_utf8_lossy(CODE_ALPHABET));
        text(meaning, &pattern, &[Self::of(b"")])
    }
}

impl ToSchema for AuthorityPin {}
