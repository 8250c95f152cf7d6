//! Sending what the server does not hold: a lane of its own beside the sync round. Nothing is locked and no transaction is
//! open while the network is waited for, and nothing is remembered between two rounds but what database and server know.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use bytes::Bytes;
use gatebook_sync::deliberate;
use gatebook_sync::wire::{HaveRequest, HaveResponse, Unfinished};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::chunk::ChunkSize;
use super::folder::{Sort, has_hash, sha256};
use super::off_thread::off_thread;
use super::{PhotoError, Photos, develop};
use crate::error::StoreError;
use crate::store::{HeldPhoto, Store, settings};
use crate::transport::TransportError;

/// Hashes in one question, until the server has said how many it takes.
const HASHES: usize = 500;
/// Answers about one photo that change nothing, before it waits for the next round.
const MOST_SETBACKS: u32 = 3;

/// Carries photos to the server and back.
#[async_trait]
pub trait PhotoTransport: Send + Sync {
    /// Asks which photos the server holds.
    async fn have(&self, request: &HaveRequest) -> Result<HaveResponse, TransportError>;
    /// Begins an upload with its first bytes; answers which it is and where it then stands. `None`: what came was not what
    /// was sent.
    async fn begin(&self, new: &NewUpload, bytes: Bytes) -> Result<Option<(Uuid, u64)>, TransportError>;
    /// Asks where an upload stands; `None`: there is none any more.
    async fn offset(&self, upload: Uuid) -> Result<Option<u64>, TransportError>;
    /// Sends bytes from an offset on; answers where the upload then stands, which is that offset if not all of them came.
    /// `None`: it does not stand at that offset, or is not there.
    async fn send(&self, upload: Uuid, offset: u64, bytes: Bytes) -> Result<Option<u64>, TransportError>;
    /// Fetches a photo.
    async fn fetch(&self, sha256: &str) -> Result<Bytes, TransportError>;
}

/// What an upload announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUpload {
    /// Hash of all of it.
    pub sha256: String,
    /// How many bytes.
    pub size: u64,
    /// What they are.
    pub media_type: String,
    /// The attachment.
    pub record_id: Uuid,
}

/// What the device is connected by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Bytes cost nothing: Wi-Fi, a cable.
    Unmetered,
    /// Bytes cost, or nobody knows.
    Metered,
}

/// How the photos stand, for the sync status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct UploadProgress {
    /// Photos that are being sent, or follow; none while nothing is sent.
    pub photos: u32,
    /// Their bytes.
    #[cfg_attr(feature = "specta", specta(type = u32))]
    pub bytes: u64,
    /// Bytes of them that have arrived.
    #[cfg_attr(feature = "specta", specta(type = u32))]
    pub arrived: u64,
    /// Photos that wait for Wi-Fi.
    pub wait_for_wifi: u32,
}

/// What a round of uploads did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Uploaded {
    /// Photos whose last byte arrived.
    pub photos: u32,
    /// Bytes that were sent, cuts included.
    pub sent: u64,
    /// Photos that the server would not take; they are kept and offered again in the next round.
    pub refused: u32,
}

