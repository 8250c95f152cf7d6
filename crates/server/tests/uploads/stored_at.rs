//! An attachment says `stored_at` just as long as the server holds its bytes.

use gatebook_sync::wire::AuditOutcome;
use gatebook_sync::{Authorship, RejectionCode};

use super::lens::{Photo, Tus, stored_at};
use super::support::{Draft, TestServer};

#[tokio::test]
async fn the_record_first_then_the_bytes() {
    let yard = TestServer::start().await;
    let (a, b) = (yard.device("A").await, yard.device("B").await);
    let photo = Photo::new(&a, 1, 1_000);
    a.push(photo.draft()).await.accepted(1);
    assert_eq!(stored_at(&b, &photo).await, None);
    Tus::of(&a).uploads(&photo).await;
    let canonical = b.sees(photo.record).await.unwrap();
    assert_eq!((canonical.receipt.version, canonical.device_id), (2, None));
    assert_eq!(canonical.content.operator_id, Some(a.operator), "the photo is still its operator's");
    assert!(stored_at(&b, &photo).await.is_some());
    let outcomes: Vec<_> = yard.audit(photo.record).await.into_iter().map(|entry| entry.outcome).collect();
    assert_eq!(outcomes, [AuditOutcome::Superseded, AuditOutcome::Canonical]);
}

#[tokio::test]
async fn what_a_newer_app_says_of_a_photo_keeps_every_digit_its_spelling_and_its_place() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let photo = Photo::new(&a, 1, 1_000);
    let mut draft = photo.draft();
    let news = r#""z":[1e2, -18.0],"a":{"b":123456789012345678901234567890,"a":"\u00e9"}"#;
    draft.body = format!("{{{news},{}", &draft.body[1..]);
    let written = draft.body.clone();
    let first = a.push(draft.clone()).await.accepted(1);
    Tus::of(&a).uploads(&photo).await;
    let marked = a.sees(photo.record).await.unwrap();
    assert!(marked.content.body.get().starts_with(&written[..written.len() - 1]), "{}", marked.content.body);
    assert!(stored_at(&a, &photo).await.is_some());
    // Made before the mark was seen, with one digit changed at the very end: no word of the first is overlooked.
    draft.body = written.replace("567890,", "567891,");
    a.push(draft.of_record(photo.record).on(&first.receipt)).await.accepted(3);
    // Nor does a number that only looks the same pass for another's.
    let other = yard.device("B").await;
    let stale = written.replace("567890,", "567892,");
    let mut draft = photo.draft();
    draft.body = stale;
    other.push(draft.of_record(photo.record).on(&first.receipt)).await.won(5);
}

#[tokio::test]
async fn that_it_is_held_is_the_servers_word_on_a_photo_that_stays_its_operators() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    for (seed, bytes_first) in [(1, true), (2, false)] {
        let photo = Photo::new(&a, seed, 1_000);
        if bytes_first {
            Tus::of(&a).uploads(&photo).await;
        }
        a.push(photo.draft()).await.accepted(1);
        if !bytes_first {
            Tus::of(&a).uploads(&photo).await;
        }
        let audit = yard.audit(photo.record).await;
        let named: Vec<_> =
            audit.iter().map(|it| (it.operator_name.as_str(), it.device_name.as_str(), it.authorship)).collect();
        let expected =
            [("María Torres", "A", Some(Authorship::Claimed)), ("María Torres", "", Some(Authorship::Server))];
        assert_eq!(named, expected, "bytes first: {bytes_first}");
    }
}

#[tokio::test]
async fn the_bytes_first_then_the_record() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let photo = Photo::new(&a, 1, 1_000);
    Tus::of(&a).uploads(&photo).await;
    let answer = a.push(photo.draft()).await;
    answer.accepted(1);
    assert!(stored_at(&a, &photo).await.is_some());
    // The answer that takes the record also tells.
    let other = Photo { record: a.new_id(), ..photo };
    let request = gatebook_sync::wire::SyncRequest { push: vec![other.draft().written_on(&a)], ..a.request() };
    let told = a.sync(request).await;
    let pulled = told.scopes.iter().flat_map(|page| &page.records).find(|record| record.id == other.record).unwrap();
    assert!(pulled.content.body.get().contains("stored_at"));
}

