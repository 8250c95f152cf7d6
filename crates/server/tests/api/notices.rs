//! What operators were told of a conflict stays true: whoever makes a new state of the record brings its notices up to date
//! or settles them. What of the office's is overturned, the office is told.

use gatebook_domain::RecordState;
use gatebook_domain::notice::{Notice, NoticeSide};
use gatebook_sync::wire::{AuditOutcome, OfficeConflicts};
use gatebook_sync::{Canonical, Kept, Verdict};
use reqwest::Method;
use uuid::Uuid;

use super::command_line::says;
use crate::support::{TestDevice, TestServer, gate_event, restore_backup};

/// The yard, two devices, a record and its states: first, María's, which was set aside, and Héctor's, which was kept.
struct Conflict {
    yard: TestServer,
    a: TestDevice,
    b: TestDevice,
    id: Uuid,
    first: Canonical,
    marias: Canonical,
    hectors: Canonical,
}

impl Conflict {
    async fn new() -> Self {
        let yard = TestServer::start().await;
        let (a, mut b) = (yard.device("A").await, yard.device("B").await);
        b.operator = yard.operator("Héctor Salinas");
        let first = a.push(gate_event("first")).await.accepted(1);
        let id = first.id;
        let marias = a.push(gate_event("María's").of_record(id).on(&first.receipt)).await.accepted(2);
        let hectors = b.push(gate_event("Héctor's").of_record(id).on(&first.receipt)).await.won(3);
        Self { yard, a, b, id, first, marias, hectors }
    }

    /// The notice to that operator, and whether it is open.
    async fn told(&self, name: &str) -> (Notice, bool) {
        notice_to(&self.a, self.yard.operator(name)).await.expect("a notice")
    }

    /// The same for somebody who is in none of the conflict.
    fn roy(&self) -> Uuid {
        self.yard.operator("Roy Castillo")
    }
}

async fn notice_to(device: &TestDevice, addressee: Uuid) -> Option<(Notice, bool)> {
    let notices = device.sees_all().await.into_iter().filter(|canonical| canonical.content.kind == "notice");
    notices
        .map(|it| (serde_json::from_str(it.content.body.get()).unwrap(), it.content.state == RecordState::Live))
        .find(|(notice, _): &(Notice, bool)| notice.addressee_id == addressee)
}

fn paths(notice: &Notice) -> Vec<(&str, Option<&str>, Option<&str>)> {
    notice.differences.iter().map(|it| (it.path.as_str(), it.kept.as_deref(), it.set_aside.as_deref())).collect()
}

fn who(side: &NoticeSide) -> (Uuid, &str) {
    (side.write_id, side.operator_name.as_str())
}

#[tokio::test]
async fn a_void_against_an_edit_is_told_with_state_and_reason() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await.accepted(1);
    a.push(gate_event("first").voided("entered twice").of_record(first.id).on(&first.receipt)).await.accepted(2);
    let edit = gate_event("edit").of_record(first.id).on(&first.receipt).by(yard.operator("Héctor Salinas"));
    let answer = a.push(edit).await;
    assert_eq!(answer.verdict(), &Verdict::Conflict { kept: Kept::Existing });
    let (notice, _) = notice_to(&a, yard.operator("Héctor Salinas")).await.unwrap();
    assert_eq!((notice.kept.state, notice.kept.state_reason.as_str()), (RecordState::Voided, "entered twice"));
    assert_eq!((notice.set_aside.state, notice.set_aside.state_reason.as_str()), (RecordState::Live, ""));
    assert_eq!(
        paths(&notice),
        [
            ("state", Some("\"voided\""), Some("\"live\"")),
            ("state_reason", Some("\"entered twice\""), None),
            ("/remarks", Some("\"first\""), Some("\"edit\"")),
        ]
    );
}

#[tokio::test]
async fn two_voids_for_different_reasons_are_told_with_both() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await.accepted(1);
    a.push(gate_event("first").voided("entered twice").of_record(first.id).on(&first.receipt)).await.accepted(2);
    a.push(gate_event("first").voided("wrong trailer").of_record(first.id).on(&first.receipt)).await.won(3);
    let (notice, _) = notice_to(&a, yard.operator("María Torres")).await.unwrap();
    let reasons = ("state_reason", Some("\"wrong trailer\""), Some("\"entered twice\""));
    assert_eq!(paths(&notice), [reasons]);
}

