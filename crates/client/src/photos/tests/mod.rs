//! A device's photos with a clock and a disk of the test's own.

mod at_camera;
mod upload;

use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use gatebook_domain::attachment::{Attachment, AttachmentRole};
use gatebook_domain::gate_event::{Direction, GateEvent};
use gatebook_domain::{Body, Kind};
use gatebook_sync::wire::{Judged, Limits, Repaired, ScopePage, SyncResponse};
use gatebook_sync::{Canonical, Content, Epoch, PROTOCOL, Receipt, Scope, Verdict};
use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use jiff::Timestamp;
use serde_json::value::RawValue;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::store::Authorship;
use crate::view::{CommandError, ErrorCode};

const YARD: Uuid = Uuid::from_u128(0xa);
const HOUR: u64 = 3_600;

/// Seconds of uptime, and seconds by which the wall clock is off.
#[derive(Default)]
struct Clock {
    uptime: AtomicU64,
    shift: AtomicI64,
}

impl Environment for Clock {
    fn now(&self) -> Timestamp {
        let up = i64::try_from(self.uptime.load(Ordering::SeqCst)).unwrap();
        Timestamp::from_second(1_800_000_000 + up + self.shift.load(Ordering::SeqCst)).unwrap()
    }

    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn uptime(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.uptime.load(Ordering::SeqCst))
    }
}

struct Phone {
    folder: TempDir,
    store: Arc<Store>,
    clock: Arc<Clock>,
    free: Arc<AtomicU64>,
    photos: Arc<Photos>,
    parent: Uuid,
}

impl Phone {
    fn new() -> Self {
        Self::watched(None)
    }

    fn watched(steps: Option<Box<dyn Fn(Step) + Send + Sync>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(folder.path()).unwrap());
        let clock = Arc::new(Clock::default());
        let free = Arc::new(AtomicU64::new(u64::MAX / 2));
        let parent = Uuid::now_v7();
        let event = Body::GateEvent(GateEvent::new(Direction::In));
        store.create(parent, event, Some(YARD), "America/Chicago", &by(&clock)).unwrap();
        let photos = opened(&store, &clock, &free, steps);
        Self { folder, store, clock, free, photos, parent }
    }

    /// The app ends, and starts again.
    fn starts_again(&mut self) {
        let elsewhere = tempfile::tempdir().unwrap();
        let nothing = Arc::new(Store::open(elsewhere.path()).unwrap());
        self.photos = opened(&nothing, &self.clock, &self.free, None);
        self.photos = opened(&self.store, &self.clock, &self.free, None);
    }

    /// Lets go what is over, as if the server had just said that it holds it.
    fn lets_go(&self) -> usize {
        self.photos.evict(&self.photos.over().unwrap()).unwrap()
    }

    async fn takes(&self, color: u8) -> Result<Uuid, PhotoError> {
        self.takes_bytes(picture(color)).await
    }

    async fn takes_bytes(&self, bytes: Vec<u8>) -> Result<Uuid, PhotoError> {
        self.photos.capture(Source::Bytes(bytes), self.about(), by(&self.clock)).await
    }

    fn about(&self) -> About {
        About {
            parent_id: self.parent,
            role: AttachmentRole::Photo,
            part: "/equipment".to_owned(),
            origin: Origin::Camera,
            position: None,
            stamp: Vec::new(),
        }
    }

    /// The server says how it holds the attachment.
    fn hears(&self, id: Uuid, stored: bool) {
        self.hears_in_version(id, stored, u64::from(!stored) + 1);
    }

    fn hears_in_version(&self, id: Uuid, stored: bool, version: u64) {
        let mut content = self.store.held(id).unwrap().unwrap().content;
        let mut attachment = attachment(&content);
        attachment.stored_at = stored.then(|| self.clock.now());
        content.body = RawValue::from_string(Body::Attachment(attachment).to_json()).unwrap();
        self.store.settle(&[], told(id, content, self.clock.now(), version)).unwrap();
    }

    /// The server takes everything that waits, and then the device does not work at the yard any more.
    fn syncs_and_loses_its_yard(&self) {
        let push = self.store.push_page(None, Limits::default()).unwrap().push;
        let judged = push.iter().map(|push| Judged {
            id: push.id,
            write_id: push.write_id,
            verdict: Verdict::Accepted,
            canonical: None,
        });
        let answer = answer(Vec::new(), self.clock.now());
        let scopes = answer.scopes[..1].to_vec();
        self.store.settle(&push, SyncResponse { verdicts: judged.collect(), scopes, ..answer }).unwrap();
    }

    fn passes(&self, seconds: u64) {
        self.clock.uptime.fetch_add(seconds, Ordering::SeqCst);
    }

    fn files(&self, id: Uuid) -> (bool, bool) {
        let sha256 = attachment(&self.store.held(id).unwrap().unwrap().content).sha256;
        (self.photos.folder.path(&sha256, folder::Sort::Photo).exists(), self.photos.thumbnail(&sha256).exists())
    }
}