impl Photos {
    /// Sends what the server does not hold, what is nearest to its end first and of those the oldest. Ends at the first
    /// break of the link; what arrived by then stays, and the next round goes on from there.
    ///
    /// # Errors
    /// The link broke, or the database or a file failed.
    pub async fn upload(&self, link: &dyn PhotoTransport, network: Network) -> Result<Uploaded, UploadError> {
        let waiting: Vec<HeldPhoto> =
            self.store.held_photos().map_err(PhotoError::from)?.into_iter().filter(HeldPhoto::waits).collect();
        let Known { held, unfinished, told_at } = ask(&self.store, link, &waiting, false).await?;
        let mut jobs = Vec::new();
        for photo in waiting {
            if held.contains(&photo.sha256) {
                self.arrived(&photo, photo.size, None)?;
                self.note_said(&photo.sha256, true, told_at)?;
                self.given_again(&photo)?;
                continue;
            }
            self.note_said(&photo.sha256, false, told_at)?;
            let at = unfinished.get(&photo.sha256).copied().filter(|_| !deliberate!(BeginAgainAfterCut));
            self.arrived(&photo, at.map_or(0, |(_, offset)| offset), None)?;
            jobs.push((photo, at));
        }
        jobs.sort_by_key(|(photo, at)| {
            (photo.size - at.map_or(0, |(_, offset)| offset).min(photo.size), photo.record_id)
        });
        let limit = self.policy().wifi_only_above.filter(|_| network == Network::Metered);
        let (now, later): (Vec<_>, Vec<_>) =
            jobs.into_iter().partition(|(photo, _)| limit.is_none_or(|limit| photo.size <= limit));
        self.progress.send_replace(UploadProgress {
            photos: u32::try_from(now.len()).unwrap_or(u32::MAX),
            bytes: now.iter().map(|(photo, _)| photo.size).sum(),
            arrived: now.iter().filter_map(|(_, at)| at.map(|(_, offset)| offset)).sum(),
            wait_for_wifi: u32::try_from(later.len()).unwrap_or(u32::MAX),
        });
        let (mut done, mut failed) = (Uploaded::default(), None);
        for (photo, at) in now {
            match self.send(link, &photo, at, &mut done).await {
                Ok(()) => {
                    self.given_again(&photo)?;
                    done.photos += 1;
                }
                Err(UploadError::Link(error)) if is_about_this_photo(&error) => {
                    tracing::warn!(%error, record = %photo.record_id, "a photo was not taken");
                    done.refused += 1;
                    if !photo.is_refused {
                        self.store.note_refused(&photo.sha256).map_err(PhotoError::from)?;
                    }
                }
                Err(UploadError::Link(error)) if fails_at_this_photo(&error) && failed.is_none() => {
                    tracing::warn!(%error, record = %photo.record_id, "the server failed at a photo; others go on");
                    failed = Some(error);
                }
                Err(UploadError::Photo(PhotoError::Damaged)) => {
                    tracing::error!(record = %photo.record_id, "a photo is not what was taken; it stays and is not sent");
                    self.store.note_damaged(&photo.sha256).map_err(PhotoError::from)?;
                }
                Err(UploadError::Photo(PhotoError::Io(error))) => {
                    tracing::error!(%error, record = %photo.record_id, "a photo cannot be read");
                    done.refused += 1;
                }
                Err(error) => return Err(error),
            }
        }
        failed.map_or(Ok(done), |error| Err(error.into()))
    }

    /// How the uploads stand, as it changes.
    #[must_use]
    pub fn progress(&self) -> tokio::sync::watch::Receiver<UploadProgress> {
        self.progress.subscribe()
    }

    /// Nothing is being sent any more.
    pub(super) fn sending_ended(&self) {
        self.progress.send_if_modified(|progress| {
            let rest = UploadProgress { wait_for_wifi: progress.wait_for_wifi, ..UploadProgress::default() };
            std::mem::replace(progress, rest) != rest
        });
    }

    /// A file with the photo's bytes, fetched if it went from this device; kept among what was viewed lately.
    ///
    /// # Errors
    /// It is not here and cannot be fetched now; the thumbnail is here.
    pub async fn view(&self, link: Option<&dyn PhotoTransport>, hash: &str) -> Result<PathBuf, PhotoError> {
        if !super::is_hash(hash) {
            return Err(PhotoError::NotHere);
        }
        if let Some(path) = self.picture(hash) {
            return Ok(path);
        }
        let bytes = link.ok_or(PhotoError::NotHere)?.fetch(hash).await.map_err(|error| {
            tracing::info!(%error, "a photo is not to be had");
            match (error.refusal(), &error) {
                (Some(gatebook_sync::wire::ApiErrorCode::NotFound), _) => PhotoError::NotSentYet,
                (_, TransportError::CertificateDates(_)) => PhotoError::DeviceClock,
                _ => PhotoError::NotHere,
            }
        })?;
        if sha256(&bytes) != hash {
            return Err(PhotoError::NotHere);
        }
        let part = self.environment.new_id().to_string();
        Ok(self.folder.put_cached(hash, &part, &bytes, self.policy().cache_bytes)?)
    }

