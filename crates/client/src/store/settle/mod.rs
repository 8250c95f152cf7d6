//! An answer of the server becomes local state: verdicts, pulled records and cursors in one transaction.
//!
//! One file per part of the answer: [`verdicts`], [`pages`] (what scopes hold and what left them), [`healing`] (a new
//! epoch, and what is offered again), [`consistency`] (whether both hold the same).

mod consistency;
mod healing;
mod pages;
#[cfg(test)]
mod tests;
mod verdicts;

use std::collections::{BTreeMap, HashMap};

use gatebook_sync::wire::{Push, Repair, ScopePage, SyncRequest, SyncResponse};
use gatebook_sync::{Canonical, Epoch, Scope, Verdict, deliberate};
use jiff::Timestamp;
use rusqlite::Connection;
use uuid::Uuid;

use super::{Store, confirmed, history, membership, settings, stuck, unanswered};
use crate::error::StoreError;

/// What an answer changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settled {
    /// Writes the server took as they are.
    pub accepted: u32,
    /// Writes that met somebody else's.
    pub conflicts: u32,
    /// Writes it would not take.
    pub rejected: u32,
    /// Records that came from others.
    pub pulled: u32,
    /// Canonical states offered again that the server now holds, in force or in its audit table.
    pub healed: u32,
    /// The server began a new epoch: cursors start again.
    pub new_epoch: bool,
}

/// What an answer leaves to be asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Aftermath {
    /// Device and server were found to differ just now.
    pub differs: bool,
    /// To find out where.
    pub repair: Repair,
    /// Attachments of a record that came back, let go with it before.
    pub wanted: Vec<Uuid>,
    /// A scope was answered from where this device no longer is: it is asked for again.
    pub is_behind: bool,
}

/// What a request carried.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sent {
    pub push: Vec<Push>,
    pub reoffer: Vec<Canonical>,
    /// From where each scope was asked for, in that epoch.
    pub cursors: BTreeMap<Scope, u64>,
    pub epoch: Option<Epoch>,
}

impl Sent {
    /// How much of a scope the device must hold for a page of the answer to follow on it. The server begins anew where it
    /// does not know the cursor it is asked with.
    fn follows_on(&self, page: &ScopePage, epoch: Epoch) -> u64 {
        let asked = self.cursors.get(&page.scope).copied().unwrap_or(0);
        if self.epoch == Some(epoch) && asked <= page.cursor { asked } else { 0 }
    }
}

impl From<SyncRequest> for Sent {
    fn from(SyncRequest { push, reoffer, cursors, epoch, .. }: SyncRequest) -> Self {
        Self { push, reoffer, cursors, epoch }
    }
}

/// What settling one answer needs to know throughout.
#[derive(Clone, Copy)]
struct Settling<'a> {
    connection: &'a Connection,
    /// Something is unconfirmed: what replaces a known state may displace one that the server has lost.
    healing: bool,
    /// Something was written of which the verdict has not been heard.
    has_unanswered: bool,
    /// Something was let go, and may come again.
    has_let_go: bool,
    /// Finished records received before this are not kept.
    horizon: history::Horizon,
}

impl Store {
    /// Makes local state match `answer` to the page `sent`. May be repeated: the second time changes nothing.
    ///
    /// # Errors
    /// The database failed; then nothing of the answer is kept and the next round brings it again.
    pub fn settle(&self, sent: &[Push], answer: SyncResponse) -> Result<Settled, StoreError> {
        let sent = Sent { push: sent.to_vec(), ..Sent::default() };
        Ok(self.settle_answer(&sent, answer)?.0)
    }

    /// The same for all that a request said.
    #[cfg(feature = "simulation")]
    pub fn settle_late(&self, sent: &SyncRequest, answer: SyncResponse) -> Result<Settled, StoreError> {
        Ok(self.settle_answer(&sent.clone().into(), answer)?.0)
    }

