//! Step 2: what the server holds of the page's records, and what the ledger knows of its writes. A few queries,
//! whatever the size of the page; first records and then the notices about them, each in the order of their ids, so that
//! where rows are locked two pages never wait for each other. The ledger is asked when the records are claimed: what somebody else judged until then counts.

use std::collections::{HashMap, HashSet};

use gatebook_domain::{Body, Kind};
use jiff::Timestamp;
use uuid::Uuid;

use super::earlier::Earlier;
use super::judge::{Book, Known, Standing};
use super::lineage::Lineage;
use super::notices::Happened;
use super::references::References;
use super::{Ground, Offered};
use crate::error::ServerError;
use crate::receipt::Key;
use crate::storage::{BodyRoom, Device, Writing};

/// Of the writes that one goes on from so many are looked at for what they said, the newest. There are hardly ever more than
/// one that the server has and the device has not heard of, and each may be as large as a record may be.
const GONE_ON_FROM: usize = 16;

pub(super) fn load<'a>(
    writing: &dyn Writing,
    key: &'a Key,
    device: &'a Device,
    page: &[Offered],
    room: BodyRoom,
) -> Result<Book<'a>, ServerError> {
    let reoffered: Vec<_> =
        page.iter().filter(|it| matches!(it.ground, Ground::Reoffer { .. })).map(|it| it.id).collect();
    let (notices, records): (Vec<_>, Vec<_>) = page.iter().partition(|offered| is_notice(offered));
    let records = records.iter().map(|offered| offered.id).chain(notices.iter().filter_map(|notice| subject(notice)));
    let records = sorted(records);
    let mut held = writing.claim(device.tenant, &records)?;
    // Asked of those as well that the server does not hold: one that it lost may have its notices back already.
    let about = if records.is_empty() { Vec::new() } else { writing.notices_about(device.tenant, &records)? };
    let notices = about.iter().map(|(_, notice)| *notice).chain(notices.iter().map(|offered| offered.id));
    held.extend(writing.claim(device.tenant, &sorted(notices))?);
    let writes: Vec<_> = page.iter().map(|offered| offered.write_id).collect();
    let followed = writing.followed(device.tenant, &writes)?;
    // What a write goes on from may have been taken though its device never heard of it: what that said tells.
    let gone_on_from = page.iter().flat_map(|it| match &it.ground {
        Ground::Write { follows, .. } => &follows[follows.len().saturating_sub(GONE_ON_FROM)..],
        Ground::Reoffer { .. } => &[],
    });
    let asked: Vec<_> = writes.iter().chain(gone_on_from).copied().collect();
    let ledger = writing.ledger(device.tenant, &asked)?;
    let lineage = if reoffered.is_empty() { Vec::new() } else { writing.lineage(device.tenant, &reoffered)? };
    let in_force: HashMap<_, _> = held.iter().map(|held| (held.record_id, held)).collect();
    let based = page.iter().filter_map(|offered| match &offered.ground {
        Ground::Write { base: Some(base), .. } => Some((*in_force.get(&offered.id)?, base)),
        _ => None,
    });
    let earlier = Earlier::load(writing, device.tenant, based)?;
    let writers: HashSet<_> = page.iter().filter_map(Offered::proved_writer).collect();
    let writers = match Vec::from_iter(writers).as_slice() {
        [] => HashMap::new(),
        writers => writing.device_names(device.tenant, writers)?,
    };
    let operators = page.iter().filter_map(|offered| offered.content.operator_id);
    Ok(Book {
        key,
        device,
        epoch: writing.epoch()?,
        references: References::load(writing, device.tenant, operators)?,
        standing: held.into_iter().map(|held| (held.record_id, Standing::Stored(Box::new(held)))).collect(),
        ledger: ledger.into_iter().map(|entry| (entry.write_id, Known::Stored(Box::new(entry)))).collect(),
        writers,
        lineage: Lineage::of(lineage),
        followed,
        followed_now: Vec::new(),
        earlier,
        room,
        filings: Vec::with_capacity(page.len()),
        displaced: HashMap::new(),
        happened: Happened::nothing(about),
        newest_proof: Timestamp::MIN,
    })
}

fn is_notice(offered: &Offered) -> bool {
    offered.content.kind == Kind::Notice.as_str()
}

/// The record that a notice is about, if it is given back and may come in force.
fn subject(offered: &Offered) -> Option<Uuid> {
    match (&offered.ground, offered.body()) {
        (Ground::Reoffer { .. }, Some(Body::Notice(notice))) => Some(notice.record_id),
        _ => None,
    }
}

fn sorted(ids: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
