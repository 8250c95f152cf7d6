//! Photos: each stays its time, none is lost, none is stored twice, and no byte is sent in vain.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gatebook_client::{HeldRecord, TransportError};
use gatebook_domain::{Body, Kind};
use gatebook_sync::Content;
use gatebook_sync::wire::HaveResponse;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::clock::{DAY, Instant};
use crate::tally::Invariant;
use crate::templates::tenant_id;
use crate::world::lane::Chunk;
use crate::world::photo_link::Told;
use crate::world::{Run, World};

/// What is known of photos.
#[derive(Default)]
pub(crate) struct PhotoBook {
    /// Numbers of the pictures that were taken.
    pub pictures: Vec<u64>,
    /// Attachments, each with the device it was taken on and its hash.
    pub taken: BTreeMap<Uuid, (usize, String)>,
    /// Every attachment that the server has judged.
    pub judged: BTreeSet<Uuid>,
    /// What devices hold or held, by device and hash.
    pub copies: BTreeMap<(usize, String), PhotoCopy>,
    /// Which photo each upload is of.
    pub uploads: BTreeMap<Uuid, String>,
    /// When the server was last restored, or lost photos.
    pub server_lost_at: Instant,
    /// When its disk last lost photos.
    pub store_lost_at: Instant,
    /// Nobody has noticed that yet.
    pub loss_is_unnoticed: bool,
    /// The server's clock has been set forward.
    pub server_leapt: bool,
}

/// A photo's bytes on one device.
#[derive(Debug, Clone)]
pub(crate) struct PhotoCopy {
    pub size: u64,
    /// They are there.
    pub is_here: bool,
    /// The attachments for which they were taken since they are there.
    ids: BTreeSet<Uuid>,
    /// Those of them of which the device can know that the server has the bytes: by their record or, once that is no longer
    /// there, by asking.
    known: BTreeSet<Uuid>,
    /// Since when the device can know that the server has them, for all attachments they stand for.
    pub confirmed_at: Option<Instant>,
    /// When the server last said, asked before they go, that it holds them.
    pub vouched_at: Option<Instant>,
    /// When they went.
    pub gone_at: Option<Instant>,
    /// They went while the server lacked them, and the device could not know.
    pub is_excused: bool,
    /// Bytes that were sent.
    sent: u64,
    /// Bytes that cuts may have cost.
    cut: u64,
    /// Bytes that the server had, and has lost.
    forgotten: u64,
    /// How far the server has said it is.
    told: u64,
    /// When something happened that no good answer given since has settled: the next one may be odd.
    disturbed_at: Option<Instant>,
    /// The server's store has lost something since it began to come: it may be found out at the last byte.
    may_be_lost: bool,
}

impl PhotoBook {
    /// The photos that were taken on a device.
    pub(crate) fn taken_on(&self, device: usize) -> impl Iterator<Item = Uuid> {
        self.taken.iter().filter(move |(_, (on, _))| *on == device).map(|(id, _)| *id)
    }

    /// Something has happened to what that device sends.
    pub(crate) fn disturb(&mut self, device: usize, now: Instant) {
        for (_, copy) in self.copies.iter_mut().filter(|((on, _), _)| *on == device) {
            copy.disturbed_at = Some(now);
        }
    }

    /// Something has happened to the server.
    pub(crate) fn disturb_all(&mut self, now: Instant) {
        self.copies.values_mut().for_each(|copy| copy.disturbed_at = Some(now));
    }

    /// So much time has passed at the server that uploads may be over.
    pub(crate) fn uploads_may_be_over(&mut self, now: Instant) {
        self.copies.values_mut().for_each(|copy| (copy.disturbed_at, copy.may_be_lost) = (Some(now), true));
    }

    /// The server's store, or what it knows of it, is not what it was.
    pub(crate) fn store_is_not_what_it_was(&mut self, now: Instant) {
        self.server_lost_at = now;
        self.uploads_may_be_over(now);
    }
}

/// What bytes an attachment names.
pub(crate) fn sha256_of(content: &Content) -> Option<String> {
    match Body::from_json(Kind::Attachment, content.body.get()) {
        Ok(Body::Attachment(attachment)) => Some(attachment.sha256),
        _ => None,
    }
}

/// What the device last saw in force of a record: of what waits itself, what it was written upon.
fn in_force(held: &HeldRecord) -> Option<&Content> {
    if held.pending { held.shadow.as_ref() } else { Some(&held.content) }
}

pub(super) fn is_stored(content: &Content) -> bool {
    match Body::from_json(Kind::Attachment, content.body.get()) {
        Ok(Body::Attachment(attachment)) => attachment.stored_at.is_some(),
        _ => false,
    }
}

