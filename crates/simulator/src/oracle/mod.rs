//! What must be true, remembered independently of the code that makes it so.

mod judged;
mod photos;
mod photos_whole;
mod restored;
mod saved;
mod whole;

use std::collections::{BTreeMap, BTreeSet};

use gatebook_client::HeldRecord;
use gatebook_sync::{Content, Verdict};
use jiff::Timestamp;
use uuid::Uuid;

use crate::clock::Instant;

use photos::PhotoBook;
pub(crate) use photos::{has_hash, sha256_of};

/// What the world has seen happen.
#[derive(Default)]
pub(crate) struct Oracle {
    /// Of each device and record: the newest write that its operator saw saved.
    pub saved: BTreeMap<(usize, Uuid), Saved>,
    /// What each write was made on: what its writer saw.
    pub made_on: BTreeMap<Uuid, Vec<Uuid>>,
    /// What each write said that the server has judged.
    pub words: BTreeMap<Uuid, Content>,
    /// Corrections that are not submitted, by device and record: the write that names what it says, and what that is.
    pub corrections: BTreeMap<(usize, Uuid), (Uuid, Box<str>)>,
    /// Later writes of the same device that were judged and name a write as made before them.
    pub followed_by: BTreeMap<Uuid, BTreeSet<Uuid>>,
    /// Writes that say only what starting their record made.
    pub started: BTreeSet<Uuid>,
    /// Writes that only took back others of their device.
    pub withdrawals: BTreeSet<Uuid>,
    /// Where each write was made.
    pub written_on: BTreeMap<Uuid, usize>,
    /// Records that operators wrote, and whose organisation's they are.
    tenants: BTreeMap<Uuid, usize>,
    /// Writes the server has been seen to hold, by record.
    pub on_server: BTreeSet<(Uuid, Uuid)>,
    /// The first verdict on each write.
    pub verdicts: BTreeMap<Uuid, Verdict>,
    /// Versions that lost a conflict.
    pub losers: Vec<Loser>,
    /// What each loser lost to, whatever a restored server remembers of it.
    pub lost_to: BTreeMap<Uuid, Uuid>,
    /// Versions that the office brought back.
    pub restored: Vec<Restored>,
    /// Versions that a restored server lost and devices held.
    pub wanted_back: Vec<WantedBack>,
    /// The newest time of receipt, by organisation.
    pub newest: BTreeMap<usize, Timestamp>,
    /// Records the server cannot handle, until then.
    pub poisoned: BTreeMap<Uuid, Instant>,
    /// Tokens of devices that the office has signed out.
    pub signed_out: BTreeSet<String>,
    /// What is known of photos.
    pub photos: PhotoBook,
}

/// A write that an operator saw saved.
#[derive(Debug, Clone)]
pub(crate) struct Saved {
    pub write: Uuid,
    /// What it says, to the letter.
    pub words: Box<str>,
    /// The server has been seen to hold it.
    pub is_on_server: bool,
}

impl Saved {
    /// What waits on a device.
    fn of(held: &HeldRecord) -> Self {
        Self { write: held.write_id, words: held.content.body.get().into(), is_on_server: false }
    }
}

/// A version that lost a conflict.
#[derive(Debug, Clone)]
pub(crate) struct Loser {
    pub record: Uuid,
    pub write: Uuid,
    pub winner: Uuid,
    /// Those who wrote the two.
    pub people: BTreeSet<Uuid>,
    pub tenant: usize,
}

/// A version that a restored server lost, and that devices held as the one in force.
#[derive(Debug, Clone)]
pub(crate) struct WantedBack {
    pub record: Uuid,
    pub write: Uuid,
    pub yard: Uuid,
    pub holders: Vec<usize>,
}

/// A version that the office brought back.
#[derive(Debug, Clone)]
pub(crate) struct Restored {
    pub record: Uuid,
    /// The new write.
    pub write: Uuid,
    /// What it must say.
    pub content: Content,
}

impl Oracle {
    /// Records that operators of that organisation wrote.
    pub(crate) fn records(&self, tenant: usize) -> impl Iterator<Item = Uuid> {
        self.tenants.iter().filter(move |(_, of)| **of == tenant).map(|(record, _)| *record)
    }

    /// Whether the writer of `write` knows what became of `other`, so that nobody need be told.
    pub(crate) fn saw(&self, write: Uuid, other: Uuid) -> bool {
        self.had_seen(write, other) || self.same_device(write, other) || self.had_seen_it_lose(write, other)
    }

    /// Whether both were written on one device: whoever gave a change up there knows of it.
    pub(super) fn same_device(&self, write: Uuid, other: Uuid) -> bool {
        let (a, b) = (self.written_on.get(&write), self.written_on.get(&other));
        a.is_some() && a == b
    }

    /// Whether the writer of `write` had seen `other`, or something that was made on it.
    pub(crate) fn had_seen(&self, write: Uuid, other: Uuid) -> bool {
        let (mut settled, mut open) = (BTreeSet::new(), vec![write]);
        while let Some(seen) = open.pop() {
            if settled.insert(seen) {
                let before = self.made_on.get(&seen).map(Vec::as_slice).unwrap_or_default();
                if before.contains(&other) {
                    return true;
                }
                open.extend(before);
            }
        }
        false
    }

    /// Whether the writer of `write` went on from where somebody on their device had gone back to from `other`.
    pub(crate) fn had_taken_back(&self, write: Uuid, other: Uuid) -> bool {
        self.withdrawals.iter().any(|back| self.had_seen(write, *back) && self.had_seen(*back, other))
    }

    /// Whether `other`, or something made of it, had lost a conflict already to what the writer of `write` had seen. A
    /// server that was restored since takes `write` for an ordinary successor: what it was made on was received after
    /// `other`.
    fn had_seen_it_lose(&self, write: Uuid, other: Uuid) -> bool {
        let (mut settled, mut open) = (BTreeSet::new(), vec![write]);
        while let Some(seen) = open.pop() {
            if seen == other {
                return true;
            }
            if settled.insert(seen) {
                open.extend(self.made_on.get(&seen).into_iter().flatten());
                open.extend(self.lost_to.iter().filter(|(_, winner)| **winner == seen).map(|(loser, _)| loser));
            }
        }
        false
    }

    pub(crate) fn tenant_of(&self, record: Uuid) -> Option<usize> {
        self.tenants.get(&record).copied()
    }

    /// Forgets poison that has worn off; whether any is left.
    pub(crate) fn is_any_poisoned(&mut self, now: Instant) -> bool {
        self.poisoned.retain(|_, until| now < *until);
        !self.poisoned.is_empty()
    }

    pub(crate) fn is_poisoned(&self, record: Uuid, now: Instant) -> bool {
        self.poisoned.get(&record).is_some_and(|until| now < *until)
    }
}
