//! Reconciliation of one page, one file per step:
//!
//! 1. [`check`]: what each record's own content says, before the transaction;
//! 2. [`load`]: what the server holds of the page's records, and what the ledger knows of its writes;
//! 3. [`judge`]: `gatebook_sync::decide` for each, in order, each seeing what the one before it changed;
//! 4. [`stamp`]: places in the feed and times of receipt, from the tenant's counter, last of all;
//! 5. [`notices`] and [`store`]: both sides of a conflict are told, and everything is written;
//! 6. [`answer`]: each verdict with today's canonical state.
//!
//! Steps 2 to 5 are one transaction: a page is taken whole or not at all, and what it says was judged can be repeated.

mod answer;
mod check;
mod judge;
mod load;
mod notices;
mod references;
mod stamp;
mod store;

use gatebook_domain::Body;
use gatebook_sync::wire::{Judged, Push};
use gatebook_sync::{Canonical, Content, Receipt, Rejection};
use uuid::Uuid;

pub(crate) use check::read;
pub(crate) use references::References;
pub(crate) use stamp::stamp;
pub(crate) use store::store;

use crate::config::{Bounds, Environment};
use crate::error::ServerError;
use crate::photos;
use crate::receipt::Key;
use crate::storage::{Device, Reading, Writing};

/// A record offered by a device, its body read.
pub(crate) struct Offered {
    id: Uuid,
    write_id: Uuid,
    ground: Ground,
    content: Content,
    body: Result<Body, Rejection>,
    /// What the checks before the transaction found.
    refusal: Option<Rejection>,
}

/// On what ground it is offered.
enum Ground {
    /// An operator's write on that state.
    Write { base: Option<Receipt> },
    /// A canonical state that the server may have lost, once written by that device.
    Reoffer { receipt: Receipt, written_by: Option<Uuid> },
}

/// Reads a page and checks what can be checked without the transaction.
pub(crate) fn prepare(
    reading: &Reading<'_>,
    device: &Device,
    bounds: &Bounds,
    push: Vec<Push>,
    reoffer: Vec<Canonical>,
) -> Result<Vec<Offered>, ServerError> {
    let mut page: Vec<Offered> = push
        .into_iter()
        .map(|Push { id, write_id, base, content }| (id, write_id, Ground::Write { base }, content))
        .chain(reoffer.into_iter().map(|Canonical { id, receipt, write_id, device_id, content }| {
            (id, write_id, Ground::Reoffer { receipt, written_by: device_id }, content)
        }))
        .map(|(id, write_id, ground, content)| {
            let body = read(&content, bounds);
            Offered { id, write_id, ground, content, body, refusal: None }
        })
        .collect();
    let named = page.iter().flat_map(|offered| {
        let template = match &offered.body {
            Ok(Body::Inspection(inspection)) => Some(inspection.template.template_id),
            _ => None,
        };
        [offered.content.operator_id, template].into_iter().flatten()
    });
    let references = References::load(reading, device.tenant, named)?;
    for offered in &mut page {
        offered.refusal = check::check(offered, device, &references);
    }
    Ok(page)
}

/// Judges a page and writes what came of it.
pub(crate) fn reconcile(
    writing: &Writing<'_>,
    key: &Key,
    device: &Device,
    environment: &dyn Environment,
    page: Vec<Offered>,
) -> Result<Vec<Judged>, ServerError> {
    let mut book = load::load(writing, key, device, &page)?;
    let words = page.into_iter().map(|offered| book.judge(offered)).collect::<Result<_, _>>()?;
    if !book.is_unchanged() {
        let tenant = device.tenant;
        let mut counter = writing.counter(tenant)?;
        counter.not_before(book.newest_proof);
        stamp(&mut book.filings, &mut counter, environment.now())?;
        let (mut notices, superseded) = notices::notices(writing, tenant, environment, &book.filings, &book.conflicts)?;
        let now = environment.now();
        stamp(&mut notices, &mut counter, now)?;
        let (mut marks, marked) = photos::follow(writing, tenant, environment, &book.filings)?;
        stamp(&mut marks, &mut counter, now)?;
        writing.set_counter(tenant, counter)?;
        store(writing, tenant, &book.displaced, &book.filings)?;
        store(writing, tenant, &superseded, &notices)?;
        store(writing, tenant, &marked, &marks)?;
    }
    Ok(book.answer(words))
}
