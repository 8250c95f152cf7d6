//! The sides of a conflict, and how they are named.

use std::collections::HashMap;

use gatebook_domain::notice::NoticeSide;
use gatebook_domain::{Body, title};
use gatebook_sync::{Content, Differences, WallTime, content_differences};
use jiff::Timestamp;
use uuid::Uuid;

use crate::attribution::{self, OFFICE, Written};
use crate::error::ServerError;
use crate::storage::{Attribution, Filing, Held, Reading, Tenant};

/// Differences listed in a notice.
pub(super) const LISTED: usize = 40;

/// What an app that knows only operators calls the office.
const THE_OFFICE: &str = "The office";

/// One state of a record.
#[derive(Clone)]
pub(in crate::reconcile) struct Side {
    pub(super) write_id: Uuid,
    device_id: Option<Uuid>,
    received: Received,
    pub(super) content: Content,
}

/// When a side was received: known, or stamped on that filing later.
#[derive(Clone, Copy)]
enum Received {
    At(Timestamp, Option<WallTime>),
    Filing(usize),
}

impl Side {
    pub(in crate::reconcile) fn stored(held: &Held) -> Self {
        let received = Received::At(held.received_at, held.filed);
        Self { write_id: held.write_id, device_id: held.device_id, received, content: held.content.clone() }
    }

    pub(in crate::reconcile) fn filed(at: usize, filing: &Filing) -> Self {
        let received = Received::Filing(at);
        Self { write_id: filing.write_id, device_id: filing.device_id, received, content: filing.content.clone() }
    }

    /// What it says.
    pub(in crate::reconcile) const fn content(&self) -> &Content {
        &self.content
    }

    /// Whether the office made it: no operator did, on no device. The server's own word on a photo leaves it its
    /// photographer's.
    pub(super) const fn is_office(&self) -> bool {
        self.device_id.is_none() && self.content.operator_id.is_none()
    }

    /// The operator who made it, if one did.
    pub(in crate::reconcile) const fn operator(&self) -> Option<Uuid> {
        self.content.operator_id
    }
}

/// Two states of a record that met, and in what they differ.
pub(in crate::reconcile) struct Conflict {
    pub(super) record_id: Uuid,
    pub(super) title: String,
    pub(super) kept: Side,
    pub(super) set_aside: Side,
    pub(super) found: Differences,
    /// The kept side is the record's new state; otherwise it was in force before.
    pub(super) is_new: bool,
}

impl Conflict {
    pub(in crate::reconcile) fn new(record_id: Uuid, kept: Side, set_aside: Side, is_new: bool, body: &Body) -> Self {
        let found = content_differences(&kept.content, &set_aside.content, LISTED);
        Self { record_id, title: title(body), kept, set_aside, found, is_new }
    }

    /// Bytes of what a notice tells of the differences.
    pub(in crate::reconcile) fn told_bytes(&self) -> usize {
        let told = |side: &Option<String>| side.as_ref().map_or(0, String::len);
        self.found.listed.iter().map(|it| it.path.len() + told(&it.kept) + told(&it.set_aside)).sum()
    }

    /// Both operators; one who is on both sides once. The office has a list of its own.
    pub(super) fn addressees(&self) -> impl Iterator<Item = Uuid> {
        let (kept, set_aside) = (self.kept.operator(), self.set_aside.operator());
        let set_aside = set_aside.filter(|_| set_aside != kept && !gatebook_sync::deliberate!(TellOnlyTheWinner));
        kept.into_iter().chain(set_aside)
    }
}

/// What people and devices were called when the sides were judged.
pub(super) struct Names(HashMap<Uuid, Attribution>);

impl Names {
    /// Looks up what was filed with those sides; with those that are filed now, it stands in the filings.
    pub(super) fn load<'a>(
        reading: &dyn Reading,
        tenant: Tenant,
        sides: impl Iterator<Item = &'a Side>,
    ) -> Result<Self, ServerError> {
        let stored = sides.filter(|side| matches!(side.received, Received::At(..))).map(|side| Written {
            write_id: side.write_id,
            operator_id: side.operator(),
            device_id: side.device_id,
        });
        Ok(Self(attribution::attributions(reading, tenant, stored)?))
    }

    /// The side as a notice tells it; `filings` are stamped.
    pub(super) fn side(&self, filings: &[Filing], side: &Side) -> NoticeSide {
        let (named, received_at, filed) = match side.received {
            Received::At(received_at, filed) => (self.0.get(&side.write_id), received_at, filed),
            Received::Filing(at) => {
                let filing = &filings[at];
                let received_at = filing.received_at.expect("filings are stamped before notices");
                (Some(&filing.attribution), received_at, filing.filed)
            }
        };
        let device_name = named.map(|it| it.device_name.clone()).unwrap_or_default();
        // An act at the server's own command line has no name but the office's.
        let office = side.is_office().then(|| if device_name == OFFICE { String::new() } else { device_name.clone() });
        let operator_name = match &office {
            Some(name) if name.is_empty() => THE_OFFICE.to_owned(),
            Some(name) => format!("{THE_OFFICE} ({name})"),
            None => named.map(|it| it.operator_name.clone()).unwrap_or_default(),
        };
        NoticeSide {
            write_id: side.write_id,
            operator_id: side.operator(),
            operator_name,
            device_name: if office.is_some() { String::new() } else { device_name },
            received_at,
            filed_at: filed.map(|filed| filed.at),
            captured_at: side.content.captured_at,
            office,
            state: side.content.state,
            state_reason: side.content.state_reason.clone(),
        }
    }
}