    async fn send(
        &self,
        link: &dyn PhotoTransport,
        photo: &HeldPhoto,
        at: Option<(Uuid, u64)>,
        done: &mut Uploaded,
    ) -> Result<(), UploadError> {
        let (mut at, mut setbacks) = (at, 0);
        if let Some((upload, offset)) = at
            && offset >= photo.size
            && !deliberate!(ArrivedIsStored)
        {
            // Every byte is there, and it is not stored: the server ended in between. Being asked it goes on from there.
            at = link.offset(upload).await?.map(|stands| (upload, stands));
        }
        loop {
            let (upload, offset) = at.map_or((None, 0), |(upload, offset)| (Some(upload), offset));
            if offset >= photo.size {
                return Ok(());
            }
            let size = self.chunk_size();
            // What was refused is asked about again before any of it is read or sent.
            let most = if upload.is_none() && photo.is_refused { 0 } else { size.bytes() };
            if offset == 0 && most > 0 {
                self.check_bytes(photo).await?;
            }
            let bytes = part(&self.folder.path(&photo.sha256, Sort::Photo), offset, most).await?;
            let (length, begun) = (bytes.len() as u64, self.environment.uptime());
            done.sent += length;
            let answer = match upload {
                Some(upload) => link.send(upload, offset, bytes).await.map(|stands| stands.map(|now| (upload, now))),
                None => link.begin(&announced(photo), bytes).await,
            };
            let took = self.environment.uptime().saturating_sub(begun);
            let next = match &answer {
                _ if length == 0 => size,
                Ok(Some((_, now))) if *now >= offset + length => size.went_through(length, took),
                // The server waited for the rest in vain.
                Ok(Some(_)) => size.was_cut(),
                Err(error) if tells_of_the_link(error) => size.was_cut(),
                Ok(None) | Err(_) => size,
            };
            *self.chunk.lock().unwrap_or_else(PoisonError::into_inner) = next;
            let learned = Some(next).filter(|next| *next != size);
            let came_further = matches!(&answer, Ok(Some((_, now))) if *now > offset);
            if !came_further && learned.is_some() {
                // A window in the background may end before anything goes through; the next one is to know.
                self.store.set(&settings::CHUNK, learned.as_ref()).map_err(PhotoError::from)?;
            }
            at = match answer? {
                Some((upload, 0)) if length == 0 => Some((upload, 0)),
                Some((upload, now)) if now > offset && now <= photo.size => {
                    setbacks = 0;
                    self.came_further.store(true, Ordering::Relaxed);
                    self.progress.send_modify(|progress| progress.arrived += now - offset);
                    self.arrived(photo, now, learned)?;
                    Some((upload, now))
                }
                stands if setbacks < MOST_SETBACKS => {
                    setbacks += 1;
                    match stands.map(|(begun, _)| begun).or(upload) {
                        Some(upload) => link.offset(upload).await?.map(|stands| (upload, stands)),
                        None => None,
                    }
                }
                _ => {
                    return Err(UploadError::Photo(PhotoError::Io(std::io::Error::other("the upload does not go on"))));
                }
            };
        }
    }

