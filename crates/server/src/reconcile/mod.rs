//! The reconcile transaction: a page of offered records becomes verdicts, versions, audit entries and notices, all or
//! nothing.
//!
//! The order within it is the contract's: load, judge, and only then the tenant's counter, so that on a database with
//! many writers a reader's cursor can never pass a version that is not committed yet.

mod notices;

use std::collections::HashMap;

use gatebook_domain::reference::Operator;
use gatebook_domain::{Body, Kind, title};
use gatebook_sync::wire::{CanonicalState, Judged};
use gatebook_sync::{
    Canonical, Content, Decision, Epoch, Existing, Incoming, Offer, Receipt, Rejection, RejectionCode, VersionId,
    decide,
};
use jiff::Timestamp;
use rusqlite::Connection;
use uuid::Uuid;

use crate::error::ServerError;
use crate::receipt::Key;
use crate::storage::{self, Counter, Device, Held, NewVersion, Outcome, sql};

/// One record offered by a device, checked as far as can be without the database.
pub(crate) struct Offered {
    pub id: Uuid,
    pub write_id: Uuid,
    pub offer: OwnedOffer,
    pub content: Content,
    /// The typed body, or why the content is not taken.
    pub checked: Result<Body, Rejection>,
}

/// On what ground it is offered.
pub(crate) enum OwnedOffer {
    Write { base: Option<Receipt> },
    Reoffer { receipt: Receipt },
}

/// One transaction's working state.
pub(crate) struct Page<'a> {
    connection: &'a Connection,
    key: &'a Key,
    device: &'a Device,
    epoch: Epoch,
    now: Timestamp,
    counter: Counter,
    operators: HashMap<Uuid, Option<Operator>>,
}

impl<'a> Page<'a> {
    pub(crate) fn begin(
        connection: &'a Connection,
        key: &'a Key,
        device: &'a Device,
        now: Timestamp,
    ) -> Result<Self, ServerError> {
        Ok(Self {
            connection,
            key,
            device,
            epoch: storage::epoch(connection)?,
            now,
            counter: sql::counter(connection, device.tenant)?,
            operators: HashMap::new(),
        })
    }

    /// Judges every record of the page, in order.
    pub(crate) fn judge(mut self, offered: &[Offered]) -> Result<Vec<Judged>, ServerError> {
        let judged = offered.iter().map(|record| self.judge_one(record)).collect::<Result<_, _>>()?;
        sql::set_counter(self.connection, self.device.tenant, self.counter)?;
        Ok(judged)
    }

    fn judge_one(&mut self, offered: &Offered) -> Result<Judged, ServerError> {
        let tenant = self.device.tenant;
        let held = sql::held(self.connection, tenant, offered.id)?;
        let held_receipt = held.as_ref().map(|held| self.receipt(offered.id, held));
        let ledger = sql::ledger(self.connection, tenant, offered.write_id)?;
        let refusal = match ledger {
            Some(_) => None,
            None => self.refusal(offered, held.as_ref(), held_receipt.as_ref())?,
        };
        let existing = held
            .as_ref()
            .zip(held_receipt.as_ref())
            .map(|(held, receipt)| Existing { receipt, content: &held.content });
        let offer = match &offered.offer {
            OwnedOffer::Write { base } => Offer::Write { base: base.as_ref() },
            OwnedOffer::Reoffer { receipt } => Offer::Reoffer { receipt },
        };
        let incoming = Incoming { offer, content: &offered.content, may_reopen: false, refusal: refusal.as_ref() };
        let decision = decide(self.epoch, existing, ledger.as_ref(), incoming);
        let taken = self.carry_out(offered, held.as_ref(), &decision)?;
        let canonical = match taken {
            Some(receipt) => Some(CanonicalState::AsSent(receipt)),
            None => self.canonical_of(offered, held, held_receipt),
        };
        Ok(Judged { id: offered.id, write_id: offered.write_id, verdict: decision.verdict(), canonical })
    }

    /// Writes what the decision says. Returns the receipt, if the offered state became canonical.
    fn carry_out(
        &mut self,
        offered: &Offered,
        held: Option<&Held>,
        decision: &Decision,
    ) -> Result<Option<Receipt>, ServerError> {
        let (version, outcome, received_at) = match decision {
            Decision::Repeat(_) => return Ok(None),
            Decision::Reject(_) => (None, Outcome::Rejected, self.counter.receive(self.now)?),
            Decision::Unchanged => (None, Outcome::Unchanged, self.counter.receive(self.now)?),
            Decision::SetAside => {
                let kept = held.map_or(offered.write_id, |held| held.write_id);
                (None, Outcome::SetAside { to: kept }, self.counter.receive(self.now)?)
            }
            Decision::Take { version, received_at, .. } => {
                let now = self.counter.receive(self.now)?;
                (Some((*version, self.counter.next_seq())), Outcome::Canonical, received_at.unwrap_or(now))
            }
        };
        if let (Some(held), Decision::Take { displaces, .. }) = (held, decision) {
            let outcome = if *displaces { Outcome::SetAside { to: offered.write_id } } else { Outcome::Superseded };
            sql::displace(self.connection, self.device.tenant, held.write_id, outcome)?;
        }
        let verdict = decision.verdict();
        sql::file(
            self.connection,
            self.device.tenant,
            &NewVersion {
                write_id: offered.write_id,
                record_id: offered.id,
                content: &offered.content,
                device_id: Some(self.device.id),
                verdict: &verdict,
                outcome,
                restores: None,
                version,
                received_at,
            },
        )?;
        let receipt = version.map(|(version, seq)| {
            let ids = (offered.id, offered.write_id);
            self.key.receipt(self.device.tenant_uuid, ids, version, (seq, received_at), &offered.content)
        });
        if let (Some(held), Ok(body)) = (held, &offered.checked) {
            let incoming = notices::Side {
                write_id: offered.write_id,
                device_id: Some(self.device.id),
                received_at,
                content: &offered.content,
            };
            let existing = notices::Side {
                write_id: held.write_id,
                device_id: held.device_id,
                received_at: held.received_at,
                content: &held.content,
            };
            match decision {
                Decision::Take { displaces: true, .. } => {
                    self.tell_both(offered.id, &title(body), &incoming, &existing)?;
                }
                Decision::SetAside => self.tell_both(offered.id, &title(body), &existing, &incoming)?,
                _ => {}
            }
        }
        Ok(receipt)
    }