#[tokio::test]
async fn a_third_writer_is_what_is_in_force_for_both() {
    let it = Conflict::new().await;
    let next = gate_event("Roy's").of_record(it.id).on(&it.hectors.receipt).by(it.roy());
    let roys = it.a.push(next).await.accepted(4);
    for name in ["María Torres", "Héctor Salinas"] {
        let (notice, is_open) = it.told(name).await;
        assert!(is_open && notice.settled.is_none());
        assert_eq!(who(&notice.kept), (it.hectors.write_id, "Héctor Salinas"), "what was kept then");
        let now = notice.in_force.as_ref().expect("something else is in force");
        assert_eq!((who(now), now.received_at), ((roys.write_id, "Roy Castillo"), roys.receipt.received_at));
        assert_eq!(paths(&notice), [("/remarks", Some("\"Roy's\""), Some("\"María's\""))]);
        assert_eq!(notice.count, 1, "that is no further conflict");
    }
}

#[tokio::test]
async fn to_be_brought_up_to_date_is_no_news() {
    let it = Conflict::new().await;
    let before = it.told("María Torres").await.0.told_at.expect("a time");
    let next = gate_event("Roy's").of_record(it.id).on(&it.hectors.receipt).by(it.roy());
    it.a.push(next).await.accepted(4);
    assert_eq!(it.told("María Torres").await.0.told_at, Some(before));
    it.a.push(gate_event("María's again").of_record(it.id).on(&it.first.receipt)).await.won(5);
    let (again, _) = it.told("María Torres").await;
    assert!(again.told_at.is_some_and(|at| at > before));
    assert_eq!((again.count, &again.in_force), (2, &None), "a further conflict is told anew");
}

#[tokio::test]
async fn who_goes_on_with_what_was_made_of_it_has_settled_it_for_themselves() {
    let it = Conflict::new().await;
    let next = it.a.push(gate_event("María goes on").of_record(it.id).on(&it.hectors.receipt)).await.accepted(4);
    let (hers, is_open) = it.told("María Torres").await;
    let settled = hers.settled.expect("settled");
    assert_eq!((is_open, who(&settled.by), settled.brings_back), (false, (next.write_id, "María Torres"), false));
    let (his, is_open) = it.told("Héctor Salinas").await;
    assert!(is_open, "he has not seen what she made of his");
    assert_eq!(his.in_force.map(|now| now.write_id), Some(next.write_id));
}

#[tokio::test]
async fn who_only_goes_on_typing_has_not_seen_the_notice_yet() {
    let it = Conflict::new().await;
    let next = it.b.push(gate_event("Héctor types on").of_record(it.id).on(&it.hectors.receipt)).await.accepted(4);
    let (his, is_open) = it.told("Héctor Salinas").await;
    assert!(is_open && his.settled.is_none());
    assert_eq!(his.in_force.map(|now| now.write_id), Some(next.write_id));
}

#[tokio::test]
async fn the_office_settles_a_conflict_by_bringing_back_either_side() {
    for (restores_set_aside, name) in [(true, "María Torres"), (false, "Héctor Salinas")] {
        let it = Conflict::new().await;
        let next = gate_event("Roy's").of_record(it.id).on(&it.hectors.receipt).by(it.roy());
        it.a.push(next).await.accepted(4);
        let brought_back = if restores_set_aside { it.marias.write_id } else { it.hectors.write_id };
        let restored = it.yard.restores(it.id, brought_back).await;
        for addressee in ["María Torres", "Héctor Salinas"] {
            let (notice, is_open) = it.told(addressee).await;
            let settled = notice.settled.expect("settled");
            assert_eq!((is_open, settled.brings_back), (false, restores_set_aside), "{name} to {addressee}");
            assert_eq!(who(&settled.by), (restored.write_id, "The office"));
            assert_eq!((settled.by.operator_id, settled.by.office.as_deref()), (None, Some("")));
        }
    }
}

#[tokio::test]
async fn what_the_office_closes_or_voids_is_what_is_in_force() {
    let it = Conflict::new().await;
    for (act, state) in [("close", RecordState::Closed), ("void", RecordState::Voided)] {
        let made = it.yard.sets(it.id, act).await;
        let (notice, is_open) = it.told("María Torres").await;
        let now = notice.in_force.as_ref().expect("something else is in force");
        assert!(is_open);
        assert_eq!((who(now), now.state, now.state_reason.as_str()), ((made.write_id, "The office"), state, "office"));
        assert!(paths(&notice).iter().any(|(path, ..)| *path == "state"));
    }
}

