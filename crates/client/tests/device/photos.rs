//! The lane of photos beside the rounds, over the real way to a real server.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gatebook_client::Surroundings;
use gatebook_client::background::{Deadline, Outcome, background_round};
use gatebook_client::photos::{About, Origin, PhotoPolicy, Source};
use gatebook_client::scheduler::Event;
use gatebook_domain::attachment::AttachmentRole;
use image::{ImageFormat, Rgb, RgbImage};
use uuid::Uuid;

use crate::damage::damage;
use crate::support::{Fuse, Holds, TestDevice, TestYard};

pub(crate) fn picture(seed: u8, side: u32) -> Vec<u8> {
    let grain = |x: u32, y: u32| u8::try_from((x * 7 + y * 13 + x * y / 64) % 256).unwrap();
    let picture = RgbImage::from_fn(side, side, |x, y| Rgb([grain(x, y), grain(y, x), seed]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

pub(crate) async fn photographed(device: &TestDevice, parent_id: Uuid, seed: u8, side: u32) -> Uuid {
    let about = About {
        parent_id,
        role: AttachmentRole::Photo,
        part: String::new(),
        origin: Origin::Camera,
        position: None,
        stamp: Vec::new(),
    };
    device.device.capture_photo(Source::Bytes(picture(seed, side)), about).await.unwrap()
}

pub(crate) fn stored(device: &TestDevice) -> u32 {
    let sql = "SELECT count(body ->> '$.stored_at') FROM records WHERE kind = 'attachment'";
    device.database().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// What lies at the server under the hashes of what lies on the device.
fn at_the_server(yard: &TestYard) -> Vec<Vec<u8>> {
    fn files(folder: PathBuf) -> Vec<PathBuf> {
        let found = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
        found.flat_map(|path| if path.is_dir() { files(path) } else { vec![path] }).collect()
    }
    let mut bytes: Vec<_> =
        files(yard.folder().join("server/photos/blobs")).iter().map(|file| std::fs::read(file).unwrap()).collect();
    bytes.sort();
    bytes
}

fn on_the_device(device: &TestDevice) -> Vec<Vec<u8>> {
    let storage = device.device.storage().unwrap();
    let picture = |sha256: &str| std::fs::read(device.device.picture_file(sha256, false).unwrap()).unwrap();
    let mut bytes: Vec<_> = storage.photos.iter().map(|photo| picture(&photo.sha256)).collect();
    bytes.sort();
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_taken_without_signal_are_sent_when_it_returns_and_the_device_hears_that_they_are_safe() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let record = device.records("in at lane 4");
    for seed in [1, 2] {
        photographed(&device, record, seed, 64).await;
    }
    assert_eq!((stored(&device), at_the_server(&yard).len()), (0, 0));
    device.link.lead_to(yard.address);
    device.device.notify(Event::NetworkChanged);
    device.until("the server says that it holds both", || stored(&device) == 2).await;
    assert_eq!(at_the_server(&yard), on_the_device(&device));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_stands_still_holds_up_neither_records_nor_another_photo_nor_itself_once_the_network_changes() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let record = device.records("in at lane 4");
    photographed(&device, record, 1, 1_024).await;
    // Rounds and what begins an upload get through; the bytes of the photo do not.
    let fuse = Fuse::to(yard.address, Holds::Asked(100_000)).await;
    device.link.lead_to(fuse.address);
    device.device.notify(Event::NetworkChanged);
    fuse.stopped().await;
    device.until("the records are with the server", || device.pending() == 0).await;
    photographed(&device, record, 2, 64).await;
    device.until("so is what was recorded meanwhile", || device.pending() == 0).await;
    assert_eq!(stored(&device), 0);
    device.link.lead_to(yard.address);
    device.device.notify(Event::NetworkChanged);
    device.until("the server says that it holds both", || stored(&device) == 2).await;
    assert_eq!(at_the_server(&yard), on_the_device(&device));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_whose_record_comes_back_after_a_salvage_is_sent_without_another_start() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let record = device.records("in at lane 4");
    photographed(&device, record, 1, 64).await;
    let taken = on_the_device(&device);
    device.syncs().await;
    assert_eq!((device.pending(), at_the_server(&yard).len()), (0, 0), "its record is there, and none of its bytes");
    let before = device.folder.clone();
    let device = device.closed_and_reopened(|folder| {
        damage(folder, "records_listed");
        copy_photos(&before, folder);
    });
    assert!(device.device.state().unwrap().salvage.is_some());
    assert_eq!(on_the_device(&device).len(), 0, "nothing of it was pending");
    device.link.lead_to(yard.address);
    device.device.notify(Event::NetworkChanged);
    device.until("the server says that it holds it", || stored(&device) == 1).await;
    assert_eq!(at_the_server(&yard), taken);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_background_a_photo_whose_record_comes_back_after_a_salvage_is_sent_as_well() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let record = device.records("in at lane 4");
    photographed(&device, record, 1, 64).await;
    device.syncs().await;
    let before = device.folder.clone();
    let device = device.closed_and_reopened(|folder| {
        damage(folder, "records_listed");
        copy_photos(&before, folder);
    });
    let folder = with_photos(&device, yard.address);
    let deadline = Deadline::within(Duration::from_secs(60));
    let round = move || background_round(&folder, Surroundings::default(), &deadline);
    assert_eq!(tokio::task::spawn_blocking(round).await.unwrap(), Outcome::Success);
    assert_eq!(at_the_server(&yard).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_background_large_photos_go_over_wifi_and_wait_on_a_network_that_costs_or_while_the_battery_is_saved() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    let policy = PhotoPolicy { wifi_only_above: Some(0), ..PhotoPolicy::default() };
    device.device.photos().set_policy(&policy).unwrap();
    let record = device.records("in at lane 4");
    photographed(&device, record, 1, 64).await;
    let folder = with_photos(&device, yard.address);
    for (unmetered, saves_battery, photos) in [(false, false, 0), (true, true, 0), (true, false, 1)] {
        let (folder, surroundings) = (folder.clone(), Surroundings { unmetered, saves_battery });
        let deadline = Deadline::within(Duration::from_secs(60));
        let round = move || background_round(&folder, surroundings, &deadline);
        assert_ne!(tokio::task::spawn_blocking(round).await.unwrap(), Outcome::Retry, "{surroundings:?}");
        assert_eq!(at_the_server(&yard).len(), photos, "{surroundings:?}");
    }
}

/// The device's folder without an app, its photos included, syncing over that way.
fn with_photos(device: &TestDevice, way: SocketAddr) -> PathBuf {
    let folder = device.put_away(way);
    copy_photos(&device.folder, &folder);
    folder
}

fn copy_photos(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.join("photos")).unwrap();
    for entry in std::fs::read_dir(from.join("photos")).unwrap() {
        let file = entry.unwrap().path();
        if file.is_file() {
            std::fs::copy(&file, to.join("photos").join(file.file_name().unwrap())).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_counted_as_it_is_saved_and_photos_are_part_of_it() {
    let yard = TestYard::open().await;
    let device = yard.device("phone", "María Torres").await;
    assert_eq!(device.device.waiting().unwrap(), 0);
    let record = device.records("in at lane 4");
    assert_eq!(device.device.waiting().unwrap(), 1);
    photographed(&device, record, 1, 64).await;
    // The photo, and the record that it is attached by.
    assert_eq!(device.device.waiting().unwrap(), 3);
    device.link.lead_to(yard.address);
    device.device.notify(Event::NetworkChanged);
    device.until("the server says that it holds everything", || device.device.waiting().unwrap() == 0).await;
}
