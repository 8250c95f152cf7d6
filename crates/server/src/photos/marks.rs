//! `stored_at`: an attachment's canonical state says it just as long as the bytes are held. Whatever devices write, the
//! server puts it right by a version of its own, in the transaction in which the record or the bytes arrived.
//!
//! Records and bytes arrive in any order and at any node. Who files either holds the tenant's counter when looking for
//! the other, so that the later of the two always finds the earlier. Records are claimed before the counter is taken, as
//! everywhere ([`Naming::claim`]), and so it is noted which bytes they name ([`refer`]): whoever takes the counter after
//! that transaction sees it. A page takes as many statements here whatever it holds.

use std::collections::{BTreeSet, HashMap};

use gatebook_domain::Kind;
use gatebook_domain::attachment::Attachment;
use gatebook_domain::raw::with_member;
use gatebook_sync::{Content, VersionId};
use jiff::Timestamp;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::hash::ContentHash;
use crate::attribution::{self, Written};
use crate::config::Environment;
use crate::error::ServerError;
use crate::reconcile::stamp;
use crate::storage::{Attribution, Counter, Filing, Held, Outcome, Tenant, Writing};

const REASON: &str = "what the server holds of it has changed";

/// Notes which bytes judged writes name. Whatever was ever taken can be brought back, so its bytes are kept.
pub(crate) fn refer(writing: &dyn Writing, tenant: Tenant, filings: &[Filing]) -> Result<(), ServerError> {
    let taken = filings.iter().filter(|filing| filing.outcome != Outcome::Rejected);
    let naming: BTreeSet<_> =
        taken.filter_map(|filing| Some((attachment(&filing.content)?.1, filing.record_id))).collect();
    if naming.is_empty() { Ok(()) } else { writing.refer(tenant, &naming) }
}

/// Makes the versions that say whether the bytes that judged writes name are held. To be called with the tenant's
/// counter taken; the filings it returns are to be stamped and stored after those they follow.
pub(crate) fn follow<'a>(
    writing: &dyn Writing,
    tenant: Tenant,
    environment: &dyn Environment,
    filings: &'a [Filing],
) -> Result<(Vec<Filing>, HashMap<Uuid, Outcome>), ServerError> {
    let in_force = |filing: &'a Filing| {
        let version = filing.version.filter(|_| filing.outcome == Outcome::Canonical)?;
        let (attachment, hash) = attachment(&filing.content)?;
        Some((filing, version, attachment, hash))
    };
    let in_force: Vec<_> = filings.iter().filter_map(in_force).collect();
    let hashes: BTreeSet<_> = in_force.iter().map(|(.., hash)| *hash).collect();
    if hashes.is_empty() {
        return Ok((Vec::new(), HashMap::new()));
    }
    let held = writing.held_since(tenant, &Vec::from_iter(hashes))?;
    let (mut marks, mut displaced) = (Vec::new(), HashMap::new());
    for (filing, version, attachment, hash) in in_force {
        let held_since = held.get(&hash).copied();
        if attachment.stored_at != held_since {
            let version = VersionId { version: version.version + 1, ..version };
            let of_whom = &filing.attribution;
            marks.push(mark(environment, filing.record_id, version, &filing.content, of_whom, held_since));
            displaced.insert(filing.write_id, Outcome::Superseded);
        }
    }
    Ok((marks, displaced))
}

/// Whether both are attachments of which people said the same; the server's own word does not count.
pub(crate) fn is_same_but_for_marks(then: &Content, now: &Content) -> bool {
    let is_attachment = [then, now].iter().all(|content| content.kind == Kind::Attachment.as_str());
    is_attachment && matches!((unmarked(then), unmarked(now)), (Some(then), Some(now)) if then.says_the_same_as(&now))
}

/// What people said of an attachment, without the server's own word.
pub(crate) fn unmarked(content: &Content) -> Option<Content> {
    attachment(content)?;
    Some(Content { body: marked(&content.body, None), ..content.clone() })
}

/// The body with that mark and nothing else changed: what a newer app said of the photo keeps every digit, its spelling and
/// its place.
fn marked(body: &RawValue, stored_at: Option<Timestamp>) -> Box<RawValue> {
    let mark = stored_at.map(|at| format!("\"{at}\""));
    RawValue::from_string(with_member(body.get(), "stored_at", mark.as_deref()))
        .expect("an object of JSON values is JSON")
}

/// The records that name some bytes, claimed, with the tenant's counter taken.
pub(super) struct Naming {
    hash: ContentHash,
    held: Vec<Held>,
    counter: Counter,
}

impl Naming {
    pub(super) fn claim(writing: &dyn Writing, tenant: Tenant, hash: ContentHash) -> Result<Self, ServerError> {
        let naming = writing.records_naming(tenant, hash)?;
        let held = writing.claim(tenant, &naming)?;
        let counter = writing.take_counter(tenant)?;
        if writing.records_naming(tenant, hash)? != naming {
            return Err(ServerError::Contended("another record names the photo since it was looked for".into()));
        }
        Ok(Self { hash, held, counter })
    }
}

/// The bytes have come or gone: the attachments that name them say so from now on.
pub(super) fn tell_attachments(
    writing: &dyn Writing,
    tenant: Tenant,
    environment: &dyn Environment,
    Naming { hash, held, mut counter }: Naming,
) -> Result<usize, ServerError> {
    let held_since = writing.blob(tenant, hash)?.map(|blob| blob.stored_at);
    let epoch = writing.epoch()?;
    let attributions = attribution::attributions(writing, tenant, held.iter().map(Written::from))?;
    let (mut marks, mut displaced) = (Vec::new(), HashMap::new());
    for held in held {
        let Some((attachment, named)) = attachment(&held.content) else { continue };
        if named == hash && attachment.stored_at != held_since {
            let version = VersionId { epoch, version: held.version.version + 1 };
            let of_whom = &attributions[&held.write_id];
            marks.push(mark(environment, held.record_id, version, &held.content, of_whom, held_since));
            displaced.insert(held.write_id, Outcome::Superseded);
        }
    }
    if !marks.is_empty() {
        stamp(&mut marks, &mut counter, environment.wall_time())?;
        writing.store(tenant, &displaced, &marks)?;
        writing.set_counter(tenant, counter)?;
    }
    Ok(marks.len())
}

/// What that content says, if it is an attachment's that can be read.
pub(super) fn attachment(content: &Content) -> Option<(Attachment, ContentHash)> {
    if content.kind != Kind::Attachment.as_str() {
        return None;
    }
    let attachment: Attachment = serde_json::from_str(content.body.get()).ok()?;
    let hash = attachment.sha256.parse().ok()?;
    Some((attachment, hash))
}

/// The same content, with `stored_at` put right: whose the photo is stays as it was filed, and that it is held is the
/// server's own word.
fn mark(
    environment: &dyn Environment,
    record_id: Uuid,
    version: VersionId,
    content: &Content,
    of_whom: &Attribution,
    stored_at: Option<Timestamp>,
) -> Filing {
    let content = Content { body: marked(&content.body, stored_at), ..content.clone() };
    let attribution = Attribution { operator_name: of_whom.operator_name.clone(), ..Attribution::of_server() };
    Filing { reason: REASON.to_owned(), attribution, ..Filing::own(record_id, environment.new_id(), version, content) }
}