fn opened(
    store: &Arc<Store>,
    clock: &Arc<Clock>,
    free: &Arc<AtomicU64>,
    steps: Option<Box<dyn Fn(Step) + Send + Sync>>,
) -> Arc<Photos> {
    let free = Arc::clone(free);
    let space: FreeSpace = Arc::new(move |_| Ok(free.load(Ordering::SeqCst)));
    Arc::new(Photos::open_on(Arc::clone(store), Arc::clone(clock) as Arc<dyn Environment>, space, steps).unwrap())
}

fn by(clock: &Clock) -> Authorship {
    Authorship {
        write_id: Uuid::now_v7(),
        device_id: Uuid::from_u128(0xd),
        operator_id: Uuid::from_u128(0xe),
        now: clock.now(),
    }
}

fn picture(color: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new(&mut bytes).encode_image(&RgbImage::from_pixel(400, 300, Rgb([color, 9, 9]))).unwrap();
    bytes
}

fn attachment(content: &Content) -> Attachment {
    match Body::from_json(Kind::Attachment, content.body.get()).unwrap() {
        Body::Attachment(attachment) => attachment,
        other => panic!("{other:?}"),
    }
}

fn told(id: Uuid, content: Content, now: Timestamp, version: u64) -> SyncResponse {
    let receipt = Receipt { epoch: Epoch(1), version, seq: version, received_at: now, mac: "mac".to_owned() };
    answer(vec![Canonical { id, receipt, write_id: Uuid::now_v7(), device_id: None, content }], now)
}

fn answer(records: Vec<Canonical>, now: Timestamp) -> SyncResponse {
    let page = |scope, records| ScopePage { scope, records, left: Vec::new(), cursor: 9, tally: None };
    SyncResponse {
        protocol: PROTOCOL,
        epoch: Epoch(1),
        server_time: now,
        time_doubtful: false,
        verdicts: Vec::new(),
        scopes: vec![page(Scope::Org, Vec::new()), page(Scope::Yard(YARD), records)],
        more: false,
        mark: None,
        repaired: Repaired::default(),
        limits: Limits::default(),
        server: None,
        membership: None,
        unread: Vec::new(),
    }
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copied(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn files_in(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("photos")).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_file()).count()
}

#[tokio::test]
async fn a_photo_is_a_pending_record_of_its_parents_yard_with_its_bytes_beside_it() {
    let phone = Phone::new();
    let id = phone.takes(90).await.unwrap();
    let held = phone.store.held(id).unwrap().unwrap();
    let attachment = attachment(&held.content);
    assert!(held.pending && held.content.yard_id == Some(YARD));
    assert_eq!((attachment.parent_id, attachment.about.as_str()), (phone.parent, "/equipment"));
    assert_eq!(attachment.pixels.map(|pixels| (pixels.width, pixels.height)), Some((400, 300)));
    let bytes = std::fs::read(phone.photos.folder.path(&attachment.sha256, folder::Sort::Photo)).unwrap();
    assert_eq!((folder::sha256(&bytes), bytes.len()), (attachment.sha256, attachment.size as usize));
    assert_eq!(files_in(phone.folder.path()), 2);
}

