//! Two who work on one record without knowing of each other.

use gatebook_domain::notice::Notice;
use gatebook_sync::Canonical;
use gatebook_sync::wire::AuditOutcome;
use uuid::Uuid;

use crate::support::{TestDevice, TestServer, gate_event};

fn notices(pulled: Vec<Canonical>) -> Vec<(Canonical, Notice)> {
    let is_notice = |canonical: &Canonical| canonical.content.kind == "notice";
    let read = |canonical: Canonical| {
        let notice = serde_json::from_str(canonical.content.body.get()).unwrap();
        (canonical, notice)
    };
    pulled.into_iter().filter(is_notice).map(read).collect()
}

async fn told(device: &TestDevice) -> Vec<Notice> {
    notices(device.pull().await).into_iter().map(|(_, notice)| notice).collect()
}

/// A gate event that both knew, and then both changed; María on A first, Héctor on B last.
async fn a_conflict(yard: &TestServer, a: &TestDevice, b: &TestDevice) -> (Uuid, [Canonical; 3]) {
    let first = a.push(gate_event("first")).await.accepted(1);
    let marias = a.push(gate_event("María's").of_record(first.id).on(&first.receipt)).await.accepted(2);
    let hectors = gate_event("Héctor's").of_record(first.id).on(&first.receipt).by(yard.operator("Héctor Salinas"));
    let hectors = b.push(hectors).await.won(3);
    (first.id, [first, marias, hectors])
}

#[tokio::test]
async fn the_last_received_wins_and_the_other_goes_to_the_audit_table() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let (id, [first, marias, hectors]) = a_conflict(&yard, &a, &b).await;

    let audit = yard.audit(id).await;
    let told: Vec<_> = audit.iter().map(|entry| (entry.write_id, entry.outcome.clone(), entry.version)).collect();
    assert_eq!(
        told,
        [
            (first.write_id, AuditOutcome::Superseded, Some(1)),
            (marias.write_id, AuditOutcome::SetAside { to: hectors.write_id }, Some(2)),
            (hectors.write_id, AuditOutcome::Canonical, Some(3)),
        ]
    );
    assert_eq!((audit[1].operator_name.as_str(), audit[1].device_name.as_str()), ("María Torres", "A"));
    assert_eq!((audit[2].operator_name.as_str(), audit[2].device_name.as_str()), ("Héctor Salinas", "B"));
    assert!(a.sees(id).await.unwrap().content.body.get().contains("Héctor's"));
}

#[tokio::test]
async fn both_operators_have_a_notice_that_says_what_happened() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let (id, [_, marias, hectors]) = a_conflict(&yard, &a, &b).await;

    let told = told(&a).await;
    let mut addressees: Vec<_> = told.iter().map(|notice| notice.addressee_id).collect();
    addressees.sort_unstable();
    let mut both = [yard.operator("María Torres"), yard.operator("Héctor Salinas")];
    both.sort_unstable();
    assert_eq!(addressees, both);
    for notice in told {
        assert_eq!((notice.record_id, notice.count), (id, 1));
        assert_eq!(notice.record_title, "Gate in · CSQU 305438 3");
        let (kept, aside) = (&notice.kept, &notice.set_aside);
        assert_eq!((kept.write_id, kept.operator_name.as_str(), kept.device_name.as_str()), {
            (hectors.write_id, "Héctor Salinas", "B")
        });
        assert_eq!((aside.write_id, aside.operator_name.as_str(), aside.device_name.as_str()), {
            (marias.write_id, "María Torres", "A")
        });
        assert_eq!((kept.received_at, aside.received_at), (hectors.receipt.received_at, marias.receipt.received_at));
        let differences: Vec<_> = notice.differences.iter().map(|difference| difference.path.as_str()).collect();
        assert_eq!(differences, ["/remarks"]);
    }
}

#[tokio::test]
async fn a_notice_lies_in_the_yard_of_its_record() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let elsewhere = yard.device_of("Elsewhere", &[yard.nuevo_laredo()]).await;
    a_conflict(&yard, &a, &b).await;
    assert_eq!(told(&elsewhere).await.len(), 0);
    assert_eq!(told(&b).await.len(), 2);
}

#[tokio::test]
async fn while_it_goes_on_one_notice_is_brought_up_to_date() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let (id, [first, ..]) = a_conflict(&yard, &a, &b).await;
    let before = notices(a.pull().await);
    a.push(gate_event("María's again").of_record(id).on(&first.receipt)).await.won(4);

    let after = notices(a.pull().await);
    assert_eq!(after.len(), 2);
    for (canonical, notice) in after {
        let (earlier, _) = before.iter().find(|(earlier, _)| earlier.id == canonical.id).unwrap();
        assert_eq!((notice.count, canonical.receipt.version), (2, earlier.receipt.version + 1));
        assert_eq!(notice.kept.operator_name, "María Torres");
    }
}

#[tokio::test]
async fn several_conflicts_of_a_page_are_one_notice_that_counts_them() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let id = a.new_id();
    a.push_all(["one", "two", "three"].map(|remarks| gate_event(remarks).of_record(id))).await;
    let told = told(&a).await;
    assert_eq!(told.len(), 1, "María is on both sides");
    assert_eq!(told[0].count, 2);
}

#[tokio::test]
async fn a_conflict_with_the_office_is_told_to_the_operator_alone() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first").by(yard.operator("Héctor Salinas"))).await.accepted(1);
    let second = a.push(gate_event("second").of_record(first.id).on(&first.receipt)).await.accepted(2);
    yard.restores(first.id, first.write_id).await;
    a.push(gate_event("third").of_record(first.id).on(&second.receipt)).await.won(4);
    let told = told(&a).await;
    let addressees: Vec<_> = told.iter().map(|notice| notice.addressee_id).collect();
    assert_eq!(addressees, [a.operator]);
    assert_eq!((told[0].set_aside.operator_id, told[0].set_aside.office.as_deref()), (None, Some("")));
}

#[tokio::test]
async fn long_lists_of_differences_are_cut_and_counted() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let with_fields = |value: u32| {
        let fields: Vec<String> = (0..50).map(|at| format!("\"field_{at:02}\":{value},")).collect();
        let mut draft = gate_event("same");
        draft.body = draft.body.replacen('{', &format!("{{{}", fields.concat()), 1);
        draft
    };
    let first = a.push(with_fields(1)).await.accepted(1);
    a.push(with_fields(2).of_record(first.id)).await.won(2);
    let told = told(&a).await;
    assert_eq!((told[0].differences.len(), told[0].more_differences), (40, 10));
}
