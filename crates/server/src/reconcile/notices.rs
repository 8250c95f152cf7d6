//! Notices: both operators of a conflict are told, in the transaction that decided it. There is one notice for each
//! record and operator; a further conflict brings it up to date.

use std::collections::{BTreeMap, HashMap};

use gatebook_domain::notice::{Notice, NoticeSide};
use gatebook_domain::record::SCHEMA;
use gatebook_domain::{Body, Extra, Kind, RecordState, title};
use gatebook_sync::{Content, Differences, Epoch, VersionId, WallTime, differences};
use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::attribution::{self, Written};
use crate::config::Environment;
use crate::error::ServerError;
use crate::storage::{Attribution, Filing, Held, Outcome, Tenant, Writing};

/// Under which the ids of notices are made from record and operator.
const NAMESPACE: Uuid = Uuid::from_u128(0x6761_7465_626f_6f6b_8000_6e6f_7469_6365);
/// Differences listed in a notice.
const LISTED: usize = 40;

/// One side of a conflict.
pub(super) struct Side {
    write_id: Uuid,
    device_id: Option<Uuid>,
    received: Received,
    content: Content,
}

/// When a side was received: known, or stamped on that filing later.
enum Received {
    At(Timestamp, Option<WallTime>),
    Filing(usize),
}

impl Side {
    pub(super) fn stored(held: &Held) -> Self {
        let received = Received::At(held.received_at, held.filed);
        Self { write_id: held.write_id, device_id: held.device_id, received, content: held.content.clone() }
    }

    pub(super) fn filed(at: usize, filing: &Filing) -> Self {
        let received = Received::Filing(at);
        Self { write_id: filing.write_id, device_id: filing.device_id, received, content: filing.content.clone() }
    }
}

impl Side {
    /// The write that it is, if it was in the database before this page.
    fn as_stored(&self) -> Option<Written> {
        let Self { write_id, device_id, ref content, .. } = *self;
        matches!(self.received, Received::At(..)).then_some(Written {
            write_id,
            operator_id: content.operator_id,
            device_id,
        })
    }
}

/// Two states of a record that met, and in what they differ.
pub(super) struct Conflict {
    record_id: Uuid,
    title: String,
    kept: Side,
    set_aside: Side,
    found: Differences,
}

impl Conflict {
    pub(super) fn new(record_id: Uuid, kept: Side, set_aside: Side, body: &Body) -> Self {
        let parse = |side: &Side| serde_json::from_str::<Value>(side.content.body.get()).unwrap_or_default();
        let found = differences(&parse(&kept), &parse(&set_aside), LISTED);
        Self { record_id, title: title(body), kept, set_aside, found }
    }

    /// Both operators; one who is on both sides once.
    fn addressees(&self) -> impl Iterator<Item = Uuid> {
        let (kept, set_aside) = (self.kept.content.operator_id, self.set_aside.content.operator_id);
        let set_aside = set_aside.filter(|_| set_aside != kept && !gatebook_sync::deliberate!(TellOnlyTheWinner));
        kept.into_iter().chain(set_aside)
    }
}

/// The id of an operator's notice about a record.
fn notice_id(record_id: Uuid, operator_id: Uuid) -> Uuid {
    Uuid::new_v5(&NAMESPACE, &[*record_id.as_bytes(), *operator_id.as_bytes()].concat())
}

/// What the notices of one page are made with: all that is known before anything is stamped.
pub(super) struct Desk<'a> {
    epoch: Epoch,
    /// By the notice's id: to whom, about what, and how many conflicts of this page it stands for.
    due: BTreeMap<Uuid, (Uuid, &'a Conflict, u32)>,
    before: HashMap<Uuid, Held>,
    /// Whose the sides are that were in the database before this page.
    attributions: HashMap<Uuid, Attribution>,
}

