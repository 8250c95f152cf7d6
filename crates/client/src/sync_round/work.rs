//! What a round has still to do, one page at a time: questions about differences, states to offer again, pending records,
//! and at last those that were set aside earlier, each alone.

use std::collections::{BTreeMap, VecDeque};

use gatebook_sync::wire::{Limits, Push, Repair, ServerIdentity};
use gatebook_sync::{Epoch, Scope};
use uuid::Uuid;

use super::culprit::Search;
use crate::error::StoreError;
use crate::store::{Aftermath, Offered, PushPage, Sent, Store};

/// Ranges asked about in one request.
const RANGES: usize = 32;
/// Records asked for in one request.
const FETCHED: usize = 200;
/// How often a round begins to look for differences. What is not mended by then is left to the next one.
const REPAIRS: u32 = 2;

/// How far a round has come.
#[derive(Debug, Clone, Default)]
pub(super) struct Work {
    /// Each write is sent at most once a round, so a record that is edited all the time cannot keep a round going.
    after: Option<Uuid>,
    pushed_all: bool,
    offered: Offered,
    repair: Repair,
    repairs: u32,
    /// Attachments of records that came back, as they were last asked for: again only if some have come, or more are
    /// missing.
    wanted: Vec<Uuid>,
    search: Search,
    /// What was set aside in earlier rounds, looked up when the round begins, and again when all of it got through.
    earlier: Option<VecDeque<Push>>,
    /// One of those did not get through: the rest waits for the next round.
    is_earlier_stuck: bool,
}

/// What a page is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// News only.
    Pull,
    Repair,
    Offers(Offered),
    Push {
        more: bool,
    },
    Earlier,
}

/// What a request carries.
#[derive(Debug, Clone)]
pub(super) struct Page {
    sort: Sort,
    /// The last write it carries.
    last: Option<Uuid>,
    pub sent: Sent,
    pub repair: Repair,
    pub epoch: Option<Epoch>,
    pub cursors: BTreeMap<Scope, u64>,
    pub mark: Option<String>,
    pub server: Option<ServerIdentity>,
}

impl Work {
    /// Records that the next page may hold, if it is limited.
    pub(super) fn at_most(&self) -> Option<u32> {
        self.search.at_most()
    }

    /// The next page.
    pub(super) fn page(&mut self, store: &Store, limits: Limits) -> Result<Page, StoreError> {
        if self.earlier.is_none() {
            self.earlier = Some(store.set_aside_earlier()?.into());
        }
        let PushPage { push, more, epoch, cursors, mark, server } = store.push_page(self.after, limits)?;
        let mut page = Page {
            sort: Sort::Pull,
            last: None,
            sent: Sent::default(),
            repair: Repair::default(),
            epoch,
            cursors,
            mark,
            server,
        };
        if !self.repair.is_empty() {
            page.sort = Sort::Repair;
            page.repair = self.questions(limits.page_records as usize);
            return Ok(page);
        }
        let (offers, reached) = store.reoffer_page(self.offered, limits)?;
        if !offers.is_empty() {
            (page.sort, page.sent.reoffer) = (Sort::Offers(reached), offers);
        } else if !self.pushed_all {
            page.last = push.last().map(|push| push.write_id);
            (page.sort, page.sent.push) = (Sort::Push { more }, push);
        } else if let Some(push) = self.earlier.as_mut().and_then(VecDeque::pop_front) {
            (page.sort, page.sent.push) = (Sort::Earlier, vec![push]);
        }
        Ok(page)
    }

    fn questions(&mut self, at_most: usize) -> Repair {
        let Repair { ranges, fetch } = &mut self.repair;
        let ranges = ranges.drain(..ranges.len().min(RANGES).min(at_most)).collect();
        let fetch = fetch.drain(..fetch.len().min(FETCHED).min(at_most)).collect();
        Repair { ranges, fetch }
    }

    /// The page was refused whole. `true`: it is its only record, which is passed over if the server takes the rest.
    pub(super) fn refused(&mut self, page: &Page) -> bool {
        self.search.refused(page.records())
    }

    /// The page's only record is passed over.
    pub(super) fn passed(&mut self, page: &Page) {
        self.is_earlier_stuck |= page.sort == Sort::Earlier;
        self.moved_on(page);
    }

    /// The page was answered.
    pub(super) fn answered(&mut self, page: &Page, sent: u32, new_epoch: bool, aftermath: Aftermath) {
        self.search.got_through(sent);
        self.moved_on(page);
        let are_through = self.earlier.as_ref().is_some_and(VecDeque::is_empty);
        if page.sort == Sort::Earlier && are_through && !self.is_earlier_stuck {
            self.earlier = None;
        }
        self.learned(new_epoch, aftermath);
    }

    /// What an answer means for the rest of the round, whatever was asked.
    pub(super) fn learned(&mut self, new_epoch: bool, aftermath: Aftermath) {
        if new_epoch {
            (self.offered, self.repair) = (Offered::default(), Repair::default());
            self.wanted.clear();
        }
        if aftermath.differs {
            self.repairs += 1;
            if self.repairs > REPAIRS {
                tracing::warn!("device and server still differ; the next round looks again");
                return;
            }
            self.offered = Offered::default();
        }
        self.repair.ranges.extend(aftermath.repair.ranges);
        self.repair.fetch.extend(aftermath.repair.fetch);
        let wanted = aftermath.wanted;
        if self.repair.fetch.is_empty() && !wanted.is_empty() && wanted != self.wanted {
            self.repair.fetch.clone_from(&wanted);
            self.wanted = wanted;
        }
    }

    /// How often device and server were found to differ.
    pub(super) const fn repairs(&self) -> u32 {
        self.repairs
    }

    fn moved_on(&mut self, page: &Page) {
        match page.sort {
            Sort::Push { more } => {
                self.after = page.last.or(self.after);
                self.pushed_all = !more;
            }
            Sort::Offers(reached) => self.offered = reached,
            Sort::Pull | Sort::Repair | Sort::Earlier => {}
        }
    }
}

impl Page {
    /// Records it carries.
    pub(super) fn records(&self) -> u32 {
        u32::try_from(self.sent.push.len() + self.sent.reoffer.len()).unwrap_or(u32::MAX)
    }

    /// Whether it would only ask for news.
    pub(super) fn is_idle(&self) -> bool {
        self.records() == 0 && self.repair.is_empty()
    }

    /// The write of its only record.
    pub(super) fn only(&self) -> Option<Uuid> {
        let writes = self.sent.push.iter().map(|push| push.write_id);
        writes.chain(self.sent.reoffer.iter().map(|state| state.write_id)).next()
    }

    /// The same without its records, to see whether the server takes that.
    pub(super) fn without_records(&self) -> Self {
        Self {
            sort: Sort::Pull,
            last: None,
            sent: Sent::default(),
            repair: Repair::default(),
            epoch: self.epoch,
            cursors: self.cursors.clone(),
            mark: self.mark.clone(),
            server: self.server.clone(),
        }
    }
}
