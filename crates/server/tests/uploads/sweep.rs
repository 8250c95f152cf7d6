//! What nobody needs goes; what any record ever named stays; what the database forgot comes back.

use std::process::Command;
use std::time::Duration;

use gatebook_server::{Bounds, Environment, PhotoBounds, Sweep, Swept};
use gatebook_sync::wire::SyncRequest;
use jiff::SignedDuration;

use super::lens::{Photo, Tus, another_node, files, stored_at};
use super::support::{Place, TestServer, restore_backup};

const DAY: SignedDuration = SignedDuration::from_hours(24);

async fn sweep(yard: &TestServer) -> Swept {
    yard.server.sweep_photos(Sweep::Whole).await.unwrap()
}

/// A server that has swept as it started, and is to sweep twice a day.
async fn sweeping() -> TestServer {
    let photos = PhotoBounds { sweep_every: Duration::from_secs(12 * 60 * 60), ..PhotoBounds::default() };
    let yard = TestServer::bounded(Bounds { photos, ..Bounds::default() }).await;
    assert_eq!(sweep(&yard).await, Swept::default());
    yard
}

/// Days pass at a server that runs. The last sweep of them is the caller's.
async fn days_pass(yard: &TestServer, days: u32) {
    for day in 1..=days {
        yard.clock_steps(DAY);
        if day < days {
            yard.server.sweep_photos(Sweep::Quick).await.unwrap();
        }
    }
}

#[tokio::test]
async fn an_upload_that_nobody_finishes_expires() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 1_000);
    let location = tus.begins(&photo).await;
    tus.sends(&location, 0, &photo.bytes[..500]).await;
    // Progress puts it off.
    yard.clock_steps(DAY * 6);
    assert_eq!(tus.sends(&location, 500, &photo.bytes[500..600]).await, 204);
    yard.clock_steps(DAY * 6);
    assert_eq!(sweep(&yard).await, Swept::default());
    assert_eq!(tus.offset(&location).await, 600);

    yard.clock_steps(DAY);
    assert_eq!(tus.head(&location).await.status().as_u16(), 410);
    assert_eq!(tus.sends(&location, 600, &photo.bytes[600..]).await, 410);
    assert!(tus.asks(&[&photo]).await.unfinished.is_empty());
    assert_eq!(sweep(&yard).await, Swept { expired: 1, ..Swept::default() });
    assert!(files(&yard, "").is_empty());
    assert_eq!(tus.head(&location).await.status().as_u16(), 410);
    yard.clock_steps(DAY * 8);
    sweep(&yard).await;
    assert_eq!(tus.head(&location).await.status().as_u16(), 404);
    tus.uploads(&photo).await;
}

#[tokio::test]
async fn a_photo_that_nobody_needs_goes_and_one_that_was_ever_named_stays() {
    let yard = sweeping().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let [unneeded, named, once_named] = [1, 2, 3].map(|seed| Photo::new(&a, seed, 1_000 * usize::from(seed)));
    for photo in [&unneeded, &named, &once_named] {
        tus.uploads(photo).await;
    }
    a.push(named.draft()).await;
    a.push(once_named.draft()).await;
    let held = a.sees(once_named.record).await.unwrap();
    let replaced = Photo { record: once_named.record, ..named.clone() };
    a.push(replaced.draft().on(&held.receipt)).await;
    yard.sets(named.record, "void").await;

    days_pass(&yard, 29).await;
    // Who asks counts on it.
    assert!(tus.is_held(&unneeded).await);
    days_pass(&yard, 29).await;
    assert_eq!(sweep(&yard).await, Swept::default());
    days_pass(&yard, 2).await;
    assert_eq!(sweep(&yard).await, Swept { deleted: 1, bytes: 1_000, ..Swept::default() });
    assert_eq!(files(&yard, "").len(), 2);
    assert_eq!(tus.asks(&[&unneeded, &named, &once_named]).await.held, [named.hash(), once_named.hash()]);
    // The office brings the first photo back, and it is there.
    let write = yard.audit(once_named.record).await[0].write_id;
    yard.restores(once_named.record, write).await;
    assert_eq!(tus.fetches(&once_named).await.bytes().await.unwrap(), once_named.bytes);
}

