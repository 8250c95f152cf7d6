//! Records that are not taken: each for itself, with a code, a place and a sentence for the operator.

use gatebook_domain::RecordState;
use gatebook_server::Bounds;
use gatebook_sync::wire::{AuditOutcome, Limits, Push, SyncRequest, SyncResponse};
use gatebook_sync::{RejectionCode, Verdict};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Draft, TestServer, gate_event, inspection, refused};

#[tokio::test]
async fn one_bad_record_never_blocks_the_others() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let bad = [
        Draft::raw("gate_event", r#"{"direction":"up","equipment":[]}"#),
        Draft::raw("gate_event", r#"{"direction":"in","equipment":[],"remarks":"\ud800"}"#),
        Draft::raw("gate_event", "[]"),
        Draft::raw("parking_ticket", "{}"),
        gate_event("elsewhere").at(Uuid::from_u128(1)),
    ];
    let mixed = bad.into_iter().flat_map(|bad| [gate_event("good"), bad]);
    let answer = a.push_all(mixed).await;
    for (at, verdict) in answer.verdicts().into_iter().enumerate() {
        assert_eq!(refused(verdict).is_some(), at % 2 == 1, "{at}: {verdict:?}");
    }
    for (push, judged) in answer.push.iter().zip(&answer.response.verdicts) {
        let audit = yard.audit(push.id).await;
        assert_eq!(audit.len(), 1, "the payload is kept for the admin");
        assert_eq!(audit[0].content.body.get(), push.content.body.get());
        match (&judged.verdict, &audit[0].outcome) {
            (Verdict::Rejected(told), AuditOutcome::Rejected(kept)) => assert_eq!(told, kept),
            (Verdict::Accepted, AuditOutcome::Canonical) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(judged.canonical.is_some(), judged.verdict == Verdict::Accepted);
    }
}

#[tokio::test]
async fn what_cannot_be_read_beside_a_body_is_rejected_alone_told_with_its_place_and_kept() {
    type Spoil = fn(&mut Value);
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let spoiled: [(&str, Spoil); 3] = [
        ("state", |push| push["content"]["state"] = json!("archived")),
        ("zone", |push| drop(push["content"].as_object_mut().unwrap().remove("zone"))),
        ("base/version", |push| push["base"] = json!({"epoch": 1, "version": "two"})),
    ];
    for (place, spoil) in spoiled {
        let drafts = ["before", "spoiled", "after"].map(|remarks| gate_event(remarks).written_on(&a));
        let mut request = serde_json::to_value(SyncRequest { push: drafts.to_vec(), ..a.request() }).unwrap();
        spoil(&mut request["push"][1]);
        let sent = request["push"][1].to_string();
        let [first, repeated] = [
            a.post(request.to_string().into_bytes()).await.json::<SyncResponse>().await.unwrap(),
            a.post(request.to_string().into_bytes()).await.json::<SyncResponse>().await.unwrap(),
        ];
        for answer in [&first, &repeated] {
            let verdict =
                |push: &Push| &answer.verdicts.iter().find(|judged| judged.write_id == push.write_id).unwrap().verdict;
            assert_eq!([verdict(&drafts[0]), verdict(&drafts[2])], [&Verdict::Accepted, &Verdict::Accepted]);
            let Verdict::Rejected(rejection) = verdict(&drafts[1]) else { panic!("{:?}", verdict(&drafts[1])) };
            assert_eq!((rejection.code, rejection.path.as_deref()), (RejectionCode::Invalid, Some(place)));
        }
        let audit = yard.audit(drafts[1].id).await;
        assert_eq!(audit.len(), 1, "a repeat is filed once");
        assert_eq!(audit[0].content.body.get(), sent, "the payload is kept for the admin");
        // Read by a server that knows how, it is a write like any other.
        a.send(vec![drafts[1].clone()]).await.accepted(1);
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_told_with_its_place() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    for (body, place) in [
        (r#"{"direction":"up","equipment":[]}"#, "/direction"),
        (r#"{"direction":"in","equipment":[{"class":"trailer","number":5}]}"#, "/equipment/0/number"),
        (r#"{"direction":"in","equipment":[],"remarks":"\ud800"}"#, "/remarks"),
        (r#"{"direction":"in","equipment":[],"remarks":"a\u0000b"}"#, "/remarks"),
        (r#"{"direction":"in","equipment":[],"new":{"list":[0,"\u0000"]}}"#, "/new/list/1"),
        (r#"{"direction":"in"}"#, ""),
    ] {
        let answer = a.push(Draft::raw("gate_event", body)).await;
        assert_eq!(answer.rejected(RejectionCode::Invalid).0, Some(place), "{body}");
    }
}

#[tokio::test]
async fn no_identifier_is_refused_for_what_is_not_seen_of_it_nor_written_anew() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let pasted = "{\"direction\":\"in\",\"load\":\"loaded\",\"equipment\":[\
        {\"class\":\"iso_container\",\"number\":\"CSQU\u{200b}3054383\"},\
        {\"class\":\"iso_container\",\"number\":\"\u{202a}CSQU3054383\u{202c}\"},\
        {\"class\":\"chassis\",\"number\":\"PX–20931\",\"plate\":{\"number\":\"P–1\",\"region\":\"T\u{200b}X\"}},\
        {\"class\":\"trailer\",\"number\":\"PX\u{2011}20931\"}],\
        \"seals\":[{\"number\":\"UL\u{2011}8812345\"}],\"driver\":{\"name\":\"Luis Vega\"},\
        \"carrier\":{\"name\":\"\",\"scac\":\"SC\u{ad}NN\",\"usdot\":\"\u{2066}2217641\u{2069}\"},\
        \"submitted\":{\"at\":\"2026-03-04T17:30:00Z\"}}";
    let answer = a.push(Draft::raw("gate_event", pasted)).await;
    assert_eq!(answer.verdicts(), [&Verdict::Accepted]);
    assert_eq!(yard.audit(answer.push[0].id).await[0].content.body.get(), pasted);
}

#[tokio::test]
async fn a_body_that_breaks_rules_is_told_the_first_and_how_many_more() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let too_many = format!(
        r#"{{"direction":"in","equipment":[],"seals":[{}],"remarks":"{}"}}"#,
        [r#"{"number":"UL-1","affixed_by":"shipper","condition":"intact"}"#; 6].join(","),
        "long ".repeat(1_000)
    );
    let answer = a.push(Draft::raw("gate_event", too_many)).await;
    let (path, message) = answer.rejected(RejectionCode::Invalid);
    assert!(path.is_some_and(|path| path.starts_with('/')), "{path:?}");
    assert!(message.ends_with("(and 1 more)"), "{message}");
}

#[tokio::test]
async fn a_list_of_thousands_is_rejected_alone_and_in_words() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let with_units = |count: usize| {
        let units = vec![r#"{"class":"trailer","number":"T-1"}"#; count].join(",");
        Draft::raw("gate_event", format!(r#"{{"direction":"in","equipment":[{units}]}}"#))
    };
    let answer = a.push_all([with_units(2), with_units(10_000), with_units(5_000), gate_event("behind them")]).await;
    let told = answer.verdicts().into_iter().map(|verdict| refused(verdict).map(|(code, path, _)| (code, path)));
    let too_many = (RejectionCode::Invalid, Some("/equipment"));
    assert_eq!(told.collect::<Vec<_>>(), [None, Some((RejectionCode::TooLarge, None)), Some(too_many), None]);
}

#[tokio::test]
async fn an_inspection_is_held_to_the_list_it_followed() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let template = &yard.seeded.templates[0];
    let submitted = |draft: Draft, items: &str| {
        let body = draft.body.replace(&Uuid::nil().to_string(), &template.id.to_string());
        let items_at = body.find("\"items\":[").unwrap();
        let rest = &body[items_at..];
        let end = items_at + rest.find(']').unwrap() + 1;
        let mut body = format!("{}\"items\":{items}{}", &body[..items_at], &body[end..]);
        body.truncate(body.len() - 1);
        Draft { body: format!(r#"{body},"submitted":{{"at":"2026-03-04T15:00:00Z"}}}}"#), ..draft }
    };
    let answer = a.push(submitted(inspection("done"), r#"[{"key":"horn","result":"pass"}]"#)).await;
    let (path, message) = answer.rejected(RejectionCode::Invalid);
    assert_eq!(path, Some("/items"));
    assert!(message.contains("Service brakes"), "{message}");
}

#[tokio::test]
async fn only_what_the_field_writes_is_taken_from_the_field() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let carrier = Draft::raw("carrier", r#"{"name":"Mine"}"#).at(None);
    a.push(carrier).await.rejected(RejectionCode::NotPermitted);
    let known = Draft::raw("carrier", r#"{"name":"Mine"}"#).at(None).of_record(yard.seeded.carriers[0].id);
    let answer = a.push(known).await;
    answer.rejected(RejectionCode::NotPermitted);
    assert!(answer.held().content.body.get().contains("Puente Drayage"));
    let notice = Draft::raw("notice", "{}");
    a.push(notice).await.rejected(RejectionCode::Invalid);
}

#[tokio::test]
async fn a_kind_the_server_does_not_know_is_said_to_be_unknown() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    a.push(Draft::raw("parking_ticket", "{}")).await.rejected(RejectionCode::UnknownKind);
    a.push(Draft::raw("", "{}")).await.rejected(RejectionCode::UnknownKind);
}

#[tokio::test]
async fn a_device_writes_only_for_its_yards() {
    let yard = TestServer::start().await;
    let (a, there) = (yard.device("A").await, yard.device_of("There", &[yard.nuevo_laredo()]).await);
    there.push(gate_event("for Laredo").at(yard.laredo())).await.rejected(RejectionCode::UnknownScope);

    // Guessing the id of a record of another yard neither changes nor shows it.
    let held = a.push(gate_event("in Laredo")).await.accepted(1);
    let guess = there.push(gate_event("mine now").of_record(held.id)).await;
    guess.rejected(RejectionCode::UnknownScope);
    assert!(guess.response.verdicts[0].canonical.is_none());
    assert!(a.sees(held.id).await.unwrap().content.body.get().contains("in Laredo"));

    a.push(gate_event("nowhere").at(None)).await.rejected(RejectionCode::Invalid);
}

#[tokio::test]
async fn an_operator_writes_only_where_they_work() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let james = yard.operator("James Whitfield");
    a.push(gate_event("at home").by(james)).await.accepted(1);
    a.push(gate_event("abroad").by(james).at(yard.nuevo_laredo())).await.rejected(RejectionCode::NotPermitted);
    a.push(gate_event("whose?").by(Uuid::from_u128(1))).await.rejected(RejectionCode::NotPermitted);
    a.push(gate_event("not a person").by(yard.laredo())).await.rejected(RejectionCode::NotPermitted);
}

#[tokio::test]
async fn nobody_writes_a_record() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    for nobodys in [gate_event("whose?"), inspection("whose?")] {
        let answer = a.push(nobodys.by(None)).await;
        let (path, message) = answer.rejected(RejectionCode::NotPermitted);
        assert_eq!(path, None);
        assert!(message.contains("who entered it"), "{message}");
        // What was sent is kept for the office, and goes through under a name.
        let push = &answer.push[0];
        assert!(matches!(yard.audit(push.id).await[0].outcome, AuditOutcome::Rejected(_)));
        let mut named = push.clone();
        (named.write_id, named.content.operator_id) = (a.new_id(), Some(a.operator));
        a.send(vec![named]).await.accepted(1);
    }
    // One by nobody spoils no other, nor does it take away a name that is there.
    let first = a.push(gate_event("María's")).await.accepted(1);
    let page = [gate_event("nobody's").by(None).of_record(first.id).on(&first.receipt), gate_event("beside it")];
    let answer = a.push_all(page).await;
    let told: Vec<_> = answer.verdicts().into_iter().map(|verdict| refused(verdict).map(|(code, ..)| code)).collect();
    assert_eq!(told, [Some(RejectionCode::NotPermitted), None]);
    assert_eq!(a.sees(first.id).await.unwrap().receipt, first.receipt);
}

#[tokio::test]
async fn a_write_by_nobody_that_was_taken_before_stays_taken_when_it_is_repeated() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let sent = a.push(gate_event("as an earlier server took it")).await;
    sent.accepted(1);
    // As it lies in the database of a server that took records by nobody.
    yard.place.execute("UPDATE versions SET operator_id = NULL WHERE kind = 'gate_event'");
    let mut again = sent.push.clone();
    again[0].content.operator_id = None;
    a.send(again).await.accepted(1);
}

#[tokio::test]
async fn whom_a_device_names_closes_and_reopens_nothing() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await.accepted(1);
    for whoever in ["María Torres", "Roy Castillo", "Dana Okafor"].map(|name| yard.operator(name)) {
        let close = gate_event("first").of_record(first.id).on(&first.receipt).in_state(RecordState::Closed);
        let answer = a.push(close.by(whoever)).await;
        let (_, message) = answer.rejected(RejectionCode::NotPermitted);
        assert!(message.contains("Only the office closes"), "{message}");
        let born_closed = gate_event("new").in_state(RecordState::Closed);
        a.push(born_closed.by(whoever)).await.rejected(RejectionCode::NotPermitted);
    }

    for act in ["close", "void"] {
        yard.sets(first.id, act).await;
        let held = a.sees(first.id).await.unwrap();
        for whoever in ["María Torres", "Roy Castillo", "Dana Okafor"].map(|name| yard.operator(name)) {
            let reopened = gate_event("reopened").of_record(first.id).on(&held.receipt).by(whoever);
            let answer = a.push(reopened).await;
            answer.rejected(RejectionCode::Final);
            assert_eq!(answer.held().receipt, held.receipt);
        }
        yard.sets(first.id, "reopen").await;
    }
    let open = a.sees(first.id).await.unwrap();
    a.push(gate_event("open again").of_record(first.id).on(&open.receipt)).await.accepted(6);
}

#[tokio::test]
async fn a_void_does_not_come_back_by_accident() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let first = a.push(gate_event("first")).await.accepted(1);
    let void = gate_event("first").of_record(first.id).on(&first.receipt).in_state(RecordState::Voided);
    let voided = a.push(void).await.accepted(2);

    let unaware = b.push(gate_event("unaware").of_record(first.id).on(&first.receipt)).await;
    assert_eq!(unaware.held().receipt, voided.receipt, "the void stays");
    let audit = yard.audit(first.id).await;
    assert_eq!(audit[2].outcome, AuditOutcome::SetAside { to: voided.write_id });
    b.push(gate_event("aware").of_record(first.id).on(&voided.receipt)).await.rejected(RejectionCode::Final);
}

#[tokio::test]
async fn a_forged_base_is_not_believed() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let first = a.push(gate_event("first")).await.accepted(1);
    let second = b.push(gate_event("second").of_record(first.id).on(&first.receipt)).await.accepted(2);
    // A base that claims to be newer than all there is would silence the conflict.
    let mut forged = first.receipt.clone();
    forged.version = 9;
    forged.received_at = "2027-01-01T00:00:00Z".parse().unwrap();
    a.push(gate_event("mine").of_record(first.id).on(&forged)).await.rejected(RejectionCode::ForgedReceipt);
    forged.version = u64::MAX;
    a.push(gate_event("mine").of_record(first.id).on(&forged)).await.rejected(RejectionCode::ForgedReceipt);
    // A genuine receipt of another record is none of this one.
    let other = a.push(gate_event("other")).await.accepted(1);
    a.push(gate_event("mine").of_record(first.id).on(&other.receipt)).await.rejected(RejectionCode::ForgedReceipt);
    assert_eq!(a.sees(first.id).await.unwrap().receipt, second.receipt);
}

#[tokio::test]
async fn a_body_over_the_limit_or_too_deep_is_rejected_alone() {
    let limits = Limits { record_bytes: 2_000, ..Limits::default() };
    let yard = TestServer::bounded(Bounds { limits, ..Bounds::default() }).await;
    let a = yard.device("A").await;
    let padded = |length: usize| {
        let mut draft = gate_event("padded");
        let padding = " ".repeat(length - draft.body.len());
        draft.body.insert_str(1, &padding);
        draft
    };
    a.push(padded(2_000)).await.accepted(1);
    a.push(padded(2_001)).await.rejected(RejectionCode::TooLarge);

    let nested = |depth: usize| {
        let mut draft = gate_event("nested");
        let extra = format!("\"new\":{}{},", "[".repeat(depth - 1), "]".repeat(depth - 1));
        draft.body.insert_str(1, &extra);
        draft
    };
    a.push(nested(64)).await.accepted(1);
    a.push(nested(65)).await.rejected(RejectionCode::Invalid);
    a.push(nested(900)).await.rejected(RejectionCode::Invalid);
}

#[tokio::test]
async fn two_kinds_never_share_a_record() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await.accepted(1);
    let (_, message) = {
        let answer = a.push(inspection("other").of_record(first.id).on(&first.receipt)).await;
        let (path, message) = answer.rejected(RejectionCode::Invalid);
        (path.map(str::to_owned), message.to_owned())
    };
    assert!(message.contains("gate event"), "{message}");
}
