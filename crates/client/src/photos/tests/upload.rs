//! Uploads over a link that breaks.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use bytes::Bytes;
use gatebook_sync::wire::{ApiError, ApiErrorCode, HaveRequest, HaveResponse, PhotoLimits, Unfinished};

use super::*;
use crate::environment::SystemEnvironment;
use crate::round_lock::{Lane, RoundLock};
use crate::transport::TransportError;

#[derive(Default)]
struct State {
    held: BTreeMap<String, Vec<u8>>,
    parts: BTreeMap<Uuid, (NewUpload, Vec<u8>)>,
    /// Hashes in the order in which their last byte arrived.
    finished: Vec<String>,
    /// Bytes until the link breaks; `None`: it does not.
    until_cut: Option<usize>,
    refused: BTreeSet<String>,
    is_away: bool,
    received: u64,
}

/// A server at the end of a link that breaks when the test says so; what came through by then is kept.
#[derive(Default)]
struct Link(Mutex<State>);

fn broken() -> TransportError {
    TransportError::Unreachable("the link broke".to_owned())
}

#[async_trait]
impl PhotoTransport for Link {
    async fn have(&self, request: &HaveRequest) -> Result<HaveResponse, TransportError> {
        let state = self.0.lock().unwrap();
        if state.is_away {
            return Err(broken());
        }
        let is_asked = |sha256: &String| request.sha256.contains(sha256);
        Ok(HaveResponse {
            held: state.held.keys().filter(|sha256| is_asked(sha256)).cloned().collect(),
            unfinished: state
                .parts
                .iter()
                .filter(|(_, (new, _))| is_asked(&new.sha256))
                .map(|(id, (new, bytes))| Unfinished {
                    sha256: new.sha256.clone(),
                    upload_id: *id,
                    offset: bytes.len() as u64,
                })
                .collect(),
            limits: PhotoLimits { photo_bytes: u64::MAX, hashes: 1_000 },
        })
    }

    async fn begin(&self, new: &NewUpload) -> Result<Uuid, TransportError> {
        let mut state = self.0.lock().unwrap();
        if state.refused.contains(&new.sha256) {
            let error = ApiError { code: ApiErrorCode::Forbidden, message: "No.".to_owned(), retry: false };
            return Err(TransportError::Refused { status: 403, error, retry_after: None });
        }
        let id = Uuid::now_v7();
        state.parts.insert(id, (new.clone(), Vec::new()));
        Ok(id)
    }

    async fn offset(&self, upload: Uuid) -> Result<Option<u64>, TransportError> {
        let mut state = self.0.lock().unwrap();
        let stands = state.parts.get(&upload).map(|(new, bytes)| (new.clone(), bytes.clone()));
        Ok(stands.map(|(new, bytes)| {
            let at = bytes.len() as u64;
            if at == new.size {
                // It had ended between the last byte and the filing.
                state.parts.remove(&upload);
                state.held.insert(new.sha256, bytes);
            }
            at
        }))
    }

    async fn send(&self, upload: Uuid, offset: u64, bytes: Bytes) -> Result<Option<u64>, TransportError> {
        let mut state = self.0.lock().unwrap();
        let through = state.until_cut.unwrap_or(usize::MAX).min(bytes.len());
        let Some((new, part)) = state.parts.get_mut(&upload) else { return Ok(None) };
        if part.len() as u64 != offset {
            return Ok(None);
        }
        part.extend_from_slice(&bytes[..through]);
        let (stands, new, whole) = (part.len() as u64, new.clone(), part.clone());
        state.received += through as u64;
        if stands == new.size {
            state.parts.remove(&upload);
            assert_eq!(folder::sha256(&whole), new.sha256);
            assert!(state.held.insert(new.sha256.clone(), whole).is_none(), "stored twice");
            state.finished.push(new.sha256);
        }
        if let Some(left) = &mut state.until_cut {
            *left -= through;
            if *left == 0 {
                return Err(broken());
            }
        }
        Ok(Some(stands))
    }

    async fn fetch(&self, sha256: &str) -> Result<Bytes, TransportError> {
        self.0.lock().unwrap().held.get(sha256).cloned().map(Bytes::from).ok_or_else(broken)
    }
}