#[tokio::test]
async fn a_record_that_arrives_while_sweeping_has_its_photo_or_says_that_it_has_not() {
    let yard = sweeping().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    for seed in 0..12 {
        let photo = Photo::new(&a, seed, 1_000);
        tus.uploads(&photo).await;
        days_pass(&yard, 31).await;
        let (swept, _) = tokio::join!(yard.server.sweep_photos(Sweep::Whole), a.push(photo.draft()));
        let is_gone = swept.unwrap().deleted == 1;
        assert_eq!(stored_at(&a, &photo).await.is_none(), is_gone);
        assert_eq!(tus.fetches(&photo).await.status().as_u16(), if is_gone { 404 } else { 200 });
        // Who still has it sends it again, and all is well.
        if is_gone {
            tus.uploads(&photo).await;
            assert!(stored_at(&a, &photo).await.is_some());
        }
    }
}

#[tokio::test]
async fn what_a_crash_leaves_staged_goes_when_its_upload_is_over_and_no_sooner() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    for (seed, sent) in [(1, 1_000), (2, 400)] {
        let photo = Photo::new(&a, seed, 1_000);
        let location = tus.begins(&photo).await;
        let upload = location.rsplit('/').next().unwrap();
        let staging = yard.place.join("photos/staging");
        std::fs::create_dir_all(staging.join(upload)).unwrap();
        // Not whole, whole and not filed, and half of one that was being renamed.
        for left in [".left", "/000000000000-left", "/000000000000-left#1"] {
            std::fs::write(staging.join(format!("{upload}{left}")), &photo.bytes[..500]).unwrap();
        }
        assert_eq!(sweep(&yard).await, Swept::default());
        assert_eq!(files(&yard, "staging").len(), 3);

        assert_eq!(tus.sends(&location, 0, &photo.bytes[..sent]).await, 204);
        if sent < photo.bytes.len() {
            assert_eq!(tus.sends(&location, sent, &photo.bytes[sent..]).await, 204);
        }
        assert!(tus.is_held(&photo).await);
        assert_eq!(sweep(&yard).await, Swept::default());
        assert!(files(&yard, "staging").is_empty());
        a.push(photo.draft()).await;
        assert_eq!(tus.fetches(&photo).await.bytes().await.unwrap(), photo.bytes);
    }
}

#[tokio::test]
async fn two_nodes_may_sweep_at_once() {
    let yard = sweeping().await;
    another_node(&yard).await;
    let other = gatebook_server::Server::open(yard.server.config().clone()).unwrap();
    let a = yard.device("A").await;
    for seed in 0..8 {
        Tus::of(&a).uploads(&Photo::new(&a, seed, 1_000)).await;
    }
    days_pass(&yard, 31).await;
    let (one, two) = tokio::join!(yard.server.sweep_photos(Sweep::Whole), other.sweep_photos(Sweep::Whole));
    let (one, two) = (one.unwrap(), two.unwrap());
    // One may take up again what the other was about to delete; then it goes when nobody asks for it in a year.
    assert!(one.deleted + two.deleted >= 8, "{one:?} {two:?}");
    assert_eq!((one.lost, two.lost), (0, 0));
    sweep(&yard).await;
    days_pass(&yard, 396).await;
    sweep(&yard).await;
    assert!(files(&yard, "").is_empty());
}

#[tokio::test]
async fn what_arrives_while_two_nodes_sweep_is_held_once_and_nothing_of_it_goes() {
    let yard = TestServer::start().await;
    let other = gatebook_server::Server::open(yard.server.config().clone()).unwrap();
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    for seed in 0..12 {
        let photo = Photo::new(&a, seed, 1_000);
        let sweeps = [yard.server.sweep_photos(Sweep::Whole), other.sweep_photos(Sweep::Whole)];
        let (_, swept) = tokio::join!(tus.uploads(&photo), futures_util::future::join_all(sweeps));
        assert!(swept.into_iter().all(|swept| swept.unwrap().lost == 0));
        a.push(photo.draft()).await;
        assert_eq!(tus.fetches(&photo).await.bytes().await.unwrap(), photo.bytes);
    }
    sweep(&yard).await;
    assert_eq!(files(&yard, "").len(), 12);
}

