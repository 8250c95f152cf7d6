//! Notices: both operators of a conflict are told, in the transaction that decided it, and what they were told stays true.
//!
//! There is one notice for each record and operator; a further conflict brings it up to date and is news. Any other new
//! state of the record, whoever made it, brings its open notices up to date or settles them; that is no news:
//!
//! - it **settles** a notice if it says what had been set aside, if the office puts back what had been kept, or if the
//!   addressee made it on what somebody else had written, and so has seen what became of the record;
//! - otherwise the notice says from then on that this is in force, who made it and when.
//!
//! What a device only gives back after a restore of the server settles nothing: nobody decided anything. A notice that is
//! given back is compared with what is in force when it arrives.
//!
//! [`desk`] claims and looks up what is needed before the counter is taken, [`course`] is the rule, [`side`] who is named.

mod course;
mod desk;
mod side;

use std::collections::{BTreeSet, HashMap};

use gatebook_domain::Kind;
use gatebook_domain::record::Writer;
use gatebook_sync::{Content, VersionId};
use jiff::Timestamp;
use uuid::Uuid;

pub(crate) use desk::Desk;
pub(super) use side::{Conflict, Side};

use crate::error::ServerError;
use crate::storage::{Filing, Held, Tenant, Writing};

/// Under which the ids of notices are made from record and operator.
const NAMESPACE: Uuid = Uuid::from_u128(0x6761_7465_626f_6f6b_8000_6e6f_7469_6365);

/// The id of an operator's notice about a record.
fn notice_id(record_id: Uuid, operator_id: Uuid) -> Uuid {
    Uuid::new_v5(&NAMESPACE, &[*record_id.as_bytes(), *operator_id.as_bytes()].concat())
}

/// What happened to records, as far as somebody has to be told; in order.
#[derive(Default)]
pub(super) struct Happened {
    events: Vec<Event>,
    /// Records that somebody has a notice of, with the notices' ids.
    about: HashMap<Uuid, BTreeSet<Uuid>>,
}

enum Event {
    Conflict(Box<Conflict>),
    State(Box<NewState>),
}

/// A record has a new state that displaced nothing unseen.
pub(super) struct NewState {
    pub record_id: Uuid,
    pub made: Side,
    /// Who had made the state that it followed.
    pub followed: Option<Uuid>,
    /// A device gave it back after a restore of the server.
    pub is_given_back: bool,
}

impl Happened {
    /// Nothing yet. `about` tells which of those records have notices.
    pub(super) fn nothing(about: Vec<(Uuid, Uuid)>) -> Self {
        let mut happened = Self::default();
        for (record, notice) in about {
            happened.about.entry(record).or_default().insert(notice);
        }
        happened
    }

    /// Two states met.
    pub(super) fn conflict(&mut self, conflict: Conflict) {
        self.about.entry(conflict.record_id).or_default();
        self.events.push(Event::Conflict(Box::new(conflict)));
    }

    /// Whether a new state of that record concerns anybody.
    pub(super) fn concerns(&self, record_id: Uuid) -> bool {
        self.about.contains_key(&record_id) && !gatebook_sync::deliberate!(LeaveNoticesBehind)
    }

    /// The notices there were about records that something happened to.
    pub(super) fn known_notices(&self) -> impl Iterator<Item = Uuid> {
        self.about.values().flatten().copied()
    }

    /// A record that [concerns](Self::concerns) somebody has a new state.
    pub(super) fn state(&mut self, state: NewState) {
        self.events.push(Event::State(Box::new(state)));
    }
}

/// A notice as it stands before it is brought up to date.
#[derive(Clone)]
pub(super) struct Standing {
    write_id: Uuid,
    version: VersionId,
    received_at: Option<Timestamp>,
    content: Content,
}

impl Standing {
    pub(super) fn stored(held: &Held) -> Self {
        let Held { write_id, version, received_at, ref content, .. } = *held;
        Self { write_id, version, received_at: Some(received_at), content: content.clone() }
    }

    pub(super) fn filed(filing: &Filing) -> Option<Self> {
        let &Filing { write_id, version, received_at, ref content, .. } = filing;
        Some(Self { write_id, version: version?, received_at, content: content.clone() })
    }
}

/// The notices about one record that the office is about to change, claimed, with what its change means for them.
pub(crate) struct OfficeAct {
    happened: Happened,
    standing: HashMap<Uuid, Standing>,
}

impl OfficeAct {
    /// To be opened when the record is claimed. `filing` is its new state and the first of those to be filed.
    pub(crate) fn claim(
        writing: &dyn Writing,
        tenant: Tenant,
        held: Option<&Held>,
        filing: &Filing,
    ) -> Result<Self, ServerError> {
        let is_fields = Kind::parse(&filing.content.kind).is_some_and(|kind| kind.writer() == Writer::Field);
        let about = match held {
            Some(held) if is_fields => writing.notices_about(tenant, &[held.record_id])?,
            _ => Vec::new(),
        };
        let mut ids: Vec<Uuid> = about.iter().map(|(_, notice)| *notice).collect();
        ids.sort_unstable();
        let notices = if ids.is_empty() { Vec::new() } else { writing.claim(tenant, &ids)? };
        let standing = notices.iter().map(|held| (held.record_id, Standing::stored(held))).collect();
        let mut happened = Happened::nothing(about);
        if happened.concerns(filing.record_id) {
            happened.state(NewState {
                record_id: filing.record_id,
                made: Side::filed(0, filing),
                followed: held.and_then(|held| held.content.operator_id),
                is_given_back: false,
            });
        }
        Ok(Self { happened, standing })
    }

    /// What the notices are brought up to date with, before the counter is taken.
    pub(crate) fn desk(&self, writing: &dyn Writing, tenant: Tenant) -> Result<Desk<'_>, ServerError> {
        Desk::open(writing, tenant, writing.epoch()?, &self.happened, &self.standing, &[])
    }
}