    /// The same for any request.
    pub(crate) fn settle_answer(&self, sent: &Sent, answer: SyncResponse) -> Result<(Settled, Aftermath), StoreError> {
        #[cfg(feature = "simulation")]
        self.cursors_before_rows(&answer)?;
        self.write(|transaction| {
            membership::check_server(transaction, answer.server.as_ref())?;
            membership::learn(transaction, answer.membership, answer.server)?;
            let known = settings::get(transaction, &settings::EPOCH)?.filter(|_| !deliberate!(IgnoreEpoch));
            let new_epoch = known.is_some_and(|known| known != answer.epoch);
            let mut settled = Settled { new_epoch, ..Settled::default() };
            if settled.new_epoch {
                healing::begin(transaction)?;
                #[cfg(feature = "simulation")]
                Self::forget_unconfirmed(transaction)?;
            }
            settings::put(transaction, &settings::EPOCH, Some(&answer.epoch))?;
            settings::put(transaction, &settings::MARK, answer.mark.as_ref())?;
            settings::put(transaction, &settings::LIMITS, Some(&answer.limits))?;
            // A server's clock that may be wrong neither ends a photo's day nor makes history old.
            let server_time = if answer.time_doubtful {
                confirmed::doubt_time(transaction)?;
                settings::get(transaction, &settings::SERVER_TIME)?.unwrap_or(Timestamp::MIN)
            } else {
                settings::put(transaction, &settings::SERVER_TIME, Some(&answer.server_time))?;
                answer.server_time
            };
            let settling = Settling {
                connection: transaction,
                healing: healing::is_under_way(transaction)?,
                has_unanswered: unanswered::has_any(transaction)?,
                has_let_go: history::has_let_go(transaction)?,
                horizon: history::horizon(transaction, server_time)?,
            };

            let pushed: HashMap<Uuid, &Push> = sent.push.iter().map(|push| (push.write_id, push)).collect();
            let offered: HashMap<Uuid, &Canonical> = sent.reoffer.iter().map(|it| (it.write_id, it)).collect();
            for judged in answer.verdicts {
                if let Some(offered) = offered.get(&judged.write_id) {
                    settled.healed += u32::from(judged.verdict.rejection().is_none());
                    settling.reoffered(offered, judged)?;
                    continue;
                }
                match judged.verdict {
                    Verdict::Accepted => settled.accepted += 1,
                    Verdict::Conflict { .. } => settled.conflicts += 1,
                    Verdict::Rejected(_) => settled.rejected += 1,
                }
                stuck::free(transaction, judged.write_id)?;
                settling.judged(pushed.get(&judged.write_id).copied(), judged)?;
            }
            for push in answer.unread.iter().filter_map(|write_id| pushed.get(write_id)) {
                stuck::put(transaction, push, "the app is too old to read the server's answer to it")?;
            }
            let mut scopes = answer.scopes;
            let (pulled, is_behind) = settling.pages(&mut scopes, |page| sent.follows_on(page, answer.epoch))?;
            settled.pulled += pulled;
            for canonical in answer.repaired.records {
                settled.pulled += u32::from(settling.fetched(canonical)?);
            }
            let repair = settling.narrow(&answer.repaired.parts)?;
            let mut aftermath = Aftermath { repair, is_behind, ..Aftermath::default() };
            if !answer.more {
                settings::put::<bool>(transaction, &settings::STARTING_AGAIN, None)?;
                healing::forget_missing(transaction)?;
                // What is being repaired or healed is not through yet; comparing it says nothing.
                if aftermath.repair.is_empty() && !healing::has_offers(transaction)? {
                    aftermath.repair.ranges = settling.differing(&scopes)?;
                    aftermath.differs = !aftermath.repair.is_empty();
                    history::let_go(transaction, &settling.horizon)?;
                    if !deliberate!(LeaveAttachmentsBehind) {
                        aftermath.wanted = history::wanted(transaction)?;
                    }
                }
            }
            Ok((settled, aftermath))
        })
    }
}