/// Whether a file has the bytes of that hash.
pub(crate) fn has_hash(path: &Path, sha256: &str) -> bool {
    let Ok(bytes) = std::fs::read(path) else { return false };
    let hash = format!("{:x}", Sha256::digest(bytes));
    hash == sha256
}

impl World<'_> {
    fn copy_path(&self, device: usize, sha256: &str) -> std::path::PathBuf {
        self.devices[device].folder.join("photos").join(format!("{sha256}.jpg"))
    }

    /// An operator was told that a photo is kept.
    pub(crate) fn photo_is_taken(&mut self, device: usize, id: Uuid) -> Run {
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        let held = open.device.store().held(id);
        let held = self.works("reading an attachment", held)?;
        let Some(sha256) = held.and_then(|held| sha256_of(&held.content)) else {
            return self.hold(Invariant::PhotosSafe, false, |_| "a photo was taken and has no record".to_owned());
        };
        let name = self.devices[device].name;
        self.story
            .tell(self.time.now(), || format!("{name} has taken photo {} as {}", &sha256[..8], self.story.record(id)));
        let path = self.copy_path(device, &sha256);
        let size = std::fs::metadata(&path).map_or(0, |about| about.len());
        self.hold(Invariant::PhotosSafe, has_hash(&path, &sha256), |_| {
            format!("photo {} was taken on {name}, and its file is not there or not whole", &sha256[..8])
        })?;
        self.oracle.photos.taken.insert(id, (device, sha256.clone()));
        let copy = self.oracle.photos.copies.entry((device, sha256)).or_insert_with(|| PhotoCopy {
            size,
            is_here: true,
            ids: BTreeSet::new(),
            known: BTreeSet::new(),
            confirmed_at: None,
            vouched_at: None,
            gone_at: None,
            is_excused: false,
            sent: 0,
            cut: 0,
            forgotten: 0,
            told: 0,
            disturbed_at: None,
            may_be_lost: false,
        });
        if !copy.is_here {
            copy.ids.clear();
        }
        copy.ids.insert(id);
        // Another attachment, which the server has not confirmed; and the bytes are there (again).
        (copy.is_here, copy.confirmed_at, copy.vouched_at) = (true, None, None);
        (copy.gone_at, copy.is_excused) = (None, false);
        Ok(())
    }

    /// A capture that a kill cut off may have been kept.
    pub(crate) fn settle_uncertain_photo(&mut self, device: usize) -> Run {
        let Some(parent) = self.devices[device].photos.uncertain.take() else { return Ok(()) };
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        let there = open.device.store().held_of_kind(Kind::Attachment);
        let there = self.works("reading attachments", there)?;
        let is_new = |held: &gatebook_client::HeldRecord| {
            held.pending
                && !self.oracle.photos.taken.contains_key(&held.id)
                && matches!(Body::from_json(Kind::Attachment, held.content.body.get()),
                    Ok(Body::Attachment(attachment)) if attachment.parent_id == parent)
        };
        let found: Vec<Uuid> = there.iter().filter(|held| is_new(held)).map(|held| held.id).collect();
        found.into_iter().try_for_each(|id| self.photo_is_taken(device, id))
    }

    /// The server says, asked before they go, that it holds them.
    pub(crate) fn server_vouches(&mut self, device: usize, held: &[String]) {
        let now = self.time.now();
        for sha256 in held {
            if let Some(copy) = self.oracle.photos.copies.get_mut(&(device, sha256.clone())) {
                copy.vouched_at = Some(now);
            }
        }
    }

    /// The device hears which of those photos the server holds. Of bytes whose record is no longer there, that counts.
    pub(crate) fn server_says(&mut self, device: usize, asked: &[String], answer: &HaveResponse) -> Run {
        let here = self.attachments_on(device)?;
        for sha256 in asked {
            if let Some(copy) = self.oracle.photos.copies.get_mut(&(device, sha256.clone())) {
                let is_held = answer.held.contains(sha256);
                let orphans = copy.ids.difference(&here);
                orphans.for_each(|id| _ = if is_held { copy.known.insert(*id) } else { copy.known.remove(id) });
            }
        }
        self.note_confirmed(device)
    }

    fn attachments_on(&mut self, device: usize) -> Run<BTreeSet<Uuid>> {
        let Some(open) = &self.devices[device].open else { return Ok(BTreeSet::new()) };
        let there = open.device.store().held_of_kind(Kind::Attachment);
        Ok(self.works("reading attachments", there)?.iter().map(|held| held.id).collect())
    }

    /// Notes since when the device can know that the server has its photos.
    pub(crate) fn note_confirmed(&mut self, device: usize) -> Run {
        let Some(open) = &self.devices[device].open else { return Ok(()) };
        if !self.oracle.photos.copies.iter().any(|((on, _), copy)| *on == device && copy.is_here) {
            return Ok(());
        }
        let there = open.device.store().held_of_kind(Kind::Attachment);
        let there = self.works("reading attachments", there)?;
        let here: BTreeSet<Uuid> = there.iter().map(|held| held.id).collect();
        let stored: BTreeSet<Uuid> =
            there.iter().filter(|held| in_force(held).is_some_and(is_stored)).map(|held| held.id).collect();
        let now = self.time.now();
        let copies = self.oracle.photos.copies.iter_mut();
        for (_, copy) in copies.filter(|((on, _), copy)| *on == device && copy.is_here) {
            // Of bytes whose record is no longer here, what the server says counts, and what was known when it went.
            copy.known.retain(|id| !here.contains(id));
            copy.known.extend(copy.ids.intersection(&stored));
            let is_confirmed = copy.ids.is_subset(&copy.known);
            copy.confirmed_at = if is_confirmed { copy.confirmed_at.or(Some(now)) } else { None };
        }
        Ok(())
    }

    /// What has gone from the device since the last look was allowed to go.
    pub(crate) fn check_copies(&mut self, device: usize) -> Run {
        let here: Vec<(String, PhotoCopy)> = self
            .oracle
            .photos
            .copies
            .iter()
            .filter(|((on, _), copy)| *on == device && copy.is_here)
            .map(|((_, sha256), copy)| (sha256.clone(), copy.clone()))
            .collect();
        let now = self.time.now();
        for (sha256, copy) in here {
            if self.copy_path(device, &sha256).exists() {
                self.tally.check(Invariant::PhotosStay);
                continue;
            }
            self.check_gone(device, &sha256, &copy)?;
            if let Some(copy) = self.oracle.photos.copies.get_mut(&(device, sha256)) {
                (copy.is_here, copy.gone_at) = (false, Some(now));
            }
        }
        self.devices[device].photos.was_short = false;
        Ok(())
    }

    fn check_gone(&mut self, device: usize, sha256: &str, copy: &PhotoCopy) -> Run {
        let has_its_record = copy.ids.is_subset(&self.attachments_on(device)?);
        let sim = &self.devices[device];
        let (now, name, short) = (self.time.now(), sim.name, &sha256[..8]);
        self.story.tell(now, || format!("photo {short} has gone from {name}"));
        // Two clocks that leap at once are believed: nothing else on the device could tell.
        let is_fooled = sim.photos.leapt && self.oracle.photos.server_leapt;
        // Kept time is counted in milliseconds.
        let is_over = copy.confirmed_at.is_some_and(|at| now - at >= DAY - 1_000);
        let may_go = is_over || (copy.confirmed_at.is_some() && (is_fooled || sim.photos.was_short));
        let lost_at = self.oracle.photos.server_lost_at;
        let knows = if sim.photos.was_short {
            // Then nobody is asked: there may be no signal, and a capture waits. Syncing tells of what has its record here.
            let is_told = sim.up_to_date_at > lost_at && !self.oracle.photos.loss_is_unnoticed;
            is_told && has_its_record
        } else {
            copy.vouched_at.unwrap_or(Instant::MAX) > lost_at
        };
        let tenant = sim.tenant;
        let is_at_server = self.server_holds(tenant, sha256)?;
        if !is_at_server && !knows && copy.confirmed_at.is_some() {
            if let Some(copy) = self.oracle.photos.copies.get_mut(&(device, sha256.to_owned())) {
                copy.is_excused = true;
            }
        } else {
            self.hold(Invariant::PhotosSafe, is_at_server, |_| {
                format!("photo {short} has gone from {name}, and the server does not have it")
            })?;
        }
        self.hold(Invariant::PhotosStay, may_go, |_| {
            let since = copy.confirmed_at.map(|at| (now - at) / crate::clock::SECOND);
            format!("photo {short} has gone from {name}; it was confirmed {since:?} s ago, and space was not short")
        })
    }

    /// Whether the server has the bytes, and says so.
    pub(crate) fn server_holds(&mut self, tenant: usize, sha256: &str) -> Run<bool> {
        let blobs = self.host.server().blobs_by_hand();
        let blobs = self.works("reading what photos the server holds", blobs)?;
        let blob = blobs.iter().find(|blob| blob.tenant == tenant_id(tenant) && blob.sha256 == sha256);
        Ok(blob.is_some_and(|blob| has_hash(&self.host.folder.join("photos").join(&blob.name), sha256)))
    }

    /// A chunk is sent.
    pub(crate) fn check_sent(&mut self, device: usize, sha256: &str, length: u64) -> Run {
        let Some(copy) = self.oracle.photos.copies.get_mut(&(device, sha256.to_owned())) else { return Ok(()) };
        copy.sent += length;
        let PhotoCopy { size, sent, cut, forgotten, .. } = *copy;
        let name = self.devices[device].name;
        self.hold(Invariant::BytesSpared, sent <= size + cut + forgotten, |_| {
            format!(
                "{name} has sent {sent} bytes of photo {}, which has {size}; cuts cost {cut}, and the server lost \
                 {forgotten}",
                &sha256[..8]
            )
        })
    }

    /// A chunk that was on its way is lost with the process or the network.
    pub(crate) fn chunk_is_lost(&mut self, device: usize) {
        self.devices[device].photos.ticket += 1;
        self.oracle.photos.disturb(device, self.time.now());
        if let Some(chunk) = self.devices[device].photos.chunk.take()
            && let Some(copy) = self.oracle.photos.copies.get_mut(&(device, chunk.sha256))
        {
            copy.cut += chunk.length;
        }
    }

    /// A device hears what became of its request: of `chunk`, if it was one.
    pub(crate) fn learn(&mut self, device: usize, chunk: Option<Chunk>, answer: &Result<Told, TransportError>) -> Run {
        let served_at = self.devices[device].photos.served_at;
        match (chunk, answer) {
            (Some(chunk), Ok(Told::Stands(Some(at)) | Told::Begun(Some((_, at))))) => {
                if let Some(copy) = self.oracle.photos.copies.get_mut(&(device, chunk.sha256)) {
                    copy.told = *at;
                    // What happened while the answer was on its way, it does not settle.
                    if copy.disturbed_at.is_none_or(|disturbed| disturbed < served_at) {
                        copy.disturbed_at = None;
                        copy.may_be_lost &= *at < copy.size;
                    }
                }
            }
            (Some(chunk), _) => {
                if let Some(copy) = self.oracle.photos.copies.get_mut(&(device, chunk.sha256))
                    && (chunk.is_struck || copy.disturbed_at.is_some() || copy.may_be_lost)
                {
                    copy.cut += chunk.length;
                    if copy.may_be_lost && matches!(answer, Ok(Told::Stands(None))) {
                        copy.forgotten += std::mem::take(&mut copy.told);
                    }
                }
            }
            (None, Ok(Told::Stands(at))) => {
                // Asked where an upload stands that has come to its last byte: it may be there no more.
                for sha256 in std::mem::take(&mut self.devices[device].photos.asked) {
                    self.is_told(device, &sha256, at.unwrap_or_default())?;
                }
            }
            (None, Ok(Told::Have(answer))) => {
                let mut known: BTreeMap<&String, u64> = BTreeMap::new();
                for it in &answer.unfinished {
                    let at = known.entry(&it.sha256).or_default();
                    *at = it.offset.max(*at);
                }
                let asked = std::mem::take(&mut self.devices[device].photos.asked);
                let told = asked.into_iter().map(|sha256| {
                    let size = self.oracle.photos.copies.get(&(device, sha256.clone())).map_or(0, |copy| copy.size);
                    let part = known.get(&sha256).copied().unwrap_or_default();
                    let at = if answer.held.contains(&sha256) { size } else { part };
                    (sha256, at)
                });
                let told: Vec<(String, u64)> = told.collect();
                let asked: Vec<String> = told.iter().map(|(sha256, _)| sha256.clone()).collect();
                self.server_says(device, &asked, answer)?;
                for (sha256, at) in told {
                    self.is_told(device, &sha256, at)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The server says that it has so much of a photo: no less than before, unless something happened to it.
    fn is_told(&mut self, device: usize, sha256: &str, at: u64) -> Run {
        let Some(copy) = self.oracle.photos.copies.get_mut(&(device, sha256.to_owned())) else { return Ok(()) };
        let (before, is_disturbed) = (std::mem::replace(&mut copy.told, at), copy.disturbed_at.is_some());
        copy.forgotten += before.saturating_sub(at);
        if at != before {
            let name = self.devices[device].name;
            self.story.tell(self.time.now(), || {
                format!("{name} is told that the server has {at} bytes of photo {}, not {before}", &sha256[..8])
            });
        }
        self.hold(Invariant::BytesSpared, at >= before || is_disturbed, |_| {
            format!("the server had {before} bytes of photo {}, and now says {at}", &sha256[..8])
        })
    }
}
