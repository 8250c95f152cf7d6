//! Uploads over a link that breaks.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use bytes::Bytes;
use gatebook_sync::wire::{ApiError, ApiErrorCode, HaveRequest, HaveResponse, PhotoLimits, ServerIdentity, Unfinished};

use super::*;
use crate::environment::SystemEnvironment;
use crate::round_lock::{Lane, RoundLock};
use crate::store::{Enrolment, settings};
use crate::transport::TransportError;

#[derive(Default)]
struct State {
    /// The server's clock.
    time: Timestamp,
    /// Which server it says it is.
    server: Option<ServerIdentity>,
    held: BTreeMap<String, Vec<u8>>,
    parts: BTreeMap<Uuid, (NewUpload, Vec<u8>)>,
    /// Hashes in the order in which their last byte arrived.
    finished: Vec<String>,
    /// Bytes until the link breaks; `None`: it does not.
    until_cut: Option<usize>,
    refused: BTreeSet<String>,
    /// The server fails whenever it is about these.
    fails_at: BTreeSet<String>,
    is_away: bool,
    /// A chunk that is cut does not count, as its checksum cannot be right.
    drops_halves: bool,
    /// The whole is refused and forgotten if its hash is wrong. Without this such a whole is a mistake of the device's.
    checks_hashes: bool,
    /// Chunks larger than this stop on their way, and the server says so.
    carries_at_most: Option<usize>,
    received: u64,
    /// Bytes of each chunk that was sent.
    chunks: Vec<usize>,
}

/// A server at the end of a link that breaks when the test says so; what came through by then is kept.
#[derive(Default)]
struct Link(Mutex<State>);

