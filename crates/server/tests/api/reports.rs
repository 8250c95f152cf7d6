//! What somebody submitted and signed, against what nobody has.

use gatebook_sync::{Kept, Verdict};
use serde_json::json;

use crate::support::{Draft, TestServer, inspection};

/// The same inspection as somebody submitted it.
pub(crate) fn report(remarks: &str) -> Draft {
    let draft = inspection(remarks);
    let mut body: serde_json::Value = serde_json::from_str(&draft.body).unwrap();
    for item in body["items"].as_array_mut().unwrap() {
        item["result"] = "pass".into();
    }
    let (role, signed_at) = ("author_driver", "2026-03-04T14:57:00Z");
    body["signatures"] =
        json!([{ "role": role, "name": "Sam Driver", "signed_at": signed_at, "strokes": [[1, 2, 3, 4]] }]);
    body["submitted"] = json!({ "at": "2026-03-04T14:58:00Z" });
    Draft { body: body.to_string(), ..draft }
}

#[tokio::test]
async fn an_assignment_opened_without_a_signal_displaces_no_report() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let begun = a.push(inspection("begun")).await.accepted(1);
    let signed = b.push(report("signed").of_record(begun.id).on(&begun.receipt)).await.accepted(2);

    let draft = inspection("opened without a signal").of_record(begun.id).by(yard.operator("Héctor Salinas"));
    for draft in [draft.clone(), draft.on(&begun.receipt)] {
        let answer = a.push(draft).await;
        assert_eq!(answer.verdict(), &Verdict::Conflict { kept: Kept::Existing });
        assert_eq!(answer.held().write_id, signed.write_id);
    }
    let told = a.pull().await.into_iter().filter(|state| state.content.kind == "notice").count();
    assert_eq!(told, 2, "both are told");
}

#[tokio::test]
async fn of_two_reports_the_last_received_is_kept_as_ever() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let begun = a.push(inspection("begun")).await.accepted(1);
    b.push(report("signed").of_record(begun.id).on(&begun.receipt)).await.accepted(2);
    a.push(report("signed as well").of_record(begun.id).on(&begun.receipt)).await.won(3);
}

#[tokio::test]
async fn who_has_seen_a_report_may_take_it_back() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let signed = a.push(report("signed")).await.accepted(1);
    a.push(inspection("corrected by an older app").of_record(signed.id).on(&signed.receipt)).await.accepted(2);
}