#[tokio::test]
async fn a_settled_notice_is_open_again_with_the_next_conflict_and_only_with_that() {
    let it = Conflict::new().await;
    it.yard.restores(it.id, it.marias.write_id).await;
    let held = it.a.sees(it.id).await.unwrap();
    let roys = gate_event("Roy's").of_record(it.id).on(&held.receipt).by(it.roy());
    it.a.push(roys).await.accepted(5);
    assert!(!it.told("María Torres").await.1, "what is settled stays settled");
    it.a.push(gate_event("María's late").of_record(it.id).on(&it.marias.receipt)).await.won(6);
    let (notice, is_open) = it.told("María Torres").await;
    assert_eq!((is_open, notice.settled.is_none(), notice.count), (true, true, 2));
}

#[tokio::test]
async fn a_conflict_of_two_others_is_what_is_in_force_for_the_third() {
    let it = Conflict::new().await;
    it.a.push(gate_event("Roy's").of_record(it.id).on(&it.hectors.receipt).by(it.roy())).await.accepted(4);
    let late = gate_event("Héctor's late").of_record(it.id).on(&it.hectors.receipt);
    let late = it.b.push(late).await.won(5);
    let (hers, is_open) = it.told("María Torres").await;
    assert_eq!((is_open, hers.in_force.map(|now| now.write_id), hers.count), (true, Some(late.write_id), 1));
    assert_eq!(it.told("Héctor Salinas").await.0.count, 2);
}

#[tokio::test]
async fn a_notice_goes_with_its_record_to_another_yard() {
    let it = Conflict::new().await;
    let elsewhere = it.yard.device_of("Elsewhere", &[it.yard.nuevo_laredo()]).await;
    let content = gatebook_sync::Content { yard_id: Some(it.yard.nuevo_laredo()), ..it.hectors.content.clone() };
    it.yard.server.put_record(None, it.id, content).unwrap();
    let (notice, _) = notice_to(&elsewhere, it.yard.operator("María Torres")).await.expect("it came along");
    assert!(paths(&notice).iter().any(|(path, ..)| *path == "yard_id"));
}

#[tokio::test]
async fn a_page_that_goes_on_in_the_record_of_its_own_conflict_tells_what_is_in_force_in_the_end() {
    let it = Conflict::new().await;
    let late = gate_event("late").of_record(it.id).on(&it.first.receipt).written_on(&it.a);
    let answer = it.a.send(vec![late.clone()]).await;
    let late = answer.won(4);
    let roys = gate_event("Roy's").of_record(it.id).on(&late.receipt).by(it.roy()).written_on(&it.a);
    let anas = gate_event("later").of_record(it.id).on(&it.first.receipt).by(it.roy()).written_on(&it.a);
    it.a.send(vec![roys, anas.clone()]).await;
    for name in ["María Torres", "Héctor Salinas"] {
        let (notice, is_open) = it.told(name).await;
        assert!(is_open);
        assert_eq!(notice.now_in_force().write_id, anas.write_id, "{name}");
    }
}

#[tokio::test]
async fn a_notice_given_back_after_a_restore_says_what_is_in_force_now() {
    let it = Conflict::new().await;
    let backup = it.yard.place.join("backup");
    it.yard.backup(&backup);
    let next = gate_event("Roy's").of_record(it.id).on(&it.hectors.receipt).by(it.roy());
    let roys = it.a.push(next).await.accepted(4);
    let seen = it.a.sees_all().await;
    let notices: Vec<Canonical> = seen.into_iter().filter(|it| it.content.kind == "notice").collect();
    let now = "2026-03-04T16:00:00Z".parse().unwrap();
    let Conflict { yard, a, id, .. } = it;
    let yard = yard.restarted(|place| restore_backup(place, &backup, now)).await;
    a.finds(&yard.base);
    // The notices come first, and tell of a state that the server does not have.
    a.reoffer(notices).await;
    let (notice, _) = notice_to(&a, yard.operator("María Torres")).await.unwrap();
    let in_force = a.sees(id).await.unwrap().write_id;
    assert_eq!((notice.now_in_force().write_id, in_force == roys.write_id), (in_force, false));
    a.reoffer(vec![roys.clone()]).await;
    let (notice, is_open) = notice_to(&a, yard.operator("María Torres")).await.unwrap();
    assert_eq!((notice.now_in_force().write_id, is_open), (roys.write_id, true));
}

