//! A sync request as it comes: its pushes and offers are read one by one, so that one that cannot be read keeps no other
//! from being judged.

use std::collections::BTreeMap;
use std::fmt;

use gatebook_domain::{RecordState, raw};
use gatebook_sync::wire::{Push, Repair, ServerIdentity, SyncRequest, Take};
use gatebook_sync::{Canonical, Content, Epoch, Rejection, RejectionCode, Scope};
use jiff::Timestamp;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::error::short;
use crate::json;

/// Entries that are kept. Far more than any page holds; what lies beyond is counted.
const KEPT: usize = 100_000;
/// Longest texts that are taken over from an entry that cannot be read, in bytes.
const TEXT: usize = 64;

/// A request, with what of it could not be read.
pub(crate) struct Received {
    pub request: SyncRequest,
    pub unreadable: Vec<UnreadableEntry>,
    /// How many pushes and offers came.
    pub entries: usize,
}

/// A push or an offer that cannot be read beyond its ids.
#[derive(Debug)]
pub(crate) struct UnreadableEntry {
    pub id: Uuid,
    pub write_id: Uuid,
    /// What could be read beside the body. The body is the entry, as it came.
    pub content: Content,
    pub rejection: Rejection,
}

/// Why a request as a whole cannot be read, and where it breaks off.
pub(crate) struct Broken {
    pub error: serde_json::Error,
    pub place: String,
}

impl From<SyncRequest> for Received {
    fn from(request: SyncRequest) -> Self {
        let entries = request.push.len() + request.reoffer.len();
        Self { request, unreadable: Vec::new(), entries }
    }
}

impl Received {
    /// Reads a request. If it holds more than `most` entries, which nobody takes, they are only counted.
    pub(crate) fn read(text: &str, most: usize) -> Result<Self, Broken> {
        let mut page: Page<'_> = serde_json::from_str(text).map_err(|error| {
            let place = json::pointer_at(text, json::offset_of(text, &error));
            Broken { error, place }
        })?;
        let entries = page.push.count + page.reoffer.count;
        let mut unreadable = Vec::new();
        if entries > most {
            (page.push.kept, page.reoffer.kept) = (Vec::new(), Vec::new());
        }
        let push = read_each::<Push>("push", &page.push, &mut unreadable)?;
        let reoffer = read_each::<Canonical>("reoffer", &page.reoffer, &mut unreadable)?;
        let Page { protocol, app, epoch, cursors, mark, repair, take, server, .. } = page;
        let request = SyncRequest { protocol, app, epoch, cursors, push, reoffer, mark, repair, take, server };
        Ok(Self { request, unreadable, entries })
    }
}

/// [`SyncRequest`] with its entries as they are written.
#[derive(serde::Deserialize)]
struct Page<'a> {
    protocol: u32,
    #[serde(default)]
    app: String,
    #[serde(default)]
    epoch: Option<Epoch>,
    #[serde(default)]
    cursors: BTreeMap<Scope, u64>,
    #[serde(default, borrow)]
    push: Entries<'a>,
    #[serde(default, borrow)]
    reoffer: Entries<'a>,
    #[serde(default)]
    mark: Option<String>,
    #[serde(default)]
    repair: Repair,
    take: Take,
    #[serde(default)]
    server: Option<ServerIdentity>,
}

#[derive(Default)]
struct Entries<'a> {
    kept: Vec<&'a RawValue>,
    count: usize,
}

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Entries<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut entries = Entries::default();
                while entries.kept.len() < KEPT {
                    let Some(entry) = list.next_element()? else { return Ok(entries) };
                    entries.kept.push(entry);
                    entries.count += 1;
                }
                while list.next_element::<IgnoredAny>()?.is_some() {
                    entries.count += 1;
                }
                Ok(entries)
            }
        }
        deserializer.deserialize_seq(InOrder)
    }
}

fn read_each<T: DeserializeOwned>(
    list: &str,
    entries: &Entries<'_>,
    unreadable: &mut Vec<UnreadableEntry>,
) -> Result<Vec<T>, Broken> {
    let mut read = Vec::new();
    for (at, entry) in entries.kept.iter().enumerate() {
        match serde_json::from_str(entry.get()) {
            Ok(entry) => read.push(entry),
            Err(error) => unreadable.push(UnreadableEntry::of(entry, &error).map_err(|nameless| {
                // Nobody could be told what became of it.
                let within = json::pointer_at(entry.get(), json::offset_of(entry.get(), &nameless));
                Broken { error: nameless, place: format!("/{list}/{at}{within}") }
            })?),
        }
    }
    Ok(read)
}

impl UnreadableEntry {
    fn of(entry: &RawValue, error: &serde_json::Error) -> Result<Self, serde_json::Error> {
        #[derive(serde::Deserialize)]
        struct Named {
            id: Uuid,
            write_id: Uuid,
        }
        let Named { id, write_id } = serde_json::from_str(entry.get())?;
        let place = field_at(entry.get(), error);
        let message =
            format!("The server cannot read this change ({error}). Update the app, then save the record again.");
        let rejection = Rejection::new(RejectionCode::Invalid, short(message)).at(place);
        Ok(Self { id, write_id, content: told(entry), rejection })
    }
}

