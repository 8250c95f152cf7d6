//! Two people who keep editing one record: one notice each, brought up to date, unread again when there is news, settled
//! when somebody decides.

use gatebook_client::view::InboxWhat;
use gatebook_domain::RecordState;
use gatebook_sync::wire::{AuditEntry, AuditOutcome};

use crate::support::{Phone, Yard};

async fn rival(yard: &Yard, maria: &Phone, hector: &Phone, id: uuid::Uuid, round: u32) {
    maria.edits(id, &format!("María's {round}"));
    hector.edits(id, &format!("Héctor's {round}"));
    maria.syncs(yard).await;
    hector.syncs(yard).await;
    maria.syncs(yard).await;
}

async fn rivals(yard: &Yard) -> (Phone, Phone, uuid::Uuid) {
    let (maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let id = maria.records("first");
    maria.syncs(yard).await;
    hector.syncs(yard).await;
    (maria, hector, id)
}

#[tokio::test]
async fn there_is_one_notice_that_counts_and_is_unread_again_when_it_is_brought_up_to_date() {
    let yard = Yard::open();
    let (maria, hector, id) = rivals(&yard).await;
    for round in 1..=4 {
        rival(&yard, &maria, &hector, id, round).await;
        for phone in [&maria, &hector] {
            let inbox = phone.inbox();
            assert_eq!(inbox.len(), 1, "round {round}");
            assert!(inbox[0].unread, "round {round}");
            let told = inbox[0].explanation.contains(&format!("{round} times"));
            assert_eq!(told, round > 1, "{}", inbox[0].explanation);
            phone.device.mark_read(inbox[0].id).unwrap();
            assert!(!phone.inbox()[0].unread);
        }
    }
    maria.syncs(&yard).await;
    assert!(!maria.inbox()[0].unread, "without news it stays read");
    assert_eq!(maria.says(id), hector.says(id));
}

#[tokio::test]
async fn what_was_read_stays_read_through_a_restore() {
    let mut yard = Yard::open();
    let (maria, hector, id) = rivals(&yard).await;
    let backup = yard.backup();
    rival(&yard, &maria, &hector, id, 1).await;
    maria.device.mark_read(maria.inbox()[0].id).unwrap();
    yard.restores(&backup);
    maria.syncs(&yard).await;
    hector.syncs(&yard).await;
    maria.syncs(&yard).await;
    let inbox = maria.inbox();
    assert_eq!((inbox.len(), inbox[0].unread), (1, false), "the same notice under a new number");
    rival(&yard, &maria, &hector, id, 2).await;
    assert!(maria.inbox()[0].unread);
}

/// María's version was set aside, Héctor's kept, and both have read so.
async fn both_have_read(yard: &Yard) -> (Phone, Phone, uuid::Uuid) {
    let (maria, hector, id) = rivals(yard).await;
    rival(yard, &maria, &hector, id, 1).await;
    for phone in [&maria, &hector] {
        phone.device.mark_read(phone.inbox()[0].id).unwrap();
    }
    (maria, hector, id)
}

fn lost(yard: &Yard, id: uuid::Uuid) -> uuid::Uuid {
    let is_set_aside = |entry: &AuditEntry| matches!(entry.outcome, AuditOutcome::SetAside { .. });
    yard.audit(id).iter().rfind(|entry| is_set_aside(entry)).unwrap().write_id
}

#[tokio::test]
async fn what_the_office_does_since_is_told_as_what_is_in_force_and_is_no_news() {
    let yard = Yard::open();
    let (maria, _, id) = both_have_read(&yard).await;
    yard.server().set_state(id, RecordState::Voided, "entered twice").unwrap();
    maria.syncs(&yard).await;
    let [item] = maria.inbox().try_into().unwrap();
    assert_eq!((item.what, item.unread, item.changed_since), (InboxWhat::ConflictSetAside, false, true));
    assert!(item.headline.starts_with("The office voided it since"), "{}", item.headline);
    assert_eq!(maria.device.record(id).unwrap().operator_name, "the office");
    let state = &item.differences[0];
    assert_eq!((state.kept.as_str(), state.set_aside.as_str()), ("Voided (entered twice)", "Changed"));
}

#[tokio::test]
async fn what_was_never_read_stays_unread_when_it_is_brought_up_to_date() {
    let yard = Yard::open();
    let (maria, hector, id) = rivals(&yard).await;
    rival(&yard, &maria, &hector, id, 1).await;
    yard.server().set_state(id, RecordState::Closed, "billed").unwrap();
    maria.syncs(&yard).await;
    assert!(maria.inbox()[0].unread);
}

#[tokio::test]
async fn what_the_office_brings_back_settles_it_and_it_stays_to_be_read() {
    let yard = Yard::open();
    let (maria, hector, id) = rivals(&yard).await;
    rival(&yard, &maria, &hector, id, 1).await;
    yard.server().restore_version(lost(&yard, id), "María was right").unwrap();
    for (phone, whose) in
        [(&maria, "your version is in force again"), (&hector, "María Torres’s version is in force again")]
    {
        phone.syncs(&yard).await;
        let [item] = phone.inbox().try_into().unwrap();
        assert_eq!((item.what, item.unread), (InboxWhat::ConflictSettled, false));
        assert!(item.headline.starts_with("Settled by the office"), "{}", item.headline);
        assert!(item.explanation.contains(whose), "{}", item.explanation);
        assert_eq!(phone.device.state().unwrap().counts.unread, 0);
    }
    // The next conflict is news again.
    rival(&yard, &maria, &hector, id, 2).await;
    let [item] = maria.inbox().try_into().unwrap();
    assert_eq!((item.what, item.unread), (InboxWhat::ConflictSetAside, true));
}

#[tokio::test]
async fn a_void_against_an_edit_is_told_in_words_to_both() {
    let yard = Yard::open();
    let (maria, hector, id) = rivals(&yard).await;
    maria.device.void_record(id, "entered twice", maria.held(id).write_id).unwrap();
    hector.edits(id, "Héctor's");
    maria.syncs(&yard).await;
    hector.syncs(&yard).await;
    maria.syncs(&yard).await;
    let [his] = hector.inbox().try_into().unwrap();
    assert!(his.explanation.contains("María Torres voided this record (entered twice) and you changed it"));
    let [hers] = maria.inbox().try_into().unwrap();
    assert!(hers.explanation.contains("You voided this record (entered twice) and Héctor Salinas changed it"));
    for item in [his, hers] {
        let state = &item.differences[0];
        assert_eq!((state.kept.as_str(), state.set_aside.as_str()), ("Voided (entered twice)", "Changed"));
    }
}
