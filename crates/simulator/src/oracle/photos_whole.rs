//! What must be true of photos once the world is calm, and a day later.

use std::collections::{BTreeMap, BTreeSet};

use gatebook_domain::Kind;
use gatebook_sync::Content;
use gatebook_sync::wire::AuditOutcome;
use uuid::Uuid;

use super::photos::{is_stored, sha256_of};
use crate::clock::{DAY, MINUTE};
use crate::tally::Invariant;
use crate::templates::yard_id;
use crate::world::{Run, World};

impl World<'_> {
    /// Photos of that device that wait for the server though nothing keeps them from it.
    pub(crate) fn photos_that_wait(&mut self, device: usize) -> Run<Vec<String>> {
        let Some(open) = &self.devices[device].open else { return Ok(Vec::new()) };
        let waiting = open.device.photos().waiting();
        let waiting = self.works("reading what photos wait", waiting)?;
        if waiting.is_empty() {
            return Ok(waiting);
        }
        let kept_back = self.kept_back(device)?;
        Ok(waiting.into_iter().filter(|sha256| !kept_back.contains(sha256)).collect())
    }

    /// Photos of which an attachment on that device cannot be confirmed: it was not taken, cannot be handled, or is of a
    /// yard where the device no longer works.
    fn kept_back(&mut self, device: usize) -> Run<BTreeSet<String>> {
        let sim = &self.devices[device];
        let Some(open) = &sim.open else { return Ok(BTreeSet::new()) };
        let yards: Vec<Uuid> = sim.yards.iter().copied().map(yard_id).collect();
        let there = open.device.store().held_of_kind(Kind::Attachment);
        let there = self.works("reading attachments", there)?;
        let now = self.time.now();
        let stands_still = there.iter().filter(|held| {
            held.rejection.is_some()
                || held.content.yard_id.is_none_or(|yard| !yards.contains(&yard))
                || self.oracle.is_poisoned(held.id, now)
        });
        Ok(stands_still.filter_map(|held| sha256_of(&held.content)).collect())
    }

    /// Photos whose bytes are on that device.
    fn held_on(&self, device: usize) -> Vec<String> {
        let copies = self.oracle.photos.copies.iter();
        copies.filter(|((on, _), copy)| *on == device && copy.is_here).map(|((_, sha256), _)| sha256.clone()).collect()
    }

    /// Photos that records on that device name.
    fn named_on(&mut self, device: usize) -> Run<BTreeSet<String>> {
        let Some(open) = &self.devices[device].open else { return Ok(BTreeSet::new()) };
        let there = open.device.store().held_of_kind(Kind::Attachment);
        let there = self.works("reading attachments", there)?;
        Ok(there.iter().filter_map(|held| sha256_of(&held.content)).collect())
    }

    /// Looks at all photos. `attachments` are those that the server has, by organisation.
    pub(crate) fn check_photos(&mut self) -> Run {
        if !self.script.has_photos {
            return Ok(());
        }
        self.check_stored_once()?;
        let in_force = self.attachments_in_force();
        for (id, (device, sha256)) in self.oracle.photos.taken.clone() {
            let tenant = self.devices[device].tenant;
            let is_at_server = self.server_holds(tenant, &sha256)?;
            let copy = self.oracle.photos.copies[&(device, sha256.clone())].clone();
            let path = self.devices[device].folder.join("photos").join(format!("{sha256}.jpg"));
            let is_here = super::has_hash(&path, &sha256);
            // What went while the server had it, and what the server's disk lost since, nobody can bring back.
            let is_excused = copy.is_excused || copy.gone_at.is_some_and(|at| at <= self.oracle.photos.store_lost_at);
            let name = self.devices[device].name;
            self.hold(Invariant::PhotosSafe, is_at_server || is_here || is_excused, |story| {
                format!("photo {} of {} is neither on {name} nor at the server", &sha256[..8], story.record(id))
            })?;
            if let Some(content) = in_force.get(&id) {
                self.hold(Invariant::PhotosSafe, is_stored(content) == is_at_server, |story| {
                    format!(
                        "{} says {} of photo {}, and the server {}",
                        story.record(id),
                        if is_stored(content) { "that it is stored" } else { "nothing" },
                        &sha256[..8],
                        if is_at_server { "has it" } else { "does not have it" }
                    )
                })?;
            }
        }
        Ok(())
    }

    /// Attachments as they are in force.
    fn attachments_in_force(&self) -> BTreeMap<Uuid, Content> {
        let ids = self.oracle.photos.judged.iter();
        let in_force = |id: &Uuid| {
            let audit = self.audit(*id);
            audit.into_iter().find(|entry| entry.outcome == AuditOutcome::Canonical).map(|entry| entry.content)
        };
        ids.filter_map(|id| in_force(id).map(|content| (*id, content))).collect()
    }

    /// The store has each photo once, and nothing besides.
    fn check_stored_once(&mut self) -> Run {
        let blobs = self.host.server().blobs_by_hand();
        let mut known: BTreeSet<String> =
            self.works("reading what photos the server holds", blobs)?.into_iter().map(|blob| blob.name).collect();
        let root = self.host.folder.join("photos");
        for file in self.stored_files() {
            let name = file.strip_prefix(&root).map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name.starts_with("blobs/") {
                self.hold(Invariant::PhotosOnce, known.remove(&name), |_| {
                    format!("the server's store has a photo twice: …{}", &name[name.len().saturating_sub(60)..][..12])
                })?;
            }
        }
        self.hold(Invariant::PhotosSafe, known.is_empty(), |_| {
            format!("{} photos that the server says it has are not in its store", known.len())
        })
    }

    /// A day later every photo that the server has is gone from its device, and can be fetched.
    pub(crate) fn a_day_later(&mut self) -> Run {
        if self.oracle.photos.copies.values().all(|copy| !copy.is_here) {
            return Ok(());
        }
        // Time that was counted before a restart is stored once a minute.
        self.sleep(2 * MINUTE);
        for device in 0..self.devices.len() {
            // A look whose answer was lost has given up by now; two at a time there cannot be.
            self.cut_lane(device);
            // Photos whose record was given up since are sent if need be, and the server's word is asked for.
            self.look_at_once(device)?;
            self.look_at_once(device)?;
            self.note_confirmed(device)?;
        }
        self.sleep(DAY + MINUTE);
        self.story.tell(self.time.now(), || "a day has passed".to_owned());
        for device in 0..self.devices.len() {
            self.note_confirmed(device)?;
            // What the server has lost is kept, and sent again: its record may have gone with its yard and told nobody.
            let mut lost = BTreeSet::new();
            for sha256 in self.held_on(device) {
                if !self.server_holds(self.devices[device].tenant, &sha256)? {
                    lost.insert(sha256);
                }
            }
            self.look_at_once(device)?;
            self.check_copies(device)?;
            let kept_back = self.kept_back(device)?;
            let (name, tenant) = (self.devices[device].name, self.devices[device].tenant);
            let there: Vec<(String, bool)> = self
                .oracle
                .photos
                .copies
                .iter()
                .filter(|((on, _), _)| *on == device)
                .map(|((_, sha256), copy)| (sha256.clone(), copy.is_here))
                .collect();
            for (sha256, is_here) in &there {
                let may_stay = !is_here || kept_back.contains(sha256) || lost.contains(sha256);
                self.hold(Invariant::Liveness, may_stay, |_| {
                    format!("a day later photo {} is still on {name}", &sha256[..8])
                })?;
            }
            let named = self.named_on(device)?;
            let may_be_seen = |sha256: &String| named.contains(sha256) && !kept_back.contains(sha256);
            if let Some((sha256, _)) = there.iter().find(|(sha256, is_here)| !is_here && may_be_seen(sha256))
                && self.server_holds(tenant, sha256)?
            {
                let is_shown = self.fetch(device, sha256)?;
                self.hold(Invariant::Liveness, is_shown, |_| {
                    format!("photo {} cannot be fetched again by {name}", &sha256[..8])
                })?;
            }
        }
        self.check_photos()
    }
}