/// A picture that does not pack, so that its photo has many bytes.
fn noisy(side: u32, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let picture = RgbImage::from_fn(side, side, |_, _| {
        Rgb([0; 3].map(|_: u8| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        }))
    });
    let mut bytes = Vec::new();
    JpegEncoder::new(&mut bytes).encode_image(&picture).unwrap();
    bytes
}

fn hash_of(phone: &Phone, id: Uuid) -> String {
    attachment(&phone.store.held(id).unwrap().unwrap().content).sha256
}

fn size_of(phone: &Phone, id: Uuid) -> u64 {
    attachment(&phone.store.held(id).unwrap().unwrap().content).size.into()
}

#[tokio::test]
async fn over_a_link_that_breaks_again_and_again_every_photo_arrives_once_and_no_byte_twice() {
    let phone = Phone::new();
    let mut needed = 0;
    for seed in 1..=3 {
        let id = phone.takes_bytes(noisy(500, seed)).await.unwrap();
        needed += size_of(&phone, id);
    }
    let link = Link::default();
    let mut cuts = 0;
    loop {
        link.0.lock().unwrap().until_cut = Some(70_000);
        match phone.photos.upload(&link, Network::Metered).await {
            Ok(_) => break,
            Err(UploadError::Link(_)) => cuts += 1,
            Err(error) => panic!("{error}"),
        }
        assert!(cuts < 100, "it does not get on");
    }
    let state = link.0.lock().unwrap();
    assert!(cuts > 3);
    assert_eq!((state.held.len(), state.received), (3, needed));
}

#[tokio::test]
async fn the_smallest_goes_first_and_of_equals_the_oldest() {
    let phone = Phone::new();
    let large = phone.takes_bytes(noisy(300, 1)).await.unwrap();
    let (first, second) = (phone.takes(90).await.unwrap(), phone.takes(91).await.unwrap());
    let link = Link::default();
    phone.photos.upload(&link, Network::Metered).await.unwrap();
    let meant: Vec<_> = if size_of(&phone, first) <= size_of(&phone, second) {
        [first, second, large].map(|id| hash_of(&phone, id)).to_vec()
    } else {
        [second, first, large].map(|id| hash_of(&phone, id)).to_vec()
    };
    assert_eq!(link.0.lock().unwrap().finished, meant);
}

#[tokio::test]
async fn what_the_server_has_is_not_sent_and_what_it_will_not_take_blocks_nothing() {
    let phone = Phone::new();
    let (there, refused, wanted) = (
        phone.takes(10).await.unwrap(),
        phone.takes(90).await.unwrap(),
        phone.takes_bytes(noisy(200, 1)).await.unwrap(),
    );
    let link = Link::default();
    link.0.lock().unwrap().held.insert(hash_of(&phone, there), Vec::new());
    link.0.lock().unwrap().refused.insert(hash_of(&phone, refused));
    let done = phone.photos.upload(&link, Network::Metered).await.unwrap();
    assert_eq!((done.photos, done.refused, done.sent), (1, 1, size_of(&phone, wanted)));
    let arrived: Vec<_> = phone.photos.storage_view().unwrap().photos.iter().map(|it| it.arrived == it.size).collect();
    assert_eq!(arrived, [true, false, true]);
}

#[tokio::test]
async fn while_another_process_of_the_device_sends_photos_this_one_does_not() {
    let phone = Phone::new();
    phone.takes(10).await.unwrap();
    let link = Link::default();
    let other = RoundLock::try_take(phone.folder.path(), Lane::Photos).unwrap();
    assert_eq!(phone.photos.send_waiting(&link).await.unwrap(), Uploaded::default());
    assert_eq!(link.0.lock().unwrap().received, 0);
    drop(other);
    assert_eq!(phone.photos.send_waiting(&link).await.unwrap().photos, 1);
}