fn failed() -> TransportError {
    let error = ApiError::new(ApiErrorCode::Internal, "It broke.", true);
    TransportError::Refused { status: 500, error, retry_after: None }
}

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
        if request.before_letting_go && request.sha256.iter().any(|sha256| state.fails_at.contains(sha256)) {
            return Err(failed());
        }
        let is_asked = |sha256: &String| request.sha256.contains(sha256);
        Ok(HaveResponse {
            server: state.server.clone(),
            server_time: state.time,
            time_doubtful: false,
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

    async fn begin(&self, new: &NewUpload, bytes: Bytes) -> Result<Option<(Uuid, u64)>, TransportError> {
        let id = Uuid::now_v7();
        {
            let mut state = self.0.lock().unwrap();
            if state.refused.contains(&new.sha256) {
                let error = ApiError::new(ApiErrorCode::Forbidden, "No.", false);
                return Err(TransportError::Refused { status: 403, error, retry_after: None });
            }
            if state.fails_at.contains(&new.sha256) {
                return Err(failed());
            }
            state.parts.insert(id, (new.clone(), Vec::new()));
        }
        Ok(self.send(id, 0, bytes).await?.map(|stands| (id, stands)))
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
        state.chunks.push(bytes.len());
        if state.drops_halves && through < bytes.len() {
            return Err(broken());
        }
        if state.carries_at_most.is_some_and(|most| bytes.len() > most) {
            return Ok(Some(offset));
        }
        let Some((new, part)) = state.parts.get_mut(&upload) else { return Ok(None) };
        if part.len() as u64 != offset {
            return Ok(None);
        }
        part.extend_from_slice(&bytes[..through]);
        let (stands, new, whole) = (part.len() as u64, new.clone(), part.clone());
        state.received += through as u64;
        if stands == new.size {
            state.parts.remove(&upload);
            if state.checks_hashes && folder::sha256(&whole) != new.sha256 {
                return Ok(None);
            }
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
    assert_eq!((done.photos, done.refused), (1, 1));
    assert_eq!(done.sent, size_of(&phone, wanted) + size_of(&phone, refused));
    let again = phone.photos.upload(&link, Network::Metered).await.unwrap();
    assert_eq!((again.refused, again.sent), (1, 0), "it is asked about before any of it is sent again");
    let store = Arc::new(Store::open(phone.folder.path()).unwrap());
    let in_the_background = Photos::open_beside_the_app(store, Arc::new(SystemEnvironment)).unwrap();
    let again = in_the_background.upload(&link, Network::Metered).await.unwrap();
    assert_eq!((again.refused, again.sent), (1, 0), "and by another process too");
    let arrived: Vec<_> = phone.photos.storage_view().unwrap().photos.iter().map(|it| it.arrived == it.size).collect();
    assert_eq!(arrived, [true, false, true]);
    link.0.lock().unwrap().refused.clear();
    let done = phone.photos.upload(&link, Network::Metered).await.unwrap();
    assert_eq!((done.photos, done.sent), (1, size_of(&phone, refused)), "and sent once it may come");
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
    phone.free.store(0, Ordering::SeqCst);
    assert!(phone.photos.check_room().is_err());
    assert_eq!(phone.files(lost), (true, true), "it makes no room: the server has said that it does not have it");
    link.0.lock().unwrap().held.insert(hash_of(&phone, lost), Vec::new());
    assert_eq!(phone.photos.let_go(&link).await.unwrap(), 1, "somebody put it back");
}

#[tokio::test]
async fn what_the_server_does_not_have_any_more_is_sent_again_and_its_day_begins_anew() {
    let phone = Phone::new();
    let lost = phone.takes(180).await.unwrap();
    let link = Link::default();
    phone.photos.upload(&link, Network::Metered).await.unwrap();
    phone.hears(lost, true);
    phone.lets_go();
    phone.passes(24 * HOUR);
    link.0.lock().unwrap().held.clear();
    for _ in 0..2 {
        let (lets_go, sends) = (!phone.photos.over().unwrap().is_empty(), phone.photos.has_waiting().unwrap());
        phone.photos.look(&link, lane::ToDo { lets_go, sends }).await.unwrap();
    }
    assert!(link.0.lock().unwrap().held.contains_key(&hash_of(&phone, lost)), "nobody had to press anything");
    phone.lets_go();
    phone.passes(24 * HOUR - 1);
    assert_eq!(phone.photos.let_go(&link).await.unwrap(), 0);
    phone.passes(1);
    assert_eq!(phone.photos.let_go(&link).await.unwrap(), 1);
}

#[tokio::test]
async fn a_photo_that_the_server_fails_at_keeps_no_other_from_being_sent_and_the_lane_backs_off() {
    let phone = Phone::new();
    let (over, bad) = (phone.takes(10).await.unwrap(), phone.takes(90).await.unwrap());
    let link = Link::default();
    link.0.lock().unwrap().held.insert(hash_of(&phone, over), Vec::new());
    phone.hears(over, true);
    phone.lets_go();
    phone.passes(24 * HOUR);
    let wanted = phone.takes_bytes(noisy(200, 1)).await.unwrap();
    link.0.lock().unwrap().fails_at.extend([hash_of(&phone, over), hash_of(&phone, bad)]);
    let to_do = lane::ToDo { lets_go: true, sends: true };
    assert!(matches!(phone.photos.look(&link, to_do).await, Err(UploadError::Link(_))));
    assert!(link.0.lock().unwrap().held.contains_key(&hash_of(&phone, wanted)));
    assert_eq!((phone.files(over), phone.files(bad)), ((true, true), (true, true)));
}

#[tokio::test]
async fn a_server_that_is_busy_makes_no_chunk_smaller() {
    let phone = Phone::new();
    let id = phone.takes(10).await.unwrap();
    let link = Link::default();
    link.0.lock().unwrap().refused.insert(hash_of(&phone, id));
    let before = phone.photos.chunk_size();
    phone.photos.upload(&link, Network::Metered).await.unwrap();
    assert_eq!(phone.photos.chunk_size(), before);
    link.0.lock().unwrap().refused.clear();
    link.0.lock().unwrap().until_cut = Some(100);
    assert!(phone.photos.upload(&link, Network::Metered).await.is_err());
    assert_ne!(phone.photos.chunk_size(), before);
}

#[tokio::test]
async fn what_another_server_says_that_it_holds_neither_goes_nor_counts_as_sent() {
    let phone = Phone::new();
    let own = ServerIdentity { organization: Uuid::from_u128(1), key: "own".to_owned() };
    let enrolment = Enrolment {
        server_url: String::new(),
        tenant_id: Some(own.organization),
        tenant_name: String::new(),
        device_id: Uuid::from_u128(2),
        device_name: String::new(),
        token: String::new(),
        revoked: false,
        device_key: None,
        server: Some(own.clone()),
        pin: None,
    };
    phone.store.set(&settings::ENROLMENT, Some(&enrolment)).unwrap();
    let (sent, waits) = (phone.takes(90).await.unwrap(), phone.takes(180).await.unwrap());
    phone.hears(sent, true);
    phone.lets_go();
    phone.passes(24 * HOUR);

    let link = Link::default();
    for id in [sent, waits] {
        link.0.lock().unwrap().held.insert(hash_of(&phone, id), Vec::new());
    }
    link.0.lock().unwrap().server = Some(ServerIdentity { key: "another".to_owned(), ..own.clone() });
    assert!(phone.photos.let_go(&link).await.is_err());
    assert!(phone.photos.upload(&link, Network::Unmetered).await.is_err());
    assert_eq!((phone.files(sent), phone.files(waits)), ((true, true), (true, true)));
    link.0.lock().unwrap().server = Some(own);
    assert_eq!(phone.photos.let_go(&link).await.unwrap(), 1);
    assert_eq!(phone.files(sent), (false, true));
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
async fn hours_for_which_the_device_was_off_do_not_count_for_a_photo_that_is_confirmed_before_the_next_sync() {
    let phone = Phone::new();
    let photo = phone.takes(90).await.unwrap();
    let hash = hash_of(&phone, photo);
    phone.syncs_and_loses_its_yard();
    phone.photos.note_confirmed().unwrap();

    // Off for ten hours.
    phone.clock.shift.fetch_add(10 * 3_600, Ordering::SeqCst);
    let link = Link::default();
    let state = State { time: phone.clock.now(), held: [(hash.clone(), Vec::new())].into(), ..State::default() };
    *link.0.lock().unwrap() = state;
    phone.photos.upload(&link, Network::Metered).await.unwrap();
    phone.syncs_and_loses_its_yard();
    phone.photos.note_confirmed().unwrap();
    phone.passes(24 * HOUR - 1);
    assert_eq!(phone.photos.let_go(&link).await.unwrap(), 0);
    phone.passes(1);
    assert_eq!(phone.photos.let_go(&link).await.unwrap(), 1);
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

#[tokio::test]
async fn over_a_link_that_carries_little_at_a_time_and_drops_halves_a_photo_arrives() {
    let phone = Phone::new();
    phone.takes_bytes(noisy(500, 1)).await.unwrap();
    let link = Link::default();
    link.0.lock().unwrap().drops_halves = true;
    for cut in 0.. {
        assert!(cut < 100, "it does not get on");
        link.0.lock().unwrap().until_cut = Some(40_000);
        if phone.photos.upload(&link, Network::Metered).await.is_ok() {
            return;
        }
    }
}

#[tokio::test]
async fn an_upload_whose_bytes_stopped_is_carried_on_at_once_in_smaller_chunks() {
    let phone = Phone::new();
    let id = phone.takes_bytes(noisy(700, 1)).await.unwrap();
    let link = Link::default();
    link.0.lock().unwrap().carries_at_most = Some(100_000);
    assert_eq!(phone.photos.upload(&link, Network::Metered).await.unwrap().photos, 1);
    let state = link.0.lock().unwrap();
    assert_eq!(state.received, size_of(&phone, id), "nothing of it went through twice");
    assert!(state.parts.is_empty(), "it was never begun again");
    let stopped = state.chunks.iter().filter(|bytes| **bytes > 100_000).count();
    assert!(stopped > 3, "{:?}: as often as it comes further it may stop", state.chunks);
}

#[tokio::test]
async fn what_was_learned_of_the_link_outlives_the_process() {
    let mut phone = Phone::new();
    phone.takes_bytes(noisy(500, 1)).await.unwrap();
    let link = Link::default();
    link.0.lock().unwrap().drops_halves = true;
    for _ in 0..8 {
        link.0.lock().unwrap().until_cut = Some(10);
        assert!(phone.photos.upload(&link, Network::Metered).await.is_err());
    }
    phone.starts_again();
    *link.0.lock().unwrap() = State::default();
    phone.photos.upload(&link, Network::Metered).await.unwrap();
    let chunks = link.0.lock().unwrap().chunks.clone();
    assert_eq!(chunks[..2], [8 * 1024, 16 * 1024], "it begins small, and grows with each that goes through");
    phone.takes_bytes(noisy(500, 2)).await.unwrap();
    phone.starts_again();
    link.0.lock().unwrap().chunks.clear();
    phone.photos.upload(&link, Network::Metered).await.unwrap();
    assert!(link.0.lock().unwrap().chunks[0] > 16 * 1024, "and so does what is remembered");
}

#[tokio::test]
async fn a_photo_that_the_disk_has_changed_is_told_and_kept_and_never_sent_until_it_is_taken_again() {
    let mut phone = Phone::new();
    let (whole, rotten) = (phone.takes(10).await.unwrap(), phone.takes_bytes(noisy(300, 1)).await.unwrap());
    let file = phone.photos.folder.path(&hash_of(&phone, rotten), folder::Sort::Photo);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[5_000] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let link = Link::default();
    let done = phone.photos.upload(&link, Network::Metered).await.unwrap();
    assert_eq!((done.photos, done.sent), (1, size_of(&phone, whole)));
    phone.hears(whole, true);
    phone.photos.note_confirmed().unwrap();
    for _ in 0..2 {
        assert_eq!(phone.photos.send_waiting(&link).await.unwrap(), Uploaded::default());
        assert!(!phone.photos.has_waiting().unwrap(), "no look is begun for it");
        phone.starts_again();
    }
    let view = phone.photos.storage_view().unwrap();
    let kept = view.photos.iter().find(|photo| photo.record_id == rotten).unwrap().kept;
    assert_eq!((kept, std::fs::read(&file).unwrap()), (Kept::Damaged, bytes));
    assert!(link.0.lock().unwrap().parts.is_empty());

    let again = phone.takes_bytes(noisy(300, 1)).await.unwrap();
    assert_eq!(hash_of(&phone, again), hash_of(&phone, rotten));
    assert_eq!(phone.photos.send_waiting(&link).await.unwrap().photos, 1);
}

#[tokio::test]
async fn a_photo_that_the_disk_changed_while_it_was_sent_is_sent_in_vain_once() {
    let phone = Phone::new();
    let id = phone.takes_bytes(noisy(300, 1)).await.unwrap();
    let link = Link::default();
    // Some of it arrived before the disk changed it; what the server then puts together it refuses and forgets.
    puts(&link, &phone, id, 1, 1_000);
    let file = phone.photos.folder.path(&hash_of(&phone, id), folder::Sort::Photo);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[5_000] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    link.0.lock().unwrap().checks_hashes = true;
    let done = phone.photos.upload(&link, Network::Metered).await.unwrap();
    assert_eq!((done.photos, done.sent), (0, size_of(&phone, id) - 1_000));
    assert_eq!(phone.photos.storage_view().unwrap().photos[0].kept, Kept::Damaged);
}

#[tokio::test]
async fn a_photo_of_which_the_disk_has_lost_the_end_is_damaged_however_much_of_it_has_arrived() {
    let phone = Phone::new();
    let id = phone.takes_bytes(noisy(300, 1)).await.unwrap();
    let link = Link::default();
    puts(&link, &phone, id, 1, 1_000);
    let file = phone.photos.folder.path(&hash_of(&phone, id), folder::Sort::Photo);
    std::fs::write(&file, &std::fs::read(&file).unwrap()[..500]).unwrap();
    assert_eq!(phone.photos.upload(&link, Network::Metered).await.unwrap(), Uploaded::default());
    assert_eq!(phone.photos.storage_view().unwrap().photos[0].kept, Kept::Damaged);
}

#[tokio::test]
async fn a_viewed_photo_is_shown_whole_or_fetched_again_and_two_may_look_at_once() {
    let mut phone = Phone::new();
    let bytes = b"a photo of another device".to_vec();
    let hash = folder::sha256(&bytes);
    let link = Link::default();
    link.0.lock().unwrap().held.insert(hash.clone(), bytes.clone());
    let (one, two) = tokio::join!(phone.photos.view(Some(&link), &hash), phone.photos.view(Some(&link), &hash));
    let file = one.unwrap();
    assert_eq!(file, two.unwrap());
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing unfinished is left");
    // A power cut may leave a name without its bytes, and a part without its name.
    std::fs::write(&file, b"").unwrap();
    let part = file.with_file_name(format!("{hash}.1.part"));
    std::fs::write(&part, b"half").unwrap();
    phone.starts_again();
    assert!(!part.exists());
    assert!(matches!(phone.photos.view(None, &hash).await, Err(PhotoError::NotHere)));
    let again = phone.photos.view(Some(&link), &hash).await.unwrap();
    assert_eq!(std::fs::read(again).unwrap(), bytes);
}