#[tokio::test]
async fn killed_at_any_step_the_photo_is_whole_or_was_never_there() {
    let data = Arc::new(Mutex::new(None::<std::path::PathBuf>));
    let died = tempfile::tempdir().unwrap();
    let images = Arc::new(Mutex::new(Vec::new()));
    let (seen, from, to) = (Arc::clone(&images), Arc::clone(&data), died.path().to_owned());
    let phone = Phone::watched(Some(Box::new(move |step| {
        // What the disk holds at this moment is what the next start would find.
        if let Some(from) = &*from.lock().unwrap() {
            let image = to.join(format!("{step:?}"));
            copied(from, &image);
            seen.lock().unwrap().push((step, image));
        }
    })));
    phone.takes(10).await.unwrap();
    *data.lock().unwrap() = Some(phone.folder.path().to_owned());
    phone.takes(200).await.unwrap();

    let images = std::mem::take(&mut *images.lock().unwrap());
    assert_eq!(images.len(), 6);
    for (step, image) in images {
        let store = Arc::new(Store::open(&image).unwrap());
        let photos = opened(&store, &phone.clock, &phone.free, None);
        let records = store.held_of_kind(Kind::Attachment).unwrap();
        assert_eq!(records.len(), if step == Step::Committed { 2 } else { 1 }, "{step:?}");
        assert_eq!(files_in(&image), 2 * records.len(), "{step:?}");
        for record in records {
            let sha256 = attachment(&record.content).sha256;
            let bytes = std::fs::read(photos.folder.path(&sha256, folder::Sort::Photo)).unwrap();
            assert_eq!(folder::sha256(&bytes), sha256, "{step:?}");
        }
    }
}

#[tokio::test]
async fn several_at_once_take_turns_and_all_are_kept() {
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, peak) = (Arc::clone(&inside), Arc::clone(&most));
    let phone = Phone::watched(Some(Box::new(move |step| match step {
        Step::PhotoWritten => {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        }
        Step::Committed => {
            now.fetch_sub(1, Ordering::SeqCst);
        }
        _ => {}
    })));
    let taken = [1, 60, 120, 180, 240].map(|color| {
        let (photos, about, by) = (Arc::clone(&phone.photos), phone.about(), by(&phone.clock));
        tokio::spawn(async move { photos.capture(Source::Bytes(picture(color)), about, by).await })
    });
    for photo in taken {
        photo.await.unwrap().unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 1);
    assert_eq!(phone.store.held_of_kind(Kind::Attachment).unwrap().len(), 5);
}

#[tokio::test]
async fn what_is_no_picture_or_has_no_record_leaves_nothing_behind() {
    let phone = Phone::new();
    for bytes in [Vec::new(), b"not a picture".to_vec(), picture(1)[..200].to_vec()] {
        assert!(phone.takes_bytes(bytes).await.is_err());
    }
    let nowhere = About { parent_id: Uuid::from_u128(99), ..phone.about() };
    assert!(phone.photos.capture(Source::Bytes(picture(1)), nowhere, by(&phone.clock)).await.is_err());
    assert_eq!((files_in(phone.folder.path()), phone.store.held_of_kind(Kind::Attachment).unwrap().len()), (0, 0));
}

#[tokio::test]
async fn without_room_it_is_told_before_the_photo_is_taken_and_with_room_it_works() {
    let phone = Phone::new();
    phone.free.store(phone.photos.policy().reserve_bytes + 1_000, Ordering::SeqCst);
    let told = CommandError::from(phone.photos.check_room().unwrap_err());
    assert_eq!(told.code, ErrorCode::DiskFull);
    assert!(told.message.contains("Free some space"), "{}", told.message);
    assert!(matches!(phone.takes(5).await, Err(PhotoError::NoRoom { .. })));
    assert_eq!(files_in(phone.folder.path()), 0);
    phone.free.store(u64::MAX / 2, Ordering::SeqCst);
    phone.photos.check_room().unwrap();
    phone.takes(5).await.unwrap();
}

#[tokio::test]
async fn a_confirmed_photo_stays_a_day_whatever_the_wall_clock_does_and_its_thumbnail_for_ever() {
    let phone = Phone::new();
    let (sent, unsent) = (phone.takes(90).await.unwrap(), phone.takes(180).await.unwrap());
    phone.passes(100 * HOUR);
    assert_eq!(phone.lets_go(), 0, "nothing is confirmed");
    phone.hears(sent, true);
    phone.lets_go();
    for years in [10, -10] {
        phone.clock.shift.store(years * 365 * 24 * 3_600, Ordering::SeqCst);
        assert_eq!(phone.lets_go(), 0, "{years} years");
    }
    phone.passes(24 * HOUR - 1);
    assert_eq!(phone.lets_go(), 0);
    phone.passes(1);
    assert_eq!(phone.lets_go(), 1);
    assert_eq!((phone.files(sent), phone.files(unsent)), ((false, true), (true, true)));
}