#[tokio::test]
async fn a_background_round_sends_photos_and_leaves_the_running_apps_files_alone() {
    let phone = Phone::new();
    phone.takes(10).await.unwrap();
    let just_taken = phone.folder.path().join("photos").join(format!("{}.jpg", "0".repeat(64)));
    std::fs::write(&just_taken, b"its record is not committed yet").unwrap();
    let coming_in = phone.photos.begin_intake(10).unwrap();
    let beside =
        Photos::open_beside_the_app(Arc::new(Store::open(phone.folder.path()).unwrap()), Arc::new(SystemEnvironment));
    assert_eq!(beside.unwrap().send_waiting(&Link::default()).await.unwrap().photos, 1);
    assert!(just_taken.exists());
    phone.photos.take_in(coming_in, 0, b"0123456789").unwrap();
}

#[tokio::test]
async fn an_upload_that_the_server_forgot_is_begun_again() {
    let phone = Phone::new();
    phone.takes_bytes(noisy(500, 1)).await.unwrap();
    let link = Link::default();
    link.0.lock().unwrap().until_cut = Some(70_000);
    assert!(phone.photos.upload(&link, Network::Metered).await.is_err());
    *link.0.lock().unwrap() = State::default();
    assert_eq!(phone.photos.upload(&link, Network::Metered).await.unwrap().photos, 1);
}

#[tokio::test]
async fn large_photos_wait_for_wifi_if_the_policy_says_so_and_the_progress_tells() {
    let phone = Phone::new();
    phone.takes(10).await.unwrap();
    let large = phone.takes_bytes(noisy(400, 1)).await.unwrap();
    phone.photos.set_policy(&PhotoPolicy { wifi_only_above: Some(20_000), ..PhotoPolicy::default() }).unwrap();
    let link = Link::default();
    assert_eq!(phone.photos.upload(&link, Network::Metered).await.unwrap().photos, 1);
    let told = *phone.photos.progress().borrow();
    assert_eq!((told.photos, told.wait_for_wifi, told.arrived == told.bytes), (1, 1, true));
    assert_eq!(phone.photos.upload(&link, Network::Unmetered).await.unwrap().photos, 1);
    assert!(link.0.lock().unwrap().held.contains_key(&hash_of(&phone, large)));
}

#[tokio::test]
async fn what_is_over_stays_until_the_server_has_said_once_more_that_it_holds_it() {
    let phone = Phone::new();
    let (kept, lost) = (phone.takes(90).await.unwrap(), phone.takes(180).await.unwrap());
    let link = Link::default();
    phone.photos.upload(&link, Network::Metered).await.unwrap();
    for id in [kept, lost] {
        phone.hears(id, true);
    }
    phone.lets_go();
    phone.passes(24 * HOUR);
    link.0.lock().unwrap().held.remove(&hash_of(&phone, lost));
    link.0.lock().unwrap().is_away = true;
    assert!(phone.photos.let_go(&link).await.is_err(), "nobody can be asked");
    assert_eq!((phone.files(kept), phone.files(lost)), ((true, true), (true, true)));
    link.0.lock().unwrap().is_away = false;
    assert_eq!(phone.photos.let_go(&link).await.unwrap(), 1);
    assert_eq!((phone.files(kept), phone.files(lost)), ((false, true), (true, true)));
}

#[tokio::test]
async fn photos_whose_record_went_with_its_yard_are_sent_and_go_a_day_after_the_server_has_said_that_it_holds_them() {
    let phone = Phone::new();
    let (known, unsent) = (phone.takes(90).await.unwrap(), phone.takes(180).await.unwrap());
    let hashes = [known, unsent].map(|id| hash_of(&phone, id));
    let is_here = |hash: &String| phone.photos.folder.path(hash, folder::Sort::Photo).exists();
    phone.hears(known, true);
    phone.hears(unsent, false);
    phone.lets_go();
    phone.syncs_and_loses_its_yard();
    assert!(phone.store.held(known).unwrap().is_none());

    let link = Link::default();
    link.0.lock().unwrap().held.insert(hashes[0].clone(), Vec::new());
    phone.passes(24 * HOUR);
    assert_eq!(phone.photos.let_go(&link).await.unwrap(), 1, "the server was known to hold it");
    assert_eq!(phone.photos.upload(&link, Network::Metered).await.unwrap().photos, 1);
    assert_eq!(
        phone.photos.upload(&link, Network::Metered).await.unwrap().photos,
        0,
        "the server says that it holds it"
    );
    phone.passes(24 * HOUR - 1);
    assert_eq!(phone.photos.let_go(&link).await.unwrap(), 0);
    assert!(is_here(&hashes[1]));
    phone.passes(1);
    link.0.lock().unwrap().held.remove(&hashes[1]);
    assert_eq!(phone.photos.let_go(&link).await.unwrap(), 0, "it was lost since, and waits again");
    assert_eq!(phone.photos.upload(&link, Network::Metered).await.unwrap().photos, 1);
    phone.photos.upload(&link, Network::Metered).await.unwrap();
    phone.passes(24 * HOUR);
    assert_eq!(phone.photos.let_go(&link).await.unwrap(), 1);
    assert_eq!(hashes.iter().filter(|hash| is_here(hash)).count(), 0);
}

