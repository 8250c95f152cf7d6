//! What the office does: it restores, closes, voids and reopens records, changes reference data, and says which devices
//! work where.

use gatebook_domain::RecordState;
use gatebook_server::Server;
use gatebook_sync::wire::{AuditEntry, AuditOutcome};
use uuid::Uuid;

use super::{Run, World};
use crate::clock::SECOND;
use crate::dice::Dice;
use crate::oracle::Restored;
use crate::script::OfficeAct;
use crate::templates::{assignment_body, assignment_id, content, tenant_id, yard_body, yard_id};

impl World<'_> {
    pub(crate) fn office(&mut self, act: &OfficeAct, salt: u64) -> Run {
        if self.host.is_down {
            return Ok(());
        }
        let mut dice = Dice::new(salt, 0x0f);
        self.tally.act(act.kind());
        self.last_change = self.time.now();
        match act {
            OfficeAct::RestoreVersion => self.restore_version(&mut dice),
            OfficeAct::Close => self.set_state(RecordState::Closed, &mut dice),
            OfficeAct::Void => self.set_state(RecordState::Voided, &mut dice),
            OfficeAct::Reopen => self.set_state(RecordState::Live, &mut dice),
            OfficeAct::Move => self.move_record(&mut dice),
            OfficeAct::Reference => {
                let yard = dice.place(2);
                let body = yard_body(yard, &format!("moved {}", dice.below(1_000)));
                let now = gatebook_client::Environment::now(&*self.host.machine);
                self.office_writes(0, yard_id(yard), content(None, &body, now))
            }
            OfficeAct::Assign => {
                let (yard, number) = (dice.place(2), 100 + dice.place(50));
                let now = gatebook_client::Environment::now(&*self.host.machine);
                self.office_writes(
                    0,
                    assignment_id(yard, number),
                    content(Some(yard), &assignment_body(yard, number), now),
                )
            }
            OfficeAct::SetYards { device, yards } => self.set_yards(*device, yards),
            OfficeAct::Revoke { device, lasts } => self.revoke(*device, *lasts),
        }
    }

    pub(super) fn on_office<T>(
        &mut self,
        what: &str,
        work: impl FnOnce(&Server) -> Result<T, gatebook_server::ServerError>,
    ) -> Run<Option<T>> {
        match self.on_server(SECOND, work)? {
            None => Ok(None),
            Some(done) => self.works(what, done).map(Some),
        }
    }

    fn office_writes(&mut self, tenant: usize, id: Uuid, content: gatebook_sync::Content) -> Run {
        let name = self.story.record(id);
        self.story.tell(self.time.now(), || format!("the office writes {name}, a {}", content.kind));
        self.on_office("writing reference data", |server| server.put_record(Some(tenant_id(tenant)), id, content))?;
        Ok(())
    }

    /// A record of the first organisation that operators wrote.
    fn some_record(&mut self, dice: &mut Dice) -> Option<(Uuid, Vec<AuditEntry>)> {
        // Attachments are their device's.
        let is_photo = |id: &Uuid| self.oracle.photos.judged.contains(id);
        let ids: Vec<Uuid> = self.oracle.records(0).filter(|id| !is_photo(id)).collect();
        if ids.is_empty() {
            return None;
        }
        let id = *dice.pick(&ids);
        Some((id, self.audit(id)))
    }

    fn restore_version(&mut self, dice: &mut Dice) -> Run {
        let Some((record, audit)) = self.some_record(dice) else { return Ok(()) };
        let is_restorable = |entry: &&AuditEntry| {
            entry.merged_into.is_none()
                && matches!(entry.outcome, AuditOutcome::Superseded | AuditOutcome::SetAside { .. })
        };
        let candidates: Vec<&AuditEntry> = audit.iter().filter(is_restorable).collect();
        if candidates.is_empty() {
            return Ok(());
        }
        let chosen = *dice.pick(&candidates);
        let (write, content) = (chosen.write_id, chosen.content.clone());
        let Some(done) =
            self.on_office("restoring a version", |server| server.restore_version(write, "it was right"))?
        else {
            return Ok(());
        };
        self.office_made(&audit, done.write_id);
        self.story.tell(self.time.now(), || {
            format!("the office restores {} of {}", self.story.write(write), self.story.record(record))
        });
        self.oracle.restored.push(Restored { record, write: done.write_id, content });
        Ok(())
    }

    fn set_state(&mut self, state: RecordState, dice: &mut Dice) -> Run {
        let Some((record, audit)) = self.some_record(dice) else { return Ok(()) };
        if audit.iter().all(|entry| entry.outcome != AuditOutcome::Canonical) {
            return Ok(());
        }
        self.story.tell(self.time.now(), || format!("the office sets {} to {state:?}", self.story.record(record)));
        let done = self.on_office("setting a record's state", |server| server.set_state(record, state, "office"))?;
        if let Some(done) = done {
            self.office_made(&audit, done.write_id);
        }
        Ok(())
    }

    /// A record goes to the organisation's other yard.
    fn move_record(&mut self, dice: &mut Dice) -> Run {
        let Some((record, audit)) = self.some_record(dice) else { return Ok(()) };
        let Some(in_force) = audit.iter().find(|entry| entry.outcome == AuditOutcome::Canonical) else { return Ok(()) };
        let to = usize::from(in_force.content.yard_id == Some(yard_id(0)));
        let moved = gatebook_sync::Content { yard_id: Some(yard_id(to)), ..in_force.content.clone() };
        self.office_writes(0, record, moved)?;
        let now = self.audit(record);
        if let Some(made) = now.iter().find(|entry| entry.outcome == AuditOutcome::Canonical) {
            self.office_made(&audit, made.write_id);
        }
        Ok(())
    }

    /// The office sees what is in force when it writes.
    fn office_made(&mut self, before: &[AuditEntry], write: Uuid) {
        let seen = before.iter().find(|entry| entry.outcome == AuditOutcome::Canonical);
        if let Some(seen) = seen.filter(|seen| seen.write_id != write) {
            self.oracle.made_on.entry(write).or_default().push(seen.write_id);
        }
    }

    pub(crate) fn set_yards(&mut self, device: usize, yards: &[usize]) -> Run {
        let sim = &self.devices[device];
        let (id, name) = (sim.id, sim.name);
        let ids: Vec<Uuid> = yards.iter().copied().map(yard_id).collect();
        let done = match self.on_server(SECOND, |server| server.set_device_yards(id, &ids))? {
            Some(Err(error)) if self.is_unheard_of(device, &error) => None,
            Some(done) => Some(self.works("setting a device's yards", done)?),
            None => None,
        };
        if done.is_some() {
            self.yards_are(device, yards.to_vec());
            // A code is for the yards that it was made for: whoever still wants to join with one is given another.
            self.devices[device].code = None;
            self.story.tell(self.time.now(), || format!("{name} works for the yards {yards:?} from now on"));
        }
        Ok(())
    }

    /// The server has the device work for these yards from now on.
    pub(crate) fn yards_are(&mut self, device: usize, yards: Vec<usize>) {
        for wanted in &mut self.oracle.wanted_back {
            // Whoever no longer works in a yard cannot give back what it held of it.
            wanted.holders.retain(|holder| *holder != device || yards.iter().any(|yard| yard_id(*yard) == wanted.yard));
        }
        self.devices[device].yards = yards;
    }

    /// Every write to a record, in the order in which they were judged. None for a record the server never saw.
    pub(crate) fn audit(&self, record: Uuid) -> Vec<AuditEntry> {
        self.host.server().audit(record).unwrap_or_default()
    }
}

impl OfficeAct {
    const fn kind(&self) -> &'static str {
        match self {
            Self::RestoreVersion => "office restores a version",
            Self::Close => "office closes a record",
            Self::Void => "office voids a record",
            Self::Reopen => "office reopens a record",
            Self::Move => "office moves a record to another yard",
            Self::Reference => "office changes reference data",
            Self::Assign => "office assigns work",
            Self::SetYards { .. } => "office changes a device's yards",
            Self::Revoke { .. } => "office revokes a device",
        }
    }
}