#[tokio::test]
async fn a_photo_that_the_server_lost_again_waits_again() {
    let phone = Phone::new();
    let id = phone.takes(90).await.unwrap();
    phone.hears(id, true);
    phone.lets_go();
    phone.passes(30 * HOUR);
    phone.hears(id, false);
    assert_eq!(phone.lets_go(), 0);
    assert_eq!(phone.files(id), (true, true));
    assert_eq!(phone.photos.storage_view().unwrap().photos[0].kept, Kept::Unconfirmed);
}

#[tokio::test]
async fn a_photo_that_the_server_lost_and_has_again_stays_a_day_from_then_though_nobody_looked_in_between() {
    let phone = Phone::new();
    let id = phone.takes(90).await.unwrap();
    phone.hears(id, true);
    phone.lets_go();
    phone.passes(24 * HOUR);
    phone.hears_in_version(id, false, 2);
    phone.hears_in_version(id, true, 3);
    assert_eq!(phone.lets_go(), 0);
    phone.passes(24 * HOUR - 1);
    assert_eq!(phone.lets_go(), 0);
    phone.passes(1);
    assert_eq!(phone.lets_go(), 1);
}

#[tokio::test]
async fn when_space_runs_short_confirmed_photos_go_early_and_others_never() {
    let phone = Phone::new();
    let (unsent, sent) = (phone.takes(90).await.unwrap(), phone.takes(180).await.unwrap());
    phone.hears(sent, true);
    phone.free.store(0, Ordering::SeqCst);
    assert!(phone.photos.check_room().is_err());
    assert_eq!((phone.files(sent), phone.files(unsent)), ((false, true), (true, true)));
}

#[tokio::test]
async fn a_photo_that_was_not_there_at_one_start_and_is_at_the_next_is_sent() {
    let mut phone = Phone::new();
    let id = phone.takes(90).await.unwrap();
    let path = phone
        .photos
        .folder
        .path(&attachment(&phone.store.held(id).unwrap().unwrap().content).sha256, folder::Sort::Photo);
    let elsewhere = phone.folder.path().join("quarantine");
    std::fs::rename(&path, &elsewhere).unwrap();
    phone.starts_again();
    assert!(!phone.photos.has_waiting().unwrap());
    std::fs::rename(&elsewhere, &path).unwrap();
    phone.starts_again();
    assert!(path.exists() && phone.photos.has_waiting().unwrap());
}

#[tokio::test]
async fn the_storage_page_says_what_is_held_why_and_when_it_goes() {
    let phone = Phone::new();
    let (unsent, sent) = (phone.takes(90).await.unwrap(), phone.takes(180).await.unwrap());
    phone.hears(sent, true);
    phone.lets_go();
    phone.passes(HOUR);
    let view = phone.photos.storage_view().unwrap();
    let told: Vec<_> = view.photos.iter().map(|photo| (photo.record_id, photo.kept)).collect();
    let goes = Kept::Confirmed { goes_in_ms: 23 * HOUR * 1_000 };
    assert_eq!(told, [(unsent, Kept::Unconfirmed), (sent, goes)]);
    assert!(view.unconfirmed_bytes > 0 && view.confirmed_bytes > 0);
}

#[tokio::test]
async fn files_older_than_a_new_database_are_kept_and_adopted_once_a_record_names_them() {
    let phone = Phone::new();
    let id = phone.takes(90).await.unwrap();
    let content = phone.store.held(id).unwrap().unwrap().content;
    let anew = tempfile::tempdir().unwrap();
    copied(&phone.folder.path().join("photos"), &anew.path().join("photos"));

    let store = Arc::new(Store::open(anew.path()).unwrap());
    opened(&store, &phone.clock, &phone.free, None);
    assert_eq!(files_in(anew.path()), 2, "they may be all there is of a record still to come");
    store.settle(&[], told(id, content, phone.clock.now(), 1)).unwrap();
    let photos = opened(&store, &phone.clock, &phone.free, None);
    assert_eq!(photos.storage_view().unwrap().photos.len(), 1);
}