fn gatebook(place: &Place, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatebook-server"));
    let output = command.args(arguments).envs(place.variables()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn photos_that_a_restored_database_does_not_know_are_found_again() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let backup = yard.place.join("backup");
    yard.backup(&backup);
    let photo = Photo::new(&a, 1, 1_000);
    Tus::of(&a).uploads(&photo).await;
    let half = Tus::of(&a).begins(&Photo::new(&a, 2, 1_000)).await;
    Tus::of(&a).sends(&half, 0, &[0; 500]).await;
    a.push(photo.draft()).await;
    let held = a.sees(photo.record).await.unwrap();

    let now = Environment::now(&*yard.environment);
    let yard = yard.restarted(|place| restore_backup(place, &backup, now)).await;
    a.finds(&yard.base);
    let tus = Tus::of(&a);
    assert!(!tus.is_held(&photo).await);
    // The device offers its record again; the server does not hold the photo, and says so.
    a.reoffer(vec![held]).await;
    assert_eq!(stored_at(&a, &photo).await, None);
    assert_eq!(sweep(&yard).await, Swept { adopted: 1, ..Swept::default() });
    assert!(stored_at(&a, &photo).await.is_some());
    assert_eq!(tus.fetches(&photo).await.bytes().await.unwrap(), photo.bytes);
    assert_eq!(files(&yard, "").len(), 1, "what was staged is gone");
    assert_eq!(sweep(&yard).await, Swept::default());
}

#[tokio::test]
async fn a_photo_that_no_record_of_an_old_backup_names_waits_for_the_records_that_were_lost() {
    for is_announced in [true, false] {
        let yard = sweeping().await;
        let a = yard.device("A").await;
        let photo = Photo::new(&a, 1, 1_000);
        Tus::of(&a).uploads(&photo).await;
        days_pass(&yard, 29).await;
        let backup = yard.place.join("backup");
        yard.backup(&backup);
        let lost = a.push(photo.draft()).await.response;
        let held = a.sees(photo.record).await.unwrap();
        days_pass(&yard, 29).await;
        let now = Environment::now(&*yard.environment);
        let put_back =
            |place: &Place| if is_announced { restore_backup(place, &backup, now) } else { place.swap(&backup) };
        let yard = yard.restarted(put_back).await;
        assert_eq!(sweep(&yard).await, Swept::default(), "no device has come yet");
        // Of a backup that nobody announces the server knows by what a device shows.
        a.finds(&yard.base);
        a.sync(SyncRequest { epoch: Some(lost.epoch), mark: lost.mark, ..a.request() }).await;
        days_pass(&yard, 364).await;
        assert_eq!(sweep(&yard).await, Swept::default(), "some devices come later");
        if is_announced {
            a.reoffer(vec![held]).await;
            assert!(stored_at(&a, &photo).await.is_some());
        } else {
            days_pass(&yard, 31).await;
            assert_eq!(sweep(&yard).await.deleted, 1, "nobody gave back a record that names it");
        }
    }
}

#[tokio::test]
async fn a_photo_that_is_found_again_is_kept_though_no_device_has_yet_shown_that_records_were_lost() {
    let yard = sweeping().await;
    let a = yard.device("A").await;
    let photo = Photo::new(&a, 1, 1_000);
    let backup = yard.place.join("backup");
    yard.backup(&backup);
    Tus::of(&a).uploads(&photo).await;
    a.push(photo.draft()).await;
    let held = a.sees(photo.record).await.unwrap();
    let yard = yard.restarted(|place| place.swap(&backup)).await;
    assert_eq!(sweep(&yard).await, Swept { adopted: 1, ..Swept::default() });
    // Who brings the same photo makes it no less wanted.
    a.finds(&yard.base);
    Tus::of(&a).uploads(&photo).await;
    days_pass(&yard, 364).await;
    assert_eq!(sweep(&yard).await, Swept::default());
    // Long after its own copy is gone the device comes back, from a time of which the server knows nothing.
    a.finds(&yard.base);
    a.reoffer(vec![held]).await;
    assert!(stored_at(&a, &photo).await.is_some());
}

#[tokio::test]
async fn time_in_which_no_server_ran_does_not_count() {
    let yard = sweeping().await;
    let a = yard.device("A").await;
    Tus::of(&a).uploads(&Photo::new(&a, 1, 1_000)).await;
    // Or its clock leapt, and came back.
    for leap in [365, -300] {
        yard.clock_steps(DAY * leap);
        assert_eq!(sweep(&yard).await, Swept::default());
    }
    yard.clock_steps(DAY * 300);
    assert_eq!(sweep(&yard).await, Swept::default());
    days_pass(&yard, 28).await;
    assert_eq!(sweep(&yard).await, Swept::default());
    assert_eq!(files(&yard, "").len(), 1);
    days_pass(&yard, 3).await;
    sweep(&yard).await;
    assert!(files(&yard, "").is_empty());
}

#[tokio::test]
async fn two_nodes_that_look_for_forgotten_photos_at_once_find_each_once() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let backup = yard.place.join("backup");
    yard.backup(&backup);
    let photos: Vec<Photo> = (0..8).map(|seed| Photo::new(&a, seed, 1_000)).collect();
    for photo in &photos {
        Tus::of(&a).uploads(photo).await;
    }
    let now = Environment::now(&*yard.environment);
    let yard = yard.restarted(|place| restore_backup(place, &backup, now)).await;
    a.finds(&yard.base);
    let other = gatebook_server::Server::open(yard.server.config().clone()).unwrap();
    let (one, two) = tokio::join!(yard.server.sweep_photos(Sweep::Whole), other.sweep_photos(Sweep::Whole));
    assert_eq!(one.unwrap().adopted + two.unwrap().adopted, 8);
    let tus = Tus::of(&a);
    for photo in &photos {
        a.push(photo.draft()).await;
        assert_eq!(tus.fetches(photo).await.bytes().await.unwrap(), photo.bytes);
    }
    sweep(&yard).await;
    assert_eq!(files(&yard, "").len(), 8);
}

