//! Device and server compare what they hold; where they differ it is found, mended and counted.

use gatebook_server::Bounds;
use gatebook_sync::wire::Limits;

use crate::support::{Phone, Way, Yard};

async fn with_records(yard: &Yard, phone: &Phone, count: usize) -> Vec<uuid::Uuid> {
    let ids = (0..count).map(|at| phone.records(&format!("truck {at}"))).collect();
    phone.syncs(yard).await;
    ids
}

#[tokio::test]
async fn in_normal_life_nothing_is_ever_found() {
    let yard = Yard::open();
    let (maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let ids = with_records(&yard, &maria, 30).await;
    hector.syncs(&yard).await;
    for round in 0..4 {
        for id in &ids[..10] {
            maria.edits(*id, &format!("María {round}"));
            hector.edits(*id, &format!("Héctor {round}"));
        }
        hector.records("pending while others sync");
        maria.syncs(&yard).await;
        hector.device.void_record(ids[20 + round], "twice", hector.held(ids[20 + round]).write_id).unwrap();
        let pages = Limits { page_records: 3, ..Limits::default() };
        hector.syncs_by(pages, &Way::of(&yard, &hector)).await.unwrap();
    }
    let report = maria.syncs(&yard).await;
    assert_eq!((maria.repairs(), hector.repairs(), report.repairs), (0, 0, 0));
}

#[tokio::test]
async fn a_record_that_is_missing_here_is_found_and_fetched_and_counted_once() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let ids = with_records(&yard, &maria, 300).await;
    maria.database().execute("DELETE FROM records WHERE id IN (?1, ?2)", [ids[7], ids[250]]).unwrap();
    let way = Way::of(&yard, &maria);
    let report = maria.syncs_over(&way).await.unwrap();
    assert_eq!((maria.says(ids[7]), maria.says(ids[250])), ("truck 7".to_owned(), "truck 250".to_owned()));
    assert_eq!((report.repairs, maria.repairs()), (1, 1));
    assert!(report.pages <= 6, "{report:?}");
    let fetched: usize = way.sent.lock().unwrap().iter().map(|request| request.repair.fetch.len()).sum();
    assert_eq!(fetched, 2, "only what differs is fetched");
    maria.syncs(&yard).await;
    assert_eq!(maria.repairs(), 1);
}

#[tokio::test]
async fn it_is_found_in_one_round_of_a_server_that_looks_at_little_at_a_time() {
    let yard = Yard::bounded(&Bounds { repair_ranges: 2, repair_entries: 70, ..Bounds::default() });
    let maria = yard.phone("María Torres").await;
    let ids = with_records(&yard, &maria, 300).await;
    maria.database().execute("DELETE FROM records WHERE id IN (?1, ?2)", [ids[7], ids[299]]).unwrap();
    let report = maria.syncs(&yard).await;
    assert_eq!((maria.says(ids[7]), maria.says(ids[299])), ("truck 7".to_owned(), "truck 299".to_owned()));
    assert_eq!((report.repairs, maria.repairs()), (1, 1));
    maria.syncs(&yard).await;
    assert_eq!(maria.repairs(), 1);
}

#[tokio::test]
async fn a_record_that_is_older_here_is_brought_up_to_date() {
    let yard = Yard::open();
    let (maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let ids = with_records(&yard, &maria, 3).await;
    hector.syncs(&yard).await;
    let cursors: Vec<(String, u64)> = {
        let database = hector.database();
        let mut statement = database.prepare("SELECT scope, cursor FROM cursors").unwrap();
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    maria.edits(ids[1], "news");
    maria.syncs(&yard).await;
    // Héctor's kiosk is wrongly led to believe that it has everything.
    for (scope, cursor) in cursors {
        hector.database().execute("UPDATE cursors SET cursor = ?2 WHERE scope = ?1", (scope, cursor + 1)).unwrap();
    }
    hector.syncs(&yard).await;
    assert_eq!((hector.says(ids[1]), hector.repairs()), ("news".to_owned(), 1));
}

#[tokio::test]
async fn a_pending_record_is_compared_by_what_it_was_made_on_and_mended_beneath() {
    let yard = Yard::open();
    let maria = yard.phone("María Torres").await;
    let ids = with_records(&yard, &maria, 3).await;
    maria.edits(ids[0], "pending");
    let way = crate::support::Bad::over(Way::of(&yard, &maria)).editing(|_, answer| answer.verdicts.clear());
    maria.syncs_over(&way).await.unwrap();
    assert_eq!(maria.says(ids[0]), "pending", "whatever is mended, what is pending stays");
    maria.syncs(&yard).await;
    assert_eq!((maria.says(ids[0]), maria.pending()), ("pending".to_owned(), 0));
}

#[tokio::test]
async fn what_the_server_has_lost_without_anybody_noticing_is_offered_to_it() {
    let yard = Yard::open();
    let (maria, hector) = (yard.phone("María Torres").await, yard.phone("Héctor Salinas").await);
    let ids = with_records(&yard, &maria, 100).await;
    hector.syncs(&yard).await;
    yard.database()
        .execute_batch(&format!(
            "PRAGMA foreign_keys = OFF;
             UPDATE tallies SET records = records - 1,
                 lower = lower - (SELECT fingerprint & 0xffffffff FROM records WHERE id = x'{0}'),
                 upper = upper - (SELECT (fingerprint >> 32) & 0xffffffff FROM records WHERE id = x'{0}')
             WHERE scope = (SELECT yard_id FROM records WHERE id = x'{0}');
             DELETE FROM records WHERE id = x'{0}';
             DELETE FROM versions WHERE record_id = x'{0}';",
            ids[42].simple()
        ))
        .unwrap();
    maria.syncs(&yard).await;
    assert_eq!(yard.audited(ids[42]), ["truck 42"]);
    assert_eq!((maria.says(ids[42]), maria.repairs()), ("truck 42".to_owned(), 1));
    hector.syncs(&yard).await;
    assert_eq!((hector.says(ids[42]), hector.repairs()), ("truck 42".to_owned(), 0));
}

#[tokio::test]
async fn a_record_the_device_should_not_have_goes() {
    let yard = Yard::open();
    let north = yard.phone_of("María Torres", &[yard.laredo()]).await;
    let both = yard.phone("María Torres").await;
    let ids = with_records(&yard, &both, 3).await;
    north.syncs(&yard).await;
    yard.moves(&both.canonical(ids[0]), yard.nuevo_laredo());
    yard.database().execute("DELETE FROM departures", []).unwrap();
    north.syncs(&yard).await;
    assert!(north.holds(ids[0]).is_none());
    assert_eq!(north.repairs(), 1);
}
