//! What a newer version of the app or the server wrote survives an older app's edit.

use gatebook_client::Transport as _;
use gatebook_client::view::ErrorCode;
use gatebook_domain::Body;
use gatebook_domain::gate_event::{Direction, GateEvent};
use gatebook_sync::wire::{Push, Repair, SyncRequest, SyncResponse, Take};
use gatebook_sync::{Canonical, Content, PROTOCOL};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Editing, TestDevice, TestYard};

/// A gate event with fields of a newer schema, at the top and further down, is written on another device.
async fn newer_event(yard: &TestYard, device: &TestDevice) -> Uuid {
    let body = json!({
        "direction": "in",
        "equipment": [{"class": "iso_container", "number": "CSQU3054383", "reefer_set_point_c": -18}],
        "remarks": "from a newer app",
        "weather": {"sky": "clear", "celsius": 31},
    });
    let template = device.records("made here, for its envelope");
    let content = Content { schema: 7, body: raw(&body), ..device.held(template).content };
    let id = Uuid::now_v7();
    let push = vec![Push { id, write_id: Uuid::now_v7(), base: None, follows: Vec::new(), withdraws: false, content }];
    let request = SyncRequest {
        server: None,
        protocol: PROTOCOL,
        app: "7.0.0".to_owned(),
        epoch: None,
        cursors: std::collections::BTreeMap::new(),
        push,
        reoffer: Vec::new(),
        mark: None,
        repair: Repair::default(),
        take: Take { records: 1, bytes: 1 },
    };
    device.way().sync(&request).await.unwrap();
    assert_eq!(yard.audit(id).len(), 1);
    id
}

fn raw(value: &Value) -> Box<serde_json::value::RawValue> {
    serde_json::value::to_raw_value(value).unwrap()
}

#[tokio::test]
async fn fields_this_app_does_not_know_and_the_schema_number_survive_its_edit() {
    let yard = TestYard::open().await;
    let old = yard.device("phone", "María Torres").await;
    let id = newer_event(&yard, &old).await;
    old.syncs().await;
    old.remarks(id, "edited by an older app");
    old.syncs().await;

    let audit = yard.audit(id);
    assert_eq!(audit.len(), 2);
    let edited = audit.iter().find(|entry| entry.content.body.get().contains("older app")).unwrap();
    let body: Value = serde_json::from_str(edited.content.body.get()).unwrap();
    assert_eq!(edited.content.schema, 7);
    assert_eq!(body["weather"], json!({"sky": "clear", "celsius": 31}));
    assert_eq!(body["equipment"][0]["reefer_set_point_c"], -18);
}

#[tokio::test]
async fn a_kind_this_app_does_not_know_is_kept_byte_for_byte_and_neither_shown_nor_sent_back() {
    let yard = TestYard::open().await;
    let old = yard.device("phone", "María Torres").await;
    let other = old.records("made here");
    let id = Uuid::now_v7();
    let text = r#"{"sheets" : [1,2 , 3]}"#;
    // The real server behind the edited answers does not count that record.
    let uncounted = |answer: &mut SyncResponse| answer.scopes.iter_mut().for_each(|page| page.tally = None);
    let newer = Editing(old.way(), move |answer: &mut SyncResponse| {
        uncounted(answer);
        let like = answer.scopes[0].records.first().cloned();
        let Some(like) = like else { return };
        let body = serde_json::value::RawValue::from_string(text.to_owned()).unwrap();
        let content = Content { kind: "photo_sheet".to_owned(), schema: 9, body, ..like.content.clone() };
        answer.scopes[0].records.push(Canonical { id, content, ..like });
    });
    // The organisation's records come again, and that one with them.
    old.database().execute("DELETE FROM cursors", []).unwrap();
    old.syncs_over(&newer).await.unwrap();

    old.remarks(other, "and edited here");
    old.syncs_over(&Editing(old.way(), uncounted)).await.unwrap();
    let old = old.killed_and_reopened();
    let held = old.held(id);
    assert_eq!((held.content.body.get(), held.content.schema, held.pending), (text, 9, false));
    assert_eq!(old.device.record(id).unwrap_err().code, ErrorCode::Invalid);
    let blank = Body::GateEvent(GateEvent::new(Direction::In));
    assert_eq!(old.device.save(id, blank, old.held(id).write_id).unwrap_err().code, ErrorCode::Final);
    let listed = old.device.work_list().unwrap();
    let all = listed.assigned.iter().chain(&listed.in_progress).chain(&listed.recent);
    assert!(all.into_iter().all(|item| item.record_id != id));
    assert_eq!(old.pending(), 0);
}
