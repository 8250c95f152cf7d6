//! The sides of a conflict, and how they are named.

use std::collections::HashMap;

use gatebook_domain::notice::NoticeSide;
use gatebook_domain::{Body, title};
use gatebook_sync::{Content, Differences, content_differences};
use jiff::Timestamp;
use uuid::Uuid;

use crate::error::ServerError;
use crate::reconcile::References;
use crate::storage::{Filing, Held, Reading, Tenant};

/// Differences listed in a notice.
pub(super) const LISTED: usize = 40;

/// What an app that knows only operators calls the office.
const OFFICE: &str = "The office";

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
    At(Timestamp),
    Filing(usize),
}

impl Side {
    pub(in crate::reconcile) fn stored(held: &Held) -> Self {
        let received = Received::At(held.received_at);
        Self { write_id: held.write_id, device_id: held.device_id, received, content: held.content.clone() }
    }

    pub(in crate::reconcile) fn filed(at: usize, filing: &Filing) -> Self {
        let received = Received::Filing(at);
        Self { write_id: filing.write_id, device_id: filing.device_id, received, content: filing.content.clone() }
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

    /// Both operators; one who is on both sides once. The office has a list of its own.
    pub(super) fn addressees(&self) -> impl Iterator<Item = Uuid> {
        let (kept, set_aside) = (self.kept.operator(), self.set_aside.operator());
        let set_aside = set_aside.filter(|_| set_aside != kept && !gatebook_sync::deliberate!(TellOnlyTheWinner));
        kept.into_iter().chain(set_aside)
    }
}

/// What people and devices are called in notices.
pub(super) struct Names {
    operators: References,
    devices: HashMap<Uuid, String>,
}

impl Names {
    /// Looks up whoever is named by those sides.
    pub(super) fn load<'a>(
        reading: &dyn Reading,
        tenant: Tenant,
        sides: impl Iterator<Item = &'a Side> + Clone,
    ) -> Result<Self, ServerError> {
        let devices: Vec<Uuid> = sides.clone().filter_map(|side| side.device_id).collect();
        Ok(Self {
            operators: References::load(reading, tenant, sides.filter_map(Side::operator))?,
            devices: reading.device_names(tenant, &devices)?,
        })
    }

    /// The side as a notice tells it; `filings` are stamped.
    pub(super) fn side(&self, filings: &[Filing], side: &Side) -> NoticeSide {
        let office = side.is_office().then(String::new);
        let operator_id = side.operator();
        let operator_name = match &office {
            Some(name) if name.is_empty() => OFFICE.to_owned(),
            Some(name) => format!("{OFFICE} ({name})"),
            None => operator_id.map(|id| self.operators.operator_name(id)).unwrap_or_default(),
        };
        NoticeSide {
            write_id: side.write_id,
            operator_id,
            operator_name,
            device_name: side.device_id.and_then(|id| self.devices.get(&id)).cloned().unwrap_or_default(),
            received_at: match side.received {
                Received::At(time) => time,
                Received::Filing(at) => filings[at].received_at.expect("filings are stamped before notices"),
            },
            captured_at: side.content.captured_at,
            office,
            state: side.content.state,
            state_reason: side.content.state_reason.clone(),
        }
    }
}