/// Which field could not be read: of what stands in the content, its name alone, as people are told of it.
fn field_at(entry: &str, error: &serde_json::Error) -> String {
    let place = json::pointer_at(entry, json::offset_of(entry, error));
    let told = error.to_string();
    let missing = told.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let place = place.strip_prefix("/content").unwrap_or(&place);
    let place = missing.map_or_else(|| place.to_owned(), |name| format!("{place}/{name}"));
    place.trim_start_matches('/').to_owned()
}

/// What is filed of an entry: all of it, and beside it what can be read.
fn told(entry: &RawValue) -> Content {
    let content = raw::members(entry.get()).and_then(|members| raw::member(&members, "content")).map(RawValue::get);
    let members = content.and_then(raw::members).unwrap_or_default();
    let text = |name: &str| {
        let text: String = field(&members, name).unwrap_or_default();
        if text.len() > TEXT || text.contains('\0') { String::new() } else { text }
    };
    Content {
        kind: text("kind"),
        yard_id: field(&members, "yard_id"),
        schema: field(&members, "schema").unwrap_or_default(),
        state: RecordState::Live,
        state_reason: String::new(),
        captured_at: field(&members, "captured_at").unwrap_or(Timestamp::UNIX_EPOCH),
        zone: text("zone"),
        operator_id: field(&members, "operator_id"),
        body: entry.to_owned(),
    }
}

fn field<T: DeserializeOwned>(members: &[raw::Member<'_>], name: &str) -> Option<T> {
    serde_json::from_str(raw::member(members, name)?.get()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn push(number: u128) -> Value {
        json!({"id": Uuid::from_u128(number), "write_id": Uuid::from_u128(100 + number), "content": {
            "kind": "gate_event", "yard_id": Uuid::nil(), "schema": 1, "state": "live",
            "captured_at": "2026-03-04T17:30:00Z", "zone": "America/Chicago", "body": {"direction": "in", "new": 1},
        }})
    }

    fn page(push: &[Value]) -> Value {
        json!({"protocol": 1, "push": push, "take": {"records": 1, "bytes": 1}})
    }

    fn read(page: &Value) -> Received {
        Received::read(&page.to_string(), 10).unwrap_or_else(|broken| panic!("{} at {}", broken.error, broken.place))
    }

    #[test]
    fn a_request_is_read_as_the_contract_has_it() {
        let request: SyncRequest = serde_json::from_value(json!({
            "protocol": 1, "app": "0.1.0", "epoch": 3, "cursors": {"org": 5}, "push": [push(1)],
            "mark": "m", "repair": {"fetch": [Uuid::nil()]}, "take": {"records": 7, "bytes": 8},
            "server": {"organization": Uuid::nil(), "key": "k"},
            "reoffer": [{
                "id": Uuid::nil(), "write_id": Uuid::nil(), "content": push(1)["content"],
                "receipt": {"epoch": 1, "version": 2, "seq": 3, "received_at": "2026-03-04T17:30:00Z", "mac": "m"},
            }],
        }))
        .unwrap();
        let written = serde_json::to_value(&request).unwrap();
        let received = read(&written);
        assert_eq!(serde_json::to_value(&received.request).unwrap(), written);
        assert_eq!((received.unreadable.len(), received.entries), (0, 2));
    }

    #[test]
    fn one_that_cannot_be_read_keeps_no_other_from_being_read() {
        let spoiled = |change: fn(&mut Value)| {
            let mut spoiled = push(2);
            change(&mut spoiled);
            let received = read(&page(&[push(1), spoiled.clone(), push(3)]));
            let ids: Vec<_> = received.request.push.iter().map(|push| push.id.as_u128()).collect();
            assert_eq!((ids, received.entries), (vec![1, 3], 3));
            let [unreadable]: [_; 1] = received.unreadable.try_into().unwrap();
            assert_eq!((unreadable.id.as_u128(), unreadable.write_id.as_u128()), (2, 102));
            assert_eq!(unreadable.content.body.get(), spoiled.to_string(), "nothing of it is lost");
            unreadable.rejection.path.unwrap()
        };
        assert_eq!(spoiled(|push| push["content"]["state"] = json!("archived")), "state");
        assert_eq!(spoiled(|push| drop(push["content"].as_object_mut().unwrap().remove("zone"))), "zone");
        assert_eq!(spoiled(|push| push["content"]["captured_at"] = json!("yesterday")), "captured_at");
        assert_eq!(spoiled(|push| push["base"] = json!({"epoch": "x"})), "base/epoch");
        assert_eq!(spoiled(|push| drop(push.as_object_mut().unwrap().remove("content"))), "content");
    }

    #[test]
    fn one_without_its_ids_is_nobodys_and_is_pointed_at() {
        let mut nameless = push(2);
        nameless["write_id"] = json!("7");
        let broken = Received::read(&page(&[push(1), nameless]).to_string(), 10).err().unwrap();
        assert_eq!(broken.place, "/push/1/write_id");
    }

    #[test]
    fn no_more_entries_are_kept_than_any_page_holds() {
        let many = format!(r#"{{"protocol":1,"take":{{"records":1,"bytes":1}},"push":[{}1]}}"#, "1,".repeat(KEPT + 5));
        let Page { push, .. } = serde_json::from_str(&many).unwrap();
        assert_eq!((push.kept.len(), push.count), (KEPT, KEPT + 6));
        let received = Received::read(&many, 10).ok().unwrap();
        assert_eq!((received.request.push.len(), received.unreadable.len(), received.entries), (0, 0, KEPT + 6));
    }
}