#[tokio::test]
async fn no_device_is_told_to_let_go_of_a_photo_that_is_not_where_it_was_stored() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let [whole, halved, lost] = [1, 2, 3].map(|seed| Photo::new(&a, seed, 1_000));
    for photo in [&whole, &halved, &lost] {
        tus.uploads(photo).await;
        assert!(tus.may_go(photo).await);
    }
    let file = |photo: &Photo| {
        let hash = photo.hash();
        files(&yard, "").into_iter().find(|file| file.to_string_lossy().contains(&hash)).unwrap()
    };
    std::fs::write(file(&halved), &halved.bytes[..500]).unwrap();
    std::fs::remove_file(file(&lost)).unwrap();
    assert_eq!([tus.may_go(&whole).await, tus.may_go(&halved).await, tus.may_go(&lost).await], [true, false, false]);
}

#[tokio::test]
async fn a_lost_photo_is_only_forgotten_when_somebody_says_so() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let tus = Tus::of(&a);
    let photo = Photo::new(&a, 1, 1_000);
    tus.uploads(&photo).await;
    a.push(photo.draft()).await;
    let [file] = files(&yard, "").try_into().unwrap();
    let elsewhere = yard.place.join("elsewhere");
    std::fs::rename(&file, &elsewhere).unwrap();
    assert_eq!(sweep(&yard).await.lost, 1);
    assert!(stored_at(&a, &photo).await.is_some());
    std::fs::rename(&elsewhere, &file).unwrap();
    assert_eq!(sweep(&yard).await.lost, 0);

    std::fs::remove_file(&file).unwrap();
    assert!(gatebook(&yard.place, &["photos", "sweep"]).contains("1 are lost"));
    gatebook(&yard.place, &["photos", "sweep", "--forget-lost"]);
    assert_eq!(stored_at(&a, &photo).await, None);
    assert!(!tus.is_held(&photo).await);
    tus.uploads(&photo).await;
    assert!(stored_at(&a, &photo).await.is_some());
    assert!(gatebook(&yard.place, &["photos", "sweep"]).contains("0 are lost"));
}

#[tokio::test]
async fn a_damaged_file_is_not_taken_for_a_photo() {
    let yard = TestServer::start().await;
    let a = yard.device("A").await;
    let photo = Photo::new(&a, 1, 1_000);
    Tus::of(&a).uploads(&photo).await;
    let [file] = files(&yard, "").try_into().unwrap();
    let name = file.file_name().unwrap().to_str().unwrap().replace(&photo.hash(), &"ab".repeat(32));
    let damaged = file.with_file_name(name);
    std::fs::copy(&file, &damaged).unwrap();
    assert_eq!(sweep(&yard).await, Swept::default());
    assert!(damaged.exists());
}
