//! What becomes of a notice while things happen to its record. Nothing is looked up here.

use std::borrow::Cow;

use gatebook_domain::Kind;
use gatebook_domain::notice::{Notice, NoticeSide};
use gatebook_sync::{Content, Differences, content_differences};
use jiff::Timestamp;
use uuid::Uuid;

use super::NewState;
use super::side::{Conflict, LISTED, Side};

/// A side as the notice told it before, or as it is to be told now.
#[derive(Clone)]
pub(super) enum Told<'a> {
    Before(NoticeSide),
    Now(Cow<'a, Side>),
}

impl Told<'_> {
    fn write_id(&self) -> Uuid {
        match self {
            Self::Before(side) => side.write_id,
            Self::Now(side) => side.write_id,
        }
    }
}

/// What settled a conflict.
pub(super) struct Settled<'a> {
    pub by: Told<'a>,
    pub brings_back: bool,
}

/// A notice on its way to what it will say.
pub(super) struct Course<'a> {
    pub addressee_id: Uuid,
    pub record_id: Uuid,
    pub record_kind: Kind,
    pub record_title: String,
    pub kept: Told<'a>,
    pub set_aside: Told<'a>,
    pub in_force: Option<Told<'a>>,
    pub settled: Option<Settled<'a>>,
    pub found: Differences,
    pub count: u32,
    /// When its newest conflict was told; `None`: with this page.
    pub told_at: Option<Timestamp>,
    pub yard_id: Option<Uuid>,
    pub zone: String,
    /// What the sides said, as far as it is known.
    pub kept_content: Option<Cow<'a, Content>>,
    pub set_aside_content: Option<Cow<'a, Content>>,
    pub is_changed: bool,
}

impl<'a> Course<'a> {
    /// A notice as it stands: what it says, when it was received, where it lies, and what the writes of its sides said.
    pub(super) fn resumed(
        notice: Notice,
        received_at: Option<Timestamp>,
        lies_in: &Content,
        said: impl Fn(Uuid) -> Option<Content>,
    ) -> Self {
        Self {
            addressee_id: notice.addressee_id,
            record_id: notice.record_id,
            record_kind: notice.record_kind,
            record_title: notice.record_title,
            kept_content: said(notice.kept.write_id).map(Cow::Owned),
            set_aside_content: said(notice.set_aside.write_id).map(Cow::Owned),
            kept: Told::Before(notice.kept),
            set_aside: Told::Before(notice.set_aside),
            in_force: notice.in_force.map(Told::Before),
            settled: notice.settled.map(|it| Settled { by: Told::Before(it.by), brings_back: it.brings_back }),
            found: Differences { listed: notice.differences, more: notice.more_differences },
            count: notice.count,
            told_at: notice.told_at.or(received_at),
            yard_id: lies_in.yard_id,
            zone: lies_in.zone.clone(),
            is_changed: false,
        }
    }

    /// The sides that are told anew: who is named by them has to be looked up.
    pub(super) fn told_now(&self) -> impl Iterator<Item = &Side> {
        let settled = self.settled.iter().map(|settled| &settled.by);
        [&self.kept, &self.set_aside].into_iter().chain(&self.in_force).chain(settled).filter_map(|told| match told {
            Told::Before(_) => None,
            Told::Now(side) => Some(side.as_ref()),
        })
    }

    /// The first notice of a conflict to that operator.
    pub(super) fn begun(addressee_id: Uuid, conflict: &'a Conflict) -> Self {
        let mut course = Self {
            addressee_id,
            record_id: conflict.record_id,
            record_kind: Kind::Inspection,
            record_title: String::new(),
            kept: Told::Now(Cow::Borrowed(&conflict.kept)),
            set_aside: Told::Now(Cow::Borrowed(&conflict.set_aside)),
            in_force: None,
            settled: None,
            found: Differences::default(),
            count: 0,
            told_at: None,
            yard_id: None,
            zone: String::new(),
            kept_content: None,
            set_aside_content: None,
            is_changed: true,
        };
        course.conflict(conflict);
        course
    }

    /// A conflict that the addressee has a side in: this is what the notice tells from now on, and counts.
    pub(super) fn conflict(&mut self, conflict: &'a Conflict) {
        let kept = &conflict.kept.content;
        self.record_kind = kept.known_kind().unwrap_or(Kind::Inspection);
        self.record_title.clone_from(&conflict.title);
        self.kept = Told::Now(Cow::Borrowed(&conflict.kept));
        self.set_aside = Told::Now(Cow::Borrowed(&conflict.set_aside));
        self.kept_content = Some(Cow::Borrowed(kept));
        self.set_aside_content = Some(Cow::Borrowed(&conflict.set_aside.content));
        self.found = conflict.found.clone();
        self.in_force = None;
        self.settled = None;
        self.told_at = None;
        self.count = self.count.saturating_add(1);
        self.yard_id = kept.yard_id;
        self.zone.clone_from(&kept.zone);
        self.is_changed = true;
    }

    /// The record has a new state.
    pub(super) fn state(&mut self, state: &'a NewState) {
        if self.settled.is_some() {
            return;
        }
        let brings_back = says(&state.made, self.set_aside_content.as_deref());
        if !state.is_given_back && (brings_back || self.is_decided_by(state)) {
            self.settled = Some(Settled { by: Told::Now(Cow::Borrowed(&state.made)), brings_back });
            self.lies_with(&state.made);
            self.is_changed = true;
        } else {
            self.is_in_force(Cow::Borrowed(&state.made));
        }
    }

    /// Whether the office put back what had been kept, or the addressee wrote on what somebody else had made of the record.
    fn is_decided_by(&self, NewState { made, followed, .. }: &NewState) -> bool {
        let addressee = Some(self.addressee_id);
        let has_seen = made.operator() == addressee && *followed != addressee;
        has_seen || made.is_office() && says(made, self.kept_content.as_deref())
    }

    /// That state is in force now, nobody having decided anything about the conflict.
    pub(super) fn is_in_force(&mut self, now: Cow<'a, Side>) {
        if self.settled.is_some() {
            return;
        }
        let told = self.in_force.as_ref().unwrap_or(&self.kept).write_id();
        if told == now.write_id {
            return;
        }
        if let Some(set_aside) = &self.set_aside_content {
            self.found = content_differences(&now.content, set_aside, LISTED);
        }
        self.lies_with(&now);
        self.in_force = (now.write_id != self.kept.write_id()).then_some(Told::Now(now));
        self.is_changed = true;
    }

    /// A notice lies in the yard of its record: whoever may not see the record does not read of it there.
    fn lies_with(&mut self, made: &Side) {
        self.yard_id = made.content.yard_id;
        self.zone.clone_from(&made.content.zone);
    }
}

fn says(made: &Side, content: Option<&Content>) -> bool {
    content.is_some_and(|content| made.content.says_the_same_as(content))
}