#[tokio::test]
async fn a_rejected_record_that_the_office_brings_back_has_its_photo() {
    let yard = TestServer::start().await;
    let (a, there) = (yard.device("A").await, yard.device_of("Nuevo Laredo", &[yard.nuevo_laredo()]).await);
    let laredo = yard.device_of("Laredo", &[yard.laredo()]).await;
    for (seed, bytes_first) in [(1, true), (2, false)] {
        let photo = Photo::new(&a, seed, 1_000);
        let rejected = laredo.push(photo.draft().at(yard.nuevo_laredo())).await;
        rejected.rejected(RejectionCode::UnknownScope);
        if bytes_first {
            Tus::of(&laredo).uploads(&photo).await;
        }
        yard.restores(photo.record, rejected.push[0].write_id).await;
        if !bytes_first {
            Tus::of(&laredo).uploads(&photo).await;
        }
        assert!(stored_at(&there, &photo).await.is_some(), "bytes first: {bytes_first}");
        assert_eq!(Tus::of(&there).fetches(&photo).await.status().as_u16(), 200);
    }
}

#[tokio::test]
async fn a_device_cannot_say_it() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let photo = Photo::new(&a, 1, 1_000);
    let claims = |photo: &Photo| {
        let body = photo.draft().body.replacen('{', r#"{"stored_at":"2020-01-01T00:00:00Z","#, 1);
        Draft { body, ..photo.draft() }
    };
    a.push(claims(&photo)).await;
    assert_eq!(stored_at(&a, &photo).await, None);
    Tus::of(&a).uploads(&photo).await;
    let told = stored_at(&a, &photo).await.unwrap();
    let held = a.sees(photo.record).await.unwrap();
    a.push(claims(&photo).on(&held.receipt)).await;
    assert_eq!(stored_at(&a, &photo).await, Some(told));
}

#[tokio::test]
async fn every_record_of_the_same_photo_says_it() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let photo = Photo::new(&a, 1, 1_000);
    let records = [photo.clone(), Photo { record: a.new_id(), ..photo.clone() }];
    a.push_all(records.iter().map(Photo::draft)).await;
    Tus::of(&a).uploads(&photo).await;
    for record in &records {
        assert!(stored_at(&a, record).await.is_some());
    }
}

#[tokio::test]
async fn a_record_that_changes_to_another_photo_follows_that() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let first = Photo::new(&a, 1, 1_000);
    let second = Photo { record: first.record, ..Photo::new(&a, 2, 1_000) };
    Tus::of(&a).uploads(&first).await;
    a.push(first.draft()).await;
    let held = a.sees(first.record).await.unwrap();
    a.push(second.draft().on(&held.receipt)).await;
    assert_eq!(stored_at(&a, &second).await, None);
    Tus::of(&a).uploads(&second).await;
    assert!(stored_at(&a, &second).await.is_some());
    // The office brings the first back.
    let write = yard.audit(first.record).await[0].write_id;
    yard.restores(first.record, write).await;
    assert!(stored_at(&a, &first).await.is_some());
}

#[tokio::test]
async fn the_servers_own_word_is_no_conflict() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let photo = Photo::new(&a, 1, 1_000);
    let held = a.push(photo.draft()).await.accepted(1);
    Tus::of(&a).uploads(&photo).await;
    // The device edits the record without having heard.
    let body = photo.draft().body.replacen('{', r#"{"about":"/items/tires","#, 1);
    a.push(Draft { body, ..photo.draft() }.on(&held.receipt)).await.accepted(3);
    assert!(stored_at(&a, &photo).await.is_some());
    assert!(a.pull().await.iter().all(|record| record.content.kind != "notice"));
    // Somebody else's word is one.
    let body = photo.draft().body.replacen('{', r#"{"about":"/items/horn","#, 1);
    a.push(Draft { body, ..photo.draft() }.on(&held.receipt)).await.won(5);
}

#[tokio::test]
async fn an_attachment_without_a_hash_is_refused() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let photo = Photo::new(&a, 1, 1_000);
    let body = photo.draft().body.replace(&photo.hash(), "x");
    let answer = a.push(Draft { body, ..photo.draft() }).await;
    let (path, message) = answer.rejected(RejectionCode::Invalid);
    assert_eq!(path, Some("/sha256"));
    assert!(message.contains("Take the photo again"), "{message}");
}