    /// Why the record is not taken, as far as `decide` cannot see it.
    fn refusal(
        &mut self,
        offered: &Offered,
        held: Option<&Held>,
        held_receipt: Option<&Receipt>,
    ) -> Result<Option<Rejection>, ServerError> {
        if let Err(rejection) = &offered.checked {
            return Ok(Some(rejection.clone()));
        }
        let content = &offered.content;
        let mine = |yard: Option<Uuid>| yard.is_some_and(|yard| self.device.yards.contains(&yard));
        if !mine(content.yard_id) || held.is_some_and(|held| !mine(held.content.yard_id)) {
            return Ok(Some(Rejection::new(
                RejectionCode::UnknownScope,
                "This device does not work for the yard of this record. Ask the office to add the yard to the device.",
            )));
        }
        if held.is_some_and(|held| held.content.kind != content.kind) {
            return Ok(Some(Rejection::new(
                RejectionCode::Invalid,
                "There is another kind of record under this number. Start a new record and enter it again.",
            )));
        }
        if let Some(rejection) = self.operator_refusal(content)? {
            return Ok(Some(rejection));
        }
        let genuine = match &offered.offer {
            OwnedOffer::Write { base: None } => true,
            OwnedOffer::Write { base: Some(base) } => {
                held_receipt.is_some_and(|held| held.is_same_state(base))
                    || self.key.gave(self.device.tenant_uuid, offered.id, base)
            }
            OwnedOffer::Reoffer { receipt } => self.key.gave_for(
                self.device.tenant_uuid,
                &Canonical {
                    id: offered.id,
                    receipt: receipt.clone(),
                    write_id: offered.write_id,
                    device_id: None,
                    content: content.clone(),
                },
            ),
        };
        Ok((!genuine).then(|| {
            Rejection::new(
                RejectionCode::ForgedReceipt,
                "This record came with a proof that this server never gave. Discard the change and enter it again; if \
                 that does not help, ask the office.",
            )
        }))
    }

    fn operator_refusal(&mut self, content: &Content) -> Result<Option<Rejection>, ServerError> {
        let (Some(operator_id), Some(yard_id)) = (content.operator_id, content.yard_id) else { return Ok(None) };
        let works_here = self.operator(operator_id)?.is_some_and(|operator| operator.yard_ids.contains(&yard_id));
        Ok((!works_here).then(|| {
            Rejection::new(
                RejectionCode::NotPermitted,
                "The person who entered this does not work at this yard. Choose who is working, then save it again.",
            )
        }))
    }

    fn operator(&mut self, id: Uuid) -> Result<Option<&Operator>, ServerError> {
        if !self.operators.contains_key(&id) {
            let found = match sql::reference(self.connection, self.device.tenant, id, Kind::Operator)? {
                Some(Body::Operator(operator)) => Some(operator),
                _ => None,
            };
            self.operators.insert(id, found);
        }
        Ok(self.operators[&id].as_ref())
    }

    fn receipt(&self, id: Uuid, held: &Held) -> Receipt {
        let ids = (id, held.write_id);
        self.key.receipt(self.device.tenant_uuid, ids, held.version, (held.seq, held.received_at), &held.content)
    }

    /// The canonical state for the answer: as short as can be, and nothing of a yard that is not the device's.
    fn canonical_of(&self, offered: &Offered, held: Option<Held>, receipt: Option<Receipt>) -> Option<CanonicalState> {
        let (held, receipt) = (held?, receipt?);
        if held.write_id == offered.write_id {
            return Some(CanonicalState::AsSent(receipt));
        }
        let visible = held.content.yard_id.is_none_or(|yard| self.device.yards.contains(&yard));
        visible.then(|| {
            CanonicalState::Record(Box::new(Canonical {
                id: offered.id,
                receipt,
                write_id: held.write_id,
                device_id: held.device_id,
                content: held.content,
            }))
        })
    }

    /// Files a version that the server itself writes.
    fn file_own(&mut self, id: Uuid, write_id: Uuid, content: &Content) -> Result<(), ServerError> {
        let held = sql::held(self.connection, self.device.tenant, id)?;
        if let Some(held) = &held {
            sql::displace(self.connection, self.device.tenant, held.write_id, Outcome::Superseded)?;
        }
        let version = held.map_or(1, |held| held.version.version + 1);
        let received_at = self.counter.receive(self.now)?;
        let seq = self.counter.next_seq();
        sql::file(
            self.connection,
            self.device.tenant,
            &NewVersion {
                write_id,
                record_id: id,
                content,
                device_id: None,
                verdict: &gatebook_sync::Verdict::Accepted,
                outcome: Outcome::Canonical,
                restores: None,
                version: Some((VersionId { epoch: self.epoch, version }, seq)),
                received_at,
            },
        )
    }
}