#[tokio::test]
async fn what_a_stale_edit_overturns_of_the_office_is_told_to_the_office_and_not_as_an_operators_loss() {
    let it = Conflict::new().await;
    let restored = it.yard.restores(it.id, it.marias.write_id).await;
    let late = it.b.push(gate_event("late").of_record(it.id).on(&it.hectors.receipt)).await.won(5);

    let (his, _) = it.told("Héctor Salinas").await;
    assert_eq!(who(&his.set_aside), (restored.write_id, "The office"));
    assert_eq!((his.set_aside.operator_id, his.set_aside.office.as_deref()), (None, Some("")));
    let (hers, is_open) = it.told("María Torres").await;
    assert!(!is_open && hers.count == 1, "it was the office's version that lost");

    let found: OfficeConflicts = it.yard.admin(Method::GET, "/v1/conflicts", None).await.json().await.unwrap();
    let [conflict] = found.conflicts.as_slice() else { panic!("one expected: {found:?}") };
    assert_eq!((conflict.record_id, conflict.record_title.as_str()), (it.id, "Gate in · CSQU 305438 3"));
    assert_eq!(conflict.set_aside.write_id, restored.write_id);
    assert_eq!(conflict.set_aside.outcome, AuditOutcome::SetAside { to: late.write_id });
    assert_eq!((conflict.set_aside.operator_name.as_str(), conflict.set_aside.device_name.as_str()), {
        ("María Torres", "office")
    });
    assert_eq!((conflict.kept.write_id, conflict.kept.operator_name.as_str()), (late.write_id, "Héctor Salinas"));
    assert_eq!(conflict.kept.received_at, late.receipt.received_at);
    let said = says(&it.yard.place, &["audit", "conflicts"]);
    assert!(said.contains("kept: Héctor Salinas on B") && said.contains("Remarks: María's; kept: late"), "{said}");

    // Any act of the office answers it.
    it.yard.restores(it.id, restored.write_id).await;
    let found: OfficeConflicts = it.yard.admin(Method::GET, "/v1/conflicts", None).await.json().await.unwrap();
    assert!(found.conflicts.is_empty() && !found.more);
    assert!(says(&it.yard.place, &["audit", "conflicts"]).contains("Nothing that the office did was overturned."));
}

#[tokio::test]
async fn what_the_office_brings_back_is_the_offices_and_says_whose_words_it_brings_back() {
    let it = Conflict::new().await;
    it.yard.restores(it.id, it.marias.write_id).await;
    assert_eq!(it.a.sees(it.id).await.unwrap().content.operator_id, None);
    let said = says(&it.yard.place, &["audit", "list", &it.id.to_string()]);
    assert!(said.contains("the office, bringing back what María Torres wrote"), "{said}");
    assert!(said.contains("made on version 3"), "{said}");
}

#[tokio::test]
async fn an_audit_entry_names_its_base() {
    let it = Conflict::new().await;
    let restored = it.yard.restores(it.id, it.marias.write_id).await;
    let bases: Vec<_> =
        it.yard.audit(it.id).await.into_iter().map(|entry| entry.base.map(|base| base.version)).collect();
    assert_eq!((bases, restored.version), (vec![None, Some(1), Some(1), Some(3)], 4));
}

#[tokio::test]
async fn closing_and_reopening_without_a_word_changed_is_no_conflict_for_an_edit_made_before() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await.accepted(1);
    yard.sets(first.id, "close").await;
    let reopened = yard.sets(first.id, "reopen").await;
    a.push(gate_event("later").of_record(first.id).on(&first.receipt)).await.accepted(4);
    let outcome = |write| async move {
        let audit = yard.audit(first.id).await;
        audit.into_iter().find(|entry| entry.write_id == write).unwrap().outcome
    };
    assert_eq!(outcome(reopened.write_id).await, AuditOutcome::Superseded);
}

#[tokio::test]
async fn a_word_changed_between_closing_and_reopening_is_a_conflict() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await.accepted(1);
    a.push(gate_event("changed").of_record(first.id).on(&first.receipt)).await.accepted(2);
    yard.sets(first.id, "close").await;
    yard.sets(first.id, "reopen").await;
    a.push(gate_event("later").of_record(first.id).on(&first.receipt)).await.won(5);
}

#[tokio::test]
async fn an_edit_of_what_is_closed_or_voided_is_refused_or_set_aside_as_ever() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = a.push(gate_event("first")).await.accepted(1);
    yard.sets(first.id, "void").await;
    let late = a.push(gate_event("late").of_record(first.id).on(&first.receipt)).await;
    assert_eq!(late.verdict(), &Verdict::Conflict { kept: Kept::Existing });
}
