//! Making the notices of one transaction: everything is claimed and looked up before the counter is taken; what is done
//! afterwards needs nothing but the stamped times.

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use gatebook_domain::notice::{Notice, NoticeSide, Settlement};
use gatebook_domain::record::SCHEMA;
use gatebook_domain::{Body, Kind, RecordState};
use gatebook_sync::{Content, Epoch, VersionId};
use jiff::Timestamp;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::course::{Course, Told};
use super::side::{Conflict, Names, Side};
use super::{Event, Happened, Standing, notice_id};
use crate::config::Environment;
use crate::error::ServerError;
use crate::storage::{Filing, Outcome, Tenant, Writing};

/// What the notices of one transaction are made with.
pub(crate) struct Desk<'a> {
    epoch: Epoch,
    /// Those that change, by id.
    due: BTreeMap<Uuid, Course<'a>>,
    before: HashMap<Uuid, Standing>,
    names: Names,
}

impl<'a> Desk<'a> {
    /// `standing` has the notices about the records of `happened`, claimed; `given_back` those that devices gave back, with
    /// what is in force of their records.
    pub(in crate::reconcile) fn open(
        writing: &dyn Writing,
        tenant: Tenant,
        epoch: Epoch,
        happened: &'a Happened,
        standing: &HashMap<Uuid, Standing>,
        given_back: &[(Uuid, Side)],
    ) -> Result<Self, ServerError> {
        let mut before = standing.clone();
        let unknown: Vec<Uuid> = addressed(happened).filter(|id| !before.contains_key(id)).collect();
        for held in writing.claim(tenant, &sorted(unknown))? {
            before.insert(held.record_id, Standing::stored(&held));
        }
        let said = what_sides_said(writing, tenant, happened, given_back, &before)?;
        let mut courses = Courses { of: BTreeMap::new(), before: &before, said: &said };
        let mut about = happened.about.clone();
        for event in &happened.events {
            match event {
                Event::Conflict(conflict) => {
                    let about = about.entry(conflict.record_id).or_default();
                    let told: BTreeSet<Uuid> = conflict.addressees().map(|it| courses.conflict(it, conflict)).collect();
                    if conflict.is_new && happened.concerns(conflict.record_id) {
                        for id in about.difference(&told) {
                            courses.resume(*id, |course| course.is_in_force(Cow::Borrowed(&conflict.kept)));
                        }
                    }
                    about.extend(told);
                }
                Event::State(state) => {
                    for id in about.get(&state.record_id).into_iter().flatten() {
                        courses.resume(*id, |course| course.state(state));
                    }
                }
            }
        }
        for (id, in_force) in given_back {
            courses.resume(*id, |course| course.is_in_force(Cow::Owned(in_force.clone())));
        }
        let mut courses = courses.of;
        courses.retain(|_, course| course.is_changed);
        before.retain(|id, _| courses.contains_key(id));
        let sides: Vec<&Side> = courses.values().flat_map(Course::told_now).collect();
        let names = Names::load(writing, tenant, sides.iter().copied())?;
        Ok(Self { epoch, due: courses, before, names })
    }

    /// What becomes of the notices that are brought up to date.
    pub(crate) fn superseded(&self) -> HashMap<Uuid, Outcome> {
        self.before.values().map(|standing| (standing.write_id, Outcome::Superseded)).collect()
    }

    /// The notices; `filings` are the transaction's, the last of them received at `last`.
    pub(crate) fn notices(
        &self,
        environment: &dyn Environment,
        now: Timestamp,
        filings: &[Filing],
        last: Timestamp,
    ) -> Vec<Filing> {
        let file = |(id, course): (&Uuid, &Course<'a>)| {
            let before = self.before.get(id);
            let version = VersionId { epoch: self.epoch, version: before.map_or(0, |it| it.version.version) + 1 };
            let content = match before.filter(|_| gatebook_sync::deliberate!(StaleNotice)) {
                Some(before) => before.content.clone(),
                None => self.content(course, now, filings, last),
            };
            Filing::own(*id, environment.new_id(), version, content)
        };
        self.due.iter().map(file).collect()
    }