#[tokio::test]
async fn a_picture_that_does_not_fit_beside_what_developing_it_needs_is_told_before_a_byte_is_moved() {
    let phone = Phone::new();
    phone.free.store(phone.photos.policy().reserve_bytes + capture::USUAL_BYTES + 1_000, Ordering::SeqCst);
    assert!(matches!(phone.photos.begin_intake(1_001), Err(PhotoError::NoRoom { .. })));
    phone.photos.begin_intake(1_000).unwrap();
}

#[tokio::test]
async fn when_space_runs_short_what_was_only_viewed_goes_before_what_was_taken() {
    let phone = Phone::new();
    let sent = phone.takes(180).await.unwrap();
    phone.hears(sent, true);
    let viewed = phone.photos.folder.put_cached(&"0".repeat(64), "1", &[0; 10_000], u64::MAX).unwrap();
    let reserve = phone.photos.policy().reserve_bytes;
    let (file, there) = (viewed.clone(), Arc::clone(&phone.free));
    // The disk has room once the viewed photo is gone.
    let space: FreeSpace = Arc::new(move |_| Ok(there.load(Ordering::SeqCst) + u64::from(!file.exists()) * 10_000));
    phone.free.store(reserve + capture::USUAL_BYTES - 10_000, Ordering::SeqCst);
    let environment = Arc::clone(&phone.clock) as Arc<dyn Environment>;
    let photos = Photos::open_on(Arc::clone(&phone.store), environment, space, None).unwrap();
    photos.check_room().unwrap();
    assert_eq!((viewed.exists(), phone.files(sent)), (false, (true, true)));
}

#[tokio::test]
async fn what_cannot_be_swept_keeps_no_app_from_starting() {
    let mut phone = Phone::new();
    let photos = phone.folder.path().join("photos");
    let orphan = photos.join(format!("{}.jpg", "0".repeat(64)));
    // A folder cannot be deleted as a file is.
    for stuck in [photos.join(intake::FOLDER).join("1"), photos.join("1.jpg.part"), orphan.clone()] {
        std::fs::create_dir(stuck).unwrap();
    }
    let id = phone.takes(90).await.unwrap();
    phone.starts_again();
    assert_eq!(phone.files(id), (true, true));
    assert!(orphan.exists());
}

#[tokio::test]
async fn beside_an_app_that_runs_on_the_same_folder_nothing_is_swept() {
    let mut phone = Phone::new();
    let just_taken = phone.folder.path().join("photos").join(format!("{}.jpg", "0".repeat(64)));
    std::fs::write(&just_taken, b"its record is not committed yet").unwrap();
    let coming_in = phone.photos.begin_intake(10).unwrap();
    let store = Arc::new(Store::open(phone.folder.path()).unwrap());
    drop(opened(&store, &phone.clock, &phone.free, None));
    assert!(just_taken.exists());
    phone.photos.take_in(coming_in, 0, b"0123456789").unwrap();
    phone.starts_again();
    assert!(!just_taken.exists(), "the next one alone sweeps it");
    assert!(phone.photos.take_in(coming_in, 10, b"0123456789").is_err());
}

#[tokio::test]
async fn a_photo_that_is_confirmed_while_the_clocks_are_looked_at_stays_its_whole_day() {
    let phone = Phone::new();
    let (before, photo) = (phone.takes(90).await.unwrap(), phone.takes(180).await.unwrap());
    phone.hears(before, true);
    phone.photos.note_confirmed().unwrap();
    // Off for ten hours, which the server's clock makes good.
    phone.clock.shift.fetch_add(10 * 3_600, Ordering::SeqCst);
    let content = phone.store.held(photo).unwrap().unwrap().content;
    let mut stored = attachment(&content);
    stored.stored_at = Some(phone.clock.now());
    let body = RawValue::from_string(Body::Attachment(stored).to_json()).unwrap();
    let round = Store::open(phone.folder.path()).unwrap();
    let answer = Mutex::new(Some(told(photo, Content { body, ..content }, phone.clock.now(), 1)));
    // A round commits what the server says just after this look has read the server's time.
    let look = |server| {
        if let Some(answer) = answer.lock().unwrap().take() {
            round.settle(&[], answer).unwrap();
        }
        phone.photos.clocks(server)
    };
    phone.store.note_confirmed(&look).unwrap();
    phone.photos.note_confirmed().unwrap();
    phone.passes(24 * HOUR - 1);
    phone.lets_go();
    assert_eq!(phone.files(photo), (true, true));
    phone.passes(1);
    assert_eq!(phone.lets_go(), 1);
}
