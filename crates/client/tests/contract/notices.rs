//! Two people who keep editing one record: one notice each, brought up to date, unread again when there is news.

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
