#!/usr/bin/env bash
# utoipa 5.5.0 (crates.io), which makes OpenAPI documents of Rust types.
#
# A doc comment on a field becomes that property's description, and one on a variant that holds a value becomes the
# description of its branch of the `oneOf`. A doc comment on a variant that holds nothing is left out: the enumeration is
# one list of names with the description of the whole. Whoever writes a client from the document alone learns that there is
# a code `final` and not what it means.
#
# Seen: the words of the enumeration and of the field are in its JSON, those of neither name are; the branch that holds a
# value has its words.
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "names"
version = "0.0.0"
edition = "2021"
[dependencies]
utoipa = "=5.5.0"
utoipa-gen = "=5.5.0"
serde_json = "1"
TOML
cat > "$folder/src/main.rs" <<'RUST'
use utoipa::{PartialSchema, ToSchema};

/// why a record was refused
#[derive(ToSchema)]
#[allow(dead_code)]
enum Code {
    /// the office has closed it
    Final,
    /// it is larger than fits
    TooLarge,
}

/// what became of it
#[derive(ToSchema)]
#[allow(dead_code)]
enum Outcome {
    /// it was refused for this reason
    Refused(String),
    /// it was taken under this number
    Taken(u64),
}

#[derive(ToSchema)]
#[allow(dead_code)]
struct Answer {
    /// the reason if there is one
    code: Option<String>,
}

fn main() {
    for schema in [Code::schema(), Outcome::schema(), Answer::schema()] {
        println!("{}", serde_json::to_string(&schema).unwrap());
    }
}
RUST
cargo run --quiet --manifest-path "$folder/Cargo.toml" > "$folder/seen"
cat "$folder/seen"
there() { grep -q "$1" "$folder/seen" || { echo "changed: “$1” is not there any more"; exit 1; }; }
there "why a record was refused"
there "it was refused for this reason"
there "the reason if there is one"
for name in "the office has closed it" "it is larger than fits"; do
  if grep -q "$name" "$folder/seen"; then echo "changed: “$name” is there now"; exit 1; fi
done
echo "utoipa 5.5.0: names of an enumeration come without what their doc comments say"