    pub(super) fn chunk_size(&self) -> ChunkSize {
        *self.chunk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Before its first byte is sent: a file that the disk has changed would be refused after its last one, and again.
    async fn check_bytes(&self, photo: &HeldPhoto) -> Result<(), PhotoError> {
        let (path, sha256) = (self.folder.path(&photo.sha256, Sort::Photo), photo.sha256.clone());
        let is_whole = off_thread(move || has_hash(&path, &sha256)).await??;
        if is_whole { Ok(()) } else { Err(PhotoError::Damaged) }
    }

    /// The server has what it did not have when it was to be let go.
    fn given_again(&self, photo: &HeldPhoto) -> Result<(), PhotoError> {
        if photo.is_denied { Ok(self.store.note_given_again(&photo.sha256)?) } else { Ok(()) }
    }

    fn arrived(&self, photo: &HeldPhoto, bytes: u64, learned: Option<ChunkSize>) -> Result<(), UploadError> {
        if photo.arrived == bytes && learned.is_none() {
            return Ok(());
        }
        self.store.note_arrived(&photo.sha256, bytes, learned).map_err(|error| UploadError::Photo(error.into()))
    }
}

/// Why a round of uploads ended early. The next one goes on.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The link.
    #[error(transparent)]
    Link(#[from] TransportError),
    /// The device.
    #[error(transparent)]
    Photo(#[from] PhotoError),
}

/// What the server knows of photos.
#[derive(Default)]
pub(super) struct Known {
    /// Those that it holds.
    pub held: BTreeSet<String>,
    /// Those that it has a part of, with the upload and how far it is.
    pub unfinished: BTreeMap<String, (Uuid, u64)>,
    /// Its time when it said so.
    pub told_at: Option<Timestamp>,
}

pub(super) async fn ask(
    store: &Store,
    link: &dyn PhotoTransport,
    photos: &[HeldPhoto],
    before_letting_go: bool,
) -> Result<Known, UploadError> {
    let Known { mut held, mut unfinished, mut told_at } = Known::default();
    for page in photos.chunks(HASHES) {
        let sha256 = page.iter().map(|photo| photo.sha256.clone()).collect();
        let answer = link.have(&HaveRequest { sha256, before_letting_go }).await?;
        // What another server holds is not safe for this one.
        if !store.belongs_to(answer.server.as_ref()).map_err(PhotoError::from)? {
            return Err(UploadError::Photo(StoreError::OtherServer.into()));
        }
        held.extend(answer.held);
        told_at = Some(answer.server_time).filter(|_| !answer.time_doubtful);
        for Unfinished { sha256, upload_id, offset } in answer.unfinished {
            // Of one whose beginning was answered in vain there are several: the furthest is carried on.
            let known = unfinished.entry(sha256).or_insert((upload_id, offset));
            if offset > known.1 {
                *known = (upload_id, offset);
            }
        }
    }
    Ok(Known { held, unfinished, told_at })
}

fn announced(photo: &HeldPhoto) -> NewUpload {
    NewUpload {
        sha256: photo.sha256.clone(),
        size: photo.size,
        media_type: develop::MEDIA_TYPE.to_owned(),
        record_id: photo.record_id,
    }
}

/// Whether the server means this photo and would take another.
fn is_about_this_photo(error: &TransportError) -> bool {
    use gatebook_sync::wire::ApiErrorCode as Code;
    matches!(error.refusal(), Some(Code::Malformed | Code::TooLarge | Code::Forbidden | Code::NotFound))
}

/// Whether the server may fail at this photo alone.
fn fails_at_this_photo(error: &TransportError) -> bool {
    error.refusal() == Some(gatebook_sync::wire::ApiErrorCode::Internal)
}

/// Whether less might have gone through. A server that is busy, or says no, would say the same to less.
fn tells_of_the_link(error: &TransportError) -> bool {
    use gatebook_sync::wire::ApiErrorCode as Code;
    matches!(error.refusal(), None | Some(Code::TooLarge | Code::Internal))
}

async fn part(path: &Path, offset: u64, most: u64) -> Result<Bytes, PhotoError> {
    let path = path.to_owned();
    let read = off_thread(move || {
        let mut file = std::fs::File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        if bytes.is_empty() && most > 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
        }
        Ok(Bytes::from(bytes))
    });
    read.await?.map_err(|error| match error.kind() {
        // The file is shorter than what was taken.
        std::io::ErrorKind::UnexpectedEof => PhotoError::Damaged,
        _ => error.into(),
    })
}
