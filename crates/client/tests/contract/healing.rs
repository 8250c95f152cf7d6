//! A server restored from a backup is healed by its devices, announced or not; what cannot be proved is not lost.

use async_trait::async_trait;
use gatebook_client::{Transport, TransportError};
use gatebook_sync::wire::{ApiErrorCode, AuditOutcome, Limits, SyncRequest, SyncResponse};
use gatebook_sync::{Epoch, RejectionCode};
use serde_json::json;

use crate::support::{Bad, Phone, Way, Yard};

/// A gate event that María's phone wrote, changed, and that Héctor's kiosk holds as well.
async fn shared(yard: &Yard, maria: &Phone, hector: &Phone) -> uuid::Uuid {
    let id = maria.records("first");
    maria.syncs(yard).await;
    hector.syncs(yard).await;
    id
}

#[tokio::test]
async fn what_a_restore_lost_is_put_back_and_nobody_presses_anything() {
    let mut yard = Yard::open();
    let (maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let id = shared(&yard, &maria, &hector).await;
    let backup = yard.backup();
    maria.edits(id, "second");
    let new = maria.records("new since the backup");
    maria.syncs(&yard).await;
    let before = maria.canonical(id).receipt;

    let epoch = yard.restores(&backup);
    let report = maria.syncs(&yard).await;
    assert!(report.settled.new_epoch && report.settled.healed > 0);
    assert_eq!((maria.says(id), maria.says(new)), ("second".to_owned(), "new since the backup".to_owned()));
    let after = maria.canonical(id).receipt;
    assert_eq!((after.epoch, after.received_at), (epoch, before.received_at), "a new number, its own time");

    hector.syncs(&yard).await;
    assert_eq!((hector.says(id), hector.says(new)), ("second".to_owned(), "new since the backup".to_owned()));
    assert_eq!(maria.inbox().len() + hector.inbox().len(), 0, "nobody is told of what was no conflict");
    assert_eq!(maria.repairs() + hector.repairs(), 0);
}

#[tokio::test]
async fn what_the_server_still_holds_is_not_offered_again() {
    let mut yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    for at in 0..20 {
        maria.records(&format!("truck {at}"));
    }
    maria.syncs(&yard).await;
    let backup = yard.backup();
    maria.records("lost");
    maria.syncs(&yard).await;
    yard.restores(&backup);
    let way = Way::of(&yard, &maria);
    maria.syncs_over(&way).await.unwrap();
    assert_eq!(way.reoffered(), 1);
    assert_eq!((maria.count("unconfirmed"), maria.count("displaced")), (0, 0));
}

#[tokio::test]
async fn devices_that_hold_different_parts_put_the_whole_together() {
    let mut yard = Yard::open();
    let north = yard.phone_of("María Torres", &[yard.laredo()]).await;
    let south = yard.phone_of("Héctor Salinas", &[yard.nuevo_laredo()]).await;
    let backup = yard.backup();
    let (a, b) = (north.records("north"), south.records("south"));
    north.syncs(&yard).await;
    south.syncs(&yard).await;
    yard.restores(&backup);
    south.syncs(&yard).await;
    north.syncs(&yard).await;
    assert_eq!((yard.audit(a).len(), yard.audit(b).len()), (1, 1));
    assert!(north.holds(b).is_none() && south.holds(a).is_none());
}

#[tokio::test]
async fn of_several_lost_states_the_last_received_is_in_force_whoever_comes_first() {
    for newest_first in [true, false] {
        let mut yard = Yard::open();
        let (maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
        let backup = yard.backup();
        let id = shared(&yard, &maria, &hector).await;
        maria.edits(id, "second");
        maria.syncs(&yard).await;
        // Héctor still holds "first".
        yard.restores(&backup);
        let order = if newest_first { [&maria, &hector] } else { [&hector, &maria] };
        for phone in order {
            phone.syncs(&yard).await;
        }
        hector.syncs(&yard).await;
        assert_eq!((maria.says(id), hector.says(id)), ("second".to_owned(), "second".to_owned()));
        let mut audited = yard.audited(id);
        audited.sort();
        assert_eq!(audited, ["first", "second"], "newest first: {newest_first}");
        assert_eq!(maria.inbox().len() + hector.inbox().len(), 0, "it was no conflict the first time either");
    }
}

#[tokio::test]
async fn a_lost_state_that_nobody_since_had_seen_goes_to_the_audit_table_and_both_are_told() {
    let mut yard = Yard::open();
    let (maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let id = shared(&yard, &maria, &hector).await;
    let backup = yard.backup();
    maria.edits(id, "lost");
    maria.syncs(&yard).await;
    yard.restores(&backup);
    hector.edits(id, "written since");
    hector.syncs(&yard).await;

    maria.syncs(&yard).await;
    assert_eq!(maria.says(id), "written since", "what was received last stays in force");
    let lost = yard.audit(id).into_iter().find(|entry| entry.content.body.get().contains("lost")).unwrap();
    assert!(matches!(lost.outcome, AuditOutcome::SetAside { .. }), "{:?}", lost.outcome);
    hector.syncs(&yard).await;
    assert_eq!((maria.inbox().len(), hector.inbox().len()), (1, 1));
    assert_eq!(maria.repairs() + hector.repairs(), 0);
}

#[tokio::test]
async fn a_change_that_waits_during_a_restore_arrives_and_so_does_what_it_was_made_on() {
    let mut yard = Yard::open();
    let (maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let backup = yard.backup();
    let id = shared(&yard, &maria, &hector).await;
    hector.edits(id, "made on the lost one");
    yard.restores(&backup);
    hector.syncs(&yard).await;
    assert_eq!(hector.pending(), 0);
    maria.syncs(&yard).await;
    assert_eq!(maria.says(id), "made on the lost one");
    let mut audited = yard.audited(id);
    audited.sort();
    assert_eq!(audited, ["first", "made on the lost one"]);
    assert_eq!(maria.inbox().len() + hector.inbox().len(), 0);
}

#[tokio::test]
async fn a_void_stays_a_void_through_a_restore() {
    let mut yard = Yard::open();
    let (maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let id = shared(&yard, &maria, &hector).await;
    let backup = yard.backup();
    maria.device.void_record(id, "entered twice", maria.held(id).write_id).unwrap();
    maria.syncs(&yard).await;
    yard.restores(&backup);
    hector.syncs(&yard).await;
    maria.syncs(&yard).await;
    hector.syncs(&yard).await;
    let is_void = |phone: &Phone| phone.held(id).content.state == gatebook_domain::RecordState::Voided;
    assert!(is_void(&maria) && is_void(&hector));
}

#[tokio::test]
async fn a_restore_in_the_middle_of_a_round_and_one_more_lose_nothing() {
    let mut yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let backup = yard.backup();
    let ids: Vec<_> = (0..30).map(|at| maria.records(&format!("truck {at}"))).collect();
    let small = Limits { page_records: 4, ..Limits::default() };
    // Rounds in small pages, broken off after that many answers.
    let round = async |yard: &Yard, answers: u32| {
        let way = Bad::over(Way::of(yard, &maria)).editing(move |_, answer| answer.limits = small);
        maria.syncs_by(small, &way.breaking_after(answers)).await.is_ok()
    };
    assert!(!round(&yard, 3).await);
    yard.restores(&backup);
    assert!(!round(&yard, 20).await);
    let halfway = yard.backup();
    assert!(round(&yard, u32::MAX).await);
    yard.restores(&backup);
    assert!(!round(&yard, 5).await);
    yard.restores(&halfway);
    assert!(round(&yard, u32::MAX).await);
    assert_eq!(maria.pending(), 0);
    for (at, id) in ids.into_iter().enumerate() {
        assert_eq!(yard.audited(id), [format!("truck {at}")]);
        assert_eq!(maria.says(id), format!("truck {at}"));
    }
    assert_eq!(maria.repairs(), 0);
}

#[tokio::test]
async fn one_offer_that_the_server_cannot_handle_does_not_block_the_others() {
    let mut yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let backup = yard.backup();
    let ids: Vec<_> = (0..20).map(|at| maria.records(&format!("truck {at}"))).collect();
    maria.syncs(&yard).await;
    yard.restores(&backup);
    let poison = ids[7];
    let way = Bad::over(Way::of(&yard, &maria))
        .refusing(ApiErrorCode::Internal, move |request| request.reoffer.iter().any(|state| state.id == poison));
    let report = maria.syncs_over(&way).await.unwrap();
    assert_eq!(report.passed_over, 1);
    assert_eq!(ids.iter().filter(|id| yard.audit(**id).len() == 1).count(), 19);
    maria.syncs(&yard).await;
    assert_eq!(yard.audit(poison).len(), 1, "as soon as it gets through");
}

#[tokio::test]
async fn a_restore_that_nobody_announced_is_noticed_by_the_first_device_that_knew_more() {
    let mut yard = Yard::open();
    let (maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let id = shared(&yard, &maria, &hector).await;
    let backup = yard.backup();
    maria.edits(id, "lost");
    let gone = maria.records("lost altogether");
    maria.syncs(&yard).await;
    let epoch = yard.server().epoch().unwrap();
    yard.swaps_in(&backup);

    // Others write on as if nothing had been, until the server has counted beyond what María knows.
    hector.edits(id, "written since");
    for at in 0..5 {
        hector.records(&format!("truck {at}"));
    }
    hector.syncs(&yard).await;
    assert_eq!(yard.server().epoch().unwrap(), epoch, "Héctor's kiosk knew nothing of it");

    maria.syncs(&yard).await;
    assert!(yard.server().epoch().unwrap() > epoch);
    assert_eq!((yard.audit(gone).len(), maria.says(id)), (1, "written since".to_owned()));
    assert!(yard.audited(id).contains(&"lost".to_owned()), "the loser is in the audit table");
    hector.syncs(&yard).await;
    assert_eq!((hector.says(gone), hector.says(id)), ("lost altogether".to_owned(), "written since".to_owned()));
    assert_eq!((maria.inbox().len(), hector.inbox().len()), (1, 1));
    assert_eq!(maria.repairs() + hector.repairs(), 0);
}

#[tokio::test]
async fn a_backup_from_before_an_earlier_restore_is_noticed_as_well() {
    let mut yard = Yard::open();
    let (maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let oldest = yard.backup();
    let id = shared(&yard, &maria, &hector).await;
    let backup = yard.backup();
    let known = yard.restores(&backup);
    maria.edits(id, "second");
    maria.syncs(&yard).await;
    hector.syncs(&yard).await;
    yard.swaps_in(&oldest);
    maria.syncs(&yard).await;
    hector.syncs(&yard).await;
    assert!(yard.server().epoch().unwrap() > known);
    assert_eq!((maria.says(id), hector.says(id)), ("second".to_owned(), "second".to_owned()));
    assert_eq!((yard.audit(id).len(), maria.repairs() + hector.repairs()), (1, 0));
}

#[tokio::test]
async fn a_forged_mark_changes_nothing() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    maria.records("one");
    maria.syncs(&yard).await;
    let epoch = yard.server().epoch().unwrap();
    for forged in ["99999.1.AAAAAAAAAAAAAAAAAAAAAA", "", "x", "1.2", "1.2.3.4"] {
        maria
            .database()
            .execute("UPDATE settings SET value = ?1 WHERE name = 'mark'", [json!(forged).to_string()])
            .unwrap();
        maria.syncs(&yard).await;
        assert_eq!(yard.server().epoch().unwrap(), epoch, "{forged}");
    }
}

#[tokio::test]
async fn a_state_that_was_tampered_with_is_not_believed_and_the_servers_is_there_to_go_back_to() {
    let mut yard = Yard::open();
    let (maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let backup = yard.backup();
    let id = shared(&yard, &maria, &hector).await;
    yard.restores(&backup);
    let forged = maria.canonical(id).content.body.get().replace("first", "forged");
    maria.database().execute("UPDATE records SET body = ?2 WHERE id = ?1", (id, forged)).unwrap();
    hector.syncs(&yard).await;

    maria.syncs(&yard).await;
    assert_eq!(yard.audited(id)[0], "first", "what is genuine is in force");
    assert_eq!(hector.canonical(id).receipt.epoch, yard.server().epoch().unwrap());
    assert_eq!(maria.says(id), "first");
}

#[tokio::test]
async fn where_the_server_holds_nothing_what_cannot_be_proved_goes_to_it_as_an_ordinary_write() {
    let mut yard = Yard::open();
    let (mut maria, mut hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let backup = yard.backup();
    let id = shared(&yard, &maria, &hector).await;
    yard.restores(&backup);
    yard.loses_its_key();
    // Who knew the server by its key joins the one that it has become.
    maria.joins_anew(&yard);
    hector.joins_anew(&yard);
    maria.syncs(&yard).await;
    maria.syncs(&yard).await;
    assert_eq!((maria.pending(), maria.says(id)), (0, "first".to_owned()));
    assert!(yard.audited(id).contains(&"first".to_owned()));
    hector.syncs(&yard).await;
    assert_eq!((hector.pending(), hector.says(id)), (0, "first".to_owned()));
    assert_eq!(hector.held(id).rejection, None);
}

#[tokio::test]
async fn where_the_server_holds_another_version_the_operator_decides() {
    let mut yard = Yard::open();
    let (mut maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let id = shared(&yard, &maria, &hector).await;
    let backup = yard.backup();
    maria.edits(id, "cannot be proved");
    maria.syncs(&yard).await;
    yard.restores(&backup);
    yard.loses_its_key();
    maria.joins_anew(&yard);
    maria.syncs(&yard).await;

    assert_eq!(maria.says(id), "cannot be proved", "it stays in sight");
    assert_eq!(maria.held(id).rejection.unwrap().code, RejectionCode::ForgedReceipt);
    let inbox = maria.inbox();
    assert_eq!((inbox.len(), inbox[0].record_id), (1, id));
    assert!(inbox[0].explanation.contains("restored"), "{}", inbox[0].explanation);

    maria.edits(id, "sent again");
    maria.syncs(&yard).await;
    assert_eq!((maria.pending(), maria.says(id)), (0, "sent again".to_owned()));
    assert_eq!(maria.inbox().len(), 0);
}

#[tokio::test]
async fn a_change_made_on_what_a_lost_key_proved_goes_when_it_is_saved_again_and_nobody_is_told_to_give_it_up() {
    let mut yard = Yard::open();
    let (mut maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let id = shared(&yard, &maria, &hector).await;
    maria.edits(id, "mine");
    hector.edits(id, "theirs");
    hector.syncs(&yard).await;
    yard.loses_its_key();
    maria.joins_anew(&yard);
    maria.syncs(&yard).await;
    assert_eq!(maria.says(id), "mine", "it stays in sight");
    let rejection = maria.held(id).rejection.unwrap();
    assert_eq!(rejection.code, RejectionCode::ForgedReceipt);
    assert!(rejection.message.contains("send it again"), "{}", rejection.message);

    maria.edits(id, "mine, saved again");
    maria.syncs(&yard).await;
    assert_eq!((maria.held(id).rejection, maria.says(id)), (None, "mine, saved again".to_owned()));
    assert_eq!(yard.audited(id).last().map(String::as_str), Some("mine, saved again"));
    assert!(yard.audited(id).contains(&"theirs".to_owned()));
}

#[tokio::test]
async fn a_device_that_lost_a_yard_meanwhile_still_hands_in_what_it_holds_of_it() {
    let mut yard = Yard::open();
    let maria = yard.phone_of("María Torres", &[yard.laredo(), yard.nuevo_laredo()]).await;
    let backup = yard.backup();
    let id = maria.records("north");
    maria.syncs(&yard).await;
    yard.restores(&backup);
    yard.server().set_device_yards(maria.id, &[yard.nuevo_laredo()]).unwrap();
    maria.syncs(&yard).await;
    assert_eq!(yard.audited(id), ["north"]);
    assert!(maria.holds(id).is_none());
}

#[tokio::test]
async fn a_first_epoch_is_no_restore() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let report = maria.syncs(&yard).await;
    assert!(!report.settled.new_epoch && yard.server().epoch().unwrap() > Epoch(0));
    assert_eq!(maria.count("unconfirmed"), 0);
}

/// A way on which somebody goes on typing while the first answer travels, and which breaks after it.
struct TypingOn<'a> {
    way: Way,
    phone: &'a Phone,
    id: uuid::Uuid,
}

#[async_trait]
impl Transport for TypingOn<'_> {
    async fn sync(&self, request: &SyncRequest) -> Result<SyncResponse, TransportError> {
        if !self.way.sent.lock().unwrap().is_empty() {
            return Err(TransportError::Unreachable("the connection broke".to_owned()));
        }
        let answer = self.way.sync(request).await?;
        self.phone.edits(self.id, "typed on");
        Ok(answer)
    }
}

#[tokio::test]
async fn what_is_given_back_is_filed_under_the_device_that_wrote_it_whoever_gives_it_back() {
    for gives_back_own in [true, false] {
        let mut yard = Yard::open();
        let (maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
        let backup = yard.backup();
        let ids = [(); 3].map(|()| maria.records("first"));
        let [as_sent, in_flight, by_office] = ids;
        maria.syncs(&yard).await;
        maria.edits(in_flight, "second");
        let typing = TypingOn { way: Way::of(&yard, &maria), phone: &maria, id: in_flight };
        drop(maria.syncs_over(&typing).await);
        drop(typing);
        assert_eq!(maria.pending(), 1, "what was typed on waits");
        maria.edits(by_office, "second");
        drop(maria.syncs_over(&Bad::over(Way::of(&yard, &maria)).refusing(ApiErrorCode::Internal, |_| true)).await);
        let first = yard.audit(by_office)[0].write_id;
        yard.server().set_state(by_office, gatebook_domain::RecordState::Closed, "done").unwrap();
        yard.server().restore_version(first, "the first was right").unwrap();
        hector.syncs(&yard).await;
        // Whatever a device says of who wrote: here that it was Héctor's, or nobody's.
        for (phone, says) in [(&maria, Some(hector.id)), (&hector, None)] {
            phone.database().execute("UPDATE records SET device_id = ?1 WHERE pending_sync = 0", [says]).unwrap();
        }
        yard.restores(&backup);
        let who = if gives_back_own { &maria } else { &hector };
        let report = who.syncs(&yard).await;
        assert!(report.settled.healed >= 2, "{report:?}");
        let first = |id: uuid::Uuid| yard.written_by(id).first().copied();
        assert_eq!(first(as_sent), Some(Some(maria.id)));
        assert_eq!(first(in_flight), Some(Some(maria.id)));
        if !gives_back_own {
            assert_eq!(first(by_office), Some(None), "the office brought that one back");
        }
        let rejected = ids
            .iter()
            .flat_map(|id| yard.audit(*id))
            .filter(|entry| matches!(entry.outcome, AuditOutcome::Rejected(_)));
        assert_eq!(rejected.count(), 0, "nothing genuine is called forged");
    }
}