#[tokio::test]
async fn a_photo_that_went_is_fetched_for_viewing_into_a_bounded_cache_and_offline_it_is_told() {
    let phone = Phone::new();
    let ids = [phone.takes_bytes(noisy(300, 1)).await.unwrap(), phone.takes_bytes(noisy(300, 2)).await.unwrap()];
    let link = Link::default();
    phone.photos.upload(&link, Network::Metered).await.unwrap();
    for id in ids {
        phone.hears(id, true);
    }
    phone.lets_go();
    phone.passes(24 * HOUR);
    assert_eq!(phone.photos.let_go(&link).await.unwrap(), 2);
    let told = CommandError::from(phone.photos.view(None, &hash_of(&phone, ids[0])).await.unwrap_err());
    assert!(told.message.contains("no signal") && told.message.contains("thumbnail"), "{}", told.message);

    let most = size_of(&phone, ids[0]).max(size_of(&phone, ids[1])) + 10;
    phone.photos.set_policy(&PhotoPolicy { cache_bytes: most, ..PhotoPolicy::default() }).unwrap();
    let first = phone.photos.view(Some(&link), &hash_of(&phone, ids[0])).await.unwrap();
    assert_eq!(phone.photos.view(None, &hash_of(&phone, ids[0])).await.unwrap(), first, "it is here now");
    let second = phone.photos.view(Some(&link), &hash_of(&phone, ids[1])).await.unwrap();
    assert!(second.exists() && !first.exists(), "the cache holds one of them");
    assert!(phone.photos.view(Some(&link), "../../gatebook.sqlite").await.is_err());
}

/// What the server has of it so far.
fn puts(link: &Link, phone: &Phone, id: Uuid, upload: u128, bytes: u64) {
    let (sha256, size) = (hash_of(phone, id), size_of(phone, id));
    let whole = std::fs::read(phone.photos.picture(&sha256).unwrap()).unwrap();
    let new = NewUpload { sha256, size, media_type: String::new(), record_id: id };
    let part = whole[..usize::try_from(bytes).unwrap()].to_vec();
    link.0.lock().unwrap().parts.insert(Uuid::from_u128(upload), (new, part));
}

#[tokio::test]
async fn what_has_arrived_to_the_last_byte_and_was_never_stored_is_stored_without_sending_it_again() {
    let phone = Phone::new();
    let id = phone.takes(10).await.unwrap();
    let link = Link::default();
    puts(&link, &phone, id, 1, size_of(&phone, id));
    assert_eq!(phone.photos.upload(&link, Network::Metered).await.unwrap().sent, 0);
    assert!(link.0.lock().unwrap().held.contains_key(&hash_of(&phone, id)));
}

#[tokio::test]
async fn of_several_uploads_of_one_photo_the_furthest_is_carried_on() {
    let phone = Phone::new();
    let id = phone.takes(10).await.unwrap();
    for (first, second) in [(20, 0), (0, 20)] {
        let link = Link::default();
        puts(&link, &phone, id, 1, first);
        puts(&link, &phone, id, 2, second);
        assert_eq!(phone.photos.upload(&link, Network::Metered).await.unwrap().sent, size_of(&phone, id) - 20);
    }
}