    fn content(&self, course: &Course<'_>, now: Timestamp, filings: &[Filing], last: Timestamp) -> Content {
        let side = |told: &Told<'_>| -> NoticeSide {
            match told {
                Told::Before(side) => side.clone(),
                Told::Now(side) => self.names.side(filings, side),
            }
        };
        let body = Body::Notice(Notice {
            addressee_id: course.addressee_id,
            record_id: course.record_id,
            record_kind: course.record_kind,
            record_title: course.record_title.clone(),
            kept: side(&course.kept),
            set_aside: side(&course.set_aside),
            in_force: course.in_force.as_ref().map(side),
            settled: course
                .settled
                .as_ref()
                .map(|settled| Settlement { by: side(&settled.by), brings_back: settled.brings_back }),
            told_at: Some(course.told_at.unwrap_or(last)),
            differences: course.found.listed.clone(),
            more_differences: course.found.more,
            count: course.count,
        });
        Content {
            kind: Kind::Notice.as_str().to_owned(),
            yard_id: course.yard_id,
            schema: SCHEMA,
            state: if course.settled.is_some() { RecordState::Closed } else { RecordState::Live },
            state_reason: String::new(),
            captured_at: now,
            zone: course.zone.clone(),
            operator_id: None,
            body: RawValue::from_string(body.to_json()).expect("a serialised body is JSON"),
        }
    }
}

/// Notices while things happen to their records.
struct Courses<'a, 'b> {
    of: BTreeMap<Uuid, Course<'a>>,
    before: &'b HashMap<Uuid, Standing>,
    /// What the sides of notices said, by write.
    said: &'b HashMap<Uuid, Content>,
}

impl<'a> Courses<'a, '_> {
    /// Tells an operator of a conflict; returns the notice's id.
    fn conflict(&mut self, addressee: Uuid, conflict: &'a Conflict) -> Uuid {
        let id = notice_id(conflict.record_id, addressee);
        if !self.resume(id, |course| course.conflict(conflict)) {
            self.of.insert(id, Course::begun(addressee, conflict));
        }
        id
    }

    /// Does something to a notice that there is; whether there is one.
    fn resume(&mut self, id: Uuid, change: impl FnOnce(&mut Course<'a>)) -> bool {
        if let Entry::Vacant(vacant) = self.of.entry(id) {
            let Some((standing, notice)) = self.before.get(&id).and_then(|it| Some((it, body_of(it)?))) else {
                return false;
            };
            let said = |write| self.said.get(&write).cloned();
            vacant.insert(Course::resumed(notice, standing.received_at, &standing.content, said));
        }
        self.of.get_mut(&id).map(change).is_some()
    }
}

/// The notices of those who have a side in a conflict.
fn addressed(happened: &Happened) -> impl Iterator<Item = Uuid> {
    happened.events.iter().flat_map(|event| match event {
        Event::Conflict(conflict) => conflict.addressees().map(|it| notice_id(conflict.record_id, it)).collect(),
        Event::State(_) => Vec::new(),
    })
}

fn sorted(mut ids: Vec<Uuid>) -> Vec<Uuid> {
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn body_of(standing: &Standing) -> Option<Notice> {
    match Body::from_json(Kind::Notice, standing.content.body.get()) {
        Ok(Body::Notice(notice)) => Some(notice),
        _ => None,
    }
}

/// What the sides of open notices said that may have to be compared with something else now.
fn what_sides_said(
    writing: &dyn Writing,
    tenant: Tenant,
    happened: &Happened,
    given_back: &[(Uuid, Side)],
    before: &HashMap<Uuid, Standing>,
) -> Result<HashMap<Uuid, Content>, ServerError> {
    let compared = happened.events.iter().flat_map(|event| {
        let record_id = match event {
            Event::Conflict(conflict) => conflict.record_id,
            Event::State(state) => state.record_id,
        };
        happened.about.get(&record_id).into_iter().flatten()
    });
    let ids = sorted(compared.chain(given_back.iter().map(|(id, _)| id)).copied().collect());
    let open = ids.iter().filter_map(|id| body_of(before.get(id)?)).filter(|notice| notice.settled.is_none());
    let writes = sorted(open.flat_map(|notice| [notice.kept.write_id, notice.set_aside.write_id]).collect());
    if writes.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(writing.ledger(tenant, &writes)?.into_iter().map(|entry| (entry.write_id, entry.content)).collect())
}
