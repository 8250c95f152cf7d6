//! Reconciliation of one page, one file per step:
//!
//! 1. [`check`]: what each record's own content says, before the transaction;
//! 2. [`load`]: what the server holds of the page's records, and what the ledger knows of its writes;
//! 3. [`judge`]: `gatebook_sync::decide` for each, in order, each seeing what the one before it changed;
//! 4. [`stamp`]: places in the feed and times of receipt, from the tenant's counter, last of all;
//! 5. [`notices`]: both sides of a conflict are told, what others were told is brought up to date, and everything is
//!    written;
//! 6. [`answer`]: each verdict with today's canonical state.
//!
//! Steps 2 to 5 are one transaction: a page is taken whole or not at all, and what it says was judged can be repeated.
//! Until the counter is taken in step 4 other pages of the tenant go on beside it; after that there is only writing.

mod answer;
mod check;
mod drafts;
mod earlier;
mod judge;
mod lineage;
mod load;
mod notices;
mod references;
mod stamp;

use gatebook_domain::Body;
use gatebook_sync::wire::{ApiErrorCode, FOLLOWED, Judged, Push};
use gatebook_sync::{Authorship, Canonical, Content, Receipt, Rejection, Said, deliberate};
use rayon::prelude::*;
use uuid::Uuid;

pub(crate) use check::{NAME, REASON, check_reason, read};
pub(crate) use references::References;
pub(crate) use stamp::stamp;

use judge::{Book, Word};
use notices::Desk;

pub(crate) use notices::OfficeAct;

use crate::config::{Bounds, Environment};
use crate::error::{ServerError, refuse};
use crate::photos;
use crate::receipt::Key;
use crate::received::UnreadableEntry;
use crate::storage::{BodyRoom, Device, Reading, Writing};

/// From this many records on, a page is read and checked on all cores.
const MANY: usize = 256;

/// A record offered by a device. Its body was read, and stays text: typed, it may be many times as large.
pub(crate) struct Offered {
    id: Uuid,
    write_id: Uuid,
    ground: Ground,
    content: Content,
    /// What the checks before the transaction found.
    refusal: Option<Rejection>,
    /// What stands beside its body could not be read: it is filed as it came, and counts as no write of its id.
    is_unreadable: bool,
}

impl Offered {
    /// The typed body, if it can be read.
    fn body(&self) -> Option<Body> {
        if self.is_unreadable {
            return None;
        }
        Body::from_json(self.content.known_kind()?, self.content.body.get()).ok()
    }

    /// How well it is known who wrote it. A device names whoever was chosen on it; nobody proves to the server who they
    /// are. Of a state that comes back after a restore its receipt tells which device wrote it; one of none was the
    /// office's or the server's, and older receipts tell nothing.
    fn authorship(&self) -> Option<Authorship> {
        match self.ground {
            Ground::Write { .. } => Some(Authorship::Claimed),
            Ground::Reoffer { .. } => self.proved_writer().map(|_| Authorship::Claimed),
        }
    }

    /// The device that wrote what comes back after a restore, as its receipt proves.
    fn proved_writer(&self) -> Option<Uuid> {
        match &self.ground {
            Ground::Write { .. } => None,
            Ground::Reoffer { receipt, told } => proved(receipt, *told).and_then(|said| said.device_id),
        }
    }
}

/// On what ground it is offered.
enum Ground {
    /// An operator's write on that state, made after those of its device's writes that had no answer yet.
    Write { base: Option<Receipt>, follows: Vec<Uuid>, withdraws: bool },
    /// A canonical state that the server may have lost, and which device wrote it, as the one that offers it says.
    Reoffer { receipt: Receipt, told: Option<Uuid> },
}

/// What the receipt of a state that is given back proves of who wrote it and when. Who gives it back has no say in that:
/// older apps do not always know, and tell nothing or the id that they had before.
fn proved(receipt: &Receipt, told: Option<Uuid>) -> Option<Said> {
    let said = receipt.said();
    if deliberate!(AscribeAsTold) { said.map(|said| Said { device_id: told, ..said }) } else { said }
}

