//! An answer of a newer server, as far as this version can read it. One entry that it cannot read makes no other unreadable:
//! a record is kept as it came, under a kind that no version lists, and a verdict counts as not yet heard.

use gatebook_domain::{RecordState, raw};
use gatebook_sync::wire::{Judged, ScopePage, SyncResponse};
use gatebook_sync::{Canonical, Content, Receipt, Scope};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use uuid::Uuid;

/// The kind under which a state is kept that this version cannot read. Its body is the content as it came.
pub(crate) const UNREADABLE: &str = "unreadable";

/// Reads an answer.
///
/// # Errors
/// What cannot be read is more than single entries, or an entry does not even say which record it is about.
pub(crate) fn read(bytes: &[u8]) -> Result<SyncResponse, serde_json::Error> {
    serde_json::from_slice(bytes).or_else(|error| {
        let text = std::str::from_utf8(bytes).ok();
        let (answer, unread) = text.and_then(entry_by_entry).ok_or(error)?;
        let answer: SyncResponse = serde_json::from_str(&answer)?;
        tracing::warn!(verdicts = unread.len(), "an answer of a newer server is not readable in every part");
        Ok(SyncResponse { unread, ..answer })
    })
}

/// What a state says, if it is kept as one that could not be read and this version can read it.
pub(crate) fn read_again(kept: &Content) -> Option<Content> {
    (kept.kind == UNREADABLE).then(|| serde_json::from_str(kept.body.get()).ok())?
}

/// The answer in a form that can be read, and the writes whose verdicts are left out of it.
fn entry_by_entry(text: &str) -> Option<(String, Vec<Uuid>)> {
    let mut unread = Vec::new();
    let text = with_each(text, "verdicts", |verdict| {
        if let Some(readable) = readable_verdict(verdict) {
            return Some(vec![readable]);
        }
        unread.push(field(verdict, "write_id")?);
        Some(Vec::new())
    })?;
    let text = with_each(&text, "scopes", |page| {
        // A scope of a sort that this version does not know is none of this device's.
        if field::<Scope>(page, "scope").is_none() {
            return Some(Vec::new());
        }
        let page = with_each(page, "records", |state| Some(vec![readable_state(state)?]))?;
        is::<ScopePage>(&page).then(|| vec![page])
    })?;
    let repaired = raw::member(&raw::members(&text)?, "repaired").map(RawValue::get).map(str::to_owned);
    let text = match repaired {
        Some(repaired) => {
            let repaired = with_each(&repaired, "records", |state| Some(vec![readable_state(state)?]))?;
            raw::with_member(&text, "repaired", Some(&repaired))
        }
        None => text,
    };
    Some((text, unread))
}

/// The object `json` with each entry of that list as `read` has it, which may leave it out. `None` if it gives up.
fn with_each(json: &str, list: &str, mut read: impl FnMut(&str) -> Option<Vec<String>>) -> Option<String> {
    let members = raw::members(json)?;
    let Some(entries) = raw::member(&members, list) else { return Some(json.to_owned()) };
    let mut readable = Vec::new();
    for entry in raw::entries(entries.get())? {
        readable.extend(read(entry.get())?);
    }
    Some(raw::with_member(json, list, Some(&format!("[{}]", readable.join(",")))))
}

