//! Step 2: what the server holds of the page's records, and what the ledger knows of its writes. A few queries,
//! whatever the size of the page; records in the order of their ids, so that where rows are locked two pages never
//! wait for each other. The ledger is asked when the records are claimed: what somebody else judged until then counts.

use std::collections::{HashMap, HashSet};

use gatebook_domain::Kind;
use jiff::Timestamp;

use super::judge::{Book, Known, Standing};
use super::lineage::Lineage;
use super::references::References;
use super::{Ground, Offered};
use crate::error::ServerError;
use crate::photos::Earlier;
use crate::receipt::Key;
use crate::storage::{Device, Writing};

pub(super) fn load<'a>(
    writing: &dyn Writing,
    key: &'a Key,
    device: &'a Device,
    page: &[Offered],
) -> Result<Book<'a>, ServerError> {
    let mut ids: Vec<_> = page.iter().map(|offered| offered.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let held = writing.claim(device.tenant, &ids)?;
    let writes: Vec<_> = page.iter().map(|offered| offered.write_id).collect();
    let followed = writing.followed(device.tenant, &writes)?;
    // The server's own word may lie on top of an attachment's unanswered write: what that said tells.
    let under_marks =
        page.iter().filter(|it| it.content.kind == Kind::Attachment.as_str()).flat_map(|it| match &it.ground {
            Ground::Write { follows, .. } => follows.as_slice(),
            Ground::Reoffer { .. } => &[],
        });
    let asked: Vec<_> = writes.iter().chain(under_marks).copied().collect();
    let ledger = writing.ledger(device.tenant, &asked)?;
    let reoffered: Vec<_> =
        page.iter().filter(|it| matches!(it.ground, Ground::Reoffer { .. })).map(|it| it.id).collect();
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
        filings: Vec::with_capacity(page.len()),
        displaced: HashMap::new(),
        conflicts: Vec::new(),
        newest_proof: Timestamp::MIN,
    })
}