/// Reads a page and checks what can be checked without the transaction.
pub(crate) fn prepare(
    reading: &dyn Reading,
    device: &Device,
    bounds: &Bounds,
    push: Vec<Push>,
    reoffer: Vec<Canonical>,
    unreadable: Vec<UnreadableEntry>,
) -> Result<Vec<Offered>, ServerError> {
    let offered: Vec<_> = push
        .into_iter()
        .map(|Push { id, write_id, base, mut follows, withdraws, content }| {
            // A device names its newest last.
            follows.drain(..follows.len().saturating_sub(FOLLOWED));
            (id, write_id, Ground::Write { base, follows, withdraws }, content)
        })
        .chain(reoffer.into_iter().map(|Canonical { id, receipt, write_id, device_id, content }| {
            (id, write_id, Ground::Reoffer { receipt, told: device_id }, content)
        }))
        .collect();
    let look = |(id, write_id, ground, content)| {
        let (template, refusal) = match read(&content, bounds) {
            Ok(Body::Inspection(inspection)) => (Some(inspection.template.template_id), None),
            Ok(_) => (None, None),
            Err(rejection) => (None, Some(rejection)),
        };
        (template, Offered { id, write_id, ground, content, refusal, is_unreadable: false })
    };
    let looked: Vec<(Option<Uuid>, Offered)> = if offered.len() < MANY {
        offered.into_iter().map(look).collect()
    } else {
        offered.into_par_iter().map(look).collect()
    };
    let named = looked.iter().flat_map(|(template, offered)| [offered.content.operator_id, *template]).flatten();
    let references = References::load(reading, device.tenant, named)?;
    let mut page: Vec<Offered> = looked.into_iter().map(|(_, offered)| offered).collect();
    let check = |offered: &mut Offered| offered.refusal = check::check(offered, device, &references);
    if page.len() < MANY {
        page.iter_mut().for_each(check);
    } else {
        page.par_iter_mut().for_each(check);
    }
    page.extend(unreadable.into_iter().map(|UnreadableEntry { id, write_id, content, rejection }| {
        let ground = Ground::Write { base: None, follows: Vec::new(), withdraws: false };
        Offered { id, write_id, ground, content, refusal: Some(rejection), is_unreadable: true }
    }));
    Ok(page)
}

/// A page judged, and written unless the transaction fails.
pub(crate) struct Reconciled<'a> {
    book: Book<'a>,
    words: Vec<Word>,
}

impl Reconciled<'_> {
    /// What the device is told. Signing takes long, and wants no transaction open.
    pub(crate) fn answer(&self) -> Vec<Judged> {
        self.book.answer(&self.words)
    }
}

/// Judges a page and writes what came of it.
pub(crate) fn reconcile<'a>(
    writing: &dyn Writing,
    key: &'a Key,
    device: &'a Device,
    environment: &dyn Environment,
    page: &[Offered],
    judging_bytes: usize,
) -> Result<Reconciled<'a>, ServerError> {
    let room = BodyRoom::new(judging_bytes);
    writing.read_into(&room);
    let mut book = load::load(writing, key, device, page, room)?;
    let words: Vec<_> = page.iter().map(|offered| book.judge(writing, offered)).collect::<Result<_, _>>()?;
    if deliberate!(RejectWholePage) && words.iter().any(|word| word.verdict.rejection().is_some()) {
        return Err(refuse(ApiErrorCode::Forbidden, "a record of this page is not taken").into());
    }
    if !book.is_unchanged() {
        let tenant = device.tenant;
        let (standing, given_back) = (book.notices(), book.notices_given_back());
        let desk = Desk::open(writing, tenant, book.epoch, &book.happened, &standing, &given_back)?;
        photos::refer(writing, tenant, &book.filings)?;
        let mut counter = writing.take_counter(tenant)?;
        counter.not_before(book.newest_proof);
        let now = environment.wall_time();
        stamp(&mut book.filings, &mut counter, now)?;
        let mut notices = desk.notices(environment, environment.now(), &book.filings, counter.received_at);
        stamp(&mut notices, &mut counter, now)?;
        let (mut marks, marked) = photos::follow(writing, tenant, environment, &book.filings)?;
        stamp(&mut marks, &mut counter, now)?;
        writing.store(tenant, &book.displaced, &book.filings)?;
        writing.follow(tenant, &book.followed_now)?;
        writing.store(tenant, &desk.superseded(), &notices)?;
        writing.store(tenant, &marked, &marks)?;
        writing.set_counter(tenant, counter)?;
    }
    Ok(Reconciled { book, words })
}