fn readable_verdict(judged: &str) -> Option<String> {
    if is::<Judged>(judged) {
        return Some(judged.to_owned());
    }
    let members = raw::members(judged)?;
    let canonical = raw::members(raw::member(&members, "canonical")?.get())?;
    let state = readable_state(raw::member(&canonical, "record")?.get())?;
    let judged = raw::with_member(judged, "canonical", Some(&format!(r#"{{"record":{state}}}"#)));
    is::<Judged>(&judged).then_some(judged)
}

/// A canonical state as it is, or with what cannot be read of it kept as text. `None` if not even its receipt can be read.
fn readable_state(state: &str) -> Option<String> {
    if is::<Canonical>(state) {
        return Some(state.to_owned());
    }
    let receipt: Receipt = field(state, "receipt")?;
    let members = raw::members(state)?;
    let said = raw::member(&members, "content")?.get();
    let content = Content {
        kind: UNREADABLE.to_owned(),
        yard_id: field(said, "yard_id"),
        schema: field(said, "schema").unwrap_or_default(),
        state: RecordState::Live,
        state_reason: String::new(),
        captured_at: receipt.received_at,
        zone: field(said, "zone").unwrap_or_else(|| "UTC".to_owned()),
        operator_id: None,
        body: RawValue::from_string(said.to_owned()).ok()?,
    };
    let canonical = Canonical {
        id: field(state, "id")?,
        receipt,
        write_id: field(state, "write_id")?,
        device_id: field(state, "device_id"),
        content,
    };
    serde_json::to_string(&canonical).ok()
}

fn is<T: DeserializeOwned>(json: &str) -> bool {
    serde_json::from_str::<T>(json).is_ok()
}

fn field<T: DeserializeOwned>(json: &str, name: &str) -> Option<T> {
    let members = raw::members(json)?;
    serde_json::from_str(raw::member(&members, name)?.get()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn state(number: u128, change: impl FnOnce(&mut Value)) -> Value {
        let mut state = json!({
            "id": Uuid::from_u128(number), "write_id": Uuid::from_u128(100 + number),
            "receipt": {"epoch": 1, "version": 2, "seq": 3, "received_at": "2026-03-04T17:30:00Z", "mac": "m"},
            "content": {
                "kind": "gate_event", "yard_id": Uuid::nil(), "schema": 1, "state": "live",
                "captured_at": "2026-03-04T17:30:00Z", "zone": "America/Chicago", "body": {"new": [1e2]},
            },
        });
        change(&mut state);
        state
    }

    fn archived(state: &mut Value) {
        state["content"]["state"] = json!("archived");
    }

    fn verdict(number: u128, verdict: &Value, canonical: &Value) -> Value {
        json!({"id": Uuid::from_u128(number), "write_id": Uuid::from_u128(100 + number), "verdict": verdict,
               "canonical": canonical})
    }

    fn answer(change: impl FnOnce(&mut Value)) -> Value {
        let mut answer = json!({
            "protocol": 1, "epoch": 1, "server_time": "2026-03-04T17:30:00Z", "more": false, "verdicts": [],
            "scopes": [{"scope": "org", "records": [state(1, |_| ())], "cursor": 9}],
            "limits": {"page_records": 1, "page_bytes": 2, "record_bytes": 3},
        });
        change(&mut answer);
        answer
    }

    fn read_value(answer: &Value) -> SyncResponse {
        read(answer.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_record_that_cannot_be_read_is_kept_as_it_came_and_no_other_is_lost() {
        let unreadable = state(2, archived);
        let read = read_value(&answer(|answer| {
            answer["scopes"][0]["records"] = json!([state(1, |_| ()), unreadable.clone(), state(3, |_| ())]);
            answer["repaired"] = json!({"records": [unreadable.clone()]});
        }));
        let kinds: Vec<_> = read.scopes[0].records.iter().map(|it| it.content.kind.as_str()).collect();
        assert_eq!((kinds, read.scopes[0].cursor), (vec!["gate_event", UNREADABLE, "gate_event"], 9));
        for kept in [&read.scopes[0].records[1], &read.repaired.records[0]] {
            assert_eq!((kept.id.as_u128(), kept.receipt.seq, kept.content.yard_id), (2, 3, Some(Uuid::nil())));
            assert_eq!(kept.content.body.get(), unreadable["content"].to_string());
        }
    }

    #[test]
    fn a_version_that_can_read_it_finds_all_that_it_says() {
        let readable = state(2, |_| ());
        let kept = Content {
            kind: UNREADABLE.to_owned(),
            body: RawValue::from_string(readable["content"].to_string()).unwrap(),
            ..serde_json::from_value(readable["content"].clone()).unwrap()
        };
        assert_eq!(serde_json::to_value(read_again(&kept).unwrap()).unwrap(), readable["content"]);
        let unreadable = state(2, archived)["content"].to_string();
        assert!(read_again(&Content { body: RawValue::from_string(unreadable).unwrap(), ..kept }).is_none());
    }

    #[test]
    fn a_verdict_of_a_new_sort_counts_as_not_heard_and_one_with_an_unreadable_state_is_heard() {
        let read = read_value(&answer(|answer| {
            answer["verdicts"] = json!([
                verdict(1, &json!("accepted"), &Value::Null),
                verdict(2, &json!({"deferred": {"until": "noon"}}), &Value::Null),
                verdict(3, &json!({"conflict": {"kept": "existing"}}), &json!({"record": state(3, archived)})),
                verdict(4, &json!({"rejected": {"code": "of_a_new_sort", "message": "No."}}), &Value::Null),
            ]);
        }));
        let heard: Vec<_> = read.verdicts.iter().map(|judged| judged.id.as_u128()).collect();
        assert_eq!((heard, read.unread), (vec![1, 3, 4], vec![Uuid::from_u128(102)]));
    }

    #[test]
    fn a_scope_of_a_new_sort_is_passed_over() {
        let read = read_value(&answer(|answer| {
            let new = json!({"scope": "region:north", "records": [], "cursor": 1});
            answer["scopes"].as_array_mut().unwrap().push(new);
        }));
        assert_eq!(read.scopes.len(), 1);
    }

    #[test]
    fn an_answer_that_is_not_one_stays_unreadable() {
        for broken in [
            json!({}),
            answer(|answer| answer["epoch"] = json!("x")),
            answer(|answer| answer["scopes"][0]["cursor"] = json!("x")),
            answer(|answer| answer["scopes"][0]["records"][0]["receipt"] = json!(7)),
        ] {
            assert!(read(broken.to_string().as_bytes()).is_err(), "{broken}");
        }
    }
}
