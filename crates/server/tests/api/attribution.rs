//! Whose a version is: filed with it when it is judged, and told ever after as it was then.

use gatebook_domain::notice::Notice;
use gatebook_sync::Authorship;
use gatebook_sync::wire::AuditEntry;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::support::{TestDevice, TestServer, client, gate_event, restore_backup};

/// Operator, device and how well it is known, of each entry.
fn named(audit: &[AuditEntry]) -> Vec<(&str, &str, Option<Authorship>)> {
    audit.iter().map(|it| (it.operator_name.as_str(), it.device_name.as_str(), it.authorship)).collect()
}

/// From now on María is called otherwise, and so is device A.
async fn everybody_is_renamed(yard: &TestServer, a: &TestDevice) {
    let maria = yard.operator("María Torres");
    let mut content = a.sees(maria).await.unwrap().content;
    let body = content.body.get().replace("María Torres", "María Torres de Garza");
    content.body = RawValue::from_string(body).unwrap();
    yard.server.put_record(None, maria, content).unwrap();
    yard.place.execute("UPDATE devices SET name = 'A, repaired' WHERE name = 'A'");
}

#[tokio::test]
async fn an_entry_says_what_people_and_devices_were_called_when_it_was_judged() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await.accepted(1);
    let refused = gate_event(&"x".repeat(5_000)).of_record(first.id).on(&first.receipt);
    a.push(refused).await.rejected(gatebook_sync::RejectionCode::Invalid);
    everybody_is_renamed(&yard, &a).await;
    a.push(gate_event("second").of_record(first.id).on(&first.receipt)).await.accepted(2);

    let before = ("María Torres", "A", Some(Authorship::Claimed));
    let after = ("María Torres de Garza", "A, repaired", Some(Authorship::Claimed));
    assert_eq!(named(&yard.audit(first.id).await), [before, before, after]);
    assert_eq!(named(&yard.server.audit(first.id).unwrap()), [before, before, after]);
}

#[tokio::test]
async fn a_notice_says_what_each_side_was_called_when_it_was_judged() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let first = a.push(gate_event("María's")).await.accepted(1);
    everybody_is_renamed(&yard, &a).await;
    let hectors = gate_event("Héctor's").of_record(first.id).by(yard.operator("Héctor Salinas"));
    b.push(hectors).await.won(2);

    let notices = b.pull().await.into_iter().filter(|it| it.content.kind == "notice");
    let notices: Vec<Notice> = notices.map(|it| serde_json::from_str(it.content.body.get()).unwrap()).collect();
    assert_eq!(notices.len(), 2);
    for notice in notices {
        let side = |side: &gatebook_domain::notice::NoticeSide| (side.operator_name.clone(), side.device_name.clone());
        assert_eq!(side(&notice.set_aside), ("María Torres".to_owned(), "A".to_owned()));
        assert_eq!(side(&notice.kept), ("Héctor Salinas".to_owned(), "B".to_owned()));
    }
}

#[tokio::test]
async fn what_was_filed_before_names_were_is_told_by_what_they_are_called_today() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await.accepted(1);
    yard.place.execute("UPDATE versions SET operator_name = NULL, device_name = NULL, authorship = NULL");
    everybody_is_renamed(&yard, &a).await;
    assert_eq!(named(&yard.audit(first.id).await), [("María Torres de Garza", "A, repaired", None)]);
    // As it travels: an admin's program of before finds nothing new in it.
    let path = format!("/v1/records/{}/audit", first.id);
    let told: Value = yard.admin(Method::GET, &path, None).await.json().await.unwrap();
    assert_eq!(told[0].get("authorship"), None);
}

#[tokio::test]
async fn the_office_is_named_by_its_token_or_as_the_office() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let lost = a.push(gate_event("lost")).await.accepted(1);
    a.push(gate_event("won").of_record(lost.id)).await.won(2);
    everybody_is_renamed(&yard, &a).await;
    let danas = yard.server.admin_token(None, " Dana Okafor ").unwrap();
    let body = json!({"write_id": lost.write_id, "reason": "the first was right"});
    let url = format!("{}/v1/records/{}/restore", yard.base, lost.id);
    let restored = client().post(url).bearer_auth(danas).json(&body).send().await.unwrap();
    assert!(restored.status().is_success());
    yard.sets(lost.id, "close").await;

    let audit = yard.audit(lost.id).await;
    let office = Some(Authorship::Office);
    assert_eq!(
        named(&audit)[2..],
        [("María Torres", "Dana Okafor", office), ("", "office", office)],
        "what is brought back is still whose it was, under the name of then"
    );
    let told: Value = serde_json::to_value(&audit).unwrap();
    assert_eq!([&told[0]["authorship"], &told[2]["authorship"]], ["claimed", "office"]);
}

#[tokio::test]
async fn a_name_for_a_token_is_one_short_line() {
    let yard = TestServer::start().await;
    for name in ["Dana\nOkafor", "Dana\0", &"x".repeat(101)] {
        assert!(yard.server.admin_token(None, name).is_err(), "{name:?}");
    }
    assert!(yard.server.admin_token(None, &"ñ".repeat(100)).is_ok());
}

#[tokio::test]
async fn what_a_device_gives_back_after_a_restore_names_the_device_that_wrote_it() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let first = a.push(gate_event("first")).await.accepted(1);
    let backup = yard.place.join("backup");
    yard.backup(&backup);
    a.push(gate_event("second").of_record(first.id).on(&first.receipt)).await.accepted(2);
    let closed = yard.sets(first.id, "close").await.write_id;
    let (lost, held) = (b.sees(first.id).await.unwrap(), a.push(gate_event("new")).await.accepted(1));
    assert_eq!(lost.write_id, closed);
    let held = b.sees(held.id).await.unwrap();
    let now: Timestamp = "2026-03-04T16:00:00Z".parse().unwrap();
    let yard = yard.restarted(|place| restore_backup(place, &backup, now)).await;
    b.finds(&yard.base);
    let answer = b.reoffer(vec![lost.clone(), held.clone()]).await;
    assert!(answer.verdicts.iter().all(|judged| judged.verdict == gatebook_sync::Verdict::Accepted));
    assert_eq!(named(&yard.audit(held.id).await), [("María Torres", "A", Some(Authorship::Claimed))]);
    let audit = yard.audit(lost.id).await;
    assert_eq!(named(&audit).last(), Some(&("", "", None)), "nobody can say any more who at the office closed it");
}