impl<'a> Desk<'a> {
    /// Claims the notices that are due, and looks up who and what is named in them.
    pub(super) fn open(
        writing: &dyn Writing,
        tenant: Tenant,
        epoch: Epoch,
        conflicts: &'a [Conflict],
    ) -> Result<Self, ServerError> {
        // The last conflict of a page tells the state in which the page leaves the record; the others only count.
        let mut due: BTreeMap<Uuid, (Uuid, &Conflict, u32)> = BTreeMap::new();
        for conflict in conflicts {
            for addressee in conflict.addressees() {
                let id = notice_id(conflict.record_id, addressee);
                let counted = due.get(&id).map_or(0, |(_, _, counted)| *counted);
                due.insert(id, (addressee, conflict, counted + 1));
            }
        }
        let ids: Vec<Uuid> = due.keys().copied().collect();
        let sides = || due.values().flat_map(|(_, conflict, _)| [&conflict.kept, &conflict.set_aside]);
        let before = writing.claim(tenant, &ids)?.into_iter().map(|held| (held.record_id, held)).collect();
        let stored: Vec<Written> = sides().filter_map(Side::as_stored).collect();
        let attributions = attribution::attributions(writing, tenant, stored)?;
        Ok(Self { epoch, due, before, attributions })
    }

    /// What becomes of the notices that are brought up to date.
    pub(super) fn superseded(&self) -> HashMap<Uuid, Outcome> {
        self.before.values().map(|held| (held.write_id, Outcome::Superseded)).collect()
    }

    /// The notices; `filings` are the page's, stamped.
    pub(super) fn notices(&self, environment: &dyn Environment, filings: &[Filing]) -> Vec<Filing> {
        let now = environment.now();
        let notice =
            |(id, due): (&Uuid, &(Uuid, &Conflict, u32))| self.notice(environment.new_id(), now, filings, *id, *due);
        self.due.iter().map(notice).collect()
    }

    fn notice(
        &self,
        write_id: Uuid,
        now: Timestamp,
        filings: &[Filing],
        id: Uuid,
        (addressee_id, conflict, counted): (Uuid, &Conflict, u32),
    ) -> Filing {
        let before = self.before.get(&id);
        let counted_before = match before.map(|held| Body::from_json(Kind::Notice, held.content.body.get())) {
            Some(Ok(Body::Notice(notice))) => notice.count,
            _ => 0,
        };
        let body = Body::Notice(Notice {
            addressee_id,
            record_id: conflict.record_id,
            record_kind: conflict.kept.content.known_kind().unwrap_or(Kind::Inspection),
            record_title: conflict.title.clone(),
            kept: self.side(filings, &conflict.kept),
            set_aside: self.side(filings, &conflict.set_aside),
            differences: conflict.found.listed.clone(),
            more_differences: conflict.found.more,
            count: counted_before.saturating_add(counted),
            extra: Extra::new(),
        });
        let version = VersionId { epoch: self.epoch, version: before.map_or(0, |held| held.version.version) + 1 };
        if let Some(held) = before.filter(|_| gatebook_sync::deliberate!(StaleNotice)) {
            return Filing::own(id, write_id, version, held.content.clone());
        }
        let content = Content {
            kind: Kind::Notice.as_str().to_owned(),
            yard_id: conflict.kept.content.yard_id,
            schema: SCHEMA,
            state: RecordState::Live,
            state_reason: String::new(),
            captured_at: now,
            zone: conflict.kept.content.zone.clone(),
            operator_id: None,
            body: RawValue::from_string(body.to_json()).expect("a serialised body is JSON"),
        };
        Filing::own(id, write_id, version, content)
    }

    fn side(&self, filings: &[Filing], side: &Side) -> NoticeSide {
        let (named, received_at, filed) = match side.received {
            Received::At(received_at, filed) => (self.attributions.get(&side.write_id), received_at, filed),
            Received::Filing(at) => {
                let filing = &filings[at];
                let received_at = filing.received_at.expect("filings are stamped before notices");
                (Some(&filing.attribution), received_at, filing.filed)
            }
        };
        NoticeSide {
            write_id: side.write_id,
            operator_id: side.content.operator_id,
            operator_name: named.map(|it| it.operator_name.clone()).unwrap_or_default(),
            device_name: named.map(|it| it.device_name.clone()).unwrap_or_default(),
            received_at,
            filed_at: filed.map(|filed| filed.at),
            captured_at: side.content.captured_at,
        }
    }
}
